"""What every door says of a search: the passages with their articles' facts, and what is to be said of a filter."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from onrecord.index.errors import UnknownArticle
from onrecord.index.library import Library
from onrecord.index.types import Filter, Hit
from onrecord.qa import records

NAMED = 8


def found(library: Library, hits: Iterable[Hit]) -> Iterator[dict[str, Any]]:
    """The hits as plain data with their articles' facts; without those that were removed since the search."""
    for hit in hits:
        try:
            article = library.article(hit.passage.article_id)
        except UnknownArticle:
            continue
        facts = {name: getattr(article, name) for name in ("title", "source", "published", "url")}
        yield {**records.to_dict(hit), **facts, "quote": article.text[hit.passage.start_char : hit.passage.end_char]}


def scope_warnings(library: Library, scope: Filter) -> list[str]:
    """A filter that leaves nothing is said, never ignored; an article in it that is none raises `UnknownArticle`."""
    for article_id in scope.articles:
        try:
            library.article(article_id)
        except UnknownArticle as error:
            raise UnknownArticle(f"In the filter: {error}") from error
    if not scope or not library.passage_count:
        return []
    if library.article_count(scope):
        undated = library.undated(scope)
        said = "1 article without a date is" if undated == 1 else f"{undated:,} articles without a date are"
        return [f"{said} left out by the filter."] if undated else []
    known = {info.source for info in library.articles() if info.source}
    unknown = [one for one in scope.sources if one.casefold() not in {name.casefold() for name in known}]
    if unknown:
        there = listed(sorted(known)) or "none is stated"
        return [f"No article is from the source {listed(list(map(repr, unknown)))}; the sources are: {there}."]
    return ["No article matches the filter; widen it."]


def listed(names: Sequence[str]) -> str:
    """The first names, with commas."""
    return ", ".join(names[:NAMED])
