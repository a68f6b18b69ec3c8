"""Nearest vectors: exactly, in Chroma inside the process, and on a real Chroma server."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from onrecord.index.errors import StoreError
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.chroma import disconnect
from onrecord.index.store.entries import Entry
from onrecord.index.store.vectors import VectorStore, nearest, top
from onrecord.index.types import Article, Filter, Passage, Sentence, Vectors
from tests.chroma import running
from tests.ports import free_port

DIMENSION = 8


def unit_vectors(count: int, *, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def store(
    catalogue: Catalogue, article_id: str, vectors: Vectors, *, source: str = "", published: str = ""
) -> list[int]:
    """An article of one-word sentences, each of which is a passage."""
    text = "word " * len(vectors)
    sentences = tuple(Sentence(article_id, n, n * 5, n * 5 + 4, "word") for n in range(len(vectors)))
    passages = tuple(Passage(f"{article_id}:{s.start_char}-{s.end_char}", article_id, (s,)) for s in sentences)
    article = Article(article_id, "T", text, source, published)
    return list(catalogue.put(Entry(article, sentences, passages, vectors)).added)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("chroma"), free_port()) as address:
        yield address


@pytest.fixture(params=["inside", pytest.param("server", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "inside" else str(request.getfixturevalue("server"))


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with closing(Catalogue(tmp_path)) as opened:
        yield opened


@pytest.fixture
def vectors(catalogue: Catalogue, url: str) -> Iterator[VectorStore]:
    chroma = VectorStore(catalogue, url=url)
    yield chroma
    chroma.close()


def test_exact_search_finds_the_nearest_first() -> None:
    held, keys = unit_vectors(500), np.arange(500, dtype=np.int64) * 3
    found = nearest(keys, held, held[17], top_k=10)
    assert found[0][0] == 51
    assert found[0][1] == pytest.approx(1.0, abs=1e-6)
    assert [key for key, _ in found] == [int(keys[row]) for row in np.argsort(-(held @ held[17]))[:10]]


def test_the_smaller_key_comes_first_among_equals() -> None:
    found = top(np.array([5, 2, 9], np.int64), np.array([1.0, 1.0, 3.0], np.float32), top_k=5)
    assert [key for key, _ in found] == [9, 2, 5]


def test_exact_search_of_nothing_finds_nothing() -> None:
    assert nearest(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), unit_vectors(1)[0], top_k=3) == []


def test_chroma_finds_what_exact_search_finds(catalogue: Catalogue, vectors: VectorStore) -> None:
    held = unit_vectors(400)
    keys = store(catalogue, "a", held)
    vectors.apply(added=keys, deleted=[])
    for query in unit_vectors(20, seed=1):
        exact = nearest(np.array(keys), held, query, top_k=10)
        found = vectors.query(query, top_k=10)
        assert [key for key, _ in found] == [key for key, _ in exact]
        assert [score for _, score in found] == pytest.approx([score for _, score in exact], abs=1e-4)


def test_a_deleted_passage_is_not_found_again(catalogue: Catalogue, vectors: VectorStore) -> None:
    keys = store(catalogue, "a", unit_vectors(5))
    vectors.apply(added=keys, deleted=[])
    vectors.apply(added=[], deleted=keys[:2])
    assert vectors.keys() == set(keys[2:])
    assert {key for key, _ in vectors.query(unit_vectors(5)[0], top_k=5)} == set(keys[2:])


def test_filters_reach_chroma(catalogue: Catalogue, vectors: VectorStore) -> None:
    bbc = store(catalogue, "a", unit_vectors(3), source="BBC", published="2016-12-14")
    cnn = store(catalogue, "b", unit_vectors(3, seed=1), source="CNN", published="2017-01-02T10:00:00Z")
    undated = store(catalogue, "c", unit_vectors(3, seed=2))
    vectors.apply(added=[*bbc, *cnn, *undated], deleted=[])

    def found(where: Filter) -> set[int]:
        return {key for key, _ in vectors.query(unit_vectors(1)[0], top_k=9, where=where)}

    assert found(Filter()) == {*bbc, *cnn, *undated}
    assert found(Filter(articles=("a", "c"))) == {*bbc, *undated}
    assert found(Filter(sources=("bbc",))) == set(bbc)
    assert found(Filter(published_from="2016-12-15")) == set(cnn)
    assert found(Filter(published_to="2016-12-14")) == set(bbc)
    assert found(Filter(sources=("CNN",), published_from="2017-01-02", published_to="2017-01-02")) == set(cnn)
    assert found(Filter(sources=("Nobody",))) == set()


@pytest.mark.slow
def test_more_passages_than_chroma_takes_at_once_are_all_stored(catalogue: Catalogue) -> None:
    keys = store(catalogue, "a", unit_vectors(6000))
    chroma = VectorStore(catalogue)
    chroma.apply(added=keys, deleted=[])
    assert chroma.keys() == set(keys)
    chroma.close()


def test_repair_brings_what_lacks_and_drops_what_is_too_much(catalogue: Catalogue, vectors: VectorStore) -> None:
    first = store(catalogue, "a", unit_vectors(3))
    vectors.apply(added=first, deleted=[])
    assert vectors.in_step
    catalogue.remove(["a"])
    second = store(catalogue, "b", unit_vectors(2))
    assert not vectors.in_step
    assert vectors.repair() == (2, 3)
    assert vectors.in_step
    assert vectors.keys() == set(second)


def test_a_rebuild_holds_the_same_and_leaves_nothing_of_the_old_behind(
    catalogue: Catalogue, vectors: VectorStore, url: str
) -> None:
    keys = store(catalogue, "a", unit_vectors(3))
    vectors.apply(added=keys, deleted=[])
    vectors.rebuild()
    assert vectors.keys() == set(keys)
    if not url:
        assert [folder.name for folder in (catalogue.folder / "chroma").iterdir()] == ["2"]
    else:
        import chromadb

        client = chromadb.HttpClient(port=int(url.rsplit(":", 1)[1]), host="127.0.0.1")
        own = [c.name for c in client.list_collections() if catalogue.note("id") in c.name]
        disconnect(client)
        assert own == [f"onrecord-{catalogue.note('id')}-2"]


def test_chroma_remembers_across_a_restart(catalogue: Catalogue, url: str) -> None:
    keys = store(catalogue, "a", unit_vectors(3))
    first = VectorStore(catalogue, url=url)
    first.apply(added=keys, deleted=[])
    first.close()
    second = VectorStore(catalogue, url=url)
    assert second.in_step
    assert second.keys() == set(keys)
    second.close()


@pytest.mark.slow
def test_another_place_for_chroma_is_known_to_be_out_of_step(catalogue: Catalogue, server: str) -> None:
    keys = store(catalogue, "a", unit_vectors(3))
    inside = VectorStore(catalogue)
    inside.apply(added=keys, deleted=[])
    inside.close()
    moved = VectorStore(catalogue, url=server)
    assert not moved.in_step
    moved.repair()
    assert moved.keys() == set(keys)
    moved.close()


def test_chroma_is_told_no_text(catalogue: Catalogue) -> None:
    keys = store(catalogue, "a", unit_vectors(3))
    chroma = VectorStore(catalogue)
    chroma.apply(added=keys, deleted=[])
    chroma.close()
    files = [file for file in (catalogue.folder / "chroma").rglob("*") if file.is_file()]
    assert files
    assert not any(b"word" in file.read_bytes().replace(b"keyword", b"") for file in files)


def test_a_server_that_does_not_answer_is_named_with_the_cure(catalogue: Catalogue) -> None:
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 failed.*chroma run"):
        VectorStore(catalogue, url="http://127.0.0.1:9").open()


@pytest.mark.slow
def test_while_it_is_open_no_scrap_of_memory_lies_behind_the_vectors(catalogue: Catalogue) -> None:
    """Chroma writes room for more vectors as memory has it. What lies there is chance: here it is put there."""
    opened = VectorStore(catalogue)
    opened.apply(added=store(catalogue, "a", unit_vectors(5)), deleted=[])
    (file,) = (catalogue.folder / "chroma").rglob("data_level0.bin")
    with file.open("r+b") as written:
        written.seek(-9, os.SEEK_END)
        written.write(b"zelbranth")
    opened.apply(added=store(catalogue, "b", unit_vectors(5, seed=1)), deleted=[])
    assert b"zelbranth" not in file.read_bytes()
    assert opened.query(unit_vectors(5, seed=1)[0], top_k=1)
    opened.close()
