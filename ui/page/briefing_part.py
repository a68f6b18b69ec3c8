"""The briefing on the tab Overview: a selection in five sentences of its own, what happened when, who says what."""

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from onrecord.index.errors import OnRecordError
from onrecord.index.types import Filter
from onrecord.qa.briefing.values import DISPUTED, HAPPENED, IN_BRIEF, SAID, UNKNOWN, Brief
from onrecord.qa.render import why, with_who
from onrecord.qa.types import Answer, AnswerSentence
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, named
from onrecord.ui.page.board import SLOW, Board, cited
from onrecord.ui.page.dates import day_text, span_text
from onrecord.ui.page.export import FORMATS
from onrecord.ui.page.language import _, counted, later
from onrecord.ui.page.messages import said, said_parts
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn

TITLE = later("Briefing")


def briefing_part(collections: Collections, board: Board) -> None:
    """Draws the part and answers the button."""
    part = drawn("briefing", f'<div class="rows" role="region" aria-label="{_(TITLE)}" aria-live="polite"></div>')

    def show(session: Session, *chosen: Any) -> dict[str, Any]:
        collection = collections.open(session.collection)
        try:
            scope = scope_of(*chosen)
            html = briefing(collection.assistant.brief("", scope or None), collection.name, scope)
        except OnRecordError as error:
            html = f'<p class="bad">{e(said(str(error)))}</p>'
        return {"html": html, "at": time.time()}

    board.make.click(show, [board.session, *board.chosen], [part], **SLOW)
    board.opens(part, collections)


def briefing(brief: Brief, collection: str, scope: Filter) -> str:
    """The part as HTML."""
    if not brief.sentences:
        return f"<p>{e(said(why(brief)))}</p>"
    notes = "".join(f'<p class="soft">{e(said(text))}</p>' for text in brief.warnings)
    dated = "".join(
        f"<li><h4>{e(day_text(day))}</h4>{_lines([one.sentence for one in there])}</li>"
        for day, there in groupby(brief.happened, key=lambda one: one.day)
    )
    spoken = "".join(f"<li><h4>{bdi(one.speaker)}</h4>{_lines(one.sentences)}</li>" for one in brief.said)
    disputed = "".join(
        f"<li><h4>{bdi(said_parts(one.about))}</h4>{_lines(one.positions)}</li>" for one in brief.disputed
    )
    return (
        f'<p class="soft" role="status">{e(covered(brief))}</p>{notes}{_exports(collection, scope)}'
        f"<section><h3>{said(IN_BRIEF)}</h3>{_lines(brief.sentences)}</section>"
        + _section(HAPPENED, f'<ul class="groups">{dated}</ul>' if dated else "")
        + _section(SAID, f'<ul class="groups">{spoken}</ul>' if spoken else "")
        + _section(DISPUTED, f'<ul class="groups">{disputed}</ul>' if disputed else "")
        + _section(UNKNOWN, _lines(brief.unknown) if brief.unknown else "")
    )


def _section(title: str, html: str) -> str:
    return f"<section><h3>{said(title)}</h3>{html}</section>" if html else ""


def _lines(sentences: Sequence[AnswerSentence]) -> str:
    """Sentences with the titles of what they stand on."""
    items = (
        f'<li><p class="line" dir="auto">{named(with_who(one.text, one.citations))}</p>'
        f"{''.join(cited(quote) for quote in one.citations)}</li>"
        for one in sentences
    )
    return f'<ul class="brief">{"".join(items)}</ul>'


def _exports(collection: str, scope: Filter) -> str:
    given = [("in", collection), *(("article", one) for one in scope.articles)]
    given += [("source", one) for one in scope.sources]
    given += [("from", scope.published_from)] * bool(scope.published_from)
    given += [("to", scope.published_to)] * bool(scope.published_to)
    where = e(f"?{urlencode(given)}")
    links = " ".join(f'<a href="export/briefing.{end}{where}" download>{kind}</a>' for kind, end in FORMATS.items())
    return f'<p class="exports"><b>{_("Export:")}</b> {links}</p>'


def covered(brief: Brief) -> str:
    """What it was chosen from."""
    parts = [counted(brief.articles, "A brief of {count:,} article", "A brief of {count:,} articles")]
    parts += [span_text(brief.first, brief.last)] if brief.first else []
    if brief.copies:
        parts.append(
            counted(
                brief.copies, "{count:,} copy, counted once with its article", "{count:,} copies, counted once each"
            )
        )
    return f"{', '.join(parts)}."


def records_of(brief: Brief) -> list[Record]:
    """The briefing as answers under the headings of its parts: so it is checked and exported."""
    if not brief.sentences:
        return [Record("brief", Answer(said(IN_BRIEF), "", status="abstained", reason=brief.reason), "done")]
    notes = (covered(brief), *brief.warnings)
    return [
        Record(
            f"brief-{at}", Answer(said(title), "", lines, status="answered", warnings=notes if not at else ()), "done"
        )
        for at, (title, lines) in enumerate(brief.parts)
    ]
