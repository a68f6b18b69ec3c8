"""The commands that serve other programs: ``serve`` (HTTP) and ``mcp``."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.opening import DataOption

if TYPE_CHECKING:
    from onrecord.qa.assistant import Assistant
    from onrecord.qa.settings import Settings
    from onrecord.ui.desk.collections import Opener
    from onrecord.ui.http.client import Interface

HostOption = Annotated[str | None, typer.Option(help="The address to listen on (default 127.0.0.1).")]
PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="The port (default 7860).")]
ModelOption = Annotated[str | None, typer.Option(metavar="NAME|PATH", help="The model that writes.")]
NoModelOption = Annotated[bool, typer.Option("--no-model", help="Answer with quotes alone.")]
KeysOption = Annotated[bool, typer.Option("--require-key", help="Ask for a key on this machine too.")]
OnlyOption = Annotated[bool, typer.Option("--only", help="This collection alone, none of those in folders beside it.")]


def serve(
    host: HostOption = None,
    port: PortOption = None,
    no_model: NoModelOption = False,
    model: ModelOption = None,
    require_key: KeysOption = False,
    only: OnlyOption = False,
    access_log: Annotated[bool, typer.Option(help="Print a line per request; never what was asked.")] = True,
    data: DataOption = None,
) -> None:
    """Serve other programs over HTTP, without the page: /api/v1 and the OpenAI-compatible /v1."""
    from onrecord.ui.cli.serving import check_port, run
    from onrecord.ui.server.connections import limits_of
    from onrecord.ui.server.doors import create_api

    settings = opening.settings_of(data, _flags(host, port, no_model, model))
    check_port(settings.server.host, settings.server.port)  # said before the models are loaded
    request_log = settings.log_file()
    with (
        opening.traces_of(settings) as traces,
        _opened(settings, model_required=bool(model), only=only) as (assistant, opener),
    ):
        app = create_api(
            assistant.library,
            assistant,
            host=settings.server.host,
            allowed_hosts=settings.server.allowed_hosts,
            keys_required=require_key or None,
            opener=opener,
            request_log=request_log,
            traces=traces,
        )
        server = settings.server
        with closing(app.state.collections):  # a second Ctrl-C leaves out what an app does when it stops
            run(
                app,
                server.host,
                server.port,
                access_log=access_log,
                limits=limits_of(server),
                request_log=request_log,
            )


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Over HTTP at /mcp instead of standard input.")] = False,
    host: HostOption = None,
    port: PortOption = None,
    no_model: NoModelOption = False,
    model: ModelOption = None,
    require_key: KeysOption = False,
    only: OnlyOption = False,
    data: DataOption = None,
) -> None:
    """Serve a language model's host over MCP: tools to search, ask and read the articles."""
    from onrecord.ui.cli.keys import opened_keys
    from onrecord.ui.cli.serving import run
    from onrecord.ui.http.mcp import create_mcp
    from onrecord.ui.server.connections import limits_of
    from onrecord.ui.server.doors import create_mcp_app

    settings = opening.settings_of(data, _flags(host, port, no_model, model))
    with interface(settings, no_model=no_model, model=model, only=only) as api:
        if not http:
            create_mcp(api).run("stdio")
            return
        request_log = settings.log_file("requests-mcp.log")  # beside that of a server that has the folder open
        server = settings.server
        with opening.traces_of(settings) as traces, opened_keys(settings) as keys:
            app = create_mcp_app(
                api,
                keys=keys,
                host=server.host,
                allowed_hosts=server.allowed_hosts,
                keys_required=require_key or None,
                request_log=request_log,
                traces=traces,
            )
            run(app, server.host, server.port, path="/mcp", limits=limits_of(server), request_log=request_log)


@contextmanager
def interface(settings: "Settings", *, no_model: bool, model: str | None, only: bool) -> "Iterator[Interface]":
    """``/api/v1`` over the settings' folder, in this process, or in the server that has the folder open."""
    from onrecord.index.errors import LibraryBusy
    from onrecord.qa.settings import NO_MODEL
    from onrecord.ui.desk.collections import Collections, collection_in
    from onrecord.ui.http.client import Interface, place_of
    from onrecord.ui.http.router import here
    from onrecord.ui.http.service import DoorLimits, Service

    with ExitStack() as opened:
        try:
            assistant, opener = opened.enter_context(_opened(settings, model_required=bool(model), only=only))
        except LibraryBusy:
            if not (place := place_of(settings.data)):
                raise
            api = Interface(place, several=not only, model=NO_MODEL if no_model else model or "")
        else:
            collection = collection_in(settings.data, assistant.library, assistant)
            opened.enter_context(closing(collection.conversations))
            api = here(Service.of(Collections(collection, opener), DoorLimits()))
        yield api


@contextmanager
def _opened(settings: "Settings", *, model_required: bool, only: bool) -> "Iterator[tuple[Assistant, Opener | None]]":
    """The assistant over the first collection, and what opens the others with the same models; all are closed again."""
    from onrecord.qa.build import build_assistant

    with opening.opened_assistant(settings, model_required=model_required) as assistant, ExitStack() as others:

        def another(folder: Path) -> tuple[Any, Any]:
            library = others.enter_context(closing(opening.open_beside(settings, assistant.library, folder)))
            return library, build_assistant(settings, library, assistant.engine)

        alone = only or settings.index.catalogue_url  # one database, one collection
        yield assistant, None if alone else another


def _flags(host: str | None, port: int | None, no_model: bool, model: str | None) -> dict[str, object]:
    if no_model and model:
        raise typer.BadParameter("--no-model and --model exclude each other.")
    return {"server.host": host, "server.port": port, "model.name": "none" if no_model else model}
