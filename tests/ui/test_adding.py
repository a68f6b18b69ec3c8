"""What becomes of files that are sent to the page, without a browser."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Limits
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.page.adding import Step, _indexing, add_files, add_folder
from tests.ui.fakes import FakeAssistant, FakeLibrary


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    folder = tmp_path / "data"
    folder.mkdir()
    library = FakeLibrary(folder)
    with closing(Conversations(folder / "conversations.sqlite")) as conversations:
        yield Collection("data", library, FakeAssistant(library), conversations, folder)


def sent(tmp_path: Path, **texts: str) -> list[str]:
    folder = tmp_path / "gradio  cache"
    folder.mkdir()
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return sorted(str(path) for path in folder.iterdir())


def last(steps: list[Step]) -> Step:
    return steps[-1]


def test_every_file_has_its_line_whatever_its_kind_and_none_shows_where_it_lay(
    collection: Collection, tmp_path: Path
) -> None:
    paths = sent(
        tmp_path,
        a__pages="x",
        b__jsonl='{"text": "A storm closed the port.", "published": "yesterday"}\n{"text": 123}',
        c__txt="The bridge was closed on Monday.",
        photo__jpg="x",
    )
    rows, note = last(list(add_files(collection, paths, Limits())))
    assert [(name, fine) for name, _, fine in rows] == [
        ("a.pages", False),
        ("b.jsonl", False),
        ("c.txt", True),
        ("photo.jpg", False),
    ]
    assert "of a kind that OnRecord does not read" in rows[0][1]
    assert rows[1][1].startswith("1 article read; b.jsonl: 1 line read, 1 line not: line 2 (its text is a number")
    assert "left out as the date: line 1 (“yesterday”)" in rows[1][1]
    assert rows[2][1] == "1 article read"
    assert note == "2 added."
    assert str(tmp_path) not in str(rows)
    assert "cache" not in str(rows)


def test_a_folder_shows_a_line_for_each_kind_that_was_passed_over(collection: Collection, tmp_path: Path) -> None:
    sent(tmp_path, a__txt="The bridge was closed on Monday.", **{f"p{n}__jpg": "x" for n in range(9)}, m__msg="x")
    rows, note = last(list(add_folder(collection, str(tmp_path / "gradio  cache"))))
    assert rows == [
        ("Passed over", "1 .msg file: m.msg.", False),
        ("Passed over", "9 .jpg files: p0.jpg, p1.jpg, p2.jpg and 6 more.", False),
    ]
    assert note == "1 added."


def test_what_is_said_while_it_is_indexed_moves_within_a_long_article() -> None:
    said: list[str] = []
    for done in (0.25, 1, 1.5):
        _indexing(said.append)(done, 2)
    assert said == ["Indexing 0 of 2, 25% of the next…", "Indexing 1 of 2…", "Indexing 1 of 2, 50% of the next…"]
