"""Where the articles differ, on the tab Overview: pairs of their sentences, each of which can be dismissed."""

import time
from collections.abc import Sequence
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import OnRecordError
from onrecord.qa.differences.finder import AT_ONCE
from onrecord.qa.differences.told import WHAT, WHEN
from onrecord.qa.differences.values import Difference, Side
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e, shorten
from onrecord.ui.page.board import SLOW, Board, cited
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn

FRAME = '<div class="rows" role="region" aria-label="Where the articles differ" aria-live="polite"></div>'
NONE = "No two sentences of different articles were found to disagree."


def differences_part(collections: Collections, board: Board) -> None:
    """Draws the part and answers the button, and the buttons in it."""
    part = drawn("differences", FRAME)

    def listed(session: Session, *chosen: Any) -> dict[str, Any]:
        made = collections.open(session.collection).assistant.differences
        try:
            pending = made.refresh(most=AT_ONCE)
            html = part_of(made.shown(scope_of(*chosen) or None), pending)
        except OnRecordError as error:
            html = f'<p class="bad">{e(str(error))}</p>'
        return {"html": html, "at": time.time()}

    def dismissed(
        session: Session, articles: Any, sources: Any, first: str, last: str, event: gr.EventData
    ) -> dict[str, Any]:
        try:
            collections.open(session.collection).assistant.differences.dismiss(str(event._data.get("id", "")))
        except OnRecordError as error:
            return {"html": f'<p class="bad">{e(str(error))}</p>', "at": time.time()}
        return listed(session, articles, sources, first, last)

    board.make.click(listed, [board.session, *board.chosen], [part], **SLOW)
    part.dismiss(dismissed, [board.session, *board.chosen], [part], **SLOW)
    board.opens(part, collections)


def part_of(found: Sequence[Difference], pending: int) -> str:
    """The part as HTML."""
    said = f"{len(found)} found" if found else NONE
    left = f" {pending} article{'s are' if pending != 1 else ' is'} still to be compared." if pending else ""
    rows = "".join(_row(one) for one in found)
    pairs = f'<ul class="differences">{rows}</ul>' if found else ""
    head = f'<h3>Where the articles differ</h3><p class="soft" role="status">{e(said + left)}</p>'
    return f"<section>{head}{pairs}</section>"


def _row(one: Difference) -> str:
    when = f" · {WHEN[one.relation]}" if WHEN[one.relation] else ""
    sides = "".join(_side(side) for side in one.sides)
    label = f"These agree: do not show again “{shorten(one.sides[0].sentence.text, 80)}”"
    button = (
        f'<button type="button" class="quiet" data-dismiss="{e(one.id)}" aria-label="{e(label)}">These agree</button>'
    )
    line = f'<p class="line">{e(WHAT[one.kind].capitalize() + when)}</p>'
    return f'<li>{line}<ul class="positions">{sides}</ul>{button}</li>'


def _side(side: Side) -> str:
    text = side.sentence.text
    before, differing, after = text[: side.start], side.differing, text[side.end :]
    said = f"{e(before)}<mark>{e(differing)}</mark>{e(after)}" if differing != text else e(text)
    speaker = f'<p class="soft">Said by {bdi(side.speaker)}</p>' if side.speaker else ""
    return f'<li><blockquote dir="auto">{said}</blockquote>{speaker}{cited(side.cite())}</li>'
