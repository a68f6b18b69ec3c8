"""Watched folders: what appears, changes, goes, and cannot be read."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.index import InputError, Library
from onrecord.index.folders import SETTLED, Folders
from onrecord.index.settings import IndexSettings
from onrecord.index.store.folder_notes import FolderNotes
from tests.conftest import FakeEmbedder
from tests.web import STORY

FERRY = "A free ferry will carry pedestrians across the Larn while the Old Mill Bridge is shut, the city said."


@pytest.fixture
def library(tmp_path: Path, catalogue_url: str) -> Iterator[Library]:
    settings = IndexSettings(catalogue_url=catalogue_url)
    with Library(tmp_path / "data", embedder=FakeEmbedder(), settings=settings) as library:
        yield library


@pytest.fixture
def news(tmp_path: Path) -> Path:
    (tmp_path / "news").mkdir()
    return tmp_path / "news"


def put(path: Path, text: str, *, ago: float = 60) -> Path:
    """Writes the file, so many seconds ago."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - ago,) * 2)
    return path


def texts(library: Library) -> list[str]:
    return sorted(library.article(one.id).text for one in library.articles())


def test_what_appears_and_what_changes_is_added_and_the_rest_is_not_read_again(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY)
    library.folders.watch(news)
    assert len(library.folders.look(news).added) == 1
    put(news / "b.txt", FERRY)
    put(news / "a.txt", f"{STORY} It is old.", ago=50)
    report = library.folders.look(news)
    assert (len(report.changed) + len(report.added), len(report.unchanged)) == (2, 0)
    assert texts(library) == sorted([FERRY, f"{STORY} It is old."])
    assert library.folders.look(news) == type(report)()
    (folder,) = library.folders.watched()
    assert (folder.path, folder.files, folder.unread, folder.gone) == (str(news), 2, (), ())


def test_it_goes_on_after_a_restart_and_finds_what_happened_meanwhile(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY)
    library.folders.watch(news)
    library.folders.look(news)
    library.close()
    put(news / "b.txt", FERRY)
    with Library(library.path, embedder=FakeEmbedder(), settings=library.settings) as opened:
        assert (len(opened.folders.look_due().added), len(opened.articles())) == (1, 2)


def test_a_bad_file_is_noted_ends_nothing_and_is_tried_again_when_it_changes(library: Library, news: Path) -> None:
    put(news / "a.pdf", "no PDF")
    put(news / "b.txt", STORY)
    library.folders.watch(news)
    assert len(library.folders.look(news).added) == 1
    ((path, why),) = library.folders.watched()[0].unread
    assert path.endswith("a.pdf") and "damaged or not a PDF" in why
    assert library.folders.look(news).failed == ()
    put(news / "a.pdf", "still none", ago=50)
    assert len(library.folders.look(news).failed) == 1


def test_what_goes_is_said_and_stays_until_it_is_to_be_removed(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY)
    gone = put(news / "b.txt", FERRY)
    library.folders.watch(news)
    library.folders.look(news)
    gone.unlink()
    library.folders.look(news)
    assert library.folders.watched()[0].gone == (str(gone),)
    assert len(library.articles()) == 2
    assert len(library.folders.remove_gone(news).removed) == 1
    assert (texts(library), library.folders.watched()[0].gone) == ([STORY], ())


def test_a_file_that_comes_back_is_not_gone(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY)
    library.folders.watch(news)
    library.folders.look(news)
    (news / "a.txt").rename(news.parent / "a.txt")
    library.folders.look(news)
    (news.parent / "a.txt").rename(news / "a.txt")
    library.folders.look(news)
    assert library.folders.watched()[0].gone == ()
    assert len(library.articles()) == 1


def test_an_article_that_another_file_has_too_is_not_removed(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY)
    put(news / "copy.txt", STORY)
    library.folders.watch(news)
    library.folders.look(news)
    (news / "a.txt").unlink()
    library.folders.look(news)
    assert library.folders.remove_gone(news).removed == ()
    assert texts(library) == [STORY]


def test_of_a_folder_that_is_not_there_nothing_is_gone(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY)
    library.folders.watch(news)
    library.folders.look(news)
    news.rename(news.parent / "unplugged")
    library.folders.look(news)
    (folder,) = library.folders.watched()
    assert "is not there" in folder.said and folder.gone == ()
    (news.parent / "unplugged").rename(news)
    library.folders.look(news)
    assert library.folders.watched()[0].said == ""


def test_a_file_that_is_being_written_is_left_for_the_next_look(library: Library, news: Path) -> None:
    put(news / "a.txt", STORY[:20], ago=SETTLED / 4)
    library.folders.watch(news)
    assert library.folders.look(news).added == ()
    put(news / "a.txt", STORY)
    library.folders.look(news)
    assert texts(library) == [STORY]


def test_one_that_was_cut_off_between_storing_and_noting_stores_nothing_twice(
    library: Library, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(news / "a.txt", STORY)
    library.folders.watch(news)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FolderNotes, "read", cut_off)
    with pytest.raises(KeyboardInterrupt):
        library.folders.look(news)
    monkeypatch.undo()
    assert library.folders.look(news).added == ()
    assert texts(library) == [STORY]


def test_what_is_no_folder_is_not_watched_and_what_is_not_watched_cannot_be_left(library: Library, news: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        library.folders.watch(news / "a.txt")
    with pytest.raises(InputError, match="is not watched"):
        library.folders.unwatch(news)
    library.folders.watch(news)
    library.folders.unwatch(news)
    assert library.folders.watched() == ()


def test_a_folder_that_takes_long_is_looked_through_seldom(
    library: Library, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    clock = iter(range(100))
    monkeypatch.setattr("onrecord.index.folders.time.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(Folders, "look", lambda _, folder, **__: looks.append(folder))
    monkeypatch.setattr("onrecord.index.folders.joined", lambda _: None)
    library.folders.watch(news)
    for _ in range(10):
        library.folders.look_due()
    assert len(looks) == 1
