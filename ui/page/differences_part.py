"""Where the articles differ, on the tab Overview: pairs of their sentences, each of which can be dismissed."""

import time
from collections.abc import Sequence
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import OnRecordError
from onrecord.qa.briefing.values import DISPUTED
from onrecord.qa.differences.finder import AT_ONCE
from onrecord.qa.differences.told import WHAT, WHEN
from onrecord.qa.differences.values import Difference, Side
from onrecord.qa.render import WHY
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e, shorten
from onrecord.ui.page.board import SLOW, Board, cited
from onrecord.ui.page.language import _, counted
from onrecord.ui.page.messages import said
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn

NONE = WHY["no_differences"]


def differences_part(collections: Collections, board: Board) -> None:
    """Draws the part and answers the button, and the buttons in it."""
    part = drawn(
        "differences", f'<div class="rows" role="region" aria-label="{said(DISPUTED)}" aria-live="polite"></div>'
    )

    def listed(session: Session, *chosen: Any) -> dict[str, Any]:
        made = collections.open(session.collection).assistant.differences
        try:
            pending = made.refresh(most=AT_ONCE)
            html = part_of(made.shown(scope_of(*chosen) or None), pending)
        except OnRecordError as error:
            html = f'<p class="bad">{e(said(str(error)))}</p>'
        return {"html": html, "at": time.time()}

    def dismissed(
        session: Session, articles: Any, sources: Any, first: str, last: str, event: gr.EventData
    ) -> dict[str, Any]:
        try:
            collections.open(session.collection).assistant.differences.dismiss(str(event._data.get("id", "")))
        except OnRecordError as error:
            return {"html": f'<p class="bad">{e(said(str(error)))}</p>', "at": time.time()}
        return listed(session, articles, sources, first, last)

    board.make.click(listed, [board.session, *board.chosen], [part], **SLOW)
    part.dismiss(dismissed, [board.session, *board.chosen], [part], **SLOW)
    board.opens(part, collections)


def part_of(found: Sequence[Difference], pending: int) -> str:
    """The part as HTML."""
    status = _("{count:,} found", count=len(found)) if found else said(NONE)
    if pending:
        left = counted(
            pending, "{count:,} article is still to be compared.", "{count:,} articles are still to be compared."
        )
        status = f"{status} {left}"
    rows = "".join(_row(one) for one in found)
    pairs = f'<ul class="differences">{rows}</ul>' if found else ""
    head = f'<h3>{said(DISPUTED)}</h3><p class="soft" role="status">{e(status)}</p>'
    return f"<section>{head}{pairs}</section>"


def _row(one: Difference) -> str:
    when = f" · {said(WHEN[one.relation])}" if WHEN[one.relation] else ""
    what = said(WHAT[one.kind])
    sides = "".join(_side(side) for side in one.sides)
    agree = _("These agree")
    label = _("These agree: do not show again “{quote}”", quote=shorten(one.sides[0].sentence.text, 80))
    button = f'<button type="button" class="quiet" data-dismiss="{e(one.id)}" aria-label="{e(label)}">{agree}</button>'
    line = f'<p class="line">{e(what[:1].upper() + what[1:] + when)}</p>'
    return f'<li>{line}<ul class="positions">{sides}</ul>{button}</li>'


def _side(side: Side) -> str:
    text = side.sentence.text
    before, differing, after = text[: side.start], side.differing, text[side.end :]
    shown = f"{e(before)}<mark>{e(differing)}</mark>{e(after)}" if differing != text else e(text)
    speaker = f'<p class="soft">{_("Said by {name}", name=bdi(side.speaker))}</p>' if side.speaker else ""
    return f'<li><blockquote dir="auto">{shown}</blockquote>{speaker}{cited(side.cite())}</li>'
