"""The doctor sees what is wrong in each store; the rebuild cures it without embedding anything again."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from onrecord.index.doctor import examine, rebuild
from onrecord.index.library import Library
from onrecord.index.settings import IndexSettings, SearchOptions
from onrecord.index.store.keyword_store import KeywordStore
from onrecord.index.types import Article, Embedder


class CountingEmbedder(Embedder, Protocol):
    fingerprint: str
    embedded: list[str]


IN_CHROMA = SearchOptions(exact_below=0, chroma_from=0)  # so that Chroma follows at once


@pytest.fixture
def library(tmp_path: Path, embedder: CountingEmbedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    with Library(tmp_path / "data", embedder=embedder, search=IN_CHROMA) as library:
        library.add(articles)
        library.search("bridge")
        yield library


def test_a_sound_library_has_no_findings(library: Library) -> None:
    report = examine(library)
    assert report.ok
    assert report.passages == library.passage_count


def test_an_empty_library_is_sound(tmp_path: Path, embedder: CountingEmbedder) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        assert examine(library).ok


def test_a_small_library_that_chroma_has_not_followed_is_filled_before_it_is_examined(
    tmp_path: Path, embedder: CountingEmbedder, articles: tuple[Article, ...]
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        assert not (library.path / "chroma").exists()
        assert examine(library).ok
        with library.parts() as parts:
            assert parts.vectors.keys() == {int(key) for key in parts.catalogue.passage_rows()[0]}


def test_chromas_folder_deleted_under_a_good_catalogue_is_seen_and_cured(
    library: Library, embedder: CountingEmbedder
) -> None:
    library.close()
    shutil.rmtree(library.path / "chroma")
    embedder.embedded.clear()
    with Library(library.path, embedder=embedder) as again:
        assert again.search("silver coins")[0].passage.article_id == "museum"
        (finding,) = examine(again).findings
        assert finding.kind == "vectors"
        assert finding.message == f"Chroma lacks {again.passage_count} of {again.passage_count} passages."
        assert "onrecord rebuild" in finding.cure
        assert rebuild(again) == 0
        assert examine(again).ok
    assert embedder.embedded == []


def test_chromas_folder_deleted_does_not_lose_a_search_that_needs_it(
    library: Library, embedder: CountingEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    library.close()
    shutil.rmtree(library.path / "chroma")
    with Library(library.path, embedder=embedder, search=IN_CHROMA) as again:
        assert again.search("silver coins")[0].passage.article_id == "museum"
    assert "onrecord doctor" in caplog.text


def _lose(library: Library) -> None:
    with library.parts() as parts:
        parts.vectors.apply(added=[], deleted=sorted(parts.vectors.keys())[:1])


def _keep_too_much(library: Library) -> None:
    with library.parts() as parts:
        collection = parts.vectors._opened()
        collection.add(ids=["999"], embeddings=np.ones((1, 64), np.float32), metadatas=[{"article": "gone"}])


def _swap(library: Library) -> None:
    with library.parts() as parts:
        key = min(parts.vectors.keys())
        parts.vectors._opened().update(ids=[str(key)], embeddings=-np.ones((1, 64), np.float32))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_lose, "Chroma lacks 1 of"),
        (_keep_too_much, "holds 1 passages that were removed"),
        (_swap, "1 passages are in Chroma but are not found by their own vector"),
    ],
)
def test_a_chroma_that_disagrees_is_seen_and_cured(
    library: Library, harm: Callable[[Library], None], message: str
) -> None:
    harm(library)
    (finding,) = examine(library).findings
    assert message in finding.message
    rebuild(library)
    assert examine(library).ok


@pytest.fixture
def coded(tmp_path: Path, embedder: CountingEmbedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    """Searched by codes alone, as a large collection is."""
    with Library(tmp_path / "coded", embedder=embedder, search=SearchOptions(exact_below=0)) as library:
        library.add(articles)
        library.search("bridge")
        yield library


def test_codes_that_are_not_those_of_the_vectors_are_seen_and_cured(coded: Library) -> None:
    assert examine(coded).ok
    with coded.parts() as parts:
        codes = parts.searcher.view().codes
        assert codes is not None
        codes[[0, 2]] ^= np.uint64(1)
    (finding,) = examine(coded).findings
    assert finding.message == "2 passages have a code that is not that of their vector."
    rebuild(coded)
    assert examine(coded).ok


def test_searches_that_miss_the_nearest_passages_are_seen(coded: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onrecord.index.search.searcher.likely", lambda codes, _, mask: np.arange(len(codes) - 1))
    (finding,) = examine(coded).findings
    assert finding.message.startswith("Searches miss") and "rebuild" in finding.cure


def test_copies_of_a_passage_may_take_each_others_place(library: Library) -> None:
    library.add([Article("one", "Same", "The very same text."), Article("two", "Same", "The very same text.")])
    assert examine(library).ok


def test_a_keyword_index_of_other_passages_is_seen_and_cured(library: Library) -> None:
    with library.parts() as parts:
        assert isinstance(parts.keywords, KeywordStore)
        parts.keywords.build(parts.catalogue.revision, [(1, "another text"), (999, "a second one")])
    (finding,) = examine(library).findings
    assert finding.kind == "keywords"
    assert "BM25 knows 2 passages" in finding.message
    rebuild(library)
    assert examine(library).ok


def test_a_keyword_index_of_other_words_is_seen(library: Library) -> None:
    with library.parts() as parts:
        keys, _ = parts.catalogue.passage_rows()
        assert isinstance(parts.keywords, KeywordStore)
        parts.keywords.build(parts.catalogue.revision, [(int(key), "zeppelin") for key in keys])
    (finding,) = examine(library).findings
    assert "not found by their own words" in finding.message


def test_a_damaged_keyword_index_is_seen_and_cured(library: Library) -> None:
    next((library.path / "keywords").rglob("manifest.json")).write_text("{")
    (finding,) = examine(library).findings
    assert finding.message == "The keyword index on disk is damaged."
    rebuild(library)
    assert examine(library).ok


def test_a_keyword_index_that_lags_behind_is_no_fault(library: Library) -> None:
    library.add([Article("x", "T", "A new text.")])
    assert examine(library).ok


def test_another_embedder_is_seen_and_cured_by_embedding_anew(library: Library, embedder: CountingEmbedder) -> None:
    embedder.fingerprint = "fake-embedder-2"
    (finding,) = examine(library).findings
    assert finding.kind == "fingerprint"
    assert "'fake-embedder-1', now 'fake-embedder-2'" in finding.message
    embedder.embedded.clear()
    assert rebuild(library) == 3
    assert len(embedder.embedded) == library.passage_count
    assert examine(library).ok


def test_a_missing_embedder_is_a_finding_not_a_crash(library: Library) -> None:
    library.close()
    with Library(library.path, settings=IndexSettings(embedder="not-there")) as again:
        (finding,) = examine(again).findings
        assert "not-there" in finding.message
        assert "onrecord models pull" in finding.cure


def test_a_catalogue_with_a_hole_is_seen(library: Library) -> None:
    with library.parts() as parts, parts.catalogue._database.writer() as connection:
        connection.execute("DELETE FROM embeddings WHERE key = (SELECT min(key) FROM embeddings)")
    assert "catalogue" in {finding.kind for finding in examine(library).findings}
