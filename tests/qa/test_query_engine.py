import asyncio
from collections.abc import Iterator, Sequence
from typing import cast

import pytest
from llama_index.core.tools import QueryEngineTool

from onrecord.index import Filter, Sentence
from onrecord.qa.assistant import Assistant
from onrecord.qa.query_engine import AssistantQueryEngine
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Event, Finished, Turn

TEXT = "The bridge was closed. Repairs cost 2.4 million euros."
CLOSED = Citation(
    1, Sentence("bridge", 0, 0, 22, TEXT[:22]), "Bridge closed", "Courier", "2024-03-04", "https://c.example"
)
COST = Citation(2, Sentence("bridge", 1, 23, 54, TEXT[23:]), "Bridge closed", "Courier", "2024-03-04")
OTHER = Citation(3, Sentence("ferry", 0, 0, 10, "5 million."), "Ferry", "Herald", "2024-03-09")


class Scripted:
    """Gives one answer, whatever is asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.scope = answer, Filter()

    def ask(self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None) -> Answer:
        self.scope = scope or Filter()
        return self.answer

    def stream(self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None) -> Iterator[Event]:
        yield Finished(self.answer)


def engine(answer: Answer, scope: Filter | None = None) -> AssistantQueryEngine:
    return AssistantQueryEngine(cast(Assistant, Scripted(answer)), scope=scope)


ANSWERED = Answer(
    "q",
    "q",
    (AnswerSentence("It was closed.", (CLOSED,), "supported"), AnswerSentence("It is dear.", (COST, CLOSED), "partly")),
    status="answered",
)


def test_the_response_has_markers_and_exactly_the_cited_sentences() -> None:
    response = engine(ANSWERED).query("Is it closed?")
    assert str(response) == "It was closed. [1] It is dear. [2][1]"
    assert [node.text for node in response.source_nodes] == [CLOSED.quote, COST.quote]
    assert [node.metadata["number"] for node in response.source_nodes] == [1, 2]
    node = response.source_nodes[1].node
    assert (node.start_char_idx, node.end_char_idx) == (23, 54)  # type: ignore[attr-defined]
    assert node.metadata["verdict"] == "partly" and node.metadata["title"] == "Bridge closed"


def test_positions_that_differ_are_sources_too() -> None:
    differing = Disagreement("the cost", tuple(AnswerSentence("x", (c,), "supported") for c in (COST, OTHER)))
    response = engine(Answer("q", "q", status="answered", disagreements=(differing,))).query("What does it cost?")
    assert [node.metadata["article_id"] for node in response.source_nodes] == ["bridge", "ferry"]


def test_an_abstention_has_no_sources_and_its_reason() -> None:
    response = engine(Answer("q", "q", reason="not_answered")).query("Who built it?")
    assert str(response).startswith("The articles do not say.") and response.source_nodes == []
    assert response.metadata is not None and response.metadata["reason"] == "not_answered"


def test_the_whole_answer_is_in_the_metadata() -> None:
    metadata = engine(ANSWERED).query("Is it closed?").metadata
    assert metadata is not None and metadata["answer"] == ANSWERED.to_dict()


def test_it_works_from_asyncio_and_as_an_agent_s_tool() -> None:
    tool = QueryEngineTool.from_defaults(engine(ANSWERED), name="articles", description="News.")
    assert "[1]" in tool.call("Is it closed?").content
    assert str(asyncio.run(engine(ANSWERED).aquery("Is it closed?"))).endswith("[2][1]")


@pytest.mark.parametrize("scope", [None, Filter(sources=("Courier",))])
def test_its_scope_restricts_every_question(scope: Filter | None) -> None:
    scripted = Scripted(ANSWERED)
    AssistantQueryEngine(cast(Assistant, scripted), scope=scope).query("Is it closed?")
    assert scripted.scope == (scope or Filter())
