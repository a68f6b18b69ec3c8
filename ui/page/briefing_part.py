"""The briefing on the tab Overview: the selection in five sentences of its own."""

import time
from collections.abc import Sequence
from typing import Any

from onrecord.index.errors import OnRecordError
from onrecord.qa.briefing.values import Brief
from onrecord.qa.render import why, with_who
from onrecord.qa.types import AnswerSentence
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import e, named
from onrecord.ui.page.board import SLOW, Board, cited
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn

FRAME = '<div class="rows" role="region" aria-label="Briefing" aria-live="polite"></div>'


def briefing_part(collections: Collections, board: Board) -> None:
    """Draws the part and answers the button."""
    part = drawn("briefing", FRAME)

    def show(session: Session, *chosen: Any) -> dict[str, Any]:
        collection = collections.open(session.collection)
        try:
            html = briefing(collection.assistant.brief(scope_of(*chosen) or None))
        except OnRecordError as error:
            html = f'<p class="bad">{e(str(error))}</p>'
        return {"html": html, "at": time.time()}

    board.make.click(show, [board.session, *board.chosen], [part], **SLOW)
    board.opens(part, collections)


def briefing(brief: Brief) -> str:
    """The part as HTML."""
    if not brief.sentences:
        return f"<p>{e(why(brief))}</p>"
    said = f"<section><h3>In brief</h3>{lines(brief.sentences)}</section>"
    return f'<p class="soft" role="status">{e(covered(brief))}</p>{said}'


def covered(brief: Brief) -> str:
    """What the brief was chosen from."""
    days = " to ".join(dict.fromkeys(day_text(day) for day in (brief.first, brief.last) if day))
    copies = f", {brief.copies:,} copies of them counted once" if brief.copies else ""
    return f"From {brief.articles:,} article{'s' if brief.articles != 1 else ''}{f', {days}' if days else ''}{copies}."


def lines(sentences: Sequence[AnswerSentence]) -> str:
    """Sentences with the titles of what they stand on."""
    items = (
        f'<li><p class="line" dir="auto">{named(with_who(one.text, one.citations))}</p>'
        f"{''.join(cited(quote) for quote in one.citations)}</li>"
        for one in sentences
    )
    return f'<ol class="brief">{"".join(items)}</ol>'
