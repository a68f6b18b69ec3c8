"""Saved questions over a real library: what changes when articles arrive and go, and what is kept of it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.index import Filter, InputError, Library
from onrecord.index.errors import LibraryClosed
from onrecord.index.settings import IndexSettings
from onrecord.index.types import Article
from onrecord.qa.assistant import Assistant
from onrecord.qa.settings import AnswerSettings
from onrecord.ui.desk import asking_again
from onrecord.ui.desk.asking_again import AskingAgain
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import collection_in
from onrecord.ui.desk.conversations import FILE
from onrecord.ui.desk.model_queue import ModelQueue
from onrecord.ui.desk.saved import other_number
from onrecord.ui.desk.tuning import quoting
from tests.conftest import ARTICLES, FakeEmbedder, FakeEngine
from tests.ui.behind_doors import until

COST = "How much will the repair of the bridge cost?"
NEWS = Article(
    "news", "Bridge", "The repair of the bridge will cost 7 million euros, the city said.", published="2024-05-01"
)


@pytest.fixture
def collection(tmp_path: Path, catalogue_url: str) -> Iterator[Collection]:
    settings = IndexSettings(catalogue_url=catalogue_url)
    with Library(tmp_path, embedder=FakeEmbedder(), settings=settings) as library:
        library.add(ARTICLES)
        engine = FakeEngine()
        assistant = Assistant(library, engine, AnswerSettings(strictness="lenient"))
        made = collection_in(tmp_path, library, assistant)
        yield made
        made.conversations.close()


def save(collection: Collection, question: str = COST, scope: Filter | None = None) -> str:
    return collection.saved.save("ann", question, scope or Filter(), quoting(collection.assistant)).id


def test_a_new_article_that_answers_is_told_with_its_sentence(collection: Collection) -> None:
    key = save(collection)
    (before,) = collection.saved.list("ann")
    assert (before.question, bool(before.change)) == (COST, False)
    collection.library.add([NEWS])
    after = collection.saved.again("ann", key, quoting(collection.assistant))
    assert [one.article_id for one in after.change.new] == ["news"]
    assert after.lines[0] == "1 new sentence answers it."
    assert collection.saved.list("ann") == (after,)


def test_another_number_of_the_same_matter_is_told_beside_the_one_before(collection: Collection) -> None:
    key = save(collection)
    collection.library.add([NEWS])
    change = collection.saved.again("ann", key, quoting(collection.assistant)).change
    assert ("bridge", "news") in [(before.article_id, now.article_id) for before, now in change.values]
    assert any("other one" in line or "another one" in line for line in change.lines)


@pytest.mark.parametrize(
    ("before", "now", "other"),
    [
        ("The repair costs 2.4 million euros.", "The repair costs 7 million euros.", True),
        ("The repair costs 2.4 million euros.", "The repair costs 2,400,000 euros.", False),
        ("The repair costs 2.4 million euros.", "The repair takes 9 months.", False),
        ("The repair costs 2.4 million euros.", "The choir has 7 million euros.", False),
    ],
)
def test_a_number_is_another_one_only_where_kind_and_matter_are_the_same(before: str, now: str, other: bool) -> None:
    assert other_number(before, now) is other


def test_articles_that_say_nothing_of_it_change_nothing(collection: Collection) -> None:
    key = save(collection)
    collection.library.add([Article("other", "", "The choir of Port Asel sang on Sunday.")])
    assert not collection.saved.again("ann", key, quoting(collection.assistant)).change


def test_what_was_not_said_and_is_said_now_is_told_and_the_other_way_round(collection: Collection) -> None:
    question = "Who won the chess tournament in Port Asel?"
    key = save(collection, question, Filter(sources=("Chess Weekly",)))
    assert collection.saved.list("ann")[0].answer.status == "abstained"
    chess = Article("chess", "", "Nora Lind won the chess tournament in Port Asel on Sunday.", source="Chess Weekly")
    collection.library.add([chess])
    answered = collection.saved.again("ann", key, quoting(collection.assistant))
    assert answered.change.status == "answered"
    collection.saved.seen("ann", key)
    assert not collection.saved.list("ann")[0].change
    collection.library.remove(["chess"])
    gone = collection.saved.again("ann", key, quoting(collection.assistant))
    assert gone.change.status == "abstained"
    assert [one.quote for one in gone.change.gone] == [chess.text]


def test_the_same_question_is_saved_once_and_another_filter_is_another(collection: Collection) -> None:
    assert save(collection) == save(collection, f"  {COST} ")
    assert save(collection, scope=Filter(sources=("River Herald",))) != save(collection)
    assert len(collection.saved.list("ann")) == 2


def test_nobody_sees_or_changes_what_another_saved(collection: Collection) -> None:
    key = save(collection)
    assert collection.saved.list("bob") == ()
    for act in (collection.saved.seen, collection.saved.remove):
        with pytest.raises(InputError, match="not saved any longer"):
            act("bob", key)
    assert len(collection.saved.list("ann")) == 1


@pytest.mark.parametrize("catalogue_url", [""])  # in a file
def test_a_removed_article_leaves_the_quotes_that_were_cited_and_nothing_else(collection: Collection) -> None:
    save(collection)
    held = collection.saved.list("ann")[0].answer
    cited = {one.quote for one in held.citations}
    others = {one.quote for one in held.evidence if one.quote not in cited}
    assert others
    collection.library.remove([one.id for one in ARTICLES])
    kept = collection.saved.list("ann")[0].answer
    assert {one.quote for one in kept.citations} == cited
    file = (collection.folder / FILE).read_bytes()
    assert [quote for quote in others if quote.encode() in file] == []


@pytest.mark.parametrize("catalogue_url", [""])  # in a file
def test_a_removed_question_is_in_no_file(collection: Collection) -> None:
    key = save(collection, "Who is Zebulon Quark?")
    collection.saved.remove("ann", key)
    assert b"Zebulon" not in (collection.folder / FILE).read_bytes()


def test_a_hundred_are_the_most(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onrecord.ui.desk.saved.MOST", 1)
    save(collection)
    with pytest.raises(InputError, match="remove some first"):
        save(collection, "Who is the mayor?")


@pytest.mark.slow
def test_the_server_asks_again_when_articles_have_come_and_settled(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_again, "LOOK", 0.01)
    monkeypatch.setattr(asking_again, "SETTLED", 0.05)
    collection.assistant.engine = None
    save(collection)
    worker = AskingAgain(lambda: (collection,), ModelQueue())
    worker.start()
    try:
        collection.library.add([NEWS])
        until(lambda: bool(collection.saved.list("ann")[0].change))
    finally:
        worker.stop()
    assert collection.saved.due(collection.library.revision) == ()


def test_a_look_that_comes_after_the_end_is_told_so_and_nothing_breaks(collection: Collection) -> None:
    """A thread that a slow look kept past the end met a closed database, and died of it."""
    save(collection)
    collection.conversations.close()
    with pytest.raises(LibraryClosed, match="conversations were closed"):
        AskingAgain(lambda: (collection,), ModelQueue()).look(collection)
    with pytest.raises(LibraryClosed, match="conversations were closed"):
        save(collection, "Who is the mayor?")


def test_a_model_that_is_idle_writes_what_changed(collection: Collection) -> None:
    save(collection)
    collection.library.add([NEWS])
    engine = collection.assistant.engine
    assert isinstance(engine, FakeEngine)
    engine.enqueue("The repair of the bridge will cost 7 million euros.")
    AskingAgain(lambda: (collection,), ModelQueue()).look(collection)
    (shown,) = collection.saved.list("ann")
    assert shown.answer.model == "fake-engine"
    assert [one.article_id for one in shown.change.new] == ["news"]


def test_a_model_that_somebody_waits_for_is_left_alone(collection: Collection) -> None:
    save(collection)
    collection.library.add([NEWS])
    queue = ModelQueue()
    ticket = queue.join()
    AskingAgain(lambda: (collection,), queue).look(collection)
    ticket.leave()
    (shown,) = collection.saved.list("ann")
    assert shown.answer.model == "extractive" and shown.change


def test_a_question_that_fails_keeps_no_other_from_being_asked(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(collection)
    second = save(collection, "Who is the mayor?")
    collection.library.add([NEWS])
    collection.assistant.engine = None
    first = collection.saved.list("ann")[0].id
    plain = type(collection.saved).again
    asked = threading.Event()

    def again(saved: object, owner: str, key: str, assistant: object) -> object:
        if key == first:
            raise InputError("gone")
        asked.set()
        return plain(saved, owner, key, assistant)  # type: ignore[arg-type]

    monkeypatch.setattr("onrecord.ui.desk.saved.SavedQuestions.again", again)
    AskingAgain(lambda: (collection,), ModelQueue()).look(collection)
    assert asked.is_set() and second
