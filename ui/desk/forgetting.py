"""What is kept of answers when an article they were made from is removed or replaced: what they cited, no more."""

from collections.abc import Callable
from dataclasses import replace

from onrecord.index.errors import UnknownArticle
from onrecord.index.types import Article
from onrecord.ui.desk.records import Found, Line, Quote, Record

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

    def has_quote(self, quote: Quote) -> bool:
        """Whether the article still says this there, under this title."""
        article = self.article(quote.article_id)
        return article is not None and (article.text[quote.start_char : quote.end_char], article.title) == (
            quote.quote,
            quote.title,
        )

    def has_hit(self, found: Found) -> bool:
        article = self.article(found.article_id)
        return article is not None and found.preview in article.text and found.title in ("", article.title)


def without_removed(record: Record, lookup: ArticleLookup) -> Record:
    """``record`` without the sentences that it does not cite and that no article says any longer.

    Drafts that were struck go with them: they were written from those sentences, and were not shown as an answer.
    """
    cited = {(quote.place, quote.quote) for quote in record.cited}

    def kept(quote: Quote) -> bool:
        return (quote.place, quote.quote) in cited or lookup.has_quote(quote)

    evidence = tuple(_without_gone_copies(quote, lookup) for quote in record.evidence if kept(quote))
    hits = tuple(found for found in record.hits if lookup.has_hit(found))
    lost = (
        len(evidence) < len(record.evidence)
        or len(hits) < len(record.hits)
        or not all(kept(quote) for line in record.unconfirmed for quote in line.quotes)
    )

    def line(given: Line) -> Line:
        return replace(given, quotes=tuple(_without_gone_copies(quote, lookup) for quote in given.quotes))

    return replace(
        record,
        lines=tuple(line(one) for one in record.lines),
        disputes=tuple(replace(d, positions=tuple(line(one) for one in d.positions)) for d in record.disputes),
        evidence=evidence,
        hits=hits,
        unconfirmed=() if lost else tuple(line(one) for one in record.unconfirmed),
        warnings=record.warnings if not lost or GONE in record.warnings else (*record.warnings, GONE),
    )


def _without_gone_copies(quote: Quote, lookup: ArticleLookup) -> Quote:
    return replace(quote, also_in=tuple(one for one in quote.also_in if lookup.article(one) is not None))
