"""Pinned quotes: kept across conversations, owned, exported, and removed to the last byte."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from onrecord.index.errors import InputError
from onrecord.index.types import Sentence
from onrecord.qa.types import Citation
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.notebook import Note, Notebook
from onrecord.ui.desk.records import Stale
from onrecord.ui.page.export import render

COST = Citation(
    3, Sentence("bridge", 1, 10, 35, "He put it at 2.4 million."), "Old bridge", "Courier", "2024-03-04",
    "https://a.example/b", ("copy",), who="Tom Addo", who_at=2,
)  # fmt: skip
BOAT = Citation(1, Sentence("ferry", 0, 0, 14, "The boat sank."), "Ferry")


def pinned(notebook: Notebook, quote: Citation, line: str = "") -> Note:
    notebook.pin("ann", [quote])
    key = notebook.notes("ann")[-1].id
    if line:
        notebook.write("ann", key, line)
    return notebook.note("ann", key)


def test_a_quote_comes_back_as_it_was_pinned_with_the_line_beside_it(kept: Conversations) -> None:
    note = pinned(Notebook(kept), COST, "  Ask the\nmayor. ")
    assert (note.quote, note.line) == (replace(COST, number=1, also_in=()), "Ask the mayor.")


def test_a_quote_that_is_there_is_not_pinned_twice(kept: Conversations) -> None:
    notebook = Notebook(kept)
    assert [notebook.pin("ann", [COST, BOAT]), notebook.pin("ann", [COST, replace(COST, number=7)])] == [2, 0]
    assert [note.quote.title for note in notebook.notes("ann")] == ["Old bridge", "Ferry"]


def test_nobody_reads_or_changes_the_notes_of_another(kept: Conversations) -> None:
    notebook = Notebook(kept)
    note = pinned(notebook, COST)
    assert notebook.notes("bob") == ()
    with pytest.raises(InputError, match="no longer here"):
        notebook.write("bob", note.id, "x")
    with pytest.raises(InputError, match="no longer here"):
        notebook.remove("bob", note.id)
    assert notebook.notes("ann") == (note,)


@pytest.mark.parametrize("catalogue_url", [""])  # in a file
@pytest.mark.parametrize("change", ["remove", "write"])
def test_what_is_taken_out_of_the_notebook_is_in_no_file_while_it_is_open(
    kept: Conversations, tmp_path: Path, change: str
) -> None:
    notebook = Notebook(kept)
    note = pinned(notebook, replace(BOAT, title="axolotl"), "zebrafish")
    assert any(b"zebrafish" in one.read_bytes() for one in tmp_path.iterdir())
    notebook.remove("ann", note.id) if change == "remove" else notebook.write("ann", note.id, "Another line")
    lost = (b"zebrafish", b"axolotl") if change == "remove" else (b"zebrafish",)
    assert [one.name for one in tmp_path.iterdir() if any(word in one.read_bytes() for word in lost)] == []


def test_notes_are_exported_as_answers_are_with_their_line_and_what_became_of_the_article(kept: Conversations) -> None:
    record = replace(pinned(Notebook(kept), COST, "Ask the mayor.").record, stale=(Stale("bridge", 10, "gone"),))
    text = render("Markdown", "Notes", [record])
    for part in ("## Old bridge", "He [Tom Addo] put it at", "Note: Ask the mayor.", "the article was removed since"):
        assert part in text.replace("\\", "")
    assert "<p><small>Note: Ask the mayor.</small></p>" in render("HTML", "Notes", [record])
    data = json.loads(render("JSON", "Notes", [record]))
    assert data["turns"][0]["notes"] == ["Ask the mayor."]
    assert (data["references"][0]["quote"], data["references"][0]["standing"]) == ("He put it at 2.4 million.", "gone")
