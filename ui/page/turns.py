"""One question and its answer as HTML. Every text passes through :func:`onrecord.ui.escape.e`."""

from onrecord.qa.render import nearest, quote_text, what_to_try, why, with_who
from onrecord.qa.types import AnswerSentence, Citation, Disagreement
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, named, shorten
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.details import details
from onrecord.ui.page.export import for_clipboard
from onrecord.ui.page.scope import scope_text

STOPPED = "Stopped. Each sentence above was checked; more may have followed."
STOPPED_EARLY = "Stopped before a sentence was ready."
CHANGED = {"changed": " (the article has changed since)", "gone": " (the article was removed since)"}
STATES = {
    "searching": "Searching the articles",
    "ending": "The model is finishing what it was reading; your question is next",
    "reading": "Reading what was found",
    "writing": "Writing, and checking each sentence",
}


def byline(quote: Citation) -> str:
    """Source and date on one line, whatever of them is known."""
    return " · ".join(part for part in (quote.source, day_text(quote.published)) if part)


def chip(quote: Citation, record: Record) -> str:
    """The numbered button that opens the cited sentence in its article."""
    note = CHANGED.get(record.staleness(quote), "")
    label = f"Source {quote.number}{note}: “{shorten(quote_text(quote), 160)}” {quote.title}"
    kind = " stale" if note else ""
    return (
        f'<button type="button" class="chip{kind}" data-cite="{e(quote.article_id)}" '
        f'data-start="{quote.sentence.start_char}" data-turn="{e(record.id)}" data-n="{quote.number}" '
        f'data-quote="{e(shorten(quote_text(quote), 400))}" data-title="{e(quote.title)}" '
        f'data-meta="{e(byline(quote) + note)}" aria-label="{e(label)}">'
        f"{quote.number}</button>"
    )


def sentence(line: AnswerSentence, record: Record) -> str:
    chips = "".join(chip(quote, record) for quote in line.citations)
    mark = (
        '<span class="partly-mark" title="The cited sentences support only a part of this.">partly supported</span>'
        if line.verdict == "partly"
        else ""
    )
    kind = " partly" if line.verdict == "partly" else ""
    said = f'<span class="said{kind}" dir="auto">{named(with_who(line.text, line.citations))}</span>'
    return f'<span class="line"><span class="tied">{said}{chips}</span>{mark}</span> '


def quoted(quote: Citation, record: Record | None, width: int = 1000) -> str:
    """A quote of at most ``width`` characters, with its chip where it is one of a ``record``."""
    said = f'<span class="said-there" dir="auto">{named(with_who(shorten(quote.quote, width), [quote]))}</span>'
    return (
        f'<blockquote dir="auto"><span class="tied">{said}{chip(quote, record) if record else ""}</span></blockquote>'
    )


def dispute(item: Disagreement, record: Record) -> str:
    cards = "".join(_position(line, record) for line in item.positions)
    about = f": {bdi(item.about)}" if item.about else ""
    return f'<section class="dispute"><h3>The articles differ{about}</h3><ul class="positions">{cards}</ul></section>'


def _position(line: AnswerSentence, record: Record) -> str:
    quotes = "".join(
        f"{quoted(q, record)}"
        f'<p class="by"><cite>{bdi(q.title)}</cite>{e(" · " + byline(q) if byline(q) else "")}{_copies(q)}</p>'
        for q in line.citations
    )
    alone = [q.quote for q in line.citations] == [line.text]
    said = "" if alone else f'<p class="position" dir="auto">{named(with_who(line.text, line.citations))}</p>'
    return f"<li>{said}{quotes}</li>"


def _copies(quote: Citation) -> str:
    count = len(quote.also_in)
    return (
        f' <span class="copies">and {count} cop{"y" if count == 1 else "ies"} of it, counted once</span>'
        if count
        else ""
    )


