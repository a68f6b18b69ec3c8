"""Conversations: kept, owned, searched, deleted; and what is written out of them."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from onrecord.index.errors import InputError, StoreError
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.records import Dispute, Line, Quote, Record, from_dict
from onrecord.ui.page.export import for_clipboard, render

QUOTE = Quote(
    3,
    "bridge",
    1,
    10,
    40,
    "Repairs would cost 2.4 million.",
    "Old *bridge*",
    "Courier",
    "2024-03-04",
    "https://a.example/b",
)
RECORD = Record(
    "t1",
    "What would repairs cost?",
    "done",
    status="answered",
    lines=(Line("2.4 million euros.", "supported", (QUOTE,)),),
)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    with closing(Conversations(tmp_path / "conversations.sqlite")) as opened:
        yield opened


def test_what_is_kept_comes_back_the_same(kept: Conversations) -> None:
    key = kept.begin("", RECORD.question)
    disputed = replace(RECORD, id="t2", disputes=(Dispute("cost", RECORD.lines),), unconfirmed=RECORD.lines)
    kept.keep("", key, RECORD)
    kept.keep("", key, disputed)
    assert kept.turns("", key) == (RECORD, disputed)


def test_a_turn_that_is_kept_again_keeps_its_place(kept: Conversations) -> None:
    key = kept.begin("", "q")
    kept.keep("", key, RECORD)
    kept.keep("", key, replace(RECORD, id="t2"))
    kept.keep("", key, replace(RECORD, feedback="right"))
    assert [(r.id, r.feedback) for r in kept.turns("", key)] == [("t1", "right"), ("t2", "")]


def test_an_answer_that_was_cut_off_counts_as_stopped(kept: Conversations) -> None:
    key = kept.begin("", "q")
    kept.keep("", key, replace(RECORD, state="writing"))
    assert kept.turns("", key)[0].state == "stopped"


def test_nobody_sees_or_changes_what_another_owns(kept: Conversations) -> None:
    key = kept.begin("ann", "q")
    kept.keep("ann", key, RECORD)
    assert kept.list("bob") == ()
    for attempt in (
        lambda: kept.turns("bob", key),
        lambda: kept.keep("bob", key, RECORD),
        lambda: kept.rename("bob", key, "mine"),
        lambda: kept.delete("bob", key),
        lambda: kept.drop_turn("bob", key, "t1"),
        lambda: kept.title("bob", key),
    ):
        with pytest.raises(InputError):
            attempt()
    assert kept.turns("ann", key) == (RECORD,)


def test_a_search_finds_words_of_questions_answers_and_quotes_and_takes_signs_as_they_are(kept: Conversations) -> None:
    key = kept.begin("", RECORD.question)
    kept.keep("", key, RECORD)
    assert [c.id for c in kept.list("", "MILLION repairs")] == [key]
    assert kept.list("", "ferry") == ()
    assert kept.list("", "%") == ()


def test_what_is_deleted_is_no_longer_in_the_file(kept: Conversations, tmp_path: Path) -> None:
    key = kept.begin("", "A question with zebrafish")
    kept.keep("", key, replace(RECORD, question="A question with zebrafish"))
    kept.delete("", key)
    kept.close()
    assert kept_files_with(tmp_path, b"zebrafish") == []


def kept_files_with(folder: Path, word: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if word in path.read_bytes()]


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="newer OnRecord"):
        Conversations(tmp_path / "c.sqlite")


def test_a_name_is_needed(kept: Conversations) -> None:
    key = kept.begin("", "q")
    with pytest.raises(InputError, match="at least one character"):
        kept.rename("", key, "  ")


def test_a_record_of_another_version_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="another version"):
        from_dict({"id": "x"})


def test_markdown_numbers_its_references_and_escapes_what_it_did_not_write() -> None:
    text = render("Markdown", "My *story*", [RECORD, replace(RECORD, id="t2")])
    assert r"# My \*story\*" in text
    assert r"2.4 million euros. \[1\]" in text
    assert text.count("\n1. ") == 1 and "\n2. " not in text
    assert r"Old \*bridge\*, Courier, 4 March 2024. <https://a.example/b> “Repairs would cost 2.4 million.”" in text


def test_html_stands_alone_and_escapes_everything() -> None:
    bad = replace(RECORD, question="<script>alert(1)</script>", lines=(Line("<img src=x>", "partly", (QUOTE,)),))
    text = render("HTML", "<b>t</b>", [bad])
    assert "<script" not in text and "<img" not in text and "<b>" not in text
    assert "src=" not in text.replace("&lt;img src=x&gt;", "")
    assert '<a href="#r1">[1]</a>' in text and "partly supported" in text


def test_json_holds_places_and_quotes() -> None:
    data = json.loads(
        render("JSON", "t", [replace(RECORD, lines=(Line("x", "supported", (replace(QUOTE, standing="gone"),)),))])
    )
    reference = data["references"][0]
    assert (reference["start_char"], reference["end_char"], reference["standing"]) == (10, 40, "gone")
    assert data["turns"][0]["sentences"][0]["references"] == [1]


def test_a_link_that_is_not_the_webs_is_never_written() -> None:
    bad = replace(RECORD, lines=(Line("x", "supported", (replace(QUOTE, url="javascript:alert(1)"),)),))
    assert "javascript" not in render("Markdown", "t", [bad]) + render("HTML", "t", [bad]) + for_clipboard(bad)


def test_the_clipboard_gets_the_answer_with_its_references() -> None:
    assert for_clipboard(RECORD).splitlines()[0] == "2.4 million euros. [3]"
    assert "[3] Old *bridge*, Courier, 4 March 2024. https://a.example/b “Repairs" in for_clipboard(RECORD)
