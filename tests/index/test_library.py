"""The library: search, filters, removal without remains, one owner, many readers."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

import onrecord.index
from onrecord.index.errors import IndexMismatch, InputError, LibraryBusy, LibraryClosed, StoreError, UnknownArticle
from onrecord.index.library import Library
from onrecord.index.settings import IndexSettings, SearchOptions
from onrecord.index.store import entries
from onrecord.index.store.catalogue import FILE
from onrecord.index.store.codes import codes_of
from onrecord.index.text.passages import passage_text_for_search
from onrecord.index.text.terms import Terms
from onrecord.index.types import Article, Embedder, Filter, Vectors
from tests.conftest import fill


class NamedEmbedder(Embedder, Protocol):
    fingerprint: str
    embedded: list[str]


@pytest.fixture(params=["exact", "codes", "chroma", "ranks"])
def search(request: pytest.FixtureRequest) -> SearchOptions:
    return {
        "exact": SearchOptions(),
        "codes": SearchOptions(exact_below=0),
        "chroma": SearchOptions(exact_below=0, chroma_from=0),
        "ranks": SearchOptions(fusion="rrf"),
    }[request.param]


@pytest.fixture
def library(
    tmp_path: Path, embedder: NamedEmbedder, articles: tuple[Article, ...], search: SearchOptions
) -> Iterator[Library]:
    fill(tmp_path / "data", embedder, articles)
    with Library(tmp_path / "data", embedder=embedder, search=search) as library:
        yield library


@pytest.fixture
def small(tmp_path: Path, embedder: NamedEmbedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    fill(tmp_path / "data", embedder, articles)
    with Library(tmp_path / "data", embedder=embedder) as library:
        yield library


# -- search ------------------------------------------------------------------------------------------------------


def test_the_passage_that_answers_comes_first(library: Library) -> None:
    hits = library.search("How many silver coins did divers recover from the harbour?")
    assert hits[0].passage.article_id == "museum"
    assert "312 silver coins" in hits[0].passage.text
    assert hits[0].found_by == "fused"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_every_hit_quotes_its_article_by_offset(library: Library) -> None:
    for hit in library.search("bridge repairs cost", top_k=20):
        text = library.article(hit.passage.article_id).text
        for sentence in hit.passage.sentences:
            assert text[sentence.start_char : sentence.end_char] == sentence.text


def test_top_k_bounds_the_hits(library: Library) -> None:
    assert len(library.search("bridge", top_k=1)) == 1
    assert library.search("bridge", top_k=0) == ()


def test_every_hit_has_the_cosine_of_its_passage_and_the_query(library: Library) -> None:
    query = "How many silver coins did divers recover?"
    for hit in library.search(query, top_k=20):
        title = library.article(hit.passage.article_id).title
        embedder = library.embedder
        both = embedder.embed_query(query), embedder.embed_passages([passage_text_for_search(title, hit.passage)])[0]
        assert hit.nearness == pytest.approx(float(both[0] @ both[1]), abs=1e-5)


def test_nothing_that_is_less_near_than_the_floor_is_returned(library: Library) -> None:
    query = "How many silver coins did divers recover from the harbour?"
    every = library.search(query, top_k=20)
    floor = sorted(hit.nearness for hit in every)[-1]
    assert library.search(query, top_k=20, min_score=floor) == tuple(h for h in every if h.nearness >= floor)
    assert library.search(query, top_k=20, min_score=1.0) == ()
    assert library.search(query, top_k=20, min_score=-1.0) == every


def test_articles_are_counted_and_listed_a_page_at_a_time(library: Library) -> None:
    library.add([Article(f"more-{n}", "", f"It opens at {n}.", source="Sky" if n % 2 else "") for n in range(9)])
    everything, sky = library.articles(), Filter(sources=("Sky",))
    assert library.article_count() == len(everything) and library.article_count(sky) == 4
    assert library.articles(offset=2, limit=3) == everything[2:5]
    assert library.articles(sky, offset=3, limit=3) == library.articles(sky)[3:]
    assert library.articles(offset=2) == everything[2:]
    assert library.articles(offset=len(everything), limit=3) == ()


def test_undated_articles_that_a_filter_of_days_leaves_out_are_counted(library: Library) -> None:
    library.add(
        [Article("undated", "", "The bridge has no date."), Article("other", "", "Nor has this.", source="Sky")]
    )
    assert library.undated(Filter(published_from="2024")) == 2
    assert library.undated(Filter(published_from="2024", sources=("Sky",))) == 1
    assert library.undated(Filter(sources=("Sky",))) == 0


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Filter(), {"bridge", "ferry", "museum"}),
        (Filter(articles=("ferry",)), {"ferry"}),
        (Filter(sources=("larnville courier", "Asel Weekly")), {"bridge", "museum"}),
        (Filter(published_from="2024-03-05"), {"ferry", "museum"}),
        (Filter(published_to="2024-03-04"), {"bridge"}),
        (Filter(sources=("River Herald",), published_to="2024-03-08"), set()),
        (Filter(articles=("unknown",)), set()),
    ],
)
def test_a_filter_reaches_meaning_and_keywords(library: Library, where: Filter, found: set[str]) -> None:
    hits = library.search("bridge repair euros coins ferry", top_k=20, where=where)
    assert {hit.passage.article_id for hit in hits} == found


def test_exact_search_codes_and_chroma_rank_alike(
    tmp_path: Path, embedder: NamedEmbedder, articles: tuple[Article, ...]
) -> None:
    found = []
    for name, below, chroma_from in (("exact", 1000, 1000), ("codes", 0, 1000), ("chroma", 0, 0)):
        search = SearchOptions(exact_below=below, chroma_from=chroma_from)
        with Library(tmp_path / name, embedder=embedder, search=search) as library:
            library.add(articles)
            found.append([(hit.passage.id, round(hit.score, 4)) for hit in library.search("Who runs the ferry?")])
    assert found[0] == found[1] == found[2]


def test_a_vector_of_the_callers_own_is_used(library: Library, embedder: NamedEmbedder) -> None:
    vector = embedder.embed_query("divers recovered silver coins")
    assert library.search("zzz", query_vector=vector)[0].passage.article_id == "museum"
    assert library.search("zzz", query_vector=vector)[0].found_by == "dense"


@pytest.mark.parametrize("query", ["", "   \n"])
def test_an_empty_query_finds_nothing(library: Library, query: str) -> None:
    assert library.search(query) == ()


def test_a_query_of_twenty_thousand_characters_is_searched(library: Library) -> None:
    assert library.search("Which bridge was closed? " * 800)[0].passage.article_id == "bridge"


def test_an_empty_collection_finds_nothing_and_loads_no_embedder(tmp_path: Path) -> None:
    with Library(tmp_path / "data", settings=IndexSettings(embedder="not-there")) as library:
        assert library.search("Anything?") == ()
        assert library.passage_count == 0
        assert not library.document_frequency("anything")


def test_terms_are_counted_by_passage(library: Library) -> None:
    assert library.document_frequency("divers") == 1
    assert library.document_frequency("Diver")
    assert not library.document_frequency("zeppelin")


def test_a_search_after_a_change_sees_it(library: Library) -> None:
    assert not library.document_frequency("tulip")
    library.add([Article("tulips", "Tulips", "The tulips bloom in May.")])
    assert library.search("When do tulips bloom?")[0].passage.article_id == "tulips"
    library.remove(["tulips"])
    assert not any(hit.passage.article_id == "tulips" for hit in library.search("When do tulips bloom?"))


# -- what is stored ----------------------------------------------------------------------------------------------


def test_the_list_shows_the_facts_of_each_article(small: Library) -> None:
    info = small.articles(Filter(articles=("ferry",)))[0]
    assert (info.id, info.title, info.source, info.published) == (
        "ferry", "Ferry to replace closed bridge", "River Herald", "2024-03-09",
    )  # fmt: skip
    assert info.words == len(small.article("ferry").text.split())
    assert info.added.startswith("20")


def test_a_text_is_normalised_once_and_then_stays(small: Library) -> None:
    small.add([Article("x", "T", "  One line.\r\nAnother line with e\u0301.\r\n")])
    text = small.article("x").text
    assert text == "One line.\nAnother line with é."
    assert small.add([replace(small.article("x"))]).unchanged == ("x",)


@pytest.mark.parametrize("method", ["article", "sentences", "copies"])
def test_an_unknown_id_is_an_error(small: Library, method: str) -> None:
    with pytest.raises(UnknownArticle, match="nowhere"):
        getattr(small, method)("nowhere")


def test_removing_an_unknown_id_removes_nothing_else(small: Library) -> None:
    with pytest.raises(UnknownArticle, match="nowhere"):
        small.remove(["bridge", "nowhere"])
    assert len(small.articles()) == 3


def test_everything_is_there_after_a_restart(
    tmp_path: Path, embedder: NamedEmbedder, articles: tuple[Article, ...]
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        before = library.search("bridge")
    embedder.embedded.clear()
    with Library(tmp_path / "data", embedder=embedder) as library:
        assert library.search("bridge") == before
        assert library.article("bridge") == articles[0]
    assert embedder.embedded == []


def test_a_removed_article_leaves_no_vector_keyword_or_text_behind(
    tmp_path: Path, embedder: NamedEmbedder, articles: tuple[Article, ...]
) -> None:
    folder = tmp_path / "data"
    with Library(folder, embedder=embedder, search=SearchOptions(exact_below=0, chroma_from=0)) as library:
        library.add(articles)
        assert library.search("silver coins of the museum")
        with library.parts() as parts:
            keys = [int(k) for k, a in zip(*parts.catalogue.passage_rows(), strict=True) if a == "museum"]
            vectors = [row.vector for row in parts.catalogue.vector_rows(keys)]
        marks = [
            b"Nadia",
            b"silver coins",
            b"asel.example",
            b"Asel Weekly",
            b"asel weekly",
            b"museum",
            b"1643",
            *(code.to_bytes(8, "little") for code in Terms().codes("Nadia 1643")),  # as the keyword files hold it
            *(vector.tobytes() for vector in vectors),
            *(code.tobytes() for code in codes_of(np.stack(vectors))),
        ]
        stores = (FILE, "chroma", "keywords", "codes")
        assert all(any(mark in content for mark in marks) for content in map(_content, [folder] * 4, stores))
        library.remove(["museum"])
        assert not any(hit.passage.article_id == "museum" for hit in library.search("silver coins", top_k=50))
        with library.parts() as parts:
            assert not parts.vectors.keys() & set(keys)
    for store in (*stores, ""):
        assert [mark for mark in marks if mark in _content(folder, store)] == []
    assert b"Larnville" in _content(folder, FILE)


def _content(folder: Path, store: str) -> bytes:
    """Every byte of a store's files; the catalogue's write-ahead log is part of it."""
    return b"".join(
        file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.relative_to(folder).parts[0].startswith(store)
    )


# -- one owner, many threads --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_process_is_told_who_holds_the_folder_and_how_to_share(small: Library) -> None:
    code = f"from onrecord.index import Library\nLibrary({str(small.path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "LibraryBusy" in last
    assert f"process {os.getpid()} on {socket.gethostname()}" in last
    assert "onrecord serve" in last


def test_a_second_opening_in_the_same_process_is_refused_too(small: Library) -> None:
    with pytest.raises(LibraryBusy, match="in use by process"):
        Library(small.path)


def test_the_folder_is_free_again_after_close(small: Library, embedder: NamedEmbedder) -> None:
    small.close()
    small.close()
    assert small.closed
    with Library(small.path, embedder=embedder) as again:
        assert len(again.articles()) == 3


def test_a_library_that_could_not_be_opened_holds_no_lock(tmp_path: Path, embedder: NamedEmbedder) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="damaged"):
        Library(tmp_path, embedder=embedder)
    (tmp_path / FILE).unlink()
    Library(tmp_path, embedder=embedder).close()


def test_a_closed_library_says_so(small: Library) -> None:
    small.close()
    for call in (
        lambda: small.search("bridge"),
        lambda: small.article("bridge"),
        lambda: small.articles(),
        lambda: small.add([]),
        lambda: small.remove(["bridge"]),
        lambda: small.revision,
        lambda: small.__enter__(),
    ):
        with pytest.raises(LibraryClosed, match="open it again"):
            call()


def test_threads_search_while_one_writes(small: Library) -> None:
    stop = threading.Event()

    def read() -> set[str]:
        found = set()
        while not stop.is_set():
            found.add(small.search("Old Mill Bridge closed")[0].passage.article_id)
        return found

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for n in range(12):
            small.add([Article(f"new{n}", "Tulips", f"Tulip number {n} blooms.")])
        small.remove([f"new{n}" for n in range(12)])
        stop.set()
        assert all(reader.result() == {"bridge"} for reader in readers)
    assert len(small.articles()) == 3


@pytest.mark.slow
def test_while_articles_are_added_those_that_are_stored_are_found(small: Library) -> None:
    found: list[int] = []

    def look(done: float, total: int) -> None:
        found.append(sum(hit.passage.article_id.startswith("new") for hit in small.search("tulips", top_k=500)))

    small.search("bridge")
    small.add([Article(f"new{n}", "Tulips", f"Tulip number {n} blooms.") for n in range(200)], on_progress=look)
    assert found == [128, 200]


def test_it_works_from_asyncio(small: Library) -> None:
    async def ask() -> list[str]:
        found = await asyncio.gather(*(asyncio.to_thread(small.search, "silver coins") for _ in range(8)))
        return [hits[0].passage.article_id for hits in found]

    assert asyncio.run(ask()) == ["museum"] * 8


# -- what does not fit --------------------------------------------------------------------------------------------


def test_an_index_of_another_embedder_is_refused_with_the_cure(small: Library, embedder: NamedEmbedder) -> None:
    small.close()
    embedder.fingerprint = "fake-embedder-2"
    with Library(small.path, embedder=embedder) as library:
        for call in (lambda: library.search("bridge"), lambda: library.add([Article("x", "T", "Text.")])):
            with pytest.raises(IndexMismatch, match=r"'fake-embedder-1', now 'fake-embedder-2'.*onrecord rebuild"):
                call()
        assert library.rebuild() == 3
        assert library.search("silver coins")[0].passage.article_id == "museum"


def test_passages_cut_otherwise_are_not_mixed_in(small: Library, embedder: NamedEmbedder) -> None:
    small.close()
    settings = IndexSettings(passage_words=20)
    with Library(small.path, embedder=embedder, settings=settings) as library:
        assert library.search("silver coins")[0].passage.article_id == "museum"
        with pytest.raises(IndexMismatch, match="words 110, now 20"):
            library.add([Article("x", "T", "Text.")])
        before = library.passage_count
        library.rebuild()
        assert library.passage_count > before
        library.add([Article("x", "T", "Text.")])


def test_an_empty_collection_takes_any_embedder(small: Library, embedder: NamedEmbedder) -> None:
    small.remove(["bridge", "ferry", "museum"])
    embedder.fingerprint = "fake-embedder-2"
    assert small.add([Article("x", "T", "Text.")]).added == ("x",)


def test_a_folder_that_may_not_be_written_is_plain_errors() -> None:
    folder = Path(tempfile.mkdtemp(prefix="onrecord-", dir="/tmp"))
    folder.chmod(0o555)
    root = os.geteuid() == 0
    try:
        if root:  # root may write anywhere
            os.seteuid(65534)
        with pytest.raises(StoreError, match=r"cannot be used \(Permission denied\).*--data"):
            Library(folder)
    finally:
        if root:
            os.seteuid(0)
        folder.rmdir()


def test_a_folder_that_is_a_file_is_plain_errors(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be used"):
        Library(tmp_path / "file")


# -- the door -----------------------------------------------------------------------------------------------------


def test_the_door_holds_what_it_says() -> None:
    for name in onrecord.index.__all__:
        assert getattr(onrecord.index, name).__module__.startswith(("onrecord.index.", "numpy"))


def test_importing_the_room_loads_no_model_and_no_store() -> None:
    heavy = ["torch", "transformers", "sentence_transformers", "onnxruntime", "tokenizers", "chromadb"]
    code = f"import sys, json, onrecord.index; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.slow
def test_searching_and_adding_to_a_small_collection_load_neither_chroma_nor_torch(small: Library) -> None:
    small.close()
    code = f"""
