"""Folders 700 and files 600, whatever the umask says and whoever made them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.index.library import Library
from onrecord.index.store import modes
from onrecord.index.types import Article, Embedder


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    found = [folder, *folder.rglob("*")]
    return [f"{one.name} {stat.S_IMODE(one.stat().st_mode):o}" for one in found if one.stat().st_mode & 0o077]


@pytest.mark.usefixtures("_open_umask")
def test_all_that_a_library_makes_is_its_owners_alone(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]
) -> None:
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        assert open_to_others(library.path) == []  # while it is open, the log included
        library.search("bridge")
        library.remove(["ferry"])
        library.rebuild()
        assert open_to_others(library.path) == []
    assert open_to_others(tmp_path / "data") == []
    assert {one.name for one in (tmp_path / "data").iterdir()} >= {"catalogue.sqlite3", "chroma", "keywords", "lock"}


def test_an_existing_folder_is_closed_when_it_is_opened_and_other_peoples_files_in_it_are_not(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]
) -> None:
    folder = tmp_path / "data"
    with Library(folder, embedder=embedder) as library:
        library.add(articles)
        library.search("bridge")
    (folder / "notes.txt").write_text("mine")
    for one in [folder, *folder.rglob("*")]:
        one.chmod(0o755 if one.is_dir() else 0o644)
    with Library(folder, embedder=embedder):
        assert open_to_others(folder) == ["notes.txt 644"]


def test_a_folder_that_all_share_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    modes.make_folder(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    modes.write_text(file, "before")
    with pytest.raises(UnicodeEncodeError):
        modes.write_text(file, "after \ud800")
    assert file.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
