"""Answers of any kind -> ResultRow: OnRecord's own answers, and free text with ``[n]`` markers."""

import re
from collections.abc import Mapping, Sequence

from onrecord.eval.suites.loading import Question
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, RetrievedRow, SentenceRow
from onrecord.eval.systems.refusals import says_it_does_not_know
from onrecord.index.types import Hit, Sentence
from onrecord.qa.steps.write import cut
from onrecord.qa.types import Answer, AnswerSentence, Evidence

_LIST = r"\d+(?:\s*(?:[,;&]|and)\s*(?:sources?\s*)?\d+)*"
# Small models copy how the sources are headed: "[Source 2]", "(Source 2)", "as Source 2 says" mean [2].
_BRACKETED = re.compile(rf"\[\s*(?:sources?:?\s*)?{_LIST}\s*\]|\(\s*sources?:?\s*{_LIST}\s*\)", re.IGNORECASE)
_MARKERS = re.compile(rf"{_BRACKETED.pattern}|\bsources?:?\s+{_LIST}", re.IGNORECASE)


def row_from_answer(question: Question, answer: Answer, *, system: str) -> ResultRow:
    """The row of an answer of OnRecord's."""
    return ResultRow(
        question_id=question.id,
        system=system,
        question=question.question,
        status=answer.status,
        standalone_question=answer.standalone_question,
        reason=answer.reason,
        text=answer.text,
        sentences=tuple(map(_sentence, answer.sentences)),
        positions=tuple(_sentence(one) for disagreement in answer.disagreements for one in disagreement.positions),
        retrieved=retrieved_from_hits(answer.hits),
        evidence=tuple(map(_evidence, answer.evidence)),
        answerability=answer.answerability,
        threshold=answer.threshold,
        timings=dict(answer.timings),
        model=answer.model,
        index_revision=answer.index_revision,
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


def _sentence(sentence: AnswerSentence) -> SentenceRow:
    citations = tuple(CitationRow(c.number, *_place(c.sentence), c.quote, c.also_in) for c in sentence.citations)
    return SentenceRow(sentence.text, sentence.verdict, citations)


def _evidence(shown: Evidence) -> EvidenceRow:
    return EvidenceRow(*_place(shown.sentence), shown.sentence.text, shown.number, shown.score)


def _place(sentence: Sentence) -> tuple[str, int, int]:
    return sentence.article_id, sentence.start_char, sentence.end_char
