"""What is to be said about a filter before it is used."""

from collections.abc import Sequence

from onrecord.index.errors import UnknownArticle
from onrecord.index.library import Library
from onrecord.index.types import Filter

NAMED = 8


def scope_warnings(library: Library, scope: Filter) -> list[str]:
    """A filter that leaves nothing is said, never ignored; an article in it that is none raises `UnknownArticle`."""
    for article_id in scope.articles:
        try:
            library.article(article_id)
        except UnknownArticle as error:
            raise UnknownArticle(f"In the filter: {error}") from error
    if not scope or library.articles(scope) or not library.passage_count:
        return []
    known = {info.source for info in library.articles() if info.source}
    unknown = [one for one in scope.sources if one.casefold() not in {name.casefold() for name in known}]
    if unknown:
        there = listed(sorted(known)) or "none is stated"
        return [f"No article is from the source {listed(list(map(repr, unknown)))}; the sources are: {there}."]
    return ["No article matches the filter; widen it."]


def listed(names: Sequence[str]) -> str:
    """The first names, with commas."""
    return ", ".join(names[:NAMED])
