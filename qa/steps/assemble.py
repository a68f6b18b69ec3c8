"""What became of the parts -> one answer."""

from collections.abc import Sequence
from dataclasses import replace

from onrecord.qa.judges.injection import usable
from onrecord.qa.steps.cite import citations_of, numbered, repeats
from onrecord.qa.steps.values import Asked, Checked, Found, Outcome
from onrecord.qa.types import Answer, AnswerSentence, Disagreement


def gathered(found: Sequence[Found]) -> Found:
    """What was found for the parts, each passage and each sentence once, the evidence numbered from 1."""
    if len(found) == 1:
        return found[0]
    hits = {hit.passage.id: hit for one in found for hit in one.hits}
    evidence = {(e.sentence.article_id, e.sentence.index): e for one in found for e in one.evidence}
    renumbered = (replace(item, number=number) for number, item in enumerate(evidence.values(), start=1))
    return Found(tuple(hits.values()), tuple(renumbered))


def assemble(asked: Asked, found: Found, outcomes: Sequence[Outcome]) -> Answer:
    """The answer; where all parts are silent the reason for it, else the silent ones are missing."""
    silent = [outcome for outcome in outcomes if outcome.reason]
    reason = outcomes[0].reason if len(silent) == len(outcomes) else ""
    sentences, disagreements = ((), ()) if reason else _numbered(outcomes)
    surest: Checked = max((outcome.checked for outcome in outcomes), key=lambda checked: checked.answerability or 0.0)
    return Answer(
        question=asked.question,
        standalone_question=asked.text,
        sentences=sentences,
        hits=found.hits,
        status="abstained" if reason else "answered",
        reason=reason,
        disagreements=disagreements,
        evidence=found.evidence,
        unconfirmed=tuple(sentence for outcome in outcomes for sentence in outcome.written.unconfirmed),
        missing="" if reason else " ".join(_named(outcome) for outcome in silent),
        answerability=surest.answerability,
        threshold=surest.threshold,
        signals=surest.signals,
        language=asked.language,
    )


def _numbered(outcomes: Sequence[Outcome]) -> tuple[tuple[AnswerSentence, ...], tuple[Disagreement, ...]]:
    """What is shown, its citations numbered from 1 as they are read: a sentence that was left out leaves no gap."""
    shown: list[AnswerSentence] = []

    def add(sentences: Sequence[AnswerSentence]) -> tuple[AnswerSentence, ...]:
        for sentence in sentences:
            shown.append(numbered(sentence, citations_of(shown)))
        return tuple(shown[len(shown) - len(sentences) :])

    sentences = add(_sentences(outcomes))
    differ = [disagreement for outcome in outcomes for disagreement in outcome.disagreements]
    return sentences, tuple(replace(one, positions=add(one.positions)) for one in differ)


def _sentences(outcomes: Sequence[Outcome]) -> tuple[AnswerSentence, ...]:
    """Those of the parts, one after the other, without what an earlier part says already."""
    sentences: list[AnswerSentence] = []
    for outcome in outcomes:
        sentences += [sentence for sentence in outcome.written.sentences if not repeats(sentence.text, sentences)]
    return tuple(sentences)


def _named(outcome: Outcome) -> str:
    """The part's question, with the article that it was put to."""
    part = outcome.part
    title = next((item.title for item in outcome.found.evidence if part.article_id), "")
    title = usable([title])[title]
    return f"{part.text.rstrip('?.! ')}, according to “{title}”?" if title else part.text
