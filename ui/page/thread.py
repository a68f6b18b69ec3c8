"""What the handlers send to the page: the conversation, its sources, the buttons, a notice."""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.desk.collections import Session
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import e, shorten
from onrecord.ui.page import sources
from onrecord.ui.page.export import FORMATS
from onrecord.ui.page.language import _
from onrecord.ui.page.turns import turn


def thread(
    session: Session, records: Sequence[Record], *, kept: int = 0, empty: str = "", join: bool = False
) -> dict[str, Any]:
    """The conversation for the page's script: the page keeps its first ``kept`` turns and replaces the rest.

    ``join``: the newest answer is under way, and the page has yet to follow it.
    """
    last = len(records) - 1
    turns = [{"k": r.id, "html": turn(r, last=n == last)} for n, r in enumerate(records) if n >= kept]
    shown = {"kept": kept, "turns": turns, "empty": empty, "bar": bar(session, records), "address": address(session)}
    return {**shown, "join": join, "at": time.time()}


def address(session: Session) -> str:
    """The part of the page's address that brings this conversation back after a reload."""
    parts = {"in": session.collection, "c": session.conversation}
    query = urlencode({key: value for key, value in parts.items() if value})
    return f"?{query}" if query else ""


def bar(session: Session, records: Sequence[Record]) -> str:
    """The line above a conversation: its way out as a file, and the way to a new one."""
    if not records:
        return ""
    where = f"?{urlencode({'in': session.collection})}" if session.collection else ""
    links = " ".join(
        f'<a href="export/{e(session.conversation)}.{ending}{e(where)}" download>{kind}</a>'
        for kind, ending in FORMATS.items()
    )
    return (
        f'<p class="name" dir="auto">{e(shorten(records[0].question, 90))}</p>'
        f'<span class="exports"><b>{_("Export:")}</b> {links}</span>'
        f'<button type="button" class="quiet" data-act="new">{_("New conversation")}</button>'
    )


def panel(record: Record) -> dict[str, str]:
    """The sources of one answer, for the panel beside it."""
    return {"html": sources.panel(record)}


def buttons(live: bool) -> tuple[Any, Any]:
    return gr.update(visible=not live), gr.update(visible=live)


def notice(text: str, *, stays: bool = False) -> dict[str, Any]:
    """A line that the page shows for a while, or until the next; ``at`` makes the same text show twice."""
    return {"text": text, "stays": stays, "at": time.time()}


def offer(address: str) -> dict[str, Any]:
    """A notice with a button that has a page read. Fetching is what leaves the machine, so it is done on that alone."""
    text = _(
        "{address} is a web address. Reading it fetches the page from its site, and adds it to your articles.",
        address=address,
    )
    return {**notice(text, stays=True), "address": address}
