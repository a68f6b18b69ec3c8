"""Chroma follows at once where searches need it, and later, behind whoever writes, where they are exact anyway."""

import time
from pathlib import Path

import pytest

from onrecord.index import upkeep
from onrecord.index.library import Library
from onrecord.index.settings import SearchOptions
from onrecord.index.types import Article, Embedder
from tests.conftest import fill

MORE = Article("tram", "Tram runs again", "The tram runs again. It takes 40 people.")


def test_a_small_collection_is_filled_into_chroma_behind_whoever_writes(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "IDLE", 0.01)
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        until = time.monotonic() + 20
        while not library._vectors.in_step and time.monotonic() < until:
            time.sleep(0.01)
        assert library._vectors.keys() == {int(key) for key in library._catalogue.passage_rows()[0]}


def test_the_addition_that_makes_a_collection_large_fills_chroma(tmp_path: Path, embedder: Embedder) -> None:
    fill(tmp_path / "data", embedder)
    with Library(tmp_path / "data", embedder=embedder) as small:
        count = small.passage_count
    search = SearchOptions(exact_below=count + 1, chroma_from=count + 1)
    with Library(tmp_path / "data", embedder=embedder, search=search) as library:
        assert not library._vectors.in_step
        library.add([MORE])
        assert library._vectors.in_step
        assert library._vectors.keys() == {int(key) for key in library._catalogue.passage_rows()[0]}
        assert library.search("Which tram runs again?")[0].passage.article_id == "tram"


@pytest.mark.slow
def test_while_articles_come_in_chroma_waits(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "IDLE", 1.0)
    with Library(tmp_path / "data", embedder=embedder) as library:
        for article in articles:
            library.add([article])
            time.sleep(0.6)
            assert not library._vectors.in_step
        library.remove([articles[0].id])
        until = time.monotonic() + 20
        while not library._vectors.in_step and time.monotonic() < until:
            time.sleep(0.01)
        assert library._vectors.keys() == {int(key) for key in library._catalogue.passage_rows()[0]}


def test_what_chroma_holds_of_a_removed_article_goes_at_once_though_no_search_looks_there(
    tmp_path: Path, embedder: Embedder
) -> None:
    fill(tmp_path / "data", embedder)
    with Library(tmp_path / "data", embedder=embedder) as library:
        with library.parts():  # filled
            held = list((library.path / "chroma").iterdir())
        assert held
        library.remove(["museum"])
        assert list((library.path / "chroma").iterdir()) == []
