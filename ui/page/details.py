"""How an answer came about: what was searched, found, shown to the model, decided, and how long each step took."""

from collections.abc import Sequence

from onrecord.qa.steps.check import not_calibrated
from onrecord.qa.types import EXTRACTIVE
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, shorten
from onrecord.ui.page.language import _, counted, later, number
from onrecord.ui.page.messages import said

_STEPS = {
    "understand": later("Understanding the question"),
    "translate": later("Translating the question"),
    "retrieve": later("Searching"),
    "evidence": later("Choosing sentences"),
    "check": later("Deciding whether they answer it"),
    "write": later("Writing"),
    "verify": later("Checking what was written"),
    "disagree": later("Looking for articles that differ"),
    "to_evidence": later("Until the sources were shown"),
    "to_first_token": later("Until the first word was written"),
    "total": later("In all"),
}
_COUNTS = {
    "evaluated_tokens": later("Word pieces that the model read"),
    "reused_tokens": later("Word pieces that it remembered from before"),
    "generated_tokens": later("Word pieces that it wrote"),
    "model_calls": later("Times that it was asked"),
}
_FOUND_BY = {
    "dense": later("meaning"),
    "keyword": later("words"),
    "fused": later("meaning and words"),
    "reranked": later("a second reading"),
}


def details(record: Record) -> str:
    """A closed ``<details>`` with everything that is known about how the answer was made.

    Of one that was stopped or failed nobody knows which model would have written it, or from what.
    """
    return (
        f'<details class="how" data-k="how-{e(record.id)}"><summary>{_("How was this answered?")}</summary><div>'
        f"{_facts(record)}{_drafted(record)}{_shown(record)}{_found(record)}{_timings(record)}</div></details>"
    )


def _facts(record: Record) -> str:
    answer, done = record.answer, record.state == "done"
    rows = [(_("Searched for"), answer.standalone_question or answer.question)]
    if done:
        rows.append((_("Model"), _("none: quoted as written") if answer.model in ("", EXTRACTIVE) else answer.model))
    if answer.answerability is not None:
        rows.append((_("Do the sources answer it?"), _likely(answer.answerability, answer.threshold)))
        if "not_stated" in answer.signals and (doubt := not_calibrated(answer.model)):  # the model's doubts counted
            rows.append((_("Decided for this model?"), said(doubt)))
    verdicts = _(
        "{supported:,} supported, {partly:,} partly supported, {unconfirmed:,} not shown",
        supported=sum(s.verdict == "supported" for s in answer.sentences),
        partly=sum(s.verdict == "partly" for s in answer.sentences),
        unconfirmed=len(answer.unconfirmed),
    )
    rows.append((_("Sentences"), verdicts))
    if done:
        rows.append((_("State of the collection"), _changes(answer.index_revision)))
    return "<dl>" + "".join(f"<dt>{e(name)}</dt><dd>{bdi(value)}</dd>" for name, value in rows) + "</dl>"


def _changes(count: int) -> str:
    return counted(count, "after {count:,} change", "after {count:,} changes")


def _likely(probability: float, needed: float | None) -> str:
    if needed is None:
        return _("likelihood {probability:.2f}", probability=probability)
    if probability >= needed:
        return _("likely ({probability:.2f}, needs {needed:.2f})", probability=probability, needed=needed)
    return _("not likely enough ({probability:.2f}, needs {needed:.2f})", probability=probability, needed=needed)


def _unknown(key: str) -> str:
    """A step of another version, as words."""
    return key.replace("_", " ").capitalize()


def _table(caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{e(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{e(caption)}">'
        f"<table><caption>{e(caption)}</caption>"
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _drafted(record: Record) -> str:
    """What was drafted and is no part of the answer."""
    if not record.answer.unconfirmed:
        return ""
    items = "".join(f'<li dir="auto">{e(line.text)}</li>' for line in record.answer.unconfirmed)
    drafted = _("Drafted, but not confirmed by the sentences found:")
    return f'<section class="unconfirmed"><p>{drafted}</p><ul>{items}</ul></section>'


def _shown(record: Record) -> str:
    rows = [
        (str(q.number), bdi(shorten(q.quote, 140)), bdi(shorten(q.title, 60)), number(q.score, ".2f"))
        for q in record.answer.evidence
    ]
    caption = _("Sentences shown to the model") if record.state == "done" else _("Sentences chosen for the model")
    return _table(caption, (_("No."), _("Sentence"), _("Article"), _("How well it fits")), rows)


def _found(record: Record) -> str:
    rows = [
        (
            bdi(shorten(h.preview, 140)),
            bdi(shorten(h.title, 60)),
            e(_(_FOUND_BY.get(h.found_by, h.found_by))),
            number(h.score, ".3f"),
        )
        for h in record.found
    ]
    return _table(_("Passages found"), (_("Begins with"), _("Article"), _("Found by"), _("How well it fits")), rows)


def _timings(record: Record) -> str:
    timings = record.answer.timings
    last = len(_STEPS) - 1.5  # a step of another version comes before the total
    order = {key: number for number, key in enumerate(_STEPS)}
    steps = sorted(timings.keys() - _COUNTS.keys(), key=lambda key: (order.get(key, last), key))
    rows = [(e(_(_STEPS.get(k) or _unknown(k))), f"{number(timings[k], '.2f')} s") for k in steps]
    rows += [(e(_(words)), number(timings[k], ",.0f")) for k, words in _COUNTS.items() if k in timings]
    return _table(_("Time and work"), (_("Step"), _("Took")), rows)
