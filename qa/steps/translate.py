"""The sentences of an answer -> the language of the question; quotes stay as the articles have them."""

from dataclasses import replace
from functools import partial

from onrecord.index.text.language import translated
from onrecord.qa.judges.injection import usable
from onrecord.qa.judges.verify import verdict
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.understand import complete
from onrecord.qa.types import Answer, AnswerSentence

WARNING = "The model translated this answer; the quotes are the articles' own words."


def translate(answer: Answer, tools: Tools) -> Answer:
    """The answer in the question's language."""
    model = tools.model
    if model is None:
        return answer
    with tools.trace.timed("translate"):
        sentences = tuple(_in_language(sentence, answer.language, model, tools) for sentence in answer.sentences)
    if not all(_is_quote(sentence) for sentence in sentences):
        tools.trace.warn(WARNING)
    return replace(answer, sentences=sentences)


def _in_language(sentence: AnswerSentence, language: str, model: Model, tools: Tools) -> AnswerSentence:
    """The sentence translated, if put back its quotes still support it; else, and where it is a quote, as it is."""
    if _is_quote(sentence):
        return sentence
    written = translated(sentence.text, language, partial(complete, model))
    back = translated(written, "en", partial(complete, model))
    score = tools.verifier.verify(
        back,
        [citation.quote for citation in sentence.citations],
        context=list(usable([citation.title for citation in sentence.citations]).values()),
    )
    return sentence if verdict(score) == "unsupported" else replace(sentence, text=written)


def _is_quote(sentence: AnswerSentence) -> bool:
    return any(sentence.text == citation.quote for citation in sentence.citations)
