"""Who says what, on the tab Overview: the people of the selection, and the statements of one of them by the day."""

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import OnRecordError
from onrecord.index.types import Filter
from onrecord.qa.people.index import People
from onrecord.qa.people.values import Person, Statement
from onrecord.qa.types import Citation
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.board import QUICK, SLOW, Board, cited
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn
from onrecord.ui.page.turns import quoted

MOST = 40  # people that are shown; the others are found by their names
AT_ONCE = 100  # statements of one person that are shown
FRAME = (
    '<h2>Who says what</h2><form class="bench"><label>Whose words? <input type="search" maxlength="200" '
    'placeholder="A name" autocomplete="off"></label><button class="plain">Show</button></form>'
    '<div class="rows" role="region" aria-label="Who says what" aria-live="polite"></div>'
)


def people_part(collections: Collections, board: Board) -> None:
    """Draws the part; it answers the tab, the button and its own form."""
    part = drawn("people", FRAME)

    def show(session: Session, *chosen: Any) -> dict[str, Any]:
        return _sent(lambda people, scope: listed(people.people(scope)), collections, session, chosen)

    def speak(session: Session, *given: Any) -> dict[str, Any]:
        *chosen, name = given
        return _sent(lambda people, scope: spoken(people, name, scope), collections, session, chosen)

    def of_name(session: Session, event: gr.EventData) -> str:
        return str(event._data.get("name", ""))[:200]

    given = [board.session, *board.chosen]
    board.tab.select(show, given, [part], **SLOW)
    board.make.click(show, given, [part], **SLOW)
    name = gr.State("")
    asked = part.speaker(of_name, [board.session], [name], **QUICK)
    asked.then(speak, [*given, name], [part], **SLOW)
    part.everybody(show, given, [part], **SLOW)
    board.opens(part, collections)


def _sent(draw: Any, collections: Collections, session: Session, chosen: Sequence[Any]) -> dict[str, Any]:
    try:
        html = draw(collections.open(session.collection).people, scope_of(*chosen) or None)
    except OnRecordError as error:
        html = f'<p class="bad">{e(str(error))}</p>'
    return {"html": html, "at": time.time()}


def listed(people: Sequence[Person]) -> str:
    """The people as buttons, who says most first."""
    if not people:
        return "<p>Nobody is named as a speaker in these articles.</p>"
    more = f'<p class="soft">{len(people) - MOST:,} more; give a name above.</p>' if len(people) > MOST else ""
    buttons = "".join(
        f'<li><button type="button" class="plain" data-speaker="{e(one.name)}" '
        f'aria-label="{e(one.name)} {one.statements} statement{"" if one.statements == 1 else "s"}">'
        f"{bdi(one.name)} <small>{one.statements}</small></button></li>"
        for one in people[:MOST]
    )
    return f'<ul class="speakers">{buttons}</ul>{more}'


def spoken(people: People, name: str, scope: Filter | None) -> str:
    """What somebody said, by the day."""
    back = '<button type="button" class="quiet" data-people="">All people</button>'
    said = people.said(name, scope)
    if not said:
        return f"<p>Nobody of the name {bdi(name)} is quoted in these articles.</p>{back}"
    names = ", ".join(dict.fromkeys(one.speaker for one in said))
    shown = said[-AT_ONCE:]
    less = f" The latest {AT_ONCE} of {len(said):,} are shown." if len(shown) < len(said) else ""
    several = len({one.speaker for one in said}) > 1
    days = "".join(
        f"<li><h4>{e(day_text(day) or 'No date')}</h4><ul>{''.join(_statement(one, several) for one in some)}</ul></li>"
        for day, some in groupby(shown, key=lambda one: one.day)
    )
    count = f"{len(said):,} statement{'' if len(said) == 1 else 's'}"
    return f'<h3>{bdi(names)}</h3><p class="soft" role="status">{count}.{less} {back}</p><ol class="said">{days}</ol>'


def _statement(one: Statement, several: bool) -> str:
    quote = Citation(0, one.sentence, one.title, one.source, one.published, one.url)
    who = f"<b>{bdi(one.speaker)}</b> " if several else ""
    return f'<li><p class="kind soft">{who}{e(one.kind)}</p>{quoted(quote, None)}{cited(quote)}</li>'
