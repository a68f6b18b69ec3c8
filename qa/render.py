"""An answer as text and as plain data: the sentences that the program itself says, and the one shape of the JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from onrecord.index.inert import web_address

if TYPE_CHECKING:
    from onrecord.index.types import Hit, Sentence
    from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Evidence, Reason

ABSTENTION = "The articles do not say."

WHY: dict[Reason, str] = {
    "": "",
    "nothing_found": "Nothing in the articles is about this.",
    "not_answered": "Sentences about this were found, but none of them answers the question.",
    "not_supported": "An answer was drafted, but the articles do not support it.",
    "outside_filter": "Articles outside your filter may be about this, but the filter leaves none that is.",
    "not_a_question_for_the_articles": "This asks for something other than what the articles report.",
}

WHAT_TO_TRY: dict[Reason, str] = {
    "": "",
    "nothing_found": "Check the spelling of names, or add articles about it.",
    "not_answered": "Ask about what the nearest sentences say, or add an article that covers it.",
    "not_supported": "Read the nearest sentences, or ask for one fact at a time.",
    "outside_filter": "Widen or clear the filter.",
    "not_a_question_for_the_articles": "Ask what an article says about a person, a place or an event.",
}


Written = Callable[[str], str]
"""How a text that the program did not write is put into the answer: as it is, or escaped for where that is shown."""


def marked(sentence: AnswerSentence, written: Written = str) -> str:
    """The sentence with its ``[n]`` markers behind it."""
    markers = "".join(f"[{citation.number}]" for citation in sentence.citations)
    return f"{written(sentence.text)} {markers}" if markers else written(sentence.text)


def left_open(answer: Answer, written: Written = str) -> str:
    """The sentence for the part of the question that the articles leave open."""
    return f"The articles do not say: “{written(answer.missing)}”"


def answer_text(answer: Answer, written: Written = str) -> str:
    """The whole answer, each sentence followed by its markers; as plain text unless ``written`` says otherwise."""
    if answer.status == "abstained":
        return f"{ABSTENTION} {WHY[answer.reason]}".strip()
    lines = [" ".join(marked(sentence, written) for sentence in answer.sentences)]
    for disagreement in answer.disagreements:
        lines.append(f"The articles differ on {written(disagreement.about)}:")
        lines.extend(f"- {marked(position, written)}" for position in disagreement.positions)
    if answer.missing:
        lines.append(left_open(answer, written))
    return "\n".join(line for line in lines if line)


def _place(sentence: Sentence) -> dict[str, Any]:
    return {
        "article_id": sentence.article_id,
        "start_char": sentence.start_char,
        "end_char": sentence.end_char,
        "quote": sentence.text,
    }


def citation_to_dict(citation: Citation | Evidence) -> dict[str, Any]:
    """``number, article_id, title, source, published, url, start_char, end_char, quote, also_in``."""
    return {
        "number": citation.number,
        "title": citation.title,
        "source": citation.source,
        "published": citation.published,
        "url": web_address(citation.url),
        "also_in": list(citation.also_in),
        **_place(citation.sentence),
    }


def sentence_to_dict(sentence: AnswerSentence) -> dict[str, Any]:
    """``text, verdict, citations``."""
    return {
        "text": sentence.text,
        "verdict": sentence.verdict,
        "citations": [citation_to_dict(citation) for citation in sentence.citations],
    }


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """A passage by its place, with its text and score."""
    return {
        "id": hit.passage.id,
        "article_id": hit.passage.article_id,
        "start_char": hit.passage.start_char,
        "end_char": hit.passage.end_char,
        "text": hit.passage.text,
        "score": round(hit.score, 6),
        "found_by": hit.found_by,
        "sentences": [_place(sentence) for sentence in hit.passage.sentences],
    }


def _disagreement_to_dict(disagreement: Disagreement) -> dict[str, Any]:
    return {"about": disagreement.about, "positions": [sentence_to_dict(p) for p in disagreement.positions]}


def answer_to_dict(answer: Answer) -> dict[str, Any]:
    """Every field of the answer under its own name, plus ``text``, the answer as shown."""
    return {
        "question": answer.question,
        "standalone_question": answer.standalone_question,
        "status": answer.status,
        "reason": answer.reason,
        "text": answer.text,
        "sentences": [sentence_to_dict(sentence) for sentence in answer.sentences],
        "disagreements": [_disagreement_to_dict(disagreement) for disagreement in answer.disagreements],
        "missing": answer.missing,
        "unconfirmed": [sentence_to_dict(sentence) for sentence in answer.unconfirmed],
        "hits": [hit_to_dict(hit) for hit in answer.hits],
        "evidence": [{**citation_to_dict(e), "score": round(e.score, 6)} for e in answer.evidence],
        "answerability": answer.answerability,
        "threshold": answer.threshold,
        "signals": {name: round(value, 4) for name, value in answer.signals.items()},
        "warnings": list(answer.warnings),
        "language": answer.language,
        "timings": {name: round(value, 4) for name, value in answer.timings.items()},
        "model": answer.model,
        "index_revision": answer.index_revision,
    }
