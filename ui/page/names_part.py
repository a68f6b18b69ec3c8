"""Who and what is named, on the tab Overview: places, organisations, people and amounts, and the sentences of one."""

import time
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import OnRecordError
from onrecord.index.types import Filter
from onrecord.qa.names.index import AT_ONCE, Names, missing
from onrecord.qa.names.values import KINDS, Mention, NameKind
from onrecord.qa.types import Citation
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.board import QUICK, SLOW, Board, quotes
from onrecord.ui.page.language import _, counted, later
from onrecord.ui.page.messages import said
from onrecord.ui.page.people_part import buttons, frame
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.style import drawn

HEADING = later("What is named")
CALLED: dict[NameKind, Any] = {
    "person": later("People"),
    "place": later("Places"),
    "organisation": later("Organisations"),
    "quantity": later("Quantities"),
}
FIRST: NameKind = "place"
SHOWN = 50  # sentences of one name


def names_part(collections: Collections, board: Board) -> None:
    """Draws the part; it answers the tab, the button and its own form."""
    part = drawn("named", frame(_(HEADING), _("Which name?")), script="people")

    def show(session: Session, *given: Any) -> dict[str, Any]:
        *chosen, asked = given
        kind, name = _kind(asked), str(asked.get("name", ""))
        try:
            names = collections.open(session.collection).names
            names.refresh(most=AT_ONCE if asked else 0, kind=kind)  # the tab alone waits for no model
            scope = scope_of(*chosen) or None
            html = found(names, name, kind, scope) if name else listed(names, kind, scope)
        except OnRecordError as error:
            html = f'{_kinds(kind)}<p class="bad">{e(said(str(error)))}</p>'
        return {"html": html, "at": time.time()}

    def asked(session: Session, event: gr.EventData) -> dict[str, str]:
        return {one: str(event._data.get(one, ""))[:200] for one in ("name", "kind")}

    last = gr.State({})
    given = [board.session, *board.chosen, last]
    board.tab.select(show, given, [part], **SLOW)
    board.make.click(show, given, [part], **SLOW)
    for event in (part.speaker, part.everybody):
        event(asked, [board.session], [last], **QUICK).then(show, given, [part], **SLOW)
    board.opens(part, collections)


def _kind(asked: dict[str, str]) -> NameKind:
    kind = asked.get("kind", "")
    return kind if kind in KINDS else FIRST


def listed(names: Names, kind: NameKind, scope: Filter | None) -> str:
    """The names of a kind as buttons, those in most articles first, and what is missing."""
    every = names.entries(kind, scope)
    rows = buttons([(one.name, one.articles, _articles(one.articles)) for one in every])
    return f"{_kinds(kind)}{_lacks(names, kind)}{rows if every else _none()}"


def found(names: Names, name: str, kind: NameKind, scope: Filter | None) -> str:
    """The sentences that have a name, the latest article first."""
    every = names.sentences(name, kind, scope) or names.sentences(name, None, scope)
    back = f'<button type="button" class="quiet" data-people="{kind}">{_("All names")}</button>'
    if not every:
        none = _("No sentence has the name {name} in these articles.", name=bdi(name))
        return f"{_kinds(kind)}{_lacks(names, kind)}<p>{none}</p>{back}"
    called = ", ".join(dict.fromkeys(one.name for one in every))
    shown = every[:SHOWN]
    latest = _("The latest {shown:,} of {count:,} are shown.", shown=SHOWN, count=len(every))
    less = f" {latest}" if len(shown) < len(every) else ""
    count = counted(len(every), "{count:,} sentence", "{count:,} sentences")
    head = f'<h3>{bdi(called)}</h3><p class="soft" role="status">{count}.{less} {back}</p>'
    return f'{_kinds(kind)}{head}<ul class="positions">{quotes([_cited(one) for one in shown])}</ul>'


def _cited(one: Mention) -> Citation:
    return Citation(0, one.sentence, one.title, one.source, one.published, one.url)


def _kinds(kind: NameKind) -> str:
    rows = "".join(
        f'<li><button type="button" class="plain" data-people="{one}" data-kind="{one}" '
        f'aria-pressed="{str(one == kind).lower()}">{_(CALLED[one])}</button></li>'
        for one in KINDS
    )
    return f'<ul class="speakers">{rows}</ul>'


def _lacks(names: Names, kind: NameKind) -> str:
    """What `Names.lacks` says, in the reader's language."""
    if not names.lacks(kind):
        return ""
    if needs := missing():
        told = _("People, places and organisations are not found without a model for names: {needs}", needs=said(needs))
    else:
        told = counted(
            names.left,
            "{count:,} article is still to be read for names.",
            "{count:,} articles are still to be read for names.",
        )
    return f'<p class="soft">{e(told)}</p>'


def _none() -> str:
    return f"<p>{_('None is named in these articles.')}</p>"


def _articles(count: int) -> str:
    return counted(count, "{count:,} article", "{count:,} articles")
