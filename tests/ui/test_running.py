"""Answers under way: who may follow one, who stops it, and what becomes of it when everybody has left."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onrecord.index.errors import InputError
from onrecord.index.library import Library
from onrecord.index.types import Article, Filter
from onrecord.qa.assistant import Assistant
from onrecord.qa.engines.base import Messages, OnUsage, not_counted
from onrecord.qa.engines.stopping import go_on
from onrecord.qa.types import Event, EvidenceFound, Turn
from onrecord.ui.desk.collection import Collection, answer
from onrecord.ui.desk.collections import collection_in
from onrecord.ui.desk.conversations import new_record
from onrecord.ui.desk.model_queue import ModelQueue
from onrecord.ui.desk.records import Record
from onrecord.ui.desk.running import Answers, Running
from tests.conftest import FakeEmbedder, FakeEngine, fill
from tests.ui.fakes import FakeAssistant, FakeLibrary

QUESTION = "What would the bridge repairs cost?"
PATIENCE = 20  # seconds after which a test that waits has failed


class Desk:
    """One collection, its queue, and one conversation in it, in which questions are asked as the page asks them."""

    def __init__(self, collection: Collection) -> None:
        self.collection, self.queue, self.answers = collection, ModelQueue(), Answers(most=3)
        self.kept = collection.conversations
        self.conversation = self.kept.begin("", QUESTION)

    @property
    def assistant(self) -> FakeAssistant:
        assert isinstance(self.collection.assistant, FakeAssistant)
        return self.collection.assistant

    def read_on(self) -> Running:
        """An answer whose model reads, and does not hear that it is stopped, until ``assistant.read`` is set."""
        running = self.ask("How much are the endless bridge repairs?")
        assert self.assistant.reads.wait(PATIENCE)
        return running

    def ask(self, question: str = QUESTION, conversation: str = "") -> Running:
        key = conversation or self.conversation

        def write(running: Running) -> Generator[Record, None, None]:
            return answer(self.collection, self.queue, running.record, (), stopped=running.stop_asked)

        return self.answers.begin(
            key, new_record(question, Filter()), lambda record: self.kept.keep("", key, record), write
        )

    def turns(self) -> tuple[Record, ...]:
        return self.kept.turns("", self.conversation)


@pytest.fixture
def desk(articles: tuple[Article, ...], tmp_path: Path) -> Iterator[Desk]:
    library = FakeLibrary(tmp_path / "data", articles)
    collection = collection_in(library.path, library, FakeAssistant(library))
    with closing(collection.conversations):
        made = Desk(collection)
        yield made
        made.answers.close()
        made.assistant.read.set()


def until(running: Running, *states: str) -> Record:
    """The first record in one of the states; who follows sees it."""
    return next(one for one in running.follow(every=PATIENCE) if one and one.state in states)


def free(desk: Desk) -> bool:
    """Whether nobody has the model any longer, or soon will not."""
    return desk.queue.join().wait(PATIENCE)


def test_two_followers_see_the_same_end_and_one_who_leaves_changes_nothing(desk: Desk) -> None:
    running = desk.read_on()
    left, first, second = running.follow(), running.follow(every=PATIENCE), running.follow(every=PATIENCE)
    assert next(left)
    left.close()  # type: ignore[attr-defined]
    desk.assistant.read.set()
    ends = [list(one)[-1] for one in (first, second)]
    assert ends[0] is ends[1] is running.record
    assert (running.record.state, running.record.status) == ("done", "answered")
    assert [one.state for one in desk.turns()] == ["done"]


def test_who_comes_late_sees_what_is_there_and_then_the_rest(desk: Desk) -> None:
    running = desk.read_on()
    joined = desk.answers.of(desk.conversation)
    assert joined is running
    late = joined.follow(every=PATIENCE)
    seen = next(late)
    assert seen and seen.state == "reading" and seen.answer.evidence
    desk.assistant.read.set()
    assert [one.state for one in late if one][-1] == "done"


def test_a_follower_hears_nothing_now_and_then_while_there_is_no_news(desk: Desk) -> None:
    running = desk.read_on()
    follower = running.follow(every=0.01)
    assert next(follower) is running.record
    assert next(follower) is None


@pytest.mark.slow
def test_stop_ends_it_at_once_and_the_next_question_waits_for_the_model_alone(desk: Desk) -> None:
    stopped = desk.read_on()
    stopped.stop()
    assert stopped.record.state == "stopped"
    assert [one.state for one in desk.turns()] == ["stopped"]
    following = desk.ask()
    assert until(following, "ending").answer.evidence, "what was found is shown at once"
    other = desk.ask(conversation=desk.kept.begin("", "another"))
    assert until(other, "waiting").place == 1, "the one that was stopped is none that comes first"
    desk.assistant.read.set()
    assert until(following, "done") and until(other, "done")
    assert [one.state for one in desk.turns()] == ["stopped", "done"]


def test_what_the_model_says_after_stop_is_dropped(desk: Desk) -> None:
    running = desk.read_on()
    running.stop()
    desk.assistant.read.set()
    assert free(desk)
    assert running.record.state == desk.turns()[0].state == "stopped"
    assert not running.record.answer.sentences


def test_a_question_that_waits_leaves_the_queue_when_it_is_stopped(desk: Desk) -> None:
    first = desk.read_on()
    waiting = desk.ask(conversation=desk.kept.begin("", "another"))
    until(waiting, "waiting")
    waiting.stop()
    first.stop()
    desk.assistant.read.set()
    assert free(desk)


def test_a_conversation_has_one_answer_under_way_and_the_server_a_limit(desk: Desk) -> None:
    desk.read_on()
    with pytest.raises(InputError, match="still being written; press Stop"):
        desk.ask()
    for name in ("second", "third"):
        desk.ask(conversation=desk.kept.begin("", name))
    with pytest.raises(InputError, match="3 questions are being answered already"):
        desk.ask(conversation=desk.kept.begin("", "fourth"))
    assert len(desk.turns()) == 1


def test_an_answer_whose_conversation_is_deleted_ends(desk: Desk) -> None:
    running = desk.read_on()
    desk.kept.delete("", desk.conversation)
    desk.assistant.read.set()
    assert "may have been deleted" in until(running, "failed").error
    assert free(desk)


def test_a_failure_of_the_desk_itself_leaves_nobody_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def fails(running: Running) -> Generator[Record, None, None]:
        yield replace(running.record, state="reading")
        raise ZeroDivisionError

    kept: list[Record] = []
    running = desk.answers.begin(desk.conversation, new_record(QUESTION, Filter()), kept.append, fails)
    assert [one.state for one in running.follow(every=PATIENCE) if one][-1] == "stopped"


def test_closing_stops_what_is_under_way_and_keeps_it(desk: Desk) -> None:
    desk.read_on()
    desk.answers.close()
    assert [one.state for one in desk.turns()] == ["stopped"]


class ReadingEngine(FakeEngine):
    """Reads until it is told to stop, and looks after each batch as llama.cpp does."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.batch = threading.Event(), threading.Semaphore(0)

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Any:
        self.reads.set()
        while self.batch.acquire(timeout=PATIENCE):
            go_on()
        raise AssertionError("nobody stopped it")


def test_the_model_is_interrupted_while_it_reads(tmp_path: Path) -> None:
    fill(tmp_path, FakeEmbedder())
    engine = ReadingEngine()
    with Library(tmp_path, embedder=FakeEmbedder()) as library:
        desk = Desk(collection_in(tmp_path, library, Assistant(library, engine)))
        running = desk.ask()
        assert engine.reads.wait(PATIENCE)
        engine.batch.release()
        running.stop()
        engine.batch.release()
        assert free(desk)
        assert len(engine.prompts) == 0, "it was not asked anything else"
        assert running.record.state == "stopped" and running.record.answer.evidence
        desk.kept.close()


def test_a_stop_between_two_events_ends_the_stream(desk: Desk) -> None:
    class Endless(FakeAssistant):
        def stream(
            self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None
        ) -> Generator[Event, None, None]:
            try:
                while True:
                    yield EvidenceFound(question, (), ())
            finally:
                self.closed.set()

    library = desk.collection.library
    assert isinstance(library, FakeLibrary)
    desk.collection.assistant = endless = Endless(library)
    running = desk.ask()
    until(running, "reading")
    running.stop()
    assert endless.closed.wait(PATIENCE)
