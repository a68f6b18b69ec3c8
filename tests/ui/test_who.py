"""Whom a quote's "he" means is shown in brackets at every door; the quote itself stays as the article has it."""

import io

import pytest
from rich.console import Console

from onrecord.index.types import Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence
from onrecord.ui.cli import terminal
from onrecord.ui.desk.records import Record
from onrecord.ui.http.openai_text import with_references
from onrecord.ui.page.export import for_clipboard, render
from onrecord.ui.page.sources import panel
from onrecord.ui.page.turns import turn

QUOTE = "He estimated there were 5,000 fighters."
CITED = Citation(1, Sentence("a", 4, 10, 49, QUOTE), "Aleppo", who="Rami Abdurrahman", who_at=2)
ANSWER = Answer("How many?", "How many?", (AnswerSentence(QUOTE, (CITED,), "supported"),), status="answered")
RECORD = Record("t1", ANSWER, "done")
SHOWN = "He [Rami Abdurrahman] estimated there were 5,000 fighters."


def in_terminal() -> str:
    out = Console(file=io.StringIO(), color_system=None, width=100, markup=False, highlight=False)
    terminal.show_answer(out, ANSWER)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        in_terminal(),
        for_clipboard(RECORD),
        render("Markdown", "t", [RECORD]).replace("\\[", "["),
        with_references(ANSWER).replace("\\[", "["),
    ],
    ids=["terminal", "copy", "markdown", "chat"],
)
def test_texts_have_the_name_in_the_answer_and_in_its_quote(text: str) -> None:
    assert text.count(SHOWN) == 2


def test_pages_set_the_name_apart() -> None:
    apart = 'He<span class="who"> [Rami Abdurrahman]</span> estimated'
    assert apart in turn(RECORD, last=True)
    assert render("HTML", "t", [RECORD]).count(apart) == 2
    assert panel(RECORD).count(apart) == 1


def test_a_name_beyond_the_cut_of_a_long_quote_is_not_put_elsewhere() -> None:
    long = f"“{'Well, ' * 60}” he said."
    cited = Evidence(1, Sentence("a", 0, 0, len(long), long), "t", who="Tom Addo", who_at=len(long) - 6)
    record = Record("t1", Answer("q", "q", evidence=(cited,)), "done")
    assert "Tom Addo" not in panel(record)


def test_data_has_the_quote_to_the_letter_and_the_name_beside_it() -> None:
    data = ANSWER.to_dict()
    [cited] = data["sentences"][0]["citations"]
    assert (cited["quote"], cited["who"], cited["who_at"]) == (QUOTE, "Rami Abdurrahman", 2)
    assert data["sentences"][0]["text"] == QUOTE and SHOWN in data["text"]
    assert Answer.from_dict(data) == ANSWER
