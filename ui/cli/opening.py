"""From the command line's options to an open library, an engine, an assistant. Tests put fakes in place here."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from onrecord.index.library import Library
    from onrecord.index.tracing import Span
    from onrecord.index.types import Filter
    from onrecord.qa.assistant import Assistant
    from onrecord.qa.engines.base import Engine
    from onrecord.qa.settings import Settings
    from onrecord.qa.types import Turn
    from onrecord.ui.settings import AllSettings

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The data folder, or postgresql://USER@HOST/DATABASE (default: ONRECORD_DATA, else your own).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
ArticleOption = Annotated[
    list[str] | None, typer.Option("--article", metavar="ID", help="Only this article; may be given again.")
]
SourceOption = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME", help="Only this source; may be given again.")
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="DATE", help="Published on this day or later: 2024-03-09, 2024-03 or 2024.")
]
ToOption = Annotated[str, typer.Option("--to", metavar="DATE", help="Published on this day or earlier.")]


def settings_of(data: Path | str | None, flags: Mapping[str, object] | None = None) -> "AllSettings":
    """All settings; ``flags`` are dotted names, those that are None were not given."""
    from onrecord.ui.settings import load_settings

    return load_settings(flags={"data": data, **(flags or {})})


def open_library(settings: "Settings") -> "Library":
    from onrecord.qa.build import build_library
    from onrecord.ui.desk.tidying import tidy

    library = build_library(settings)
    tidy(library, settings.data)
    return library


def open_beside(settings: "Settings", library: "Library", folder: Path) -> "Library":
    """A further collection, in ``folder``; it shares the embedder of ``library``."""
    from onrecord.qa.build import build_library

    return build_library(replace(settings, data=folder), embedder=library.embedder)


def open_engine(settings: "Settings", *, required: bool) -> "Engine | None":
    """The model that writes. ``required``: it was asked for by name, so answers without it will not do."""
    from onrecord.index.models.catalogue import catalogue, model_path
    from onrecord.qa.build import build_engine
    from onrecord.qa.steps.check import not_calibrated
    from onrecord.ui.cli.terminal import waiting

    name = settings.model.name
    if required and not settings.model.url and name in {entry.name for entry in catalogue()}:
        model_path(name)
    with waiting("Loading the model"):
        engine = build_engine(settings)
    if engine is not None and not settings.model.url and (said := not_calibrated(engine.name)):
        logging.getLogger("onrecord").warning(said)
    return engine


@contextmanager
def traces_of(settings: "AllSettings") -> Iterator["Span"]:
    """What a server's traces are below; said where they go, unless that is nowhere."""
    from onrecord.index.tracing import NOBODY

    if not settings.server.traces:
        yield NOBODY
        return
    from onrecord.ui.server.traces import traced_to

    with traced_to(settings.server.traces) as span:
        print(f"Traces, without what was asked, go to {settings.server.traces}", file=sys.stderr)
        yield span


@contextmanager
def opened_assistant(settings: "Settings", *, model_required: bool = False) -> Iterator["Assistant"]:
    """An assistant over the settings' library."""
    from onrecord.qa.build import build_assistant

    with closing(open_library(settings)) as library:
        engine = open_engine(settings, required=model_required)
        try:
            yield build_assistant(settings, library, engine)
        finally:
            if engine is not None:
                engine.close()


def scope_from(articles: Sequence[str] | None, sources: Sequence[str] | None, first: str, last: str) -> "Filter":
    """The filter options as one filter; a date that is none is wrong usage."""
    from onrecord.index.errors import InputError
    from onrecord.ui.page.scope import scope_of

    try:
        return scope_of(articles or (), sources or (), first, last)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def history_from(given: str) -> "tuple[Turn, ...]":
    """The earlier turns: a JSON list of {"role", "content"}, given as it is, as ``@FILE``, or as ``-`` to be read."""
    from onrecord.qa.types import Turn

    if not given:
        return ()
    try:
        turns = json.loads(_text_of(given))
    except ValueError as error:
        raise typer.BadParameter(f"--history is not JSON: {error}.") from error
    if not isinstance(turns, list):
        raise typer.BadParameter('--history must be a JSON list of {"role": …, "content": …}.')
    return tuple(Turn(*_turn(turn, number)) for number, turn in enumerate(turns, start=1))


def _text_of(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--history: {given[1:]} cannot be read ({error}).") from error


def _turn(turn: Any, number: int) -> tuple[Any, str]:
    match turn:
        case {"role": "user" | "assistant" as role, "content": str(content)}:
            return role, content
    raise typer.BadParameter(
        f'--history: turn {number} must be {{"role": "user" or "assistant", "content": text}}, not '
        f"{json.dumps(turn, ensure_ascii=False)[:80]}."
    )
