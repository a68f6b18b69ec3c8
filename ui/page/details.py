"""How an answer came about: what was searched, found, shown to the model, decided, and how long each step took."""

from collections.abc import Sequence

from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, shorten

_STEPS = {
    "rewrite": "Understanding the question",
    "retrieve": "Searching",
    "evidence": "Choosing evidence",
    "answerability": "Is it answered here?",
    "generate": "Writing",
    "verify": "Checking",
    "total": "In all",
}
_COUNTS = {
    "evaluated_tokens": "Tokens read",
    "generated_tokens": "Tokens written",
    "model_calls": "Model calls",
    "reused_tokens": "Tokens reused",
}


def details(record: Record) -> str:
    """A closed ``<details>`` with everything that is known about how the answer was made."""
    return (
        f'<details class="how" data-k="how-{e(record.id)}"><summary>How was this answered?</summary><div>'
        f"{_facts(record)}{_drafted(record)}{_shown(record)}{_found(record)}{_timings(record)}</div></details>"
    )


def _facts(record: Record) -> str:
    answer = record.answer
    rows = [
        ("Searched for", answer.standalone_question or answer.question),
        ("Model", answer.model or "none: quoted as written"),
    ]
    if answer.answerability is not None:
        limit = "" if answer.threshold is None else f" (needs {answer.threshold:.2f})"
        rows.append(("Likelihood that the evidence answers it", f"{answer.answerability:.2f}{limit}"))
    counted = (("supported", "supported"), ("partly", "partly supported"))
    verdicts = [f"{sum(s.verdict == key for s in answer.sentences)} {words}" for key, words in counted]
    rows.append(("Sentences", ", ".join([*verdicts, f"{len(answer.unconfirmed)} not shown"])))
    rows.append(("State of the index", f"revision {answer.index_revision}"))
    return "<dl>" + "".join(f"<dt>{e(name)}</dt><dd>{bdi(value)}</dd>" for name, value in rows) + "</dl>"


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
    return _table("Sentences shown to the model", ("No.", "Sentence", "Article", "Score"), rows)


def _found(record: Record) -> str:
    rows = [
        (bdi(shorten(h.preview, 140)), bdi(shorten(h.title, 60)), e(h.found_by), f"{h.score:.3f}") for h in record.found
    ]
    return _table("Passages found", ("Begins with", "Article", "Found by", "Score"), rows)


def _timings(record: Record) -> str:
    rows = [(e(_STEPS.get(k, k)), f"{v:.2f} s") for k, v in record.answer.timings.items() if k not in _COUNTS]
    rows += [(e(_COUNTS[k]), f"{v:.0f}") for k, v in record.answer.timings.items() if k in _COUNTS]
    return _table("Time and work", ("Step", "Took"), rows)
