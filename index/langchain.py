"""A Library as a LangChain retriever; needs ``langchain-core`` (the extra ``langchain``).

Texts are data here, to the letter: an app that shows them as HTML or Markdown escapes them for it.
"""

import logging
from typing import Any

from onrecord.index.errors import InputError, UnknownArticle
from onrecord.index.extras import named_extra
from onrecord.index.library import Library
from onrecord.index.types import Filter, Hit

with named_extra():
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

log = logging.getLogger(__name__)


class ArticleRetriever(BaseRetriever):
    """Finds passages as Documents, in order of their score.

    ``page_content`` is the article's text from ``metadata["start_char"]`` to ``metadata["end_char"]``; the metadata
    also hold ``article_id, quote, title, source, published, url, score, found_by, nearness``. ``k`` and ``where`` may
    be given anew with each ``invoke``; ``min_score`` is the least nearness, as in `Library.search`.

    >>> ArticleRetriever(library=library, k=5).invoke("Which bridge was closed?")  # doctest: +SKIP
    """

    library: Any  # a Library: pydantic must neither copy nor check it
    k: int = 10
    where: Filter | None = None
    min_score: float | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Filter | None = None,
    ) -> list[Document]:
        library: Library = self.library
        top_k = self.k if k is None else k
        if top_k < 1:
            raise InputError(f"k = {top_k} finds nothing; give 1 or more.")
        scope = self.where if where is None else where
        hits = library.search(query, top_k=top_k, where=scope, min_score=self.min_score)
        if scope and (undated := library.undated(scope)):
            log.warning("%d articles without a date are left out by the filter %r.", undated, scope)
        if not hits and scope and not library.article_count(scope):
            log.warning("No article matches the filter %r; widen it.", scope)
        return [document for hit in hits if (document := _document_of(library, hit))]


def _document_of(library: Library, hit: Hit) -> Document | None:
    """The hit as a Document; None when its article was removed since the search."""
    passage = hit.passage
    try:
        article = library.article(passage.article_id)
    except UnknownArticle:
        return None
    quote = article.text[passage.start_char : passage.end_char]
    return Document(
        id=passage.id,
        page_content=quote,
        metadata={
            "article_id": article.id,
            "title": article.title,
            "source": article.source,
            "published": article.published,
            "url": article.url,
            "start_char": passage.start_char,
            "end_char": passage.end_char,
            "quote": quote,
            "score": hit.score,
            "found_by": hit.found_by,
            "nearness": hit.nearness,
        },
    )
