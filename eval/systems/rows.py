"""Answers of any kind -> ResultRow: OnRecord's own answers, and free text with ``[n]`` markers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from onrecord.eval.suites.loading import Question
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, RetrievedRow, SentenceRow
from onrecord.eval.systems.refusals import says_it_does_not_know
from onrecord.index.types import Hit
from onrecord.qa.steps.write import cut

_LIST = r"\d+(?:\s*(?:[,;&]|and)\s*(?:sources?\s*)?\d+)*"
# Small models copy how the sources are headed: "[Source 2]", "(Source 2)", "as Source 2 says" mean [2].
_BRACKETED = re.compile(rf"\[\s*(?:sources?:?\s*)?{_LIST}\s*\]|\(\s*sources?:?\s*{_LIST}\s*\)", re.IGNORECASE)
_MARKERS = re.compile(rf"{_BRACKETED.pattern}|\bsources?:?\s+{_LIST}", re.IGNORECASE)


def row_from_answer(question: Question, answer: Mapping[str, Any], *, system: str) -> ResultRow:
    """The row of an OnRecord answer in the shape of ``onrecord.qa.render`` (as the HTTP door prints it)."""
    positions = [p for disagreement in answer.get("disagreements", ()) for p in disagreement["positions"]]
    return ResultRow(
        question_id=question.id,
        system=system,
        question=question.question,
        status="abstained" if answer["status"] == "abstained" else "answered",
        standalone_question=answer.get("standalone_question", ""),
        reason=answer.get("reason", ""),
        text=answer.get("text", ""),
        sentences=tuple(_sentence(s) for s in answer.get("sentences", ())),
        positions=tuple(_sentence(s) for s in positions),
        retrieved=tuple(_place(hit) for hit in answer.get("hits", ())),
        evidence=tuple(_evidence(e) for e in answer.get("evidence", ())),
        answerability=answer.get("answerability"),
        threshold=answer.get("threshold"),
        timings=dict(answer.get("timings", {})),
        model=answer.get("model", ""),
        index_revision=answer.get("index_revision", 0),
    )


def row_from_text(
    question: Question,
    text: str,
    *,
    system: str,
    sources: Sequence[EvidenceRow] = (),
    retrieved: Sequence[RetrievedRow] = (),
    timings: Mapping[str, float] | None = None,
    model: str = "",
) -> ResultRow:
    """The row of a free text whose ``[n]`` point at ``sources`` by their number.

    A number without a source is left out: it points at nothing that could be scored. A text that begins by saying that
    it does not know is an abstention.
    """
    text = text.strip()
    by_number = {source.number: source for source in sources}
    sentences = tuple(_marked_sentence(part, by_number) for part in split_answer(text))
    return ResultRow(
        question_id=question.id,
        system=system,
        question=question.question,
        status="abstained" if says_it_does_not_know(text) else "answered",
        text=text,
        sentences=sentences,
        retrieved=tuple(retrieved),
        evidence=tuple(sources),
        timings=dict(timings or {}),
        model=model,
    )


def row_from_hits(question: Question, hits: Sequence[Hit], *, system: str, seconds: float) -> ResultRow:
    """The row of a search."""
    return ResultRow(
        question_id=question.id,
        system=system,
        question=question.question,
        status="retrieved",
        retrieved=retrieved_from_hits(hits),
        timings={"time_to_evidence": seconds, "time_to_answer": seconds},
    )


def retrieved_from_hits(hits: Sequence[Hit]) -> tuple[RetrievedRow, ...]:
    """Each hit's place, best first."""
    return tuple(
        RetrievedRow(h.passage.article_id, h.passage.start_char, h.passage.end_char, float(h.score)) for h in hits
    )


def split_answer(text: str) -> list[str]:
    """The sentences of an answer, each with the markers that follow it.

    >>> split_answer("He left. [1] She stayed [Source 2]. The U.S. agreed.")
    ['He left. [1]', 'She stayed [Source 2].', 'The U.S. agreed.']
    """
    done, last = cut(text, _BRACKETED)
    return [part for part in map(str.strip, [*done, last]) if part]


def _marked_sentence(text: str, by_number: Mapping[int, EvidenceRow]) -> SentenceRow:
    numbers = dict.fromkeys(int(n) for marker in _MARKERS.findall(text) for n in re.findall(r"\d+", marker))
    citations = tuple(
        CitationRow(n, source.article_id, source.start_char, source.end_char, source.text)
        for n in numbers
        if (source := by_number.get(n)) is not None
    )
    return SentenceRow(text=" ".join(_BRACKETED.sub("", text).split()).replace(" .", "."), citations=citations)


def _sentence(data: Mapping[str, Any]) -> SentenceRow:
    citations = tuple(
        CitationRow(
            c["number"], c["article_id"], c["start_char"], c["end_char"], c["quote"], tuple(c.get("also_in", ()))
        )
        for c in data.get("citations", ())
    )
    return SentenceRow(text=data["text"], verdict=data.get("verdict", ""), citations=citations)


def _evidence(data: Mapping[str, Any]) -> EvidenceRow:
    return EvidenceRow(
        article_id=data["article_id"],
        start_char=data["start_char"],
        end_char=data["end_char"],
        text=data["quote"],
        number=data.get("number", 0),
        score=float(data.get("score", 0.0)),
    )


def _place(data: Mapping[str, Any]) -> RetrievedRow:
    return RetrievedRow(data["article_id"], data["start_char"], data["end_char"], float(data.get("score", 0.0)))
