"""An Answer as plain data: the one shape that the command line, HTTP and MCP print."""

from typing import Any

from onrecord.index import Hit, Sentence
from onrecord.index.inert import web_address
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Evidence


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