import sys, json
import numpy as np
from onrecord.index import Article, Library
class Even:
    fingerprint, dimension = "fake-embedder-1", 64
    def embed_passages(self, texts):
        return np.full((len(texts), 64), 0.125, np.float32)
with Library({str(small.path)!r}, embedder=Even()) as library:
    library.add([Article("tram", "Tram", "The tram runs again.")])
    library.remove(["tram"])
    hits = library.search("silver coins", query_vector=np.zeros(64, np.float32))
    print(json.dumps([hits[0].passage.article_id, [m for m in ("chromadb", "torch") if m in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["museum", []]


def test_the_search_is_the_same_whatever_the_order_of_adding(
    tmp_path: Path, embedder: NamedEmbedder, articles: tuple[Article, ...]
) -> None:
    found = []
    for name, order in (("one", articles), ("two", articles[::-1])):
        with Library(tmp_path / name, embedder=embedder) as library:
            library.add(order)
            found.append([(hit.passage.id, hit.score) for hit in library.search("How much will the repairs cost?")])
    assert [i for i, _ in found[0]] == [i for i, _ in found[1]]
    assert np.allclose([s for _, s in found[0]], [s for _, s in found[1]])


def test_a_library_opened_in_one_thread_and_closed_in_another_frees_its_folder(tmp_path, embedder) -> None:  # type: ignore[no-untyped-def]
    with ThreadPoolExecutor(1) as pool:
        opened = pool.submit(Library, tmp_path / "data", embedder=embedder).result()
    opened.close()
    with Library(tmp_path / "data", embedder=embedder) as again:
        assert not again.closed


def test_a_folder_that_is_gone_or_another_one_is_said_before_anything_is_acknowledged(
    library: Library, articles: tuple[Article, ...]
) -> None:
    library.add(articles)
    moved = library.path.rename(library.path.with_name("elsewhere"))
    changes: tuple[Callable[[], object], ...] = (
        lambda: library.add([Article("new", "New", "The harbour froze on Tuesday.")]),
        lambda: library.add(articles),  # nothing to store, and yet they are kept nowhere
        lambda: library.remove(["ferry"]),
    )
    for change in changes:
        with pytest.raises(StoreError, match="was moved, deleted or replaced while it was in use"):
            change()
    moved.rename(library.path)
    assert library.add([Article("new", "New", "The harbour froze on Tuesday.")]).added == ("new",)
    assert {info.id for info in library.articles()} == {"bridge", "ferry", "museum", "new"}


def test_a_folder_that_goes_while_an_article_is_stored_is_said(
    library: Library, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(articles)
    put = entries.insert

    def gone(*given: object) -> object:
        library.path.rename(library.path.with_name("elsewhere"))
        return put(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(entries, "insert", gone)
    with pytest.raises(StoreError, match="was moved, deleted or replaced while it was in use"):
        library.add([Article("new", "New", "The harbour froze on Tuesday.")])


def test_an_edit_reaches_the_list_the_filters_and_the_keywords_and_leaves_the_text(small: Library) -> None:
    text, sentences = small.article("ferry").text, small.sentences("ferry")
    edited = small.edit("ferry", title="Zeppelin over the Larn", source=" Sky  Post ", published="11 March 2024")
    assert edited == small.article("ferry")
    assert (edited.title, edited.source, edited.published) == ("Zeppelin over the Larn", "Sky Post", "2024-03-11")
    assert (edited.text, small.sentences("ferry")) == (text, sentences)
    assert [one.id for one in small.articles(Filter(sources=("sky post",), published_from="2024-03-11"))] == ["ferry"]
    assert small.document_frequency("zeppelin") and not small.document_frequency("replace")
    assert small.search("zeppelin")[0].passage.article_id == "ferry"
    with small.parts() as parts:
        kept = {row.source for row in parts.catalogue.vector_rows(list(parts.catalogue.passage_rows()[0]))}
    assert "Sky Post" in kept and "River Herald" not in kept


def test_an_edit_holds_when_the_article_comes_again_and_is_forgotten_with_it(
    small: Library, embedder: NamedEmbedder
) -> None:
    ferry = small.article("ferry")
    small.edit("ferry", published="")
    assert small.add([ferry]).unchanged == ("ferry",)
    assert small.add([replace(ferry, text=ferry.text + " It is free.", title="The ferry")]).changed == ("ferry",)
    assert (small.article("ferry").published, small.article("ferry").title) == ("", "The ferry")
    small.close()
    with Library(small.path, embedder=embedder) as again:
        assert not again.add([replace(ferry, title="The ferry")]).unchanged  # the text is another one
        assert again.article("ferry").published == ""
        again.remove(["ferry"])
        again.add([ferry])
        assert again.article("ferry") == ferry


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"published": "yesterday"}, "“yesterday” is no day; write the date as 2024-03-09."),
        ({"published": "2024-13-01"}, "“2024-13-01” is no day; write the date as 2024-03-09."),
        ({"title": " ", "source": "Sky Post"}, "The title is empty; an article needs one."),
    ],
)
def test_a_fact_that_cannot_be_stored_is_one_sentence_and_changes_nothing(
    small: Library, facts: dict[str, str], said: str
) -> None:
    before = small.article("ferry"), small.revision
    with pytest.raises(InputError) as refused:
        small.edit("ferry", **facts)
    assert str(refused.value) == said
    assert (small.article("ferry"), small.revision) == before


def test_an_edit_meets_an_article_that_changes_meanwhile(small: Library, embedder: NamedEmbedder) -> None:
    ferry = small.article("ferry")
    embed = embedder.embed_passages

    def meanwhile(texts: Sequence[str]) -> Vectors:
        embedder.embed_passages = embed  # type: ignore[method-assign]
        small.add([replace(ferry, text=ferry.text + " It is free.")])
        return embed(texts)

    embedder.embed_passages = meanwhile  # type: ignore[method-assign]
    edited = small.edit("ferry", source="Sky Post")
    assert (edited.source, edited.text[-11:]) == ("Sky Post", "It is free.")
