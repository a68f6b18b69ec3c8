"""How an answer came about: what was searched, found, shown to the model, decided, and how long each step took."""

from collections.abc import Sequence

from onrecord.qa.steps.check import not_calibrated
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, shorten

_STEPS = {
    "understand": "Understanding the question",
    "translate": "Translating the question",
    "retrieve": "Searching",
    "evidence": "Choosing sentences",
    "check": "Deciding whether they answer it",
    "write": "Writing",
    "verify": "Checking what was written",
    "disagree": "Looking for articles that differ",
    "to_evidence": "Until the sources were shown",
    "to_first_token": "Until the first word was written",
    "total": "In all",
}
_COUNTS = {
    "evaluated_tokens": "Word pieces that the model read",
    "reused_tokens": "Word pieces that it remembered from before",
    "generated_tokens": "Word pieces that it wrote",
    "model_calls": "Times that it was asked",
}
_FOUND_BY = {"dense": "meaning", "keyword": "words", "fused": "meaning and words", "reranked": "a second reading"}


def details(record: Record) -> str:
    """A closed ``<details>`` with everything that is known about how the answer was made.

    Of one that was stopped or failed nobody knows which model would have written it, or from what.
    """
    return (
        f'<details class="how" data-k="how-{e(record.id)}"><summary>How was this answered?</summary><div>'
        f"{_facts(record)}{_drafted(record)}{_shown(record)}{_found(record)}{_timings(record)}</div></details>"
    )


def _facts(record: Record) -> str:
    answer, done = record.answer, record.state == "done"
    rows = [("Searched for", answer.standalone_question or answer.question)]
    if done:
        rows.append(("Model", answer.model or "none: quoted as written"))
    if answer.answerability is not None:
        rows.append(("Do the sources answer it?", _likely(answer.answerability, answer.threshold)))
        if "not_stated" in answer.signals and (said := not_calibrated(answer.model)):  # the model's doubts counted
            rows.append(("Decided for this model?", said))
    counted = (("supported", "supported"), ("partly", "partly supported"))
    verdicts = [f"{sum(s.verdict == key for s in answer.sentences)} {words}" for key, words in counted]
    rows.append(("Sentences", ", ".join([*verdicts, f"{len(answer.unconfirmed)} not shown"])))
    if done:
        rows.append(("State of the collection", f"after {answer.index_revision:,} changes"))
    return "<dl>" + "".join(f"<dt>{e(name)}</dt><dd>{bdi(value)}</dd>" for name, value in rows) + "</dl>"


def _likely(probability: float, needed: float | None) -> str:
    if needed is None:
        return f"likelihood {probability:.2f}"
    return f"{'likely' if probability >= needed else 'not likely enough'} ({probability:.2f}, needs {needed:.2f})"


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
    said = "Drafted, but not confirmed by the sentences found:"
    return f'<section class="unconfirmed"><p>{said}</p><ul>{items}</ul></section>'


def _shown(record: Record) -> str:
    rows = [
        (str(q.number), bdi(shorten(q.quote, 140)), bdi(shorten(q.title, 60)), f"{q.score:.2f}")
        for q in record.answer.evidence
    ]
    caption = "Sentences shown to the model" if record.state == "done" else "Sentences chosen for the model"
    return _table(caption, ("No.", "Sentence", "Article", "How well it fits"), rows)


def _found(record: Record) -> str:
    rows = [
        (
            bdi(shorten(h.preview, 140)),
            bdi(shorten(h.title, 60)),
            e(_FOUND_BY.get(h.found_by, h.found_by)),
            f"{h.score:.3f}",
        )
        for h in record.found
    ]
    return _table("Passages found", ("Begins with", "Article", "Found by", "How well it fits"), rows)


def _timings(record: Record) -> str:
    timings = record.answer.timings
    last = len(_STEPS) - 1.5  # a step of another version comes before the total
    order = {key: number for number, key in enumerate(_STEPS)}
    steps = sorted(timings.keys() - _COUNTS.keys(), key=lambda key: (order.get(key, last), key))
    rows = [(e(_STEPS.get(k) or _unknown(k)), f"{timings[k]:.2f} s") for k in steps]
    rows += [(e(words), f"{timings[k]:,.0f}") for k, words in _COUNTS.items() if k in timings]
    return _table("Time and work", ("Step", "Took"), rows)
