"""What a user would pick instead: LlamaIndex over Chroma, set up as its documentation does, on the same models.

``llama-index-citation``: ``CitationQueryEngine.from_args(index, similarity_top_k=3, citation_chunk_size=512)``.
``llama-index-default``: ``index.as_query_engine()``. Both over ``VectorStoreIndex.from_documents`` in a
``ChromaVectorStore``, with LlamaIndex's default splitter (1,024 tokens, 200 of overlap). A follow-up goes through its
``CondenseQuestionChatEngine``, a scoped question through its metadata filters. LlamaIndex's global ``Settings`` are
left alone. Of what comes back, ``[n]`` stands for the text of node n at its place in the article.
"""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.chat_engine import CondenseQuestionChatEngine
from llama_index.core.llms import LLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import BaseQueryEngine, CitationQueryEngine
from llama_index.core.schema import NodeWithScore
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import EvidenceRow, ResultRow, RetrievedRow
from onrecord.eval.systems.base import SystemOptions, content_key
from onrecord.eval.systems.rows import row_from_text
from onrecord.index.types import Embedder

TOP_K = 3  # CitationQueryEngine's in its documentation; as_query_engine's default is 2
_SOURCE = re.compile(r"^Source \d+:\n")
_INDEXED = "indexed"  # the file that says that every article is in


class EmbedderForLlamaIndex(BaseEmbedding):
    """One of our embedders as LlamaIndex wants it: the same vectors on both sides."""

    _embedder: Any = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(model_name=embedder.fingerprint, embed_batch_size=64)
        self._embedder = embedder

    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(x) for x in self._embedder.embed_query(query)]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._embedder.embed_passages(texts).tolist()
        return vectors


