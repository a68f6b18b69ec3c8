"""A question -> the passages that may answer it, out of one library."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from onrecord.index import Filter, StoreError, UnknownArticle
from onrecord.qa.steps.choose import timely_first
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.values import Part, Searched

DEEPER = 2  # times as many passages are searched as are read, for those whose date suits the question
LOOKS = 10  # times that evidence is looked for, when each time an article of it was removed meanwhile

Looked = TypeVar("Looked")


def search(part: Part, tools: Tools) -> Searched:
    """The best passages; raises `UnknownArticle` where one of their articles is removed meanwhile (see `settled`)."""
    library, top_k = tools.sources.library, tools.settings.top_k
    with tools.trace.timed("retrieve"):
        vector = library.embedder.embed_query(part.text)
        suits = tools.sources.timely(part.text)
        deep = top_k * (DEEPER if suits else 1)
        hits = library.search(part.text, top_k=deep, where=part.scope, query_vector=vector)
        if suits is None:
            return Searched(tuple(hits), vector)
        timely = suits({hit.passage.article_id for hit in hits})
        return Searched(timely_first(hits, timely, top_k=top_k), vector, timely)


def articles_about(question: str, scope: Filter | None, tools: Tools) -> list[str]:
    """The articles of the best passages, best first; copies of one story count once."""
    library = tools.sources.library

    def look() -> list[str]:
        found: list[str] = []
        hits = library.search(question, top_k=tools.settings.top_k, where=scope)
        for article_id in dict.fromkeys(hit.passage.article_id for hit in hits):
            if not set(library.copies(article_id)) & set(found):
                found.append(article_id)
        return found

    return settled(look)


def settled(look: Callable[[], Looked]) -> Looked:
    """What ``look`` finds. An article that is removed between the search and a look into it is not found the next time.

    Raises `StoreError` when articles are removed faster than that.
    """
    for _ in range(LOOKS):
        with suppress(UnknownArticle):
            return look()
    raise StoreError("Articles are being removed faster than they can be read; ask again when that is done.")
