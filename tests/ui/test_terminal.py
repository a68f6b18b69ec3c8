import io
import typing
from dataclasses import replace
from html import unescape

import pytest
from rich.console import Console

from onrecord.index.types import Sentence
from onrecord.qa.render import WHAT_TO_TRY, WHY, nearest
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Evidence, Reason
from onrecord.ui.cli import terminal
from onrecord.ui.desk.records import Record
from onrecord.ui.page.export import to_html, to_markdown
from onrecord.ui.page.turns import abstention

SENTENCE = Sentence("ferry", 1, 10, 62, "The boat holds 60 people and runs every 20 minutes.")
CITATION = Citation(1, SENTENCE, "Ferry to replace closed bridge", "River Herald", "2024-03-09")
STANDS = AnswerSentence("The boat holds 60 people.", (CITATION,), "supported")
ANSWER = Answer("How many?", "How many?", (STANDS,), status="answered", model="fake")


def shown(answer: Answer, *, eye: bool = False, already: tuple[AnswerSentence, ...] = ()) -> str:
    file = io.StringIO()
    out = Console(file=file, force_terminal=eye, color_system=None, width=100, markup=False, highlight=False)
    terminal.show_answer(out, answer, already=already)
    return file.getvalue()


def test_an_answer_comes_before_its_numbered_quotes() -> None:
    lines = shown(ANSWER).splitlines()
    assert lines[0] == "The boat holds 60 people. [1]"
    assert lines[2] == f"[1] “{SENTENCE.text}”"
    assert lines[3].strip() == "Ferry to replace closed bridge, River Herald, 9 March 2024"


def test_what_was_shown_while_it_was_written_is_not_shown_twice() -> None:
    assert "The boat holds 60 people. [1]" not in shown(ANSWER, already=(STANDS,))


def test_an_answer_that_changed_after_it_was_shown_is_shown_as_it_stands() -> None:
    draft = replace(STANDS, text="The boat holds 600 people.")
    assert "After checking:\nThe boat holds 60 people. [1]" in shown(ANSWER, already=(draft,))


def test_partial_support_disagreements_and_gaps_are_marked() -> None:
    partly = replace(STANDS, verdict="partly")
    differ = Disagreement("the size of the boat", (STANDS,))
    text = shown(replace(ANSWER, sentences=(partly,), disagreements=(differ,), missing="When it runs is not said."))
    assert "(partly supported)" in text
    assert "The articles differ on the size of the boat:\n• The boat holds 60 people. [1]" in text
    assert "When it runs is not said." in text


def test_sentences_that_did_not_stand_are_counted_not_shown() -> None:
    text = shown(replace(ANSWER, unconfirmed=(AnswerSentence("It sank.", (), "unsupported"),)))
    assert "1 drafted sentence is not shown: not confirmed by the sentences found." in text
    assert "support" not in text
    assert "It sank." not in text


@pytest.mark.parametrize("eye", [True, False])
def test_an_abstention_gives_the_reason_what_to_try_and_what_is_nearest(eye: bool) -> None:
    evidence = tuple(Evidence(n, replace(SENTENCE, text=f"Sentence {n}."), "Title", score=n / 10) for n in range(1, 6))
    text = shown(Answer("Why?", "Why?", reason="not_answered", evidence=evidence), eye=eye)
    assert "The articles do not say." in text
    assert "none of them answers the question" in text
    assert text.index("Sentence 5.") < text.index("Sentence 4.") < text.index("Sentence 3.")
    assert "Sentence 2." not in text
    assert ("╭" in text) is eye


@pytest.mark.parametrize("reason", typing.get_args(Reason))
def test_every_door_gives_the_same_reason(reason: Reason) -> None:
    answer = Answer("Why?", "Why?", reason=reason)
    record = Record("t1", answer, state="done")
    doors = (shown(answer), answer.text, abstention(record), to_html("T", [record]), to_markdown("T", [record]))
    assert all(WHY[reason] in text for text in doors)
    assert all(text in unescape(door) for text in WHAT_TO_TRY[reason] for door in (shown(answer), abstention(record)))


def test_a_nearest_sentence_is_a_whole_one_and_no_photo_credit() -> None:
    texts = ("Mostafa Alkharouf/Anadolu Agency/Getty Images", "World Cup: the latest", "He said: “It is over.”")
    evidence = tuple(
        Evidence(n, replace(SENTENCE, text=text), "Title", score=-n / 10) for n, text in enumerate(texts, start=1)
    )
    answer = Answer("Why?", "Why?", reason="not_answered", evidence=evidence)
    assert [item.quote for item in nearest(answer)] == ["He said: “It is over.”"]
    assert "Getty" not in shown(answer)
    assert "Getty" not in abstention(Record("t1", answer, state="done"))


def test_an_article_cannot_steer_the_terminal() -> None:
    hostile = replace(SENTENCE, text="Red \x1b[31malert\x07 \u202edrow\u202c\x9b2J")
    citation = replace(CITATION, sentence=hostile, title="T\x1b]0;owned\x07")
    text = shown(replace(ANSWER, sentences=(replace(STANDS, text="A\x1b[2J", citations=(citation,)),)))
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\x9b"}


def test_a_pipe_gets_every_line_whole() -> None:
    file = io.StringIO()
    citation = replace(CITATION, title="A long title " * 20, url="https://herald.example/" + "x" * 200)
    answer = replace(ANSWER, sentences=(replace(STANDS, citations=(citation,)),))
    terminal.show_answer(Console(file=file, width=40, soft_wrap=True), answer)
    assert "A long title " * 20 in file.getvalue()
    assert citation.url in file.getvalue().splitlines()[-1]


def test_markup_in_an_article_is_shown_as_it_is() -> None:
    assert "[bold]Boat[/bold]" in shown(replace(ANSWER, sentences=(replace(STANDS, text="[bold]Boat[/bold]"),)))


def test_a_table_for_a_pipe_keeps_one_row_on_one_line() -> None:
    file = io.StringIO()
    terminal.show_table(Console(file=file, width=20), ("id", "title"), [("a1", "A title\nthat is long\tand wide" * 3)])
    assert file.getvalue().count("\n") == 1
    assert file.getvalue().count("\t") == 1


def test_progress_elsewhere_than_on_a_terminal_is_a_line_at_every_tenth(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "NOTICEABLE", -1)
    with terminal.progress("Adding") as report:
        for done in range(1, 201):
            report(done, 200)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Adding: {tenth} %" for tenth in range(10, 100, 10)]


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("Adding", quiet=True) as report:
        report(1, 2)
    assert capsys.readouterr() == ("", "")