def abstention(record: Record) -> str:
    tries = "".join(f"<li>{e(text)}</li>" for text in what_to_try(record.answer))
    near = "".join(
        f"<li>{quoted(q, record, 300)}"
        f'<p class="by"><cite>{bdi(q.title)}</cite>{e(" · " + byline(q) if byline(q) else "")}</p></li>'
        for q in nearest(record.answer)
    )
    listed = f'<h4>The nearest sentences</h4><ul class="nearest">{near}</ul>' if near else ""
    widen = (
        f"<p>Your filter was on ({bdi(scope_text(record.scope))}): what it leaves out was not searched.</p>"
        f'<p><button type="button" class="quiet" data-act="unfiltered" data-turn="{e(record.id)}">'
        "Search without the filter</button></p>"
        if record.scope
        else ""
    )
    return (
        '<section class="abstained"><h3>The articles do not say</h3>'
        f'<p class="why">{e(why(record.answer))}</p>{listed}'
        f'<h4>What to try</h4><ul class="tries">{tries}</ul>{widen}</section>'
    )


def _lead(quote: Citation, record: Record) -> str:
    """What the article itself says, to read before the answer is written, and beside it."""
    place = f'data-cite="{e(quote.article_id)}" data-start="{quote.sentence.start_char}" data-turn="{e(record.id)}" '
    place += f'data-n="{quote.number}"'
    by = f" · {byline(quote)}" if byline(quote) else ""
    return (
        '<section class="lead"><h3>The nearest sentence, in the article’s own words</h3>'
        f'{quoted(quote, record, 300)}<p class="by"><button type="button" class="quiet" {place}>'
        f"{bdi(quote.title)}</button>{e(by)}</p></section>"
    )


def _progress(record: Record) -> str:
    if record.state == "waiting" and not record.place:
        text = "Waiting for another model to be loaded"
    elif record.state == "waiting":
        ahead = "1 question is" if record.place == 1 else f"{record.place} questions are"
        text = f"Waiting for the model: {ahead} before yours"
    else:
        text = STATES[record.state]
    return f'<p class="progress"><span class="pulse" aria-hidden="true"></span>{e(text)}…</p>'


def _understood(record: Record) -> str:
    parts = []
    searched = record.answer.standalone_question
    if searched and searched.strip() != record.question.strip():
        parts.append(
            f'Searched for: <em dir="auto">{e(searched)}</em> '
            f'<button type="button" class="quiet" data-act="correct" data-turn="{e(record.id)}" '
            f'data-text="{e(searched)}">Correct this</button>'
        )
    if record.scope:
        parts.append(f"Only in: {bdi(scope_text(record.scope))}")
    return f'<p class="understood">{" — ".join(parts)}</p>' if parts else ""


def _body(record: Record) -> str:
    if record.error:
        return f'<p class="failed" role="alert">{e(record.error)}</p>'
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
        parts.append(f'<p class="missing"><strong>Not in the articles:</strong> {bdi(answer.missing)}</p>')
    if record.state == "stopped":
        parts.append(f'<p class="stopped">{STOPPED if answer.sentences else STOPPED_EARLY}</p>')
    parts += [f'<p class="warning">{e(text)}</p>' for text in answer.warnings]
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
        'aria-label="Copy the answer with its references">Copy</button>'
    ]
    if record.citations:
        buttons.append(_action("pin", turn, "Pin", "Pin the quotes of this answer to your notes"))
    buttons.append('<button type="button" class="quiet phone-only" data-act="sources">Sources</button>')
    if last:
        buttons += [_action("retry", turn, "Ask again"), _action("edit", turn, "Edit question")]
    kinds = (("right", "Right"), ("wrong_answer", "Wrong answer"), ("wrong_citation", "Wrong citation"))
    marks = "".join(_action(kind, turn, label, pressed=record.feedback == kind) for kind, label in kinds)
    return (
        f'<div class="actions">{"".join(buttons)}<span class="rate" role="group" aria-label="Was this right?">{marks}'
        f"</span></div>{details(record)}"
    )


def turn(record: Record, *, last: bool) -> str:
    """The whole turn. ``last``: whether it is the newest, which alone can be edited or asked again."""
    name = f"q-{e(record.id)}"
    busy = "true" if record.live else "false"
    return (
        f'<h2 class="question" id="{name}" dir="auto">{e(record.question)}</h2>{_understood(record)}'
        f'<div class="answer" aria-labelledby="{name}" role="group" aria-busy="{busy}">{_body(record)}</div>'
        f"{_footer(record, last)}"
    )
