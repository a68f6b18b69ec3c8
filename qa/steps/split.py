"""A question that asks several things -> the questions that it is made of, each standing on its own.

The model takes it apart, where there is one; what it writes is used only if it is made of the question's own words. Of
120 questions that somebody else wrote, rules over English function words found 11 of the 60 that ask several things,
and it 53; of the 60 that only look so it took one apart.

Where the articles are silent on a part, name it as it is, in quotation marks: "The articles do not say: “Where did the
talks take place?”" reads well for every question; "where the talks took place" would need the verb's other form.
"""

import re
from dataclasses import replace
from functools import partial

from onrecord.index import Filter
from onrecord.index.text.language import language_of
from onrecord.index.text.words import words_of
from onrecord.qa.steps import prompts
from onrecord.qa.steps.check import not_for_the_articles
from onrecord.qa.steps.question_type import names_subject, of_each
from onrecord.qa.steps.search import articles_about
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.understand import invents, pointing, points_back, reply, standalone
from onrecord.qa.steps.values import Asked, Part
from onrecord.qa.types import Reason, Turn

NOT_FOR_THEM: Reason = "not_a_question_for_the_articles"
MOST_PARTS = 3
MOST_ARTICLES = 3  # that a question about "each article" is put to, one after the other
MAX_LENGTH = 400  # characters; longer texts tell a story around their question
TOKENS = 120
KEPT = 0.6  # the share of the question's content words that its parts together must have
OWN = 0.5  # the share of a part's content words that must be the question's
_JOINED = re.compile(r"\b(?:and|also)\b|[,;?.]\s+\w", re.I)  # without any of these nothing was found to ask two things


def split(asked: Asked, scope: Filter | None, tools: Tools) -> tuple[Part, ...]:
    """The question, or the one that is put to each article by itself."""
    refused = _unanswerable(asked.text, tools)
    if refused:
        return (Part(asked.text, scope, refused=refused),)
    each = of_each(asked.text)
    articles = articles_about(each, scope, tools) if each else []
    if len(articles) > MOST_ARTICLES:
        tools.trace.warn(f"Asked of the {MOST_ARTICLES} nearest of {len(articles)} articles.")
    if len(articles) > 1:
        return tuple(
            _part(each, replace(scope or Filter(), articles=(article_id,)), scope, article_id)
            for article_id in articles[:MOST_ARTICLES]
        )
    return (_part(asked.text, scope, scope),)


def take_apart(parts: tuple[Part, ...], tools: Tools) -> tuple[Part, ...]:
    """The parts of the one that there is, where the model finds several in it; after its evidence was shown."""
    if len(parts) > 1 or tools.model is None or parts[0].refused not in ("", NOT_FOR_THEM):
        return parts
    with tools.trace.timed("split"):
        texts = parts_of(parts[0].text, tools.model)
    return tuple(replace(parts[0], text=text, refused=_refused(text)) for text in texts)


def _unanswerable(question: str, tools: Tools) -> Reason:
    """Why no article can answer, before any is searched; what a time of the question is taken as is noted."""
    if not tools.sources.library.passage_count:
        return "no_articles"
    time = tools.sources.time_of(question)
    if time is None:
        return ""
    if names_subject(question):
        tools.trace.warn(*time.notes)
        return ""
    tools.trace.warn(*time.newest)
    return "no_subject"


def _part(text: str, where: Filter | None, scope: Filter | None, article_id: str = "") -> Part:
    return Part(text, where, article_id, bool(scope), _refused(text))


def _refused(text: str) -> Reason:
    return NOT_FOR_THEM if not_for_the_articles(text) else ""


def parts_of(question: str, model: Model) -> tuple[str, ...]:
    """The questions that a standalone question is made of, at most three; the question itself where it is one."""
    if len(question) > MAX_LENGTH or not _JOINED.search(question) or language_of(question) != "en":
        return (question,)
    said = reply(model, prompts.parts(question), max_tokens=TOKENS)
    parts = tuple(dict.fromkeys(line.strip() for line in said.splitlines() if line.strip()))
    if len(parts) < 2 or not _is_made_of(question, parts):
        return (question,)
    first, *others = parts
    others = [_complete(other, first, model) for other in others]
    return (first, *others) if len(parts) <= MOST_PARTS else (first, others[0], " ".join(others[1:]))


def _complete(part: str, first: str, model: Model) -> str:
    """The part as a follow-up to the first one: a small model leaves "it" and "there" standing in every third."""
    if not points_back(part):
        return part
    whole = standalone(part, [Turn("user", first)], partial(reply, model))
    if whole.by == "model" and whole.text != part and words_of(part).content <= words_of(whole.text).content:
        return whole.text
    return f"{first.rstrip('?')}: {part}" if pointing(part) else part


def _is_made_of(question: str, parts: tuple[str, ...]) -> bool:
    """Whether the parts are questions in the words of this one, and leave little of it out."""
    whole = words_of(question)
    words = [words_of(part) for part in parts]
    kept = set().union(*(one.content for one in words)) & whole.content
    return len(kept) >= KEPT * len(whole.content) and all(
        part.endswith("?")
        and one.content
        and len(one.content & whole.content) >= OWN * len(one.content)
        and not invents(one, whole)
        for part, one in zip(parts, words, strict=True)
    )
