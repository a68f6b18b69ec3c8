"""What was acknowledged is found by the next search, while others write, and no change costs a rebuild."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.index import sync
from onrecord.index.doctor import examine
from onrecord.index.errors import LibraryClosed, StoreError
from onrecord.index.library import Library
from onrecord.index.search import searcher as search
from onrecord.index.search.view import Column, Order
from onrecord.index.settings import SearchOptions
from onrecord.index.text.terms import Terms
from onrecord.index.types import Article, Embedder, Filter, Vectors


class CountingEmbedder(Embedder, Protocol):
    embedded: list[str]


class SlowEmbedder:
    """Takes its time for passages, none for a query, and none for one text alone."""

    dimension, fingerprint = 64, "slow"

    def __init__(self, real: Embedder, seconds: float) -> None:
        self._real, self._seconds = real, seconds

    def embed_query(self, text: str) -> Vectors:
        return self._real.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if len(texts) > 1:
            time.sleep(self._seconds)
        return self._real.embed_passages(texts)


def article(n: int, *, kind: str = "long") -> Article:
    return Article(f"{kind}{n}", "Report", f"The {kind}{n}x committee met in hall {n % 7} and talked for {n} minutes.")


def finds(library: Library, one: Article) -> bool:
    query = next(word for word in one.text.split() if one.id in word)
    return any(hit.passage.article_id == one.id for hit in library.search(query, top_k=5))


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight passages are embedded together, so that fifty articles are a long addition."""
    monkeypatch.setattr(sync, "TOGETHER", 8)


@pytest.fixture(params=["exact", "codes", "chroma"])
def library(tmp_path: Path, embedder: Embedder, request: pytest.FixtureRequest) -> Iterator[Library]:
    search = {"codes": SearchOptions(exact_below=0), "chroma": SearchOptions(exact_below=0, chroma_from=0)}
    with Library(tmp_path / "data", embedder=SlowEmbedder(embedder, 0.4), search=search.get(request.param)) as library:
        library.add([article(n, kind="old") for n in range(5)])
        library.search("committee")
        yield library


@pytest.mark.slow
def test_no_search_misses_an_acknowledged_article_while_a_long_addition_runs(library: Library) -> None:
    long = [article(n) for n in range(80)]
    acknowledged: list[Article] = [article(n, kind="old") for n in range(5)]
    over = threading.Event()
    waited: list[float] = []

    def acknowledge(done: float, total: int) -> None:
        acknowledged.extend(long[max(0, int(done) - 3) : int(done)])

    def add_long() -> None:
        try:
            library.add(long, on_progress=acknowledge)
        finally:
            over.set()

    def add_short() -> int:
        n = 0
        while not over.is_set():
            began = time.monotonic()
            library.add([article(n, kind="short")])
            waited.append(time.monotonic() - began)
            acknowledged.append(article(n, kind="short"))
            n += 1
            time.sleep(0.05)
        return n

    def search() -> tuple[int, int]:
        searches = misses = 0
        while not over.is_set() or searches < 60:
            misses += not finds(library, acknowledged[-1 - searches % 3])
            searches += 1
        return searches, misses

    with ThreadPoolExecutor(6) as pool:
        adding, short = pool.submit(add_long), pool.submit(add_short)
        found = [one.result() for one in [pool.submit(search) for _ in range(4)]]
        adding.result()
        assert short.result() > 3, "short additions are let in between the groups of the long one"
    assert sum(searches for searches, _ in found) >= 200
    assert sum(misses for _, misses in found) == 0
    assert len(library.articles()) == 85 + len(waited)
    assert examine(library).ok


def test_what_was_stored_since_a_long_addition_began_is_newer_and_stays(tmp_path: Path, embedder: Embedder) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([Article("changed", "T", "At first."), Article("removed", "T", "At first.")])
        long = [article(n) for n in range(8)]
        late = [Article(one, "T", "Of the long addition.") for one in ("new", "changed", "removed", "plain")]

        def meanwhile(done: float, total: int) -> None:
            if done == 8:
                library.add([Article("new", "T", "Newer."), Article("changed", "T", "Newer.")])
                library.remove(["removed"])

        library.add([*long, *late], on_progress=meanwhile)
        assert library.article("new").text == "Newer."
        assert library.article("changed").text == "Newer."
        assert library.article("plain").text == "Of the long addition."
        assert "removed" not in {one.id for one in library.articles()}
        assert library.document_frequency("newer") == 2
        assert examine(library).ok


def test_a_file_keeps_its_article_though_another_writer_changed_it(tmp_path: Path, embedder: Embedder) -> None:
    file, more = tmp_path / "b.txt", tmp_path / "a.csv"
    file.write_text("The dam broke on Monday.")
    more.write_text("title,text\n" + "".join(f"T{n},The text {n}.\n" for n in range(8)))
    with Library(tmp_path / "data", embedder=embedder) as library:

        def meanwhile(done: float, total: int) -> None:
            if done == 8:
                library.add([replace(plain, title="Another title")])

        with Library(tmp_path / "other", embedder=embedder) as other:
            (known,) = other.add_paths([file]).added
            plain = other.article(known)
        library.add_paths([more, file], on_progress=meanwhile)
        assert library.article(known).title == "Another title"
        file.write_text("The dam held.")
        assert library.add_paths([file]).removed == (known,)


