"""A Library as a LlamaIndex retriever, for apps that are built on LlamaIndex.

Texts are data here, to the letter: an app that shows them as HTML or Markdown escapes them for it.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from onrecord.index.errors import UnknownArticle
from onrecord.index.library import Library
from onrecord.index.types import Article, Filter, Hit

log = logging.getLogger(__name__)

FOR_THE_MODEL = ("title", "source", "published")  # the facts that a prompt shows; the others are for the program


class ArticleRetriever(BaseRetriever):
    """Finds passages; each node says where in which article its text stands.

    ``node.text == library.article(node.ref_doc_id).text[node.start_char_idx:node.end_char_idx]``, and the metadata
    holds ``quote`` (that text again), ``title, source, published, url, article_id, found_by, nearness``. ``where``
    restricts every search; ``min_score`` is the least nearness, as in `Library.search`. No language model is loaded.
    Raises what `Library.search` raises.

    >>> retriever = ArticleRetriever(library, top_k=5, where=Filter(sources=("Reuters",)))  # doctest: +SKIP
    """

    def __init__(
        self,
        library: Library,
        *,
        top_k: int = 10,
        where: Filter | None = None,
        min_score: float | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager=callback_manager)
        self._library = library
        self._top_k = top_k
        self._where = where
        self._min_score = min_score
        if where and (undated := library.undated(where)):
            log.warning("%d articles without a date are left out by the filter %r.", undated, where)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._library.search(
            query_bundle.query_str, top_k=self._top_k, where=self._where, min_score=self._min_score
        )
        if not hits and self._where and not self._library.article_count(self._where):
            log.warning("No article matches the filter %r; widen it.", self._where)
        return [node for hit in hits if (node := _node_of(self._library, hit))]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node_of(library: Library, hit: Hit) -> NodeWithScore | None:
    """The hit as a node; None when its article was removed since the search."""
    passage = hit.passage
    try:
        article = library.article(passage.article_id)
    except UnknownArticle:
        return None
    node = place_node(
        passage.id, article, passage.start_char, passage.end_char, {"found_by": hit.found_by, "nearness": hit.nearness}
    )
    return NodeWithScore(node=node, score=hit.score)


def place_node(node_id: str, article: Article, start_char: int, end_char: int, more: Mapping[str, Any]) -> TextNode:
    """One place in an article as a node, with the article's facts in its metadata."""
    quote = article.text[start_char:end_char]
    metadata = {
        "title": article.title,
        "source": article.source,
        "published": article.published,
        "url": article.url,
        "article_id": article.id,
        "quote": quote,
        **more,
    }
    hidden = [name for name in metadata if name not in FOR_THE_MODEL]
    return TextNode(
        id_=node_id,
        text=quote,
        start_char_idx=start_char,
        end_char_idx=end_char,
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=article.id)},
    )
