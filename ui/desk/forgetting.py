"""What is kept of answers when an article they were made from is removed or replaced: what they cited, no more."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from onrecord.index.errors import UnknownArticle
from onrecord.index.types import Article
from onrecord.qa.types import AnswerSentence, Citation
from onrecord.ui.desk.records import Found, Record

FACTS = ("title", "source", "published")
Cited = TypeVar("Cited", bound=Citation)
Case = dict[str, Any]
GONE = "An article that was found for this answer was removed or changed since; only what the answer cites is kept."


class ArticleLookup:
    """Looks each article up once. ``article`` is a library's method, which raises ``UnknownArticle``."""

    def __init__(self, article: Callable[[str], Article]) -> None:
        self._article = article
        self._known: dict[str, Article | None] = {}

    def article(self, article_id: str) -> Article | None:
        if article_id not in self._known:
            try:
                self._known[article_id] = self._article(article_id)
            except UnknownArticle:
                self._known[article_id] = None
        return self._known[article_id]

    def facts(self, article_id: str) -> dict[str, str]:
        """What can be set of an article by hand, as it is now; nothing of one that is gone."""
        article = self.article(article_id)
        return {name: getattr(article, name) for name in FACTS} if article else {}

    def has_quote(self, cited: Citation) -> bool:
        """Whether the article still says this there."""
        article, place = self.article(cited.article_id), cited.sentence
        return article is not None and article.text[place.start_char : place.end_char] == cited.quote

    def has_hit(self, found: Found) -> bool:
        article = self.article(found.article_id)
        return article is not None and found.preview in article.text


def without_removed(record: Record, lookup: ArticleLookup) -> Record:
    """``record`` without the sentences that it does not cite and that no article says any longer.

    The others come under the title, source and date that their article has now.
    Drafts that failed go with them: they were written from those sentences, and were not shown as an answer.
    """
    answer = record.answer
    used = {(cited.place, cited.quote) for cited in answer.citations}

    def kept(one: Citation) -> bool:
        return (one.place, one.quote) in used or lookup.has_quote(one)

    def sentence(given: AnswerSentence) -> AnswerSentence:
        return replace(given, citations=tuple(_as_now(one, lookup) for one in given.citations))

    evidence = tuple(_as_now(one, lookup) for one in answer.evidence if kept(one))
    found = tuple(_found_now(one, lookup) for one in record.found if lookup.has_hit(one))
    lost = (
        len(evidence) < len(answer.evidence)
        or len(found) < len(record.found)
        or not all(kept(one) for drafted in answer.unconfirmed for one in drafted.citations)
    )
    answer = replace(
        answer,
        sentences=tuple(map(sentence, answer.sentences)),
        disagreements=tuple(replace(d, positions=tuple(map(sentence, d.positions))) for d in answer.disagreements),
        evidence=evidence,
        unconfirmed=() if lost else tuple(map(sentence, answer.unconfirmed)),
        warnings=answer.warnings if not lost or GONE in answer.warnings else (*answer.warnings, GONE),
    )
    return replace(record, answer=answer, found=found)


def case_without_removed(case: Case, lookup: ArticleLookup) -> Case | None:
    """What somebody said of an answer (``onrecord.ui.desk.feedback``), without the articles that are gone.

    None where the answer rests on a sentence that no article says any longer.
    """
    for one in case["evidence"]:
        article = lookup.article(one["article"])
        if article is None or one["quote"] not in article.text:
            return None
    return {**case, "articles": [key for key in case["articles"] if lookup.article(key) is not None]}


def _found_now(found: Found, lookup: ArticleLookup) -> Found:
    facts: dict[str, Any] = dict(lookup.facts(found.article_id)) if found.title else {}
    return replace(found, **facts)


def _as_now(cited: Cited, lookup: ArticleLookup) -> Cited:
    """Without copies that are gone, and under its article's facts where that still says this."""
    facts: dict[str, Any] = dict(lookup.facts(cited.article_id)) if lookup.has_quote(cited) else {}
    return replace(cited, also_in=tuple(one for one in cited.also_in if lookup.article(one) is not None), **facts)
