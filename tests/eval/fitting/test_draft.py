"""Drafting a suite: what the model writes is kept only where code can check it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.fitting.draft import draft_questions, near_miss, promising, write_drafts, written_for
from onrecord.eval.suites.loading import load_suite
from onrecord.index import Library
from onrecord.index.errors import InputError
from onrecord.index.types import Article, Sentence

QUESTION = "How many silver coins did divers recover from the harbour of Port Asel?"


@pytest.fixture
def library(tmp_path: Path, articles: tuple[Article, ...], embedder: Any) -> Iterator[Library]:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([articles[2]])
        yield library


@pytest.fixture
def sentence(library: Library) -> Sentence:
    return library.sentences("museum")[0]


def test_a_question_whose_answer_is_copied_from_the_sentence_is_kept(
    library: Library, sentence: Sentence, engine: Any
) -> None:
    engine.enqueue(f"Question: {QUESTION}\nAnswer: 312 silver coins.")
    draft = written_for(engine, library.article("museum"), sentence)
    assert draft is not None and (draft.question, draft.answer) == (QUESTION, "312 silver coins")
    assert sentence.text in engine.prompts[0][0]["content"]


@pytest.mark.parametrize(
    "said",
    [
        f"Question: {QUESTION}\nAnswer: 500 gold coins",
        "Question: Were 312 silver coins recovered by divers last summer?\nAnswer: 312 silver coins",
        "Question: How many coins did they recover from the harbour?\nAnswer: 312",
        "Question: What does this sentence say of the divers?\nAnswer: 312",
        f"Question: {QUESTION}",
        "I cannot help with that.",
    ],
)
def test_a_question_that_breaks_a_rule_is_dropped(library: Library, sentence: Sentence, engine: Any, said: str) -> None:
    engine.enqueue(said)
    assert written_for(engine, library.article("museum"), sentence) is None


def test_a_near_miss_is_kept_only_when_the_articles_seem_not_to_answer_it(library: Library, engine: Any) -> None:
    for yes, kept in ((0.1, True), (0.9, False), (None, True)):
        engine.yes = yes
        engine.replies = [
            "Question: What is the value of the Port Asel coins?"
        ] * 5  # one for each aspect that is tried
        assert (near_miss(library, engine, library.article("museum")) is not None) is kept


def test_sentences_without_names_or_numbers_and_questions_are_not_promising() -> None:
    texts = [
        "Divers recovered 312 silver coins from the harbour.",
        "It was late and everyone there was very tired now.",
    ]
    texts.append("Who would have thought that Port Asel had so many?")
    sentences = [Sentence("a", n, 0, len(text), text) for n, text in enumerate(texts)]
    assert [s.index for s in promising(sentences, seed="0")] == [0]


def test_drafts_are_written_as_a_suite_in_which_every_question_is_a_draft(
    tmp_path: Path, library: Library, engine: Any
) -> None:
    first = [f"Question: {QUESTION}\nAnswer: 312", "no", "no"]  # one reply per promising sentence, in a mixed order
    engine.enqueue(*first, *["Question: What is the value of the Port Asel coins?"] * 5)
    engine.yes = 0.1
    try:
        drafts = list(draft_questions(library, engine, per_article=3))
    except AssertionError:
        pytest.fail("the engine was asked more often than there are sentences")
    write_drafts(tmp_path / "suite", library, drafts, name="mine")
    suite = load_suite(tmp_path / "suite")
    assert suite.name == "mine" and len(suite.drafts) == len(suite.questions) == len(drafts) >= 1
    rows = [json.loads(line) for line in (tmp_path / "suite" / "questions.jsonl").read_text().splitlines()]
    assert all(row["draft"] is True for row in rows)
    with pytest.raises(InputError, match="not empty"):
        write_drafts(tmp_path / "suite", library, drafts, name="mine")


def test_nothing_is_written_when_no_draft_passed(tmp_path: Path, library: Library) -> None:
    with pytest.raises(InputError, match="no question passed"):
        write_drafts(tmp_path / "suite", library, [], name="mine")
    assert not (tmp_path / "suite").exists()