def test_closing_ends_a_long_addition_at_its_next_turn(tmp_path: Path, embedder: Embedder) -> None:
    library = Library(tmp_path / "data", embedder=embedder)
    with pytest.raises(LibraryClosed):
        library.add([article(n) for n in range(30)], on_progress=lambda done, total: library.close())
    with Library(tmp_path / "data", embedder=embedder) as again:
        assert len(again.articles()) == 8
        assert all(finds(again, article(n)) for n in range(8))
        assert examine(again).ok


def test_near_copies_in_two_additions_at_a_time_know_one_another(tmp_path: Path, embedder: Embedder) -> None:
    text = " ".join(f"Sentence {n} tells of item {n * 7} in hall {n % 9}." for n in range(40))
    with Library(tmp_path / "data", embedder=embedder) as library:

        def meanwhile(done: float, total: int) -> None:
            if done < total:
                library.add([Article("short", "S", text)])

        library.add([*(article(n) for n in range(8)), Article("last", "L", text)], on_progress=meanwhile)
        assert library.copies("last") == ("short",)
        library.remove(["short"])
        library.add([Article("next", "N", text)])
        assert library.copies("next") == ("last",)


# -- what a change costs ---------------------------------------------------------------------------------------------


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is taken apart into terms."""
    texts: list[str] = []
    real = Terms.codes

    def codes(self: Terms, text: str) -> list[int]:
        texts.append(text)
        return real(self, text)

    monkeypatch.setattr(Terms, "codes", codes)
    return texts


@pytest.mark.parametrize("size", [20, 100])
def test_one_more_article_costs_the_same_whatever_is_there(
    tmp_path: Path, embedder: Embedder, read: list[str], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([article(n) for n in range(size)])
        library.search("committee")
        with library.parts() as parts:
            for name in ("passage_rows", "vectors", "signatures", "articles", "article_ids"):
                monkeypatch.setattr(parts.catalogue, name, _refused(name))
            for change in ("add", "change", "remove"):
                read.clear()
                if (
                    change == "change"
                ):  # from here on Chroma is filled anew each time, where it is large behind the caller
                    monkeypatch.setattr(parts.vectors, "renew", lambda: None)
                    monkeypatch.setattr(parts.vectors, "repair", lambda: None)
                if change == "remove":
                    library.remove(["short1"])
                else:
                    library.add([replace(article(1, kind="short"), title=change)])
                assert finds(library, article(1, kind="short")) == (change != "remove")
                assert len(read) <= 3, "one passage and the queries"


def _refused(name: str) -> Any:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError(f"{name} reads the whole collection")

    return refused


def test_after_a_start_no_text_is_read_again_but_the_few_latest(
    tmp_path: Path, embedder: Embedder, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_UNSAVED", 50)
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([article(n) for n in range(60)])
        library.search("committee")
        library.add([article(n, kind="short") for n in range(10)])
        library.search("committee")
    read.clear()
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.search("committee")
        assert len(read) == 4 + 10 + 1, "the last of the first addition, the second, and the query"
        read.clear()
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.search("committee")
        assert len(read) == 1


def test_what_was_added_in_bulk_before_any_search_does_not_wait_for_the_first(
    tmp_path: Path, embedder: Embedder, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_UNSAVED", 50)
    with Library(tmp_path / "data", embedder=embedder) as library:
        for first in range(0, 200, 20):
            library.add([article(first + n, kind="short") for n in range(20)])
    read.clear()
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.search("committee")
        assert len(read) <= 50, "the latest and the query"


def test_a_change_that_could_not_be_followed_is_made_good_by_the_next_search(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([article(n) for n in range(5)])
        library.search("committee")
        with library.parts() as parts, monkeypatch.context() as patched:
            patched.setattr(parts.catalogue, "vectors_of", _refused("vectors_of"))
            with pytest.raises(AssertionError):
                library.add([article(6)])
        assert finds(library, article(6))


def test_a_removal_that_fails_leaves_the_article_to_be_found(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([article(n) for n in range(5)])
        library.search("committee")
        with library.parts() as parts, monkeypatch.context() as patched:

            def full(ids: object) -> None:
                raise StoreError("the disk is full")

            patched.setattr(parts.catalogue, "remove", full)
            with pytest.raises(StoreError):
                library.remove(["long3"])
        assert finds(library, article(3))
        assert library.document_frequency("long3x") == 1
        assert examine(library).ok
    with Library(tmp_path / "data", embedder=embedder) as library:
        assert library.document_frequency("long3x") == 1
        assert examine(library).ok


def test_nothing_of_a_removed_article_stays_in_the_keyword_files_though_no_search_was_made(
    tmp_path: Path, embedder: Embedder
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([article(n) for n in range(5)])
        library.search("committee")
    code = Terms().codes("long3x")[0].to_bytes(8, "little")
    assert code in _bytes(tmp_path / "data" / "keywords")
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.remove(["long3"])
        assert code not in _bytes(tmp_path / "data" / "keywords")
        assert library.document_frequency("long4x") == 1


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_keywords_of_a_later_catalogue_are_not_taken_for_those_of_one_that_was_put_back(
    tmp_path: Path, embedder: Embedder
) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.sqlite3"
    with Library(data, embedder=embedder) as library:
        library.add([article(1)])
    copy.write_bytes((data / "catalogue.sqlite3").read_bytes())
    with Library(data, embedder=embedder) as library:
        library.add([article(2)])
        library.search("committee")
    (data / "catalogue.sqlite3").write_bytes(copy.read_bytes())
    with Library(data, embedder=embedder) as library:
        library.add([article(3)])  # under the key that article 2 had
        assert finds(library, article(3))
        assert not library.document_frequency("long2x")
        assert library.document_frequency("long3x")


# -- the whole library, after any changes ------------------------------------------------------------------------------

names = st.sampled_from("abcdefgh")
words = st.lists(st.sampled_from(["bridge", "ferry", "coin", "mayor", "euro"]), min_size=1, max_size=8).map(" ".join)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.dictionaries(names, words, min_size=1, max_size=4)),
        st.tuples(st.just("remove"), st.lists(names, min_size=1, max_size=3)),
        st.tuples(st.just("search"), words),
        st.tuples(st.just("reopen"), st.none()),
    ),
    min_size=1,
    max_size=10,
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(changes=changes, query=words)
def test_a_library_that_changed_ranks_as_a_fresh_one(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, Any]], query: str
) -> None:
    from tests.conftest import FakeEmbedder

    folder = tmp_path_factory.mktemp("library")
    held: dict[str, Article] = {}
    library = Library(folder / "changed", embedder=FakeEmbedder())
    for change, what in changes:
        if change == "add":
            some = {name: Article(name, "T", text) for name, text in what.items()}
            library.add(some.values())
            held |= some
        elif change == "remove":
            gone = [name for name in dict.fromkeys(what) if held.pop(name, None)]
            library.remove(gone)
        elif change == "search":
            library.search(what)
        else:
            library.close()
            library = Library(folder / "changed", embedder=FakeEmbedder())
    with library, Library(folder / "fresh", embedder=FakeEmbedder()) as fresh:
        fresh.add(held.values())
        for where in (None, Filter(articles=("a", "b", "c"))):
            ranked = [_ranked(one, query, where) for one in (library, fresh)]
            assert ranked[0].keys() == ranked[1].keys()
            assert np.allclose([ranked[0][one] for one in ranked[0]], [ranked[1][one] for one in ranked[0]])
        assert examine(library).ok


def _ranked(library: Library, query: str, where: Filter | None) -> dict[str, float]:
    return {hit.passage.article_id: hit.score for hit in library.search(query, top_k=50, where=where)}


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["file", "last rows", "removal", "damage"])
def test_whatever_became_of_the_codes_on_disk_searches_find_what_is_there(
    tmp_path: Path, embedder: Embedder, lost: str
) -> None:
    folder, coded = tmp_path / "data", SearchOptions(exact_below=0)
    file = folder / "codes"
    with Library(folder, embedder=embedder, search=coded) as library:
        library.add([article(n) for n in range(30)])
        library.search("committee")
        before = file.read_bytes()
    with Library(folder, embedder=embedder, search=coded) as library:
        library.add([article(n) for n in range(30, 40)])
        library.search("committee")
        if lost == "removal":
            library.remove(["long3"])
    match lost:
        case "file":
            file.unlink()
        case "damage":
            file.write_bytes(file.read_bytes()[:-5] + b"wrong")
        case _:
            file.write_bytes(before)
    with Library(folder, embedder=embedder, search=coded) as library:
        there = [article(n) for n in range(40) if lost != "removal" or n != 3]
        assert all(finds(library, one) for one in there)
        assert not finds(library, article(3)) or lost != "removal"
        assert examine(library).ok
        assert len(file.read_bytes()) > 0


@pytest.mark.parametrize("allowed", [1.0, 0.5, 0.02, 0.0])
def test_the_best_keywords_behind_a_filter_are_the_best_of_all_that_it_allows(allowed: float) -> None:
    rng = np.random.default_rng(7)
    held = np.arange(0, 15_000, 3, dtype=np.int64)
    keys = np.sort(rng.choice(held, 4000, replace=False))
    scores = rng.permutation(4000).astype(np.float32)
    mask = rng.random(len(held)) < allowed
    wanted = {int(key): float(score) for key, score in zip(keys, scores, strict=True) if mask[key // 3]}
    best = sorted(wanted, key=lambda key: -wanted[key])[:20]
    assert search.best_keywords(held, keys, scores, 20, mask) == {key: wanted[key] for key in best}


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_column_grows_in_its_order_and_what_was_handed_out_stays(order: Order) -> None:
    rows = np.arange(120, dtype=np.uint64).reshape(20, 6)
    first = Column(rows[:5], order)
    second = first.plus(rows[5:6]).plus(rows[6:])
    assert (second.values == rows).all() and (first.values == rows[:5]).all()
    assert second.values[:, 0].flags.contiguous == (order == "F")
