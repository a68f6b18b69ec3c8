"""One question and its answer as HTML. Every text passes through :func:`onrecord.ui.escape.e`."""

from onrecord.qa.render import quote_text, what_to_try, why, with_who
from onrecord.qa.types import AnswerSentence, Citation, Disagreement
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, named, shorten
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.details import details
from onrecord.ui.page.export import CHANGED, differ_on, for_clipboard
from onrecord.ui.page.language import _, counted, later
from onrecord.ui.page.messages import said, said_parts
from onrecord.ui.page.scope import scope_text

STOPPED = later("Stopped. Each sentence above was checked; more may have followed.")
FILTERED = later("Your filter was on ({filter}): what it leaves out was not searched.")
STOPPED_EARLY = later("Stopped before a sentence was ready.")
STATES = {
    "searching": later("Searching the articles"),
    "ending": later("The model is finishing what it was reading; your question is next"),
    "reading": later("Reading what was found"),
    "writing": later("Writing, and checking each sentence"),
}


def changed(how: str) -> str:
    """What became of a cited place, in brackets behind it; empty where it is as it was."""
    return f" ({_(CHANGED[how])})" if how else ""


def byline(quote: Citation) -> str:
    """Source and date on one line, whatever of them is known."""
    return " · ".join(part for part in (quote.source, day_text(quote.published)) if part)


def chip(quote: Citation, record: Record) -> str:
    """The numbered button that opens the cited sentence in its article."""
    note, text = changed(record.staleness(quote)), quote_text(quote)
    label = _(
        "Source {number}{note}: “{quote}” {title}",
        number=quote.number,
        note=note,
        quote=shorten(text, 160),
        title=quote.title,
    )
    kind = " stale" if note else ""
    return (
        f'<button type="button" class="chip{kind}" data-cite="{e(quote.article_id)}" '
        f'data-start="{quote.sentence.start_char}" data-turn="{e(record.id)}" data-n="{quote.number}" '
        f'data-quote="{e(_("“{quote}”", quote=shorten(text, 400)))}" data-title="{e(quote.title)}" '
        f'data-meta="{e(byline(quote) + note)}" aria-label="{e(label)}">'
        f"{quote.number}</button>"
    )


def sentence(line: AnswerSentence, record: Record) -> str:
    chips = "".join(chip(quote, record) for quote in line.citations)
    mark = (
        f'<span class="partly-mark" title="{_("The cited sentences support only a part of this.")}">'
        f"{_('partly supported')}</span>"
        if line.verdict == "partly"
        else ""
    )
    kind = " partly" if line.verdict == "partly" else ""
    text = f'<span class="said{kind}" dir="auto">{named(with_who(line.text, line.citations))}</span>'
    return f'<span class="line"><span class="tied">{text}{chips}</span>{mark}</span> '


def quoted(quote: Citation, record: Record | None, width: int = 1000) -> str:
    """A quote of at most ``width`` characters, with its chip where it is one of a ``record``."""
    text = f'<span class="said-there" dir="auto">{named(with_who(shorten(quote.quote, width), [quote]))}</span>'
    return (
        f'<blockquote dir="auto"><span class="tied">{text}{chip(quote, record) if record else ""}</span></blockquote>'
    )


def dispute(item: Disagreement, record: Record) -> str:
    cards = "".join(_position(line, record) for line in item.positions)
    differ = differ_on(bdi(said_parts(item.about)) if item.about else "")
    return f'<section class="dispute"><h3>{differ}</h3><ul class="positions">{cards}</ul></section>'


def _position(line: AnswerSentence, record: Record) -> str:
    quotes = "".join(
        f"{quoted(q, record)}"
        f'<p class="by"><cite>{bdi(q.title)}</cite>{e(" · " + byline(q) if byline(q) else "")}{_copies(q)}</p>'
        for q in line.citations
    )
    alone = [q.quote for q in line.citations] == [line.text]
    text = "" if alone else f'<p class="position" dir="auto">{named(with_who(line.text, line.citations))}</p>'
    return f"<li>{text}{quotes}</li>"


def _copies(quote: Citation) -> str:
    if not quote.also_in:
        return ""
    text = counted(
        len(quote.also_in), "and {count:,} copy of it, counted once", "and {count:,} copies of it, counted once"
    )
    return f' <span class="copies">{text}</span>'


def abstention(record: Record) -> str:
    tries = "".join(f"<li>{e(said(text))}</li>" for text in what_to_try(record.answer))
    near = "".join(
        f"<li>{quoted(q, record, 300)}"
        f'<p class="by"><cite>{bdi(q.title)}</cite>{e(" · " + byline(q) if byline(q) else "")}</p></li>'
        for q in record.nearest
    )
    listed = f'<h4>{_("The nearest sentences")}</h4><ul class="nearest">{near}</ul>' if near else ""
    widen = (
        f"<p>{_(FILTERED, filter=bdi(scope_text(record.scope)))}</p>"
        f'<p><button type="button" class="quiet" data-act="unfiltered" data-turn="{e(record.id)}">'
        f"{_('Search without the filter')}</button></p>"
        if record.scope
        else ""
    )
    return (
        f'<section class="abstained"><h3>{_("The articles do not say")}</h3>'
        f'<p class="why">{e(said(why(record.answer)))}</p>{listed}'
        f'<h4>{_("What to try")}</h4><ul class="tries">{tries}</ul>{widen}</section>'
    )


