"""What `onrecord` alone does in a terminal: fetches what the chat lacks, adds the first articles, opens the chat.

Two questions at most, each answered by Enter, and only before there is a collection or a model.
"""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from onrecord.ui.cli import articles, chat, opening
from onrecord.ui.cli.group import complain, say

if TYPE_CHECKING:
    from onrecord.index.models.catalogue import ModelEntry
    from onrecord.ui.settings import AllSettings

QUOTES = "0"  # what is typed for no model


def in_a_terminal() -> bool:
    """Whether somebody is there to read and to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def start(help_text: Callable[[], str]) -> None:
    """Leads to the chat and opens it. Where its packages are not installed: shows the help, raises `MissingExtra`."""
    from onrecord.index.errors import MissingExtra
    from onrecord.index.extras import require

    try:
        require("page")
    except MissingExtra:
        typer.echo(help_text())
        raise
    settings = opening.settings_of(None)
    if address := chat.open_already(settings):
        say(f"The chat is open at {address}/ already.")
        chat.show(address)
        return
    fetch_models(settings)
    add_first_articles(settings.data)
    chat.chat(model=writer_here(settings))


def fetch_models(settings: "AllSettings") -> None:
    """The embedder, without which nothing is found, and a model that writes, where it is wanted."""
    from onrecord.index.errors import ModelError
    from onrecord.index.extras import lacking
    from onrecord.index.models.catalogue import catalogue
    from onrecord.ui.cli.models import fetch

    known = {entry.name: entry for entry in catalogue()}
    embedder = known.get(settings.index.embedder)
    first = embedder is not None and not embedder.here
    configured = known.get("" if settings.model.url else settings.model.name)
    choices = [] if configured is None or lacking("llamacpp") else writers(configured)
    # A pull that was begun and left is asked about again; a model that was declined is not.
    asked = (first or any(entry.folder.exists() for entry in choices)) and not any(entry.here for entry in choices)
    chosen = chosen_writer(choices) if choices and asked else None
    if embedder is not None and first:
        say(f"{embedder.name} ({embedder.size}) is fetched once: it finds sentences by their meaning.")
        fetch(embedder)
    if chosen is not None:
        try:
            fetch(chosen)
        except ModelError as error:
            complain(f"{error} Until it is here, answers are quotes from the articles.")


def writers(configured: "ModelEntry") -> "list[ModelEntry]":
    """The models to choose from: the configured one first, then those that this project runs."""
    from onrecord.index.models.catalogue import catalogue

    return [configured, *(e for e in catalogue() if e.kind == "generator" and e.run and e.suggest and e != configured)]


def chosen_writer(choices: "list[ModelEntry]") -> "ModelEntry | None":
    """The model that a person wants fetched; Enter takes the first that the machine's memory has room for."""
    from onrecord.index.models.catalogue import readable
    from onrecord.index.models.suggestion import machine_memory, needed_memory

    memory = machine_memory()
    numbered = {str(number): entry for number, entry in enumerate(choices, start=1)}
    fitting = [number for number, entry in numbered.items() if not memory or needed_memory(entry) <= memory]
    say("Which model should write the answers? It is fetched once and runs on this machine.")
    for number, entry in numbered.items():
        say(f"  {number}  {entry.name}: {entry.about}; {entry.size}, takes {readable(needed_memory(entry))} of memory")
    say(f"  {QUOTES}  none: answers are quotes from the articles; `onrecord models pull NAME` fetches one later")
    while (typed := typer.prompt("Number", default=(*fitting, QUOTES)[0]).strip()) not in (*numbered, QUOTES):
        complain(f"{typed!r} is none of {', '.join((*numbered, QUOTES))}.")
    return numbered.get(typed)


def writer_here(settings: "AllSettings") -> str | None:
    """The model that was fetched in place of the configured one; None where the settings decide."""
    from onrecord.index.models.catalogue import catalogue

    known = {entry.name: entry for entry in catalogue()}
    configured = known.get("" if settings.model.url else settings.model.name)
    if configured is None or configured.here:
        return None
    return next((entry.name for entry in writers(configured) if entry.here), None)


def add_first_articles(folder: Path) -> None:
    """Adds what a person names, where there is no collection yet; Enter leaves it to the page."""
    if folder.exists():
        return
    while True:
        typed = typer.prompt(
            "Your articles: files, a folder or an address (Enter: add them on the page)",
            default="",
            show_default=False,
        )
        if not (paths := named(typed)):
            return
        try:
            articles.add(paths, data=None)
            return
        except typer.Exit:  # what could not be read was said
            continue


def named(typed: str) -> list[str]:
    """The paths in a line that was typed, or made by dropping files on the terminal.

    >>> named("'/tmp/My news' a.txt"), named("Bob's news"), named(" ")
    (['/tmp/My news', 'a.txt'], ["Bob's news"], [])
    """
    whole = typed.strip()
    try:
        parts = [whole] if Path(whole).expanduser().exists() else shlex.split(whole, posix=os.name != "nt")
    except ValueError:  # a quote without its other
        parts = [whole]
    return [str(Path(part).expanduser()) if part.startswith("~") else part.strip('"') for part in parts if part]
