"""What is kept of answers when an article they were made from is removed or replaced: what they cited, no more."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from onrecord.index.errors import UnknownArticle
from onrecord.index.types import Article
from onrecord.qa.types import AnswerSentence, Citation
from onrecord.ui.desk.records import Found, Record

Cited = TypeVar("Cited", bound=Citation)
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

    def has_quote(self, cited: Citation) -> bool:
        """Whether the article still says this there, under this title."""
        article, place = self.article(cited.article_id), cited.sentence
        if article is None:
            return False
        return (article.text[place.start_char : place.end_char], article.title) == (cited.quote, cited.title)

    def has_hit(self, found: Found) -> bool:
        article = self.article(found.article_id)
        return article is not None and found.preview in article.text and found.title in ("", article.title)


def without_removed(record: Record, lookup: ArticleLookup) -> Record:
    """``record`` without the sentences that it does not cite and that no article says any longer.

    Drafts that failed go with them: they were written from those sentences, and were not shown as an answer.
    """
    answer = record.answer
    used = {(cited.place, cited.quote) for cited in answer.citations}

    def kept(one: Citation) -> bool:
        return (one.place, one.quote) in used or lookup.has_quote(one)

    def sentence(given: AnswerSentence) -> AnswerSentence:
        return replace(given, citations=tuple(_without_gone_copies(one, lookup) for one in given.citations))

    evidence = tuple(_without_gone_copies(one, lookup) for one in answer.evidence if kept(one))
    found = tuple(one for one in record.found if lookup.has_hit(one))
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


def _without_gone_copies(cited: Cited, lookup: ArticleLookup) -> Cited:
    return replace(cited, also_in=tuple(one for one in cited.also_in if lookup.article(one) is not None))
