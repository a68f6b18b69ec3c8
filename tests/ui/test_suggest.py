"""Suggested questions: made from what is there, and answered by it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from onrecord.index import Library
from onrecord.index.types import Article, Sentence
from onrecord.qa import Answer, Assistant
from onrecord.qa.assistant import Steps
from onrecord.qa.steps.check import check
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import collection_in
from onrecord.ui.desk.suggest import questions, suggestions
from tests.conftest import FakeEmbedder, FakeEngine
from tests.ui.fakes import FakeAssistant, FakeLibrary

Opens = Callable[..., Collection]


@pytest.fixture
def opened() -> Iterator[Opens]:
    """Opens a collection whose conversations are closed when the test ends."""
    with ExitStack() as stack:

        def open_one(*parts: Any) -> Collection:
            made = collection_in(*parts)
            stack.callback(made.conversations.close)
            return made

        yield open_one


def asked(text: str) -> list[str]:
    return list(questions(Sentence("a", 0, 0, len(text), text)))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Mayor Ilse Brandt said repairs would take nine months.", "What did Ilse Brandt say?"),
        ("Opposition councillor Tom Addo called the repair estimate low.", "What did Tom Addo say about the estimate?"),
        ("Defence Minister Sergey Lavrov said so.", "What did Sergey Lavrov say?"),
        ("Rami Abdurrahman, the head of a group, estimated 5,000.", "What did Rami Abdurrahman estimate?"),
    ],
)
def test_a_statement_becomes_a_question_about_who_made_it(text: str, question: str) -> None:
    assert asked(text) == [question]


@pytest.mark.parametrize("text", ["The Observatory for Human Rights said so.", "He said no.", "It rained on Monday."])
def test_a_sentence_without_a_named_speaker_gives_no_question(text: str) -> None:
    assert asked(text) == []


def test_each_suggestion_is_answered_without_a_model_by_the_sentence_it_was_made_from(
    articles: tuple[Article, ...], embedder: FakeEmbedder, tmp_path: Path, opened: Opens
) -> None:
    with Library(tmp_path / "a", embedder=embedder) as library:
        library.add(articles)
        # The calibrated threshold is for the real embedder's cosines; the fake one's are lower.
        assistant = Assistant(library, FakeEngine(), steps=Steps(check=partial(check, threshold=0.2)))
        found = suggestions(opened(tmp_path / "a", library, assistant))
        assert len(found) >= 2
        for question in found:
            answer = Assistant(library, None, steps=assistant.steps).ask(question)
            assert answer.status == "answered"
            assert question in list(questions(answer.citations[0].sentence))


def test_the_model_is_not_asked_for_suggestions(articles: tuple[Article, ...], tmp_path: Path, opened: Opens) -> None:
    library = FakeLibrary(tmp_path / "a", articles)
    assistant = FakeAssistant(library)
    assert suggestions(opened(tmp_path / "a", library, assistant))
    assert assistant.asked == []
    assert assistant.engine is not None


def test_a_question_that_would_be_refused_or_answered_by_another_sentence_is_not_suggested(
    articles: tuple[Article, ...], tmp_path: Path, opened: Opens
) -> None:
    class Refusing(FakeAssistant):
        def _answer(self, question: str, *found: Any) -> Answer:
            return super()._answer(f"{question} unknown", *found)

    class Straying(FakeAssistant):
        def _answer(self, question: str, *found: Any) -> Answer:
            answer = super()._answer(question, *found)
            return replace(answer, sentences=answer.sentences[1:])

    library = FakeLibrary(tmp_path / "a", articles)
    for number, kind in enumerate((Refusing, Straying)):
        assert suggestions(opened(tmp_path / str(number), library, kind(library))) == ()


def test_an_empty_collection_suggests_nothing(tmp_path: Path, opened: Opens) -> None:
    empty = FakeLibrary(tmp_path / "b")
    assert suggestions(opened(tmp_path / "b", empty, FakeAssistant(empty))) == ()
