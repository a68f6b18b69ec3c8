"""The command that serves the page."""

import os
import socket
import sys
import threading
import time
import webbrowser
from contextlib import closing, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json
from onrecord.ui.cli.opening import DataOption

if TYPE_CHECKING:
    from onrecord.qa.engines.base import Engine
    from onrecord.ui.settings import AllSettings

PATIENCE = 120.0  # seconds within which a page must come up to be opened in the browser
PAUSE = 0.3
PATIENCE_WITH_ONE = 10.0  # seconds within which a page that is open answers


def chat(
    host: Annotated[str | None, typer.Option(help="The address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port (default 7860).")] = None,
    auth: Annotated[
        list[str] | None,
        typer.Option(metavar="USER:PASSWORD", help="Who may use it; may be given again. Or ONRECORD_SERVER_AUTH."),
    ] = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Answer with quotes alone.")] = False,
    model: Annotated[str | None, typer.Option(metavar="NAME|PATH", help="The model that writes.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page in a browser.")] = False,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as a JSON document.")] = False,
) -> None:
    """Open the chat in the browser; Ctrl-C stops it."""
    if no_model and model:
        raise typer.BadParameter("--no-model and --model exclude each other.")
    flags = {"server.host": host, "server.port": port, "server.auth": tuple(auth) if auth else None}
    settings = opening.settings_of(data, {"model.name": "none" if no_model else model, **flags})
    users = users_of(settings.server.auth)
    run(settings, users, model_required=bool(model), browser=not no_browser, as_json=as_json)


def users_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """``NAME:PASSWORD`` pairs as a mapping."""
    users = {}
    for pair in pairs:
        name, colon, password = pair.partition(":")
        if not (name and colon and password):
            raise typer.BadParameter("--auth needs USER:PASSWORD, with a colon between the two.")
        users[name] = password
    return users


def run(settings: "AllSettings", users: dict[str, str], *, model_required: bool, browser: bool, as_json: bool) -> None:
    """Serves the page until it is interrupted."""
    from onrecord.index.errors import InputError
    from onrecord.qa.build import build_assistant
    from onrecord.ui.desk.writer import CONFIGURED, Writer
    from onrecord.ui.server import app as server
    from onrecord.ui.server.connections import limits_of
    from onrecord.ui.server.doors import add_doors

    host, port = settings.server.host, settings.server.port
    server.check_address(host, users)
    if not server.port_is_free(host, port):  # said before the models are loaded
        raise InputError(f"Port {port} on {host} is in use; stop what uses it, or choose another with --port.")
    with opening.traces_of(settings) as traces, closing(opening.open_library(settings)) as library:
        engine = opening.open_engine(settings, required=model_required)

        def load(name: str) -> "Engine | None":
            """The model of a choice made on the page."""
            if name == CONFIGURED:
                return opening.open_engine(settings, required=model_required)
            model = replace(settings.model, name=name, url="")
            return opening.open_engine(replace(settings, model=model), required=True)

        def another(folder: Path) -> tuple[Any, Any]:
            """A further collection; the models are shared."""
            opened = opening.open_beside(settings, library, folder)
            return opened, build_assistant(settings, opened, writer.engine)

        writer = Writer(settings.model, engine, load)
        app = server.create_app(
            library,
            build_assistant(settings, library, engine),
            writer=writer,
            host=host,
            users=users,
            allowed_hosts=settings.server.allowed_hosts,
            opener=None if settings.index.catalogue_url else another,  # one database, one collection
            traces=traces,
        )
        add_doors(
            app,
            host=host,
            users=users,
            allowed_hosts=settings.server.allowed_hosts,
            request_log=settings.log_file(),
        )
        _when_up(host, port, browser=browser, as_json=as_json)
        try:
            # With --json, standard output is for the document alone.
            with redirect_stdout(sys.stderr if as_json else sys.stdout):
                server.serve(app, host, port, limits=limits_of(settings.server))
        except KeyboardInterrupt:
            pass  # how a person stops it
        finally:
            writer.close()


def _when_up(host: str, port: int, *, browser: bool, as_json: bool) -> None:
    """Once the page answers: its address as JSON, and the page in a browser, where one can be shown."""
    from onrecord.ui.server.serving import address_of, reached

    here = reached(host)
    address = address_of(here, port)
    out = sys.stdout

    def wait() -> None:
        for _ in range(int(PATIENCE / PAUSE)):
            time.sleep(PAUSE)
            with socket.socket(socket.AF_INET6 if ":" in here else socket.AF_INET) as probe:
                probe.settimeout(PAUSE)
                if probe.connect_ex((here, port)) == 0:
                    break
        else:
            return
        if as_json:
            print_json({"url": address, "pid": os.getpid()}, to=out)
        if browser:
            show(address)

    threading.Thread(target=wait, name="when-up", daemon=True).start()


def open_already(settings: "AllSettings") -> str:
    """The address at which a page of this machine has the collection open; empty where none has."""
    import httpx

    from onrecord.index import tls
    from onrecord.ui.http.client import place_of

    place = place_of(settings.data)
    if place is None:
        return ""
    try:
        answer = httpx.get(f"{place.address}/", timeout=PATIENCE_WITH_ONE, trust_env=False, verify=tls.nobody())
    except httpx.HTTPError:
        return ""
    return place.address if answer.is_success and "html" in answer.headers.get("content-type", "") else ""


def show(address: str) -> None:
    """The page in a browser, where one can be shown."""
    if _has_screen():
        webbrowser.open(address)


def _has_screen() -> bool:
    """False where only a browser inside this terminal could be started, which would take the terminal away."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
