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
from onrecord.ui.page.language import _, counted, later, number
from onrecord.ui.page.messages import said
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn
from onrecord.ui.page.turns import quoted

MOST = 40  # people that are shown; the others are found by their names
KINDS = {"quoted": later("quoted"), "reported": later("reported")}
AT_ONCE = 100  # statements of one person that are shown


def people_part(collections: Collections, board: Board) -> None:
    """Draws the part; it answers the tab, the button and its own form."""
    part = drawn("people", frame(_("Who says what"), _("Whose words?")))

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


def frame(heading: str, asked: str) -> str:
    """A list of names below a box in which one is typed."""
    return (
        f'<h2>{heading}</h2><form class="bench"><label>{asked} <input type="search" '
        f'maxlength="200" placeholder="{_("A name")}" autocomplete="off"></label>'
        f'<button class="plain">{_("Show")}</button></form>'
        f'<div class="rows" role="region" aria-label="{heading}" aria-live="polite"></div>'
    )


def _sent(draw: Any, collections: Collections, session: Session, chosen: Sequence[Any]) -> dict[str, Any]:
    try:
        html = draw(collections.open(session.collection).people, scope_of(*chosen) or None)
    except OnRecordError as error:
        html = f'<p class="bad">{e(said(str(error)))}</p>'
    return {"html": html, "at": time.time()}


def listed(people: Sequence[Person]) -> str:
    """The people as buttons, who says most first."""
    if not people:
        return f"<p>{_('Nobody is named as a speaker in these articles.')}</p>"
    return buttons([(one.name, one.statements, _statements(one.statements)) for one in people])


def buttons(names: Sequence[tuple[str, int, str]]) -> str:
    """The first names as buttons, each with its count, in words for those who hear it."""
    rest = _("{count:,} more; give a name above.", count=len(names) - MOST)
    more = f'<p class="soft">{rest}</p>' if len(names) > MOST else ""
    rows = "".join(
        f'<li><button type="button" class="plain" data-speaker="{e(name)}" '
        f'aria-label="{e(name)} {words}">{bdi(name)} <small>{number(count)}</small></button></li>'
        for name, count, words in names[:MOST]
    )
    return f'<ul class="speakers">{rows}</ul>{more}'


def spoken(people: People, name: str, scope: Filter | None) -> str:
    """What somebody said, by the day."""
    back = f'<button type="button" class="quiet" data-people="">{_("All people")}</button>'
    every = people.said(name, scope)
    if not every:
        return f"<p>{_('Nobody of the name {name} is quoted in these articles.', name=bdi(name))}</p>{back}"
    names = ", ".join(dict.fromkeys(one.speaker for one in every))
    shown = every[-AT_ONCE:]
    latest = _("The latest {shown:,} of {count:,} are shown.", shown=AT_ONCE, count=len(every))
    less = f" {latest}" if len(shown) < len(every) else ""
    several, none = len({one.speaker for one in every}) > 1, _("No date")
    days = "".join(
        f"<li><h4>{e(day_text(day) or none)}</h4><ul>{''.join(_statement(one, several) for one in some)}</ul></li>"
        for day, some in groupby(shown, key=lambda one: one.day)
    )
    count = _statements(len(every))
    return f'<h3>{bdi(names)}</h3><p class="soft" role="status">{count}.{less} {back}</p><ol class="said">{days}</ol>'


def _statements(count: int) -> str:
    return counted(count, "{count:,} statement", "{count:,} statements")


def _statement(one: Statement, several: bool) -> str:
    quote = Citation(0, one.sentence, one.title, one.source, one.published, one.url)
    who = f"<b>{bdi(one.speaker)}</b> " if several else ""
    return f'<li><p class="kind soft">{who}{_(KINDS[one.kind])}</p>{quoted(quote, None)}{cited(quote)}</li>'
