"""What the page says of an answer that is not finished: no more than was checked."""

import re
from dataclasses import replace

import pytest

from onrecord.index.types import Sentence
from onrecord.qa.types import Answer, AnswerSentence, Disagreement, Evidence
from onrecord.ui.desk.records import LIVE, Record, State
from onrecord.ui.page.export import for_clipboard
from onrecord.ui.page.sources import panel
from onrecord.ui.page.turns import turn

FOUND = tuple(
    Evidence(n, Sentence("a", n, 40 * n, 40 * n + 30, said), "Old bridge", "Courier", "2024-03-04", score=score)
    for n, said, score in ((1, "Inspectors came.", 0.5), (2, "It will cost 2 million.", 0.9))
)
READING = Record("t1", Answer("How much?", "How much?", evidence=FOUND), "reading", best=2)
SAID = AnswerSentence("It costs 2 million.", (FOUND[1].cite(),), "supported")
WRITING = replace(READING, state="writing", answer=replace(READING.answer, sentences=(SAID,)))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def shown(record: Record) -> str:
    return words(turn(record, last=True))


LEAD = "The nearest sentence, in the article’s own words It will cost 2 million. 1 Old bridge"
OTHER = AnswerSentence("Inspectors said so.", (FOUND[0].cite(), replace(FOUND[1].cite(), number=2)), "supported")


def test_the_sentence_that_answers_is_shown_at_once_as_the_article_s_words_and_stays() -> None:
    assert LEAD in shown(READING)
    done = replace(WRITING, state="done", answer=replace(WRITING.answer, status="answered"))
    for record in (WRITING, done):
        assert f"{LEAD} · Courier · 4 March 2024 It costs 2 million. 1 " in shown(record)


def test_it_keeps_its_number_and_what_else_is_cited_goes_on_from_there() -> None:
    both = replace(WRITING, state="done", answer=replace(WRITING.answer, status="answered", sentences=(OTHER, SAID)))
    assert "Inspectors said so. 1 2 It costs 2 million. 1 " in shown(both)
    assert [(one.number, one.quote) for one in both.citations] == [
        (1, "It will cost 2 million."),
        (2, "Inspectors came."),
    ]
    assert "1 It will cost 2 million. 2 Inspectors came." in words(panel(both))
    found = words(panel(READING))
    assert (
        found.startswith("Sources Found 2 The answer is not written yet.") and "1 It will cost 2 million. Insp" in found
    )
    assert "“It will cost 2 million.” [1]\n\nInspectors said so. [1]" in for_clipboard(both)


def test_an_answer_that_does_not_cite_it_leaves_it_its_number() -> None:
    other = AnswerSentence("Inspectors came by.", (FOUND[0].cite(),), "supported")
    done = replace(WRITING, state="done", answer=replace(WRITING.answer, status="answered", sentences=(other,)))
    assert "Inspectors came by. 2 " in shown(done)
    assert [one.number for one in done.citations] == [1, 2]


def test_an_answer_that_quotes_it_shows_it_once() -> None:
    quoted = AnswerSentence("It will cost 2 million.", (replace(FOUND[1].cite(), number=1),), "supported")
    done = replace(WRITING, state="done", answer=replace(WRITING.answer, status="answered", sentences=(quoted,)))
    assert done.lead is None
    assert "nearest sentence" not in shown(done) and "How much? It will cost 2 million. 1 " in shown(done)


def test_where_the_articles_differ_it_is_among_what_they_say_and_not_shown_once_more() -> None:
    differ = (Disagreement("the cost", (SAID, OTHER)),)
    record = replace(WRITING, state="done", answer=replace(WRITING.answer, sentences=(), disagreements=differ))
    assert record.lead is None


@pytest.mark.parametrize("state", ["failed", "done"])
def test_where_nothing_was_written_in_the_end_it_goes(state: State) -> None:
    assert replace(READING, state=state).lead is None


def test_whoever_stops_to_read_it_keeps_it_and_has_nothing_to_judge() -> None:
    stopped = replace(READING, state="stopped")
    assert f"{LEAD} · Courier · 4 March 2024 Stopped before a sentence was ready." in shown(stopped)
    assert "Wrong answer" not in shown(stopped) and "Wrong answer" in shown(replace(WRITING, state="stopped"))


def test_the_nearest_sentences_of_an_abstention_are_numbered_from_one_here_and_beside_it() -> None:
    refused = replace(READING.answer, status="abstained", reason="not_answered", evidence=FOUND[::-1])
    record = replace(READING, state="done", answer=refused)
    assert "The nearest sentences It will cost 2 million. 1 Old bridge" in shown(record)
    assert "Inspectors came. 2 " in shown(record)
    assert "1 It will cost 2 million. 2 Inspectors came." in words(panel(record))


def test_where_no_sentence_is_taken_for_an_answer_none_is_shown() -> None:
    assert "nearest sentence" not in shown(replace(READING, best=0))


def test_stop_says_that_what_is_above_was_checked_only_where_there_is_something_above() -> None:
    early, late = shown(replace(READING, state="stopped")), shown(replace(WRITING, state="stopped"))
    assert "Stopped before a sentence was ready." in early and "checked" not in early
    assert "Stopped. Each sentence above was checked; more may have followed." in late


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_sources_claim_nothing_about_an_answer_that_was_not_finished(state: State) -> None:
    ended = words(panel(replace(READING, state=state)))
    assert "whether they answer it was not checked" in ended and "do not answer" not in ended
    bare = replace(READING, state=state, answer=Answer("How much?", ""))
    assert "The search was not finished." in words(panel(bare))


def test_how_it_was_answered_names_no_model_and_no_state_of_an_answer_that_was_stopped() -> None:
    how = shown(replace(READING, state="stopped"))
    for claim in ("quoted as written", "State of the collection", "shown to the model"):
        assert claim not in how


@pytest.mark.parametrize("state", LIVE)
def test_every_state_of_a_live_answer_has_a_sentence(state: State) -> None:
    assert re.search(r"\w…$", shown(replace(READING, state=state, place=1)))
