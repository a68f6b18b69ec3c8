"""A Chroma server under a catalogue in PostgreSQL: several processes, one collection, real servers."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from onrecord.index import Article, Library, StoreError
from onrecord.index.doctor import examine
from onrecord.index.settings import IndexSettings, SearchOptions
from onrecord.index.store import shared_vectors
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.shared_vectors import SharedVectorStore
from tests.chroma import running
from tests.conftest import ARTICLES, FakeEmbedder
from tests.index.store.test_vectors import store, unit_vectors
from tests.ports import free_port
from tests.postgres import Server

pytestmark = pytest.mark.slow  # two servers of their own


class Chroma:
    """A server that can be killed, and started again with or without what it had."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lives, self._port = folder, 0, free_port()
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        self.url = self._running.enter_context(running(self._folder / str(self._lives), self._port))

    def kill(self) -> None:
        self._running.close()

    def lose(self) -> None:
        self.kill()
        self._lives += 1
        self.start()


@pytest.fixture
def chroma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chroma]:
    monkeypatch.setattr(shared_vectors, "FIRST_AWAY", 0.0)
    server = Chroma(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def catalogues(tmp_path: Path, postgresql: Server) -> Iterator[list[Catalogue]]:
    url = postgresql.new()
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Catalogue(tmp_path / name, url))) for name in ("one", "other")]


@pytest.fixture
def stores(catalogues: list[Catalogue], chroma: Chroma) -> Iterator[list[SharedVectorStore]]:
    made = [SharedVectorStore(catalogue, url=chroma.url) for catalogue in catalogues]
    yield made
    for one in made:
        one.close()


def found(vectors: SharedVectorStore, count: int) -> list[int]:
    """The nearest passage of each of the first vectors."""
    return [key for ((key, _),) in vectors.query_many(unit_vectors(count), top_k=1)]


def test_what_one_adds_and_deletes_is_in_the_collection_of_all(
    catalogues: list[Catalogue], stores: list[SharedVectorStore]
) -> None:
    (catalogue, _), (one, other) = catalogues, stores
    keys = store(catalogue, "a", unit_vectors(3))
    one.apply(added=keys, deleted=[])
    assert other.refill(10) and found(other, 3) == keys
    assert one.in_step and other.in_step and other.keys() == set(keys)
    catalogue.remove(["a"])
    assert not other.in_step
    other.renew()
    assert one.keys() == set() and one.in_step


def test_what_a_process_that_was_cut_off_owed_the_next_one_settles(
    catalogues: list[Catalogue], stores: list[SharedVectorStore]
) -> None:
    (catalogue, _), (one, other) = catalogues, stores
    one.apply(added=[], deleted=[])
    gone = store(catalogue, "gone", unit_vectors(5, seed=1))
    keys = store(catalogue, "a", unit_vectors(3))
    catalogue.remove(["gone"])
    assert one.query_many(unit_vectors(1), top_k=1) == [[]]
    while not other.refill(2):
        pass
    assert one.keys() == set(keys) and found(one, 3) == keys and not set(gone) & set(keys)


def test_a_server_that_is_away_fails_nothing_and_is_told_the_rest_later(
    catalogues: list[Catalogue], stores: list[SharedVectorStore], chroma: Chroma
) -> None:
    (catalogue, _), (one, other) = catalogues, stores
    one.apply(added=store(catalogue, "a", unit_vectors(3)), deleted=[])
    chroma.kill()
    assert one.query_many(unit_vectors(1), top_k=1) == [[]]
    more = store(catalogue, "b", unit_vectors(4, seed=1))
    one._away = 60.0
    one.apply(added=more, deleted=[])
    with pytest.raises(StoreError, match="start it again"):
        one.repair()
    chroma.start()
    assert other.refill(100) and len(other.keys()) == 7


def test_a_server_that_lost_everything_is_told_all_of_it_again(
    catalogues: list[Catalogue], stores: list[SharedVectorStore], chroma: Chroma
) -> None:
    (catalogue, _), (one, other) = catalogues, stores
    keys = store(catalogue, "a", unit_vectors(3))
    one.apply(added=keys, deleted=[])
    assert other.refill(10) and found(other, 3) == keys
    chroma.lose()
    assert one.query_many(unit_vectors(1), top_k=1) == [[]]
    assert one.refill(100) and found(one, 3) == keys
    assert found(other, 3) == keys


def test_what_it_holds_beside_the_catalogue_a_repair_mends(
    catalogues: list[Catalogue], stores: list[SharedVectorStore]
) -> None:
    (catalogue, _), (one, _) = catalogues, stores
    keys = store(catalogue, "a", unit_vectors(3))
    one.apply(added=keys, deleted=[])
    one._opened().delete(ids=[str(keys[0])])
    one._opened().add(ids=["999"], embeddings=unit_vectors(1, seed=3))
    assert one.repair() == (1, 1)
    assert one.keys() == set(keys) and one.in_step


def test_another_server_takes_its_place_by_a_rebuild_alone(
    catalogues: list[Catalogue], stores: list[SharedVectorStore], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (catalogue, other), (one, _) = catalogues, stores
    one.apply(added=store(catalogue, "a", unit_vectors(3)), deleted=[])
    with running(tmp_path / "second", free_port()) as url, closing(SharedVectorStore(other, url=url)) as elsewhere:
        assert not elsewhere.refill(100) and f"Another Chroma server, {one._url}, is used" in caplog.text
        assert one.in_step and found(one, 1)
        elsewhere.rebuild()
        assert len(elsewhere.keys()) == 3 and elsewhere.in_step
        more = store(catalogue, "b", unit_vectors(2, seed=1))
        assert not one.refill(100) and one.query_many(unit_vectors(1), top_k=1) == [[]]
        assert elsewhere.refill(100) and elsewhere.keys() > set(more)


def test_libraries_search_there_and_the_doctor_finds_nothing_wrong(
    tmp_path: Path, postgresql: Server, chroma: Chroma, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    query = SharedVectorStore.query_many

    def counted(store: SharedVectorStore, *given: Any, **named: Any) -> Any:
        asked.append(answer := query(store, *given, **named))
        return answer

    monkeypatch.setattr(SharedVectorStore, "query_many", counted)
    settings = IndexSettings(catalogue_url=postgresql.new(), chroma_url=chroma.url)
    search = SearchOptions(exact_below=1)

    def opened(name: str) -> Library:
        return Library(tmp_path / name, embedder=FakeEmbedder(), settings=settings, search=search)

    with opened("one") as one, opened("other") as other:
        one.add(ARTICLES)
        assert [hit.passage.article_id for hit in other.search("cracks in the bridge", top_k=1)] == ["bridge"]
        other.remove(["bridge"])
        other.add([Article("museum", "Museum closed", "A zebrafish was seen in the basement.")])
        assert [hit.passage.article_id for hit in one.search("zebrafish", top_k=1)] == ["museum"]
        assert asked and all(found for answer in asked for found in answer)
        assert examine(one).findings == examine(other).findings == ()
