"""Adding, changing and removing: only what changed is worked on, and a kill at any instant leaves whole articles."""

import inspect
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from onrecord.index.doctor import examine
from onrecord.index.errors import StoreError
from onrecord.index.library import Library
from onrecord.index.making import LONG
from onrecord.index.settings import IndexSettings, SearchOptions
from onrecord.index.types import Article, Embedder, SyncReport, Vectors


class CountingEmbedder(Embedder, Protocol):
    embedded: list[str]


@pytest.fixture
def library(tmp_path: Path, embedder: CountingEmbedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        yield library


def test_adding_one_article_embeds_no_other_and_drops_none(library: Library, embedder: CountingEmbedder) -> None:
    embedder.embedded.clear()
    report = library.add([Article("new", "New", "A new article about tulips.")])
    assert report == SyncReport(added=("new",))
    assert embedder.embedded == ["New. A new article about tulips."]
    assert [one.id for one in library.articles()] == ["bridge", "ferry", "museum", "new"]


def test_adding_the_same_again_does_nothing(
    library: Library, embedder: CountingEmbedder, articles: tuple[Article, ...]
) -> None:
    embedder.embedded.clear()
    revision = library.revision
    assert library.add(articles) == SyncReport(unchanged=("bridge", "ferry", "museum"))
    assert embedder.embedded == []
    assert library.revision == revision


def test_a_changed_article_replaces_the_old_one_everywhere(library: Library, articles: tuple[Article, ...]) -> None:
    report = library.add([replace(articles[2], text="The museum now shows tapestries. The loot was sold.")])
    assert report == SyncReport(changed=("museum",))
    assert library.search("Which tapestries?")[0].passage.article_id == "museum"
    assert not library.document_frequency("Nadia")
    assert not library.document_frequency("coins 1643")
    assert examine(library).ok


def test_the_old_version_stands_until_the_new_one_is_embedded(
    library: Library, embedder: CountingEmbedder, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(texts: object) -> object:
        assert library.article("museum") == articles[2]
        raise RuntimeError("the embedder died")

    monkeypatch.setattr(embedder, "embed_passages", fails)
    with pytest.raises(RuntimeError):
        library.add([replace(articles[2], text="Something else.")])
    assert library.article("museum") == articles[2]
    assert examine(library).ok


def test_the_last_of_two_versions_in_one_call_counts(library: Library) -> None:
    library.add([Article("x", "T", "First version."), Article("x", "T", "Second version.")])
    assert library.article("x").text == "Second version."
    assert examine(library).ok


@pytest.mark.slow
def test_progress_counts_articles_to_the_end(tmp_path: Path, embedder: CountingEmbedder) -> None:
    seen: list[tuple[float, int]] = []
    many = [Article(f"a{n}", "T", f"Article number {n} says little.") for n in range(300)]
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(many, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(128, 300), (256, 300), (300, 300)]


@pytest.mark.slow
def test_a_long_article_shows_its_progress_part_by_part(tmp_path: Path, embedder: CountingEmbedder) -> None:
    seen: list[float] = []
    text = " ".join(f"Sentence number {n} of this book says that little happened in the year {n}." for n in range(5000))
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add([Article("book", "T", text)], on_progress=lambda done, total: seen.append(done))
        count = library.passage_count
        assert not examine(library).findings
    assert len(seen) == -(-count // LONG) > 2
    assert seen == sorted(set(seen)) and seen[-1] == 1
    assert seen[0] == LONG / count


def test_a_changed_file_replaces_what_it_held_before(tmp_path: Path, embedder: CountingEmbedder) -> None:
    file = tmp_path / "story.txt"
    file.write_text("The dam broke on Monday.\nThree villages were flooded.")
    with Library(tmp_path / "data", embedder=embedder) as library:
        (old,) = library.add_paths([file]).added
        assert library.add_paths([file]) == SyncReport(unchanged=(old,))
        file.write_text("The dam held on Monday.\nNo village was flooded.")
        report = library.add_paths([file])
        assert report.removed == (old,)
        assert [one.id for one in library.articles()] == list(report.changed)
        assert not library.document_frequency("broke")
        assert examine(library).ok


def test_a_row_that_left_its_file_is_retired_and_the_others_stay(tmp_path: Path, embedder: CountingEmbedder) -> None:
    file = tmp_path / "stories.csv"
    file.write_text("title,text\nDam,The dam broke on Monday.\nTulips,The tulips bloom in May.\n")
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add_paths([file])
        file.write_text("title,text\nTulips,The tulips bloom in May.\n")
        embedder.embedded.clear()
        report = library.add_paths([file])
        assert len(report.removed) == 1
        assert embedder.embedded == []
        assert [one.title for one in library.articles()] == ["Tulips"]
        assert examine(library).ok


def test_an_article_that_another_file_holds_too_is_not_retired(tmp_path: Path, embedder: CountingEmbedder) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("The dam broke on Monday.")
    two.write_text("The dam broke on Monday.")
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add_paths([one])
        library.add_paths([two])
        one.write_text("The tulips bloom in May.")
        assert library.add_paths([one]).removed == ()
        texts = {library.article(info.id).text for info in library.articles()}
        assert texts == {"The dam broke on Monday.", "The tulips bloom in May."}


def test_a_file_that_cannot_be_read_is_reported_and_stops_nothing(tmp_path: Path, embedder: CountingEmbedder) -> None:
    (tmp_path / "good.txt").write_text("The dam broke on Monday.")
    (tmp_path / "empty.txt").write_text("")
    with Library(tmp_path / "data", embedder=embedder) as library:
        report = library.add_paths([tmp_path / "good.txt", tmp_path / "empty.txt", tmp_path / "missing.txt"])
        assert len(report.added) == 1
        assert [Path(path).name for path, _ in report.failed] == ["empty.txt", "missing.txt"]


def test_near_copies_know_one_another_and_the_earliest_comes_first(
    library: Library, articles: tuple[Article, ...]
) -> None:
    text = " ".join(f"Sentence {n} tells of item {n * 7} in hall {n % 9}." for n in range(40))
    library.add([Article("wire", "W", text, published="2024-01-02")])
    library.add([Article("paper", "P", text + " A last line.", published="2024-01-01")])
    library.add([Article("blog", "B", text + " Another end.", published="2024-01-03")])
    assert library.copies("wire") == ("paper", "blog")
    assert library.copies("blog") == ("paper", "wire")
    assert library.copies("bridge") == ()
    library.remove(["paper"])
    assert library.copies("blog") == ("wire",)


def test_a_chroma_server_that_is_away_is_known_before_anything_is_embedded(
    tmp_path: Path, embedder: CountingEmbedder, articles: tuple[Article, ...]
) -> None:
    settings = IndexSettings(chroma_url="http://127.0.0.1:9")
    with Library(tmp_path / "data", embedder=embedder, settings=settings) as library:
        with pytest.raises(StoreError, match="Chroma server"):
            library.add(articles)
        assert embedder.embedded == []
        assert library.articles() == ()


# A process that is ended by SIGKILL before its n-th step, a step being any statement of the catalogue's writer, or
# either side of any call that changes Chroma. Each n is a fork of one process that has everything imported.
CHILD = textwrap.dedent(
    """
    from __future__ import annotations
    import os, shutil, signal, sys
    import chromadb, httpx, Stemmer
    import chromadb.api.models.Collection as collection
    from onrecord.index.library import Library
    from onrecord.index.settings import SearchOptions
    from onrecord.index.types import Article
    import numpy as np

    SEARCH = SearchOptions(exact_below=0, chroma_from=0)  # so that Chroma follows at once

    CHILD_EMBEDDER

    OLD = [Article("a", "A", "The old text of a. It has two sentences."), Article("b", "B", "This is b. It stays.")]
    NEW = [Article("a", "A", "The new text of a. It has three. Really."), Article("c", "C", "This is c. It is new.")]
    JOBS = {"add": lambda l: l.add(NEW), "remove": lambda l: l.remove(["a"]), "rebuild": lambda l: l.rebuild()}

    def prepare(folder):
        with Library(folder, embedder=ChildEmbedder(), search=SEARCH) as library:
            library.add(OLD)
            library.search("text")

    def run(folder, job, last):
        left = [last]
        def step(*_):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        for name in ("add", "delete"):
            def counted(self, *args, _real=getattr(collection.Collection, name), **more):
                step(); result = _real(self, *args, **more); step(); return result
            setattr(collection.Collection, name, counted)
        real = shutil.rmtree
        def removed(*args, **more):
            step(); real(*args, **more); step()
        shutil.rmtree = removed
        with Library(folder, embedder=ChildEmbedder(), search=SEARCH) as library:
            library._catalogue._database._writer.set_trace_callback(step)
            JOBS[job](library)

    def fork(work):
        pid = os.fork()
        if not pid:
            try:
                work()
                os._exit(0)
            except BaseException:
                import traceback; traceback.print_exc(); os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    base, job, stride = sys.argv[1], sys.argv[2], int(sys.argv[3])
    assert fork(lambda: prepare(base)) == 0
    n = 0
    while True:
        folder = f"{base}-{job}-{n}"
        shutil.copytree(base, folder)
        code = fork(lambda: run(folder, job, n))
        print(n, code, flush=True)
        if code != -signal.SIGKILL:
            break
        n += stride
    """
)
OLD_A, NEW_A = "The old text of a. It has two sentences.", "The new text of a. It has three. Really."


def check_added(texts: dict[str, str]) -> None:
    assert texts["a"] in (OLD_A, NEW_A)
    assert texts["b"] == "This is b. It stays."
    assert texts.get("c", "This is c. It is new.") == "This is c. It is new."
    assert not ("c" in texts and texts["a"] == OLD_A), "c comes after a"


def check_removed(texts: dict[str, str]) -> None:
    assert texts in ({"a": OLD_A, "b": "This is b. It stays."}, {"b": "This is b. It stays."})


def check_rebuilt(texts: dict[str, str]) -> None:
    assert texts == {"a": OLD_A, "b": "This is b. It stays."}


class ChildEmbedder:
    """Counts words by their bytes: the same vectors in the child and in the process that looks after it."""

    dimension, fingerprint = 8, "child"

    def embed_query(self, text: str) -> Vectors:
        return self.embed_passages([text])[0]  # type: ignore[no-any-return]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        rows = [np.bincount([sum(w.encode()) % 8 for w in text.split()], minlength=8) + 1e-3 for text in texts]
        counts = np.array(rows, dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "stride", "check"), [("add", 2, check_added), ("remove", 2, check_removed), ("rebuild", 1, check_rebuilt)]
)
def test_killed_at_any_step_the_next_start_is_consistent(
    tmp_path: Path, job: str, stride: int, check: Callable[[dict[str, str]], None]
) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD.replace("CHILD_EMBEDDER", inspect.getsource(ChildEmbedder)))
    command = [sys.executable, str(script), str(tmp_path / "data"), job, str(stride)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    codes = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert codes[-1] == 0, done.stderr
    assert codes[:-1] == [-signal.SIGKILL] * (len(codes) - 1)
    assert len(codes) > 5
    for folder in sorted(tmp_path.glob(f"data-{job}-*")):
        with Library(folder, embedder=ChildEmbedder(), search=SearchOptions(exact_below=0, chroma_from=0)) as library:
            check({info.id: library.article(info.id).text for info in library.articles()})
            for info in library.articles():
                text = library.article(info.id).text
                assert all(text[s.start_char : s.end_char] == s.text for s in library.sentences(info.id))
                assert any(hit.passage.article_id == info.id for hit in library.search(text))
            report = examine(library)
            assert report.ok, (folder.name, report)
        shutil.rmtree(folder)
