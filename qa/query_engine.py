"""The assistant as a LlamaIndex query engine, for apps that are built on LlamaIndex.

Texts are data here, to the letter: an app that shows them as HTML or Markdown escapes them for it.
"""

import asyncio
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from onrecord.index import Filter
from onrecord.index.inert import web_address
from onrecord.index.retriever import FOR_THE_MODEL
from onrecord.qa.assistant import Assistant
from onrecord.qa.types import Answer, Citation


class AssistantQueryEngine(BaseQueryEngine):
    """Answers with ``[n]`` behind each sentence; ``source_nodes`` are exactly the cited sentences, in that order.

    The response's metadata are ``status`` ("answered" or "abstained"), ``reason``, ``disagreements`` and the like, and
    under ``answer`` the whole answer as plain data. An abstention has no source nodes.

    >>> AssistantQueryEngine(assistant).query("Who closed the bridge?").source_nodes  # doctest: +SKIP
    """

    def __init__(
        self, assistant: Assistant, *, scope: Filter | None = None, callback_manager: CallbackManager | None = None
    ) -> None:
        super().__init__(callback_manager=callback_manager)
        self._assistant = assistant
        self._scope = scope

    def _query(self, query_bundle: QueryBundle) -> Response:
        return response_of(self._assistant.ask(query_bundle.query_str, scope=self._scope))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}


def response_of(answer: Answer) -> Response:
    """An answer as LlamaIndex's ``Response``."""
    verdicts = {c.number: s.verdict for s in reversed(answer.sentences) for c in s.citations}
    return Response(
        response=answer.text,
        source_nodes=[_node_of(citation, verdicts.get(citation.number, "supported")) for citation in answer.citations],
        metadata={"status": answer.status, "reason": answer.reason, "answer": answer.to_dict()},
    )


def _node_of(citation: Citation, verdict: str) -> NodeWithScore:
    """A cited sentence as it was quoted, whatever has become of its article since."""
    sentence = citation.sentence
    metadata = {
        "title": citation.title,
        "source": citation.source,
        "published": citation.published,
        "url": web_address(citation.url),
        "article_id": citation.article_id,
        "number": citation.number,
        "quote": citation.quote,
        "who": citation.who,
        "who_at": citation.who_at,
        "verdict": verdict,
        "also_in": list(citation.also_in),
    }
    hidden = [name for name in metadata if name not in FOR_THE_MODEL]
    node = TextNode(
        id_=f"{citation.article_id}:{sentence.start_char}-{sentence.end_char}",
        text=citation.quote,
        start_char_idx=sentence.start_char,
        end_char_idx=sentence.end_char,
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
    return NodeWithScore(node=node)
