"""Several servers over one database: what people keep is there at whichever of them they ask next."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from onrecord.index import Library
from onrecord.index.settings import IndexSettings
from onrecord.index.types import Filter
from onrecord.qa.assistant import Assistant
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Collections, collection_in
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.protocols import LibraryLike
from onrecord.ui.desk.records import Record
from onrecord.ui.desk.tuning import quoting
from onrecord.ui.http.service import DoorLimits, Shared
from onrecord.ui.server.doors import keys_of
from onrecord.ui.server.keys import Keys
from tests.conftest import ARTICLES, FakeEmbedder
from tests.postgres import Server

Serve = Callable[[str], Collection]
pytestmark = pytest.mark.slow  # a server of their own

QUESTION = "What would repairs cost?"


def record(library: LibraryLike, turn: str = "t1") -> Record:
    """An answer that cites a sentence of one article, and was shown one of another."""
    cost, boat = library.sentences("bridge")[1], library.sentences("ferry")[1]
    said = (AnswerSentence("2.4 million euros.", (Citation(1, cost, ARTICLES[0].title),), "supported"),)
    return Record(turn, Answer(QUESTION, "", said, status="answered", evidence=(Evidence(2, boat, "Ferry"),)), "done")


def quotes(kept: Record) -> list[str]:
    return [one.quote for one in kept.answer.citations]


@pytest.fixture
def url(postgresql: Server) -> str:
    return postgresql.new()


@pytest.fixture
def serve(tmp_path: Path, url: str) -> Iterator[Serve]:
    """The one collection as a server in a folder of this name has it."""
    with ExitStack() as stack:

        def started(name: str) -> Collection:
            settings = IndexSettings(catalogue_url=url)
            library = stack.enter_context(Library(tmp_path / name, embedder=FakeEmbedder(), settings=settings))
            made = collection_in(tmp_path / name, library, Assistant(library, None))
            stack.callback(made.conversations.close)
            return made

        yield started


def test_a_conversation_goes_on_at_another_server(serve: Serve) -> None:
    one, other = serve("one"), serve("other")
    one.library.add(ARTICLES)
    key, first = one.conversations.begin("ann", QUESTION), record(one.library)
    one.conversations.keep("ann", key, first)
    (turn,) = other.conversations.turns("ann", key)
    assert turn.state == "done" and quotes(turn) == quotes(first) != []
    other.conversations.keep("ann", key, record(other.library, "t2"))
    other.conversations.rename("ann", key, "Repairs")
    assert [turn.id for turn in one.conversations.turns("ann", key)] == ["t1", "t2"]
    assert [(line.title, line.turns) for line in one.conversations.list("ann", "MILLION")] == [("Repairs", 2)]
    assert other.conversations.list("bob") == ()


def test_notes_and_saved_questions_are_at_every_server(serve: Serve) -> None:
    one, other = serve("one"), serve("other")
    one.library.add(ARTICLES)
    one.notebook.pin("ann", record(one.library).answer.citations)
    saved = one.saved.save("ann", "How much will the repairs of the bridge cost?", Filter(), quoting(one.assistant))
    assert [note.quote.quote for note in other.notebook.notes("ann")] == [one.library.sentences("bridge")[1].text]
    assert [row.id for row in other.saved.list("ann")] == [saved.id]


def test_what_one_server_removes_is_in_no_answer_at_another(serve: Serve) -> None:
    one, other = serve("one"), serve("other")
    one.library.add(ARTICLES)
    key, kept = other.conversations.begin("ann", QUESTION), record(other.library)
    other.conversations.keep("ann", key, kept)
    assert len(other.conversations.turns("ann", key)[0].answer.evidence) == 1
    one.library.remove(["ferry"])
    (turn,) = other.conversations.turns("ann", key)
    assert turn.answer.evidence == () and quotes(turn) == quotes(kept)


def test_a_key_counts_at_every_server_until_it_is_revoked_at_one(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    _, of_before = Keys(tmp_path / "one" / "keys.json").add("of before")
    one, other = (keys_of(Collections(serve(name))) for name in ("one", "other"))
    key, token = one.add("reading room")
    assert other.find(token) == key and other.find(of_before)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: (one, other)[n % 2].add(f"program {n}"), range(12)))
    assert len(one.list()) == len(other.list()) == 14
    other.revoke("reading room")
    assert one.find(token) is None


def test_keys_of_a_server_that_comes_to_others_are_not_lost(serve: Serve, tmp_path: Path) -> None:
    shared = keys_of(Collections(serve("one")))
    _, token = shared.add("reading room")
    (tmp_path / "other").mkdir()
    own = Keys(tmp_path / "other" / "keys.json")
    _, of_before = own.add("of before")
    other = keys_of(Collections(serve("other")))
    assert other.find(token) and not other.find(of_before)
    assert own.find(of_before)


def test_a_key_has_its_questions_a_day_at_all_servers_together(serve: Serve) -> None:
    one, other = (Shared(Collections(serve(name)), DoorLimits()).daily for name in ("one", "other"))
    assert [one.take("ada", 2), other.take("ada", 2)] == [0, 0]
    assert one.take("ada", 2) > 0
    other.give_back("ada")
    assert one.take("ada", 2) == 0


def test_a_server_that_kept_its_own_brings_it_along_once(serve: Serve, tmp_path: Path) -> None:
    other = serve("other")
    other.library.add(ARTICLES)
    with closing(Conversations(tmp_path / "one" / FILE)) as own:
        key = own.begin("ann", QUESTION)
        own.keep("ann", key, record(other.library))
    serve("one")
    assert [turn.id for turn in other.conversations.turns("ann", key)] == ["t1"]
    assert not list((tmp_path / "one").glob(f"{FILE}*"))


def test_an_answer_is_kept_while_another_server_changes_the_articles(serve: Serve) -> None:
    one, other = serve("one"), serve("other")
    one.library.add(ARTICLES)
    database = one.library.database
    assert database is not None
    key, kept = other.conversations.begin("ann", QUESTION), record(other.library)
    with database.transaction():
        keeping = threading.Thread(target=other.conversations.keep, args=("ann", key, kept))
        keeping.start()
        keeping.join(10)
        assert not keeping.is_alive()
    assert len(other.conversations.turns("ann", key)) == 1
