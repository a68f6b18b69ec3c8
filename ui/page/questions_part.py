"""Saved questions on the tab Overview: the answer as it is, and what changed since it was last seen."""

import time
from collections.abc import Callable
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import OnRecordError
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.desk.saved import SavedQuestion
from onrecord.ui.desk.tuning import quoting
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.board import QUICK, Board, quotes
from onrecord.ui.page.chat import Chat, owner_of
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.scope import scope_text
from onrecord.ui.page.style import drawn
from onrecord.ui.page.tabs import Parts
from onrecord.ui.page.thread import notice

NONE = "No question is saved. “Save question” below an answer saves one: it is asked again when articles arrive."
FRAME = '<h2>Saved questions</h2><div class="rows" role="region" aria-label="Saved questions" aria-live="polite"></div>'
ACTS = ("again", "seen", "remove")


def questions_part(collections: Collections, board: Board, parts: Parts) -> None:
    """Draws the part; it answers the tab, its own buttons, and the one below an answer."""
    part = drawn("saved", FRAME, script="questions")
    chat = Chat(collections)

    def show(session: Session, request: gr.Request) -> dict[str, Any]:
        return _sent(collections.open(session.collection), owner_of(request))

    def act(session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        collection, owner = collections.open(session.collection), owner_of(request)
        return _sent(collection, owner, lambda: _done(collection, owner, event._data))

    def keep(session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        collection, owner = collections.open(session.collection), owner_of(request)
        try:
            record = chat.record(session, owner, str(event._data.get("turn", "")))
            asked = record.answer.standalone_question or record.question
            collection.saved.save(owner, asked, record.scope, quoting(collection.assistant))
        except OnRecordError as error:
            return notice(str(error))
        return notice("Saved. It is asked again when articles arrive; the tab Overview tells what changed.")

    board.tab.select(show, [board.session], [part], **QUICK)
    part.act(act, [board.session], [part], **QUICK)
    parts.opened[0].keep(keep, [board.session], [parts.notice], **QUICK)
    board.opens(part, collections)


def _done(collection: Collection, owner: str, data: dict[str, Any]) -> None:
    key = str(data.get("id", ""))
    match data.get("act"):
        case "again":
            collection.saved.again(owner, key, quoting(collection.assistant))
        case "seen":
            collection.saved.seen(owner, key)
        case "remove":
            collection.saved.remove(owner, key)


def _sent(collection: Collection, owner: str, do: Callable[[], None] | None = None) -> dict[str, Any]:
    trouble = ""
    try:
        if do:
            do()
    except OnRecordError as error:
        trouble = f'<p class="bad">{e(str(error))}</p>'
    return {"html": trouble + listed(collection.saved.list(owner)), "at": time.time()}


def listed(saved: tuple[SavedQuestion, ...]) -> str:
    """The questions as HTML, those with changes first."""
    if not saved:
        return f'<p class="soft">{NONE}</p>'
    ordered = sorted(saved, key=lambda one: not one.change)
    return f'<ol class="saved">{"".join(map(_question, ordered))}</ol>'


def _question(one: SavedQuestion) -> str:
    change = one.change
    told = "".join(f'<p class="changed"><strong>{e(line)}</strong></p>' for line in one.lines)
    if not told:
        told = (
            f'<p class="soft">{"Nothing new." if one.answer.status == "answered" else "The articles do not say."}</p>'
        )
    values = "".join(f'<ul class="pair">{quotes(pair)}</ul>' for pair in change.values)
    fresh = [quote for quote in change.new if all(quote.place != now.place for _, now in change.values)]
    sections = values + (f"<ul>{quotes(fresh)}</ul>" if fresh else "")
    sections += f"<h4>No article says any longer</h4><ul>{quotes(change.gone)}</ul>" if change.gone else ""
    if not sections and one.answer.citations:
        sections = f"<ul>{quotes(one.answer.citations[:1])}</ul>"
    scope = f'<p class="understood">Only in: {bdi(scope_text(one.scope))}</p>' if one.scope else ""
    asked = f'<p class="soft">Asked {e(day_text(one.asked))}, {e(one.asked[11:16])} UTC</p>'
    return (
        f'<li><h3 dir="auto">{e(one.question)}</h3>{scope}{told}{sections}'
        f'<div class="actions">{"".join(_button(act, one) for act in ACTS)}</div>{asked}</li>'
    )


def _button(act: str, one: SavedQuestion) -> str:
    labels = {"again": "Ask again now", "seen": "Mark as seen", "remove": "Remove"}
    if act == "seen" and not one.change:
        return ""
    return (
        f'<button type="button" class="quiet" data-act="{act}" data-id="{e(one.id)}" '
        f'aria-label="{labels[act]}: {e(one.question)}">{labels[act]}</button>'
    )
