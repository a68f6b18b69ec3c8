"""Model replies that are kept in a file: the model is asked only what is new."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.own import OnRecordSystem
from onrecord.eval.systems.replies import KeptReplies
from onrecord.index.errors import InputError
from onrecord.index.types import Article

ASK = [{"role": "user", "content": "When were the coins struck?"}]


@pytest.fixture
def kept(engine: Any, tmp_path: Path) -> KeptReplies:
    return KeptReplies(engine, tmp_path / "replies.sqlite")


def test_what_was_asked_once_is_not_asked_again(kept: KeptReplies, engine: Any) -> None:
    engine.enqueue("In 1643, they say.")
    first = list(kept.generate(ASK, max_tokens=20))
    assert list(kept.generate(ASK, max_tokens=20)) == first
    assert kept.first_tokens(ASK) == kept.first_tokens(ASK)
    assert kept.yes_probability(ASK) == kept.yes_probability(ASK)
    assert engine.usage.calls == 3


def test_another_length_is_another_question(kept: KeptReplies, engine: Any) -> None:
    engine.enqueue("In 1643, they say.", "In 1643")
    assert list(kept.generate(ASK, max_tokens=20)) != list(kept.generate(ASK, max_tokens=2))


def test_a_text_that_was_stopped_is_not_kept(kept: KeptReplies, engine: Any) -> None:
    engine.enqueue("In 1643, they say.", "In 1643, they say.")
    stopped = kept.generate(ASK, max_tokens=20)
    next(stopped)
    del stopped
    assert "".join(kept.generate(ASK, max_tokens=20)) == "In 1643, they say."


def test_a_model_that_does_not_tell_is_asked_again(kept: KeptReplies, engine: Any) -> None:
    engine.yes = [None, 0.9]
    assert kept.first_tokens(ASK) is None
    assert kept.first_tokens(ASK) == {"yes": 0.9, "no": pytest.approx(0.1)}


def test_a_file_of_something_else_is_refused_and_left_alone(engine: Any, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not replies, but notes that someone wants to keep\n" * 50)
    with pytest.raises(InputError, match=r"notes\.txt.*name a new file"):
        KeptReplies(engine, file)
    assert file.read_text().startswith("not replies")


def test_a_second_run_answers_the_same_without_the_model_and_tells_no_seconds(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any, engine: Any
) -> None:
    asked = Question("q1", "When were the coins struck?", "fact", True, answers=("1643",))
    options = SystemOptions(index_folder=tmp_path / "index", flags={"answer.compare_sources": "false"})
    engine.enqueue("The coins were struck in 1643.")
    rows, calls = [], []
    for _ in range(2):
        system = OnRecordSystem(
            replace(options, replies=str(tmp_path / "replies.sqlite")), engine=engine, embedder=embedder
        )
        system.prepare(Suite("small", Path(), articles, (asked,)))
        rows.append(system.answer(asked))
        calls.append(engine.usage.calls)
        system.close()
    assert rows[0] == rows[1] and rows[0].status == "answered"
    assert calls[0] == calls[1] > 0
    assert rows[0].timings == {}