def _lead(quote: Citation, record: Record) -> str:
    """What the article itself says, to read before the answer is written, and beside it."""
    place = f'data-cite="{e(quote.article_id)}" data-start="{quote.sentence.start_char}" data-turn="{e(record.id)}" '
    place += f'data-n="{quote.number}"'
    by = f" · {byline(quote)}" if byline(quote) else ""
    return (
        f'<section class="lead"><h3>{_("The nearest sentence, in the article’s own words")}</h3>'
        f'{quoted(quote, record, 300)}<p class="by"><button type="button" class="quiet" {place}>'
        f"{bdi(quote.title)}</button>{e(by)}</p></section>"
    )


def _progress(record: Record) -> str:
    if record.state == "waiting" and not record.place:
        text = _("Waiting for another model to be loaded")
    elif record.state == "waiting":
        text = counted(
            record.place,
            "Waiting for the model: {count:,} question is before yours",
            "Waiting for the model: {count:,} questions are before yours",
        )
    else:
        text = _(STATES[record.state])
    return f'<p class="progress"><span class="pulse" aria-hidden="true"></span>{e(text)}…</p>'


def _understood(record: Record) -> str:
    parts = []
    searched = record.answer.standalone_question
    if searched and searched.strip() != record.question.strip():
        asked = _("Searched for: {question}", question=f'<em dir="auto">{e(searched)}</em>')
        parts.append(
            f"{asked} "
            f'<button type="button" class="quiet" data-act="correct" data-turn="{e(record.id)}" '
            f'data-text="{e(searched)}">{_("Correct this")}</button>'
        )
    if record.scope:
        parts.append(_("Only in: {filter}", filter=bdi(scope_text(record.scope))))
    return f'<p class="understood">{" — ".join(parts)}</p>' if parts else ""


def _body(record: Record) -> str:
    if record.error:
        return f'<p class="failed" role="alert">{e(said(record.error))}</p>'
    parts = []
    answer = record.shown
    if lead := record.lead:
        parts.append(_lead(lead, record))
    if answer.sentences:
        parts.append(f'<p class="said-all">{"".join(sentence(line, record) for line in answer.sentences)}</p>')
    parts += [dispute(item, record) for item in answer.disagreements]
    if record.state == "done" and record.status == "abstained":
        parts.append(abstention(record))
    if answer.missing:
        parts.append(f'<p class="missing"><strong>{_("Not in the articles:")}</strong> {bdi(answer.missing)}</p>')
    if record.state == "stopped":
        parts.append(f'<p class="stopped">{_(STOPPED if answer.sentences else STOPPED_EARLY)}</p>')
    parts += [f'<p class="warning">{e(said(text))}</p>' for text in answer.warnings]
    if record.live:
        parts.append(_progress(record))
    return "".join(parts)


def _action(act: str, turn: str, label: str, name: str = "", pressed: bool | None = None) -> str:
    state = "" if pressed is None else f' aria-pressed="{"true" if pressed else "false"}"'
    named = f' aria-label="{e(name)}"' if name else ""
    return (
        f'<button type="button" class="quiet" data-act="{act}" data-turn="{e(turn)}"{state}{named}>{e(label)}</button>'
    )


def _footer(record: Record, last: bool) -> str:
    if record.live:
        return ""
    turn = record.id
    buttons = [
        f'<button type="button" class="quiet" data-act="copy" data-text="{e(for_clipboard(record))}" '
        f'aria-label="{_("Copy the answer with its references")}">{_("Copy")}</button>'
    ]
    if record.citations:
        buttons.append(_action("pin", turn, _("Pin"), _("Pin the quotes of this answer to your notes")))
    if record.state == "done":
        saves = _("Save question, to be asked again when articles come")
        buttons.append(_action("keep", turn, _("Save question"), saves))
    buttons.append(f'<button type="button" class="quiet phone-only" data-act="sources">{_("Sources")}</button>')
    if last:
        buttons += [_action("retry", turn, _("Ask again")), _action("edit", turn, _("Edit question"))]
    kinds = (("right", _("Right")), ("wrong_answer", _("Wrong answer")), ("wrong_citation", _("Wrong citation")))
    marks = "".join(_action(kind, turn, label, pressed=record.feedback == kind) for kind, label in kinds)
    rate = f'<span class="rate" role="group" aria-label="{_("Was this right?")}">{marks}</span>'
    if not (record.state == "done" or record.answer.sentences):
        rate = ""  # there is nothing to judge
    return f'<div class="actions">{"".join(buttons)}{rate}</div>{details(record)}'


def turn(record: Record, *, last: bool) -> str:
    """The whole turn. ``last``: whether it is the newest, which alone can be edited or asked again."""
    name = f"q-{e(record.id)}"
    # The quote is read out as it comes; what is being written, when it is whole.
    busy = "true" if record.live and record.answer.sentences else "false"
    return (
        f'<h2 class="question" id="{name}" dir="auto">{e(record.question)}</h2>{_understood(record)}'
        f'<div class="answer" aria-labelledby="{name}" role="group" aria-busy="{busy}">{_body(record)}</div>'
        f"{_footer(record, last)}"
    )
