"""Suggested questions: made from what is there, and answered by it."""

import threading
import time
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
from onrecord.ui.desk.collections import Collections, collection_in
from onrecord.ui.desk.questions import questions
from onrecord.ui.desk.suggest import Candidate, in_turn, suggestions
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
            first = answer.citations[0].sentence
            text = library.article(first.article_id).text
            assert question in {one.text for one in questions(first, text)}


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


NEWS = {
    "who": "Terra Firma bought the Larn Bridge Company.",
    "when": "The Larn Bridge was closed on 5 May 2023.",
    "how many": "About 40 engineers attended the Larn Bridge congress.",
    "why": "The Larn Ferry was cancelled because of ice.",
}


def test_suggestions_ask_in_different_ways_about_different_articles(tmp_path: Path, opened: Opens) -> None:
    articles = [Article(str(n), "T", f"{text} More of it.") for n, text in enumerate(NEWS.values())]
    articles += [Article(f"more{n}", "T", f"Terra Firma bought the Larn Mill number {n}.") for n in range(9)]
    library = FakeLibrary(tmp_path / "a", articles)
    found = suggestions(opened(tmp_path / "a", library, FakeAssistant(library)))
    assert [question.split()[0] for question in found] == ["Who", "When", "How", "Why"]


def test_where_there_are_many_articles_a_question_that_names_nothing_is_not_suggested(
    tmp_path: Path, opened: Opens
) -> None:
    def found(count: int) -> tuple[str, ...]:
        articles = [Article(f"{n}", "T", "It rained. Nothing happened.", language="en") for n in range(count - 1)]
        library = FakeLibrary(tmp_path / str(count), [Article("b", "T", "The bridge was closed on Monday."), *articles])
        return suggestions(opened(tmp_path / str(count), library, FakeAssistant(library)))

    assert found(3) == ("When was the bridge closed?",)
    assert found(30) == ()


def test_one_sentence_gives_one_suggestion_and_no_question_comes_twice() -> None:
    def made(text: str, index: int) -> list[Candidate]:
        sentence = Sentence("a", index, 0, len(text), text)
        return [Candidate(question, sentence) for question in questions(sentence)]

    closed = "The Larn Bridge was closed on 5 May 2023 because of ice."
    found = [*made(closed, 0), *made(closed, 1), *made("The Larn Ferry was closed on 6 May 2023.", 2)]
    assert [one.question.text for one in in_turn(found)] == [
        "When was the Larn Bridge closed?",
        "Why was the Larn Bridge closed?",
        "When was the Larn Ferry closed?",
    ]


def test_finding_suggestions_stops_when_it_is_told_to(
    articles: tuple[Article, ...], tmp_path: Path, opened: Opens
) -> None:
    library = FakeLibrary(tmp_path / "a", articles)
    assert suggestions(opened(tmp_path / "a", library, FakeAssistant(library)), stopped=lambda: True) == ()


def test_closing_waits_for_the_thread_that_finds_them_and_for_no_more_than_the_question_it_is_at(
    articles: tuple[Article, ...], tmp_path: Path
) -> None:
    begun = threading.Event()

    class Slow(FakeAssistant):
        def stream(self, *asked: Any, **named: Any) -> Any:
            begun.set()
            time.sleep(0.2)
            return super().stream(*asked, **named)

    library = FakeLibrary(tmp_path / "a", articles)
    collections = Collections(collection_in(tmp_path / "a", library, Slow(library)))
    collections.warm()
    assert begun.wait(20)
    collections.close()
    assert "warming" not in [thread.name for thread in threading.enumerate()]
    assert collections.suggestions(collections.first, wait=False) == ()
