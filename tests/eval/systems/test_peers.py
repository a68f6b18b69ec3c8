"""LlamaIndex's query engines as systems, with a fake model and a fake embedder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata

from onrecord.eval.metrics.places import is_valid
from onrecord.eval.suites.loading import HistoryTurn, Question, Suite
from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.peers import LlamaIndexSystem, locate
from onrecord.index.types import Article

WORDS = "A free ferry will carry pedestrians across the Larn; how many people does the boat hold?"
ASKED = Question("q1", WORDS, "fact", True, answers=("60",))


class FakeLLM(CustomLLM):
    """Says the same to everything, and remembers what it was asked."""

    reply: str = "The boat holds 60 people [1]."
    asked: list[str] = []  # noqa: RUF012 - a pydantic field

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=4096, num_output=256, model_name="fake")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.asked.append(prompt)
        return CompletionResponse(text=self.reply)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        raise AssertionError("the peers are not asked to stream")


def made(
    tmp_path: Path,
    articles: tuple[Article, ...],
    embedder: Any,
    *,
    citations: bool = True,
    reply: str = FakeLLM().reply,
) -> tuple[LlamaIndexSystem, FakeLLM]:
    llm = FakeLLM(reply=reply, asked=[])
    options = SystemOptions(index_folder=tmp_path / "index")
    system = LlamaIndexSystem(options, citations=citations, llm=llm, embedder=embedder)
    system.prepare(Suite("small", Path(), articles, (ASKED,)))
    return system, llm


@pytest.mark.slow
def test_a_number_stands_for_the_text_of_that_node_at_its_place_in_the_article(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any
) -> None:
    system, llm = made(tmp_path, articles, embedder, reply="The boat holds 60 people [1]. It is free [2]. Sure [9].")
    row = system.answer(ASKED)
    texts = {article.id: article.text for article in articles}
    assert row.status == "answered" and [len(s.citations) for s in row.sentences] == [1, 1, 0]
    assert all(is_valid(citation, texts) for citation in row.citations)
    assert row.citations[0].article_id == row.evidence[0].article_id == row.retrieved[0].article_id == "ferry"
    assert "Source 1:" in llm.asked[0] and "60 people" in llm.asked[0]
    assert row.timings["time_to_answer"] > 0 and row.model == "fake"


def test_the_default_query_engine_numbers_nothing_and_so_cites_nothing(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any
) -> None:
    system, llm = made(tmp_path, articles, embedder, citations=False)
    row = system.answer(ASKED)
    assert row.text.startswith("The boat") and not row.citations and row.evidence
    assert "Source 1:" not in llm.asked[0]


def test_a_scoped_question_is_asked_of_its_articles_alone(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any
) -> None:
    system, _ = made(tmp_path, articles, embedder)
    scoped = replace(ASKED, scope=("bridge", "museum"))
    assert {p.article_id for p in system.retrieve(scoped, top_k=10).retrieved} == {"bridge", "museum"}
    assert {e.article_id for e in system.answer(replace(ASKED, scope=("bridge",))).evidence} == {"bridge"}


def test_a_follow_up_is_condensed_with_its_history_first(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any
) -> None:
    system, llm = made(tmp_path, articles, embedder)
    history = (HistoryTurn("user", "Is there a ferry?"), HistoryTurn("assistant", "Yes, a free one."))
    system.answer(replace(ASKED, question="How many does it hold?", history=history))
    assert len(llm.asked) == 2 and "Is there a ferry?" in llm.asked[0] and "How many does it hold?" in llm.asked[0]


def test_a_refusal_in_words_is_an_abstention(tmp_path: Path, articles: tuple[Article, ...], embedder: Any) -> None:
    system, _ = made(tmp_path, articles, embedder, reply="None of the sources mention the captain's name.")
    assert system.answer(ASKED).status == "abstained"


def test_the_articles_are_embedded_once_and_a_build_that_was_cut_off_starts_again(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any
) -> None:
    made(tmp_path, articles, embedder)[0].close()
    first = len(embedder.embedded)
    made(tmp_path, articles, embedder)[0].close()
    assert len(embedder.embedded) == first
    (marker,) = (tmp_path / "index").glob("*/indexed")
    marker.unlink()
    system, _ = made(tmp_path, articles, embedder)
    assert len(system.retrieve(ASKED, top_k=50).retrieved) == first


def test_llama_indexs_global_settings_are_left_alone(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any
) -> None:
    from llama_index.core import Settings

    system, _ = made(tmp_path, articles, embedder)
    system.answer(ASKED)
    assert Settings._llm is None and Settings._embed_model is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("closed on Monday", (11, 27)), ("closed\n on  Monday", (11, 27)), ("reopened", (0, 0)), ("", (0, 0))],
)
def test_a_node_is_found_in_its_article_whatever_its_spacing(text: str, found: tuple[int, int]) -> None:
    assert locate(text, "The bridge closed on Monday.") == found
