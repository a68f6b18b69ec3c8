import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import MetadataMode
from llama_index.core.tools import RetrieverTool

from onrecord.index import Article, Embedder, Filter, IndexMismatch, Library, LibraryClosed
from onrecord.index.retriever import ArticleRetriever
from tests.conftest import fill


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    fill(tmp_path / "data", embedder, articles)
    with Library(tmp_path / "data", embedder=embedder) as made:
        yield made


def test_each_node_says_where_its_text_stands(library: Library) -> None:
    nodes = ArticleRetriever(library, top_k=3).retrieve("Which bridge was closed?")
    assert len(nodes) == 3
    for found in nodes:
        node = found.node
        article = library.article(node.ref_doc_id or "")
        assert article.text[node.start_char_idx : node.end_char_idx] == node.text == node.metadata["quote"]  # type: ignore[attr-defined]
        facts = ("title", "source", "published", "url")
        assert [node.metadata[name] for name in facts] == [getattr(article, name) for name in facts]


def test_the_nodes_are_the_library_s_hits_in_their_order(library: Library) -> None:
    nodes = ArticleRetriever(library, top_k=2).retrieve("silver coins")
    hits = library.search("silver coins", top_k=2)
    assert [(n.node.node_id, n.score) for n in nodes] == [(h.passage.id, h.score) for h in hits]


def test_a_filter_holds_and_one_that_matches_nothing_is_said(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    only = ArticleRetriever(library, where=Filter(sources=("River Herald",))).retrieve("bridge")
    assert {node.node.metadata["source"] for node in only} == {"River Herald"}
    with caplog.at_level(logging.WARNING):
        assert ArticleRetriever(library, where=Filter(published_from="2031-01-01")).retrieve("bridge") == []
    assert "No article matches the filter" in caplog.text


def test_a_prompt_shows_the_facts_of_an_article_and_not_the_quote_twice(library: Library) -> None:
    node = ArticleRetriever(library, top_k=1).retrieve("silver coins")[0].node
    shown = node.get_content(MetadataMode.LLM)
    assert "Asel Weekly" in shown and shown.count("312 silver coins") == 1 and "quote" not in shown


def test_it_retrieves_from_asyncio_several_at_once(library: Library) -> None:
    retriever = ArticleRetriever(library, top_k=1)

    async def both() -> list[str]:
        found = await asyncio.gather(retriever.aretrieve("silver coins"), retriever.aretrieve("free ferry"))
        return [nodes[0].node.ref_doc_id or "" for nodes in found]

    assert asyncio.run(both()) == ["museum", "ferry"]


def test_it_works_inside_a_query_engine(library: Library) -> None:
    llm = MockLLM(max_tokens=5)
    synthesizer = get_response_synthesizer(llm=llm)
    engine = RetrieverQueryEngine(ArticleRetriever(library, top_k=2), response_synthesizer=synthesizer)
    response = engine.query("How many silver coins?")
    assert response.source_nodes[0].node.ref_doc_id == "museum" and str(response)


def test_it_works_as_an_agent_s_tool(library: Library) -> None:
    tool = RetrieverTool.from_defaults(ArticleRetriever(library, top_k=1), name="articles", description="News.")
    assert "312 silver coins" in tool.call("silver coins").content


def test_a_closed_library_is_said_to_be_closed(library: Library) -> None:
    retriever = ArticleRetriever(library)
    library.close()
    with pytest.raises(LibraryClosed, match="closed"):
        retriever.retrieve("bridge")


def test_an_index_of_another_embedder_is_said_with_its_cure(library: Library, embedder: Embedder) -> None:
    library.close()
    embedder.fingerprint = "another-embedder"  # type: ignore[misc]
    with Library(library.path, embedder=embedder) as other, pytest.raises(IndexMismatch, match="onrecord rebuild"):
        ArticleRetriever(other).retrieve("bridge")


def test_nothing_below_the_floor_is_retrieved_and_undated_articles_are_said(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    assert ArticleRetriever(library, min_score=1.0).retrieve("silver coins") == []
    found = ArticleRetriever(library, min_score=-1.0).retrieve("silver coins")
    assert found == ArticleRetriever(library).retrieve("silver coins")
    assert all(-1 <= one.metadata["nearness"] <= 1 for one in found)
    library.add([Article("undated", "", "The bridge has no date.")])
    ArticleRetriever(library, where=Filter(published_from="2024"))
    assert "1 articles without a date are left out" in caplog.text
