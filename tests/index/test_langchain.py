"""LangChain's own standard tests for retrievers, and what is ours beyond them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from langchain_tests.integration_tests import RetrieversIntegrationTests

from onrecord.index import Article, Embedder, Filter, IndexMismatch, InputError, Library, LibraryClosed
from onrecord.index.langchain import ArticleRetriever
from tests.conftest import fill


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    fill(tmp_path / "data", embedder, articles)
    with Library(tmp_path / "data", embedder=embedder) as made:
        yield made


@pytest.mark.asyncio  # for the one of them that is asynchronous
@pytest.mark.filterwarnings("ignore:.*is marked with:pytest.PytestWarning")
class TestArticleRetriever(RetrieversIntegrationTests):  # type: ignore[misc]
    @pytest.fixture(autouse=True)
    def _library(self, library: Library) -> None:
        self.library = library

    @property
    def retriever_constructor(self) -> type[ArticleRetriever]:
        return ArticleRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"library": self.library}

    @property
    def retriever_query_example(self) -> str:
        return "Which bridge was closed?"


def test_each_document_says_where_its_text_stands(library: Library) -> None:
    for document in ArticleRetriever(library=library, k=3).invoke("Which bridge was closed?"):
        facts = document.metadata
        text = library.article(facts["article_id"]).text
        assert text[facts["start_char"] : facts["end_char"]] == document.page_content == facts["quote"]
        assert facts["title"] and facts["published"] and document.id


def test_a_filter_holds_for_the_retriever_and_for_one_call(library: Library) -> None:
    only = ArticleRetriever(library=library, where=Filter(sources=("River Herald",)))
    assert {document.metadata["source"] for document in only.invoke("bridge")} == {"River Herald"}
    weekly = only.invoke("bridge", where=Filter(sources=("Asel Weekly",)))
    assert {document.metadata["source"] for document in weekly} == {"Asel Weekly"}
    assert only.invoke("bridge", where=Filter(published_from="2031-01-01")) == []


def test_a_filter_that_matches_nothing_is_said(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    retriever = ArticleRetriever(library=library, where=Filter(sources=("Nobody",)))
    assert retriever.invoke("bridge") == []
    assert "No article matches the filter" in caplog.text and "Nobody" in caplog.text
    caplog.clear()
    assert retriever.invoke("bridge", where=Filter(sources=("River Herald",))) and not caplog.text


def test_a_closed_library_and_an_index_of_another_embedder_are_said(library: Library, embedder: Embedder) -> None:
    library.close()
    with pytest.raises(LibraryClosed, match="open it again"):
        ArticleRetriever(library=library).invoke("bridge")
    embedder.fingerprint = "another-embedder"  # type: ignore[misc]
    with Library(library.path, embedder=embedder) as other, pytest.raises(IndexMismatch, match="onrecord rebuild"):
        ArticleRetriever(library=other).invoke("bridge")


def test_it_is_a_link_in_a_chain(library: Library) -> None:
    def titles(documents: list[Document]) -> list[str]:
        return [document.metadata["title"] for document in documents]

    chain = ArticleRetriever(library=library, k=1) | RunnableLambda(titles)
    assert chain.invoke("silver coins") == ["Museum shows coins from the harbour"]


def test_a_k_that_finds_nothing_is_refused(library: Library) -> None:
    with pytest.raises(InputError, match="k = 0"):
        ArticleRetriever(library=library).invoke("bridge", k=0)


def test_it_answers_those_who_await_it_with_scores_above_the_floor(library: Library) -> None:
    retriever = ArticleRetriever(library=library, k=20)
    every = asyncio.run(retriever.ainvoke("silver coins of the harbour"))
    assert every == retriever.invoke("silver coins of the harbour")
    nearest = max(document.metadata["nearness"] for document in every)
    above = ArticleRetriever(library=library, k=20, min_score=nearest).invoke("silver coins of the harbour")
    assert [document.metadata["nearness"] for document in above] == [nearest]
    assert ArticleRetriever(library=library, min_score=1.0).invoke("silver coins of the harbour") == []


def test_undated_articles_that_a_filter_leaves_out_are_said(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    library.add([Article("undated", "", "The bridge has no date.")])
    ArticleRetriever(library=library, where=Filter(published_from="2024")).invoke("bridge")
    assert "1 articles without a date are left out" in caplog.text