class LlamaIndexSystem:
    """``llama-index-citation`` and ``llama-index-default``."""

    def __init__(
        self,
        options: SystemOptions,
        *,
        citations: bool,
        llm: LLM | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self.name = "llama-index-citation" if citations else "llama-index-default"
        self.on_progress: Callable[[int, int], None] | None = None
        self._options = options
        self._citations = citations
        self._llm = llm
        self._embedder = embedder
        self._index: VectorStoreIndex | None = None
        self._texts: dict[str, str] = {}

    @property
    def info(self) -> dict[str, str]:
        """What this system ran with, for the report."""
        return {
            "model": self._llm.metadata.model_name if self._llm else "",
            "embedder": self._embedder.fingerprint if self._embedder else "",
        }

    def prepare(self, suite: Suite) -> None:
        """Opens (the first time, builds) the Chroma collection of the suite's articles."""
        from onrecord.index import load_embedder

        self._embedder = self._embedder or load_embedder(self._options.embedder)
        self._texts = suite.texts
        folder = self._options.index_folder / f"llama-index-{content_key(suite)}"
        self._index = build_index(suite, folder, EmbedderForLlamaIndex(self._embedder), on_progress=self.on_progress)

    def answer(self, question: Question) -> ResultRow:
        """Asks the query engine; with a history, through the chat engine that condenses it first."""
        llm = self._model()
        engine = self._query_engine(question, llm)
        _reset_usage(llm)
        started = time.perf_counter()
        response: Any
        if question.history:
            chat = CondenseQuestionChatEngine.from_defaults(query_engine=engine, llm=llm)
            history = [ChatMessage(role=t.role, content=t.content) for t in question.history]
            response = chat.chat(question.question, chat_history=history)
        else:
            response = engine.query(question.question)
        timings = {"time_to_answer": time.perf_counter() - started, **_usage(llm)}
        nodes = response.source_nodes
        return row_from_text(
            question,
            str(response.response or ""),
            system=self.name,
            sources=[self._source(n if self._citations else 0, node) for n, node in enumerate(nodes, start=1)],
            retrieved=[_place(self._source(0, node)) for node in nodes],
            timings=timings,
            model=llm.metadata.model_name,
        )

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """The index's own retriever."""
        assert self._index is not None
        retriever = self._index.as_retriever(similarity_top_k=top_k, filters=scope_filters(question.scope))
        started = time.perf_counter()
        nodes = retriever.retrieve(question.question)
        seconds = time.perf_counter() - started
        return ResultRow(
            question_id=question.id,
            system=self.name,
            question=question.question,
            status="retrieved",
            retrieved=tuple(_place(self._source(0, node)) for node in nodes),
            timings={"time_to_evidence": seconds, "time_to_answer": seconds},
        )

    def close(self) -> None:
        """Lets go of the model."""
        close = getattr(self._llm, "close", None)
        if close is not None:
            close()
        self._index = None

    def _model(self) -> LLM:
        if self._llm is None:
            from onrecord.index.models.catalogue import model_path
            from onrecord.qa.engines.llamacpp_engine import LlamaCppEngine

            self._llm = LlamaCppEngine(model_path(self._options.model), name=self._options.model)
        return self._llm

    def _query_engine(self, question: Question, llm: LLM) -> BaseQueryEngine:
        assert self._index is not None
        filters = scope_filters(question.scope)
        if self._citations:
            return CitationQueryEngine.from_args(
                self._index, llm=llm, similarity_top_k=TOP_K, citation_chunk_size=512, filters=filters
            )
        return self._index.as_query_engine(llm=llm, filters=filters)

    def _source(self, number: int, node: NodeWithScore) -> EvidenceRow:
        """A node as a place of its article: its text without the number that CitationQueryEngine puts before it."""
        article_id = str(node.node.metadata.get("article_id", node.node.ref_doc_id or ""))
        text = _SOURCE.sub("", node.node.get_content()).strip()
        article = self._texts.get(article_id, "")
        start, end = locate(text, article)
        return EvidenceRow(article_id, start, end, article[start:end] or text, number, float(node.score or 0.0))


def build_index(
    suite: Suite,
    folder: Path,
    embedding: BaseEmbedding,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> VectorStoreIndex:
    """The suite's articles in a Chroma collection under ``folder``; a build that was cut off starts again.

    Articles go in by the hundred: one add of more than Chroma's largest batch would raise.
    """
    import chromadb
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(path=str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    done = folder / _INDEXED
    if not done.exists() and any(c.name == "articles" for c in client.list_collections()):
        client.delete_collection("articles")
    store = ChromaVectorStore(chroma_collection=client.get_or_create_collection("articles"))
    index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
    if done.exists():
        return index
    context = StorageContext.from_defaults(vector_store=store)
    documents = [_document(article) for article in suite.articles]
    for start in range(0, len(documents), 100):
        VectorStoreIndex.from_documents(
            documents[start : start + 100],
            storage_context=context,
            embed_model=embedding,
            transformations=[SentenceSplitter(chunk_size=1024, chunk_overlap=200)],
        )
        if on_progress:
            on_progress(min(start + 100, len(documents)), len(documents))
    done.touch()
    return index


def scope_filters(scope: Sequence[str]) -> MetadataFilters | None:
    """The metadata filter of a scoped question."""
    if not scope:
        return None
    return MetadataFilters(filters=[MetadataFilter(key="article_id", value=list(scope), operator=FilterOperator.IN)])


def locate(text: str, article: str) -> tuple[int, int]:
    """Where a node's text stands in its article: to the letter, else whatever its spacing; (0, 0) if nowhere.

    >>> locate("closed on  Monday", "The bridge closed on Monday.")
    (11, 27)
    """
    start = article.find(text) if text else -1
    if start >= 0:
        return start, start + len(text)
    words = text.split()
    found = re.search(r"\s+".join(map(re.escape, words)), article) if words else None
    return (found.start(), found.end()) if found else (0, 0)


def _document(article: Any) -> Document:
    facts = {"title": article.title, "source": article.source, "published": article.published}
    return Document(
        text=article.text,
        doc_id=article.id,
        metadata={"article_id": article.id, **{name: value for name, value in facts.items() if value}},
        excluded_embed_metadata_keys=["article_id"],
        excluded_llm_metadata_keys=["article_id"],
    )


def _place(source: EvidenceRow) -> RetrievedRow:
    return RetrievedRow(source.article_id, source.start_char, source.end_char, source.score)


def _reset_usage(llm: LLM) -> None:
    reset = getattr(llm, "reset_usage", None)
    if reset is not None:
        reset()


def _usage(llm: LLM) -> dict[str, float]:
    """Tokens and calls, where the model counts them (ours does)."""
    usage = getattr(llm, "usage", None)
    if usage is None:
        return {}
    return {
        "evaluated_tokens": float(usage.evaluated_tokens),
        "generated_tokens": float(usage.generated_tokens),
        "model_calls": float(usage.calls),
    }
