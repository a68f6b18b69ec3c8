"""Suggested questions: made from what is there, and found again."""

from pathlib import Path

import pytest

from onrecord.index.types import Article, Sentence
from onrecord.ui.desk import open_room
from onrecord.ui.suggest import questions, suggestions
from tests.ui.fakes import FakeAssistant, FakeLibrary


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


def test_each_suggestion_is_found_again_and_an_empty_collection_suggests_nothing(
    articles: tuple[Article, ...], tmp_path: Path
) -> None:
    library = FakeLibrary(tmp_path / "a", articles)
    found = suggestions(open_room(tmp_path / "a", library, FakeAssistant(library)))
    assert len(found) >= 2
    for question in found:
        name = question.split()[2]
        assert any(name in hit.passage.text for hit in library.search(question, top_k=3))
    empty = FakeLibrary(tmp_path / "b")
    assert suggestions(open_room(tmp_path / "b", empty, FakeAssistant(empty))) == ()
