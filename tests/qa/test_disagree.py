"""Short answers of different articles are compared by value, not by spelling."""

import pytest

from onrecord.index import Sentence
from onrecord.qa.disagree import (
    Reading,
    answering,
    by_date,
    contenders,
    groups,
    positions,
    same_answer,
    told,
    with_lead_in,
)
from onrecord.qa.types import Evidence


def evidence(number: int, article: str, text: str, *, score: float = 1.0, published: str = "") -> Evidence:
    sentence = Sentence(article, 0, 0, len(text), text)
    return Evidence(number, sentence, title=article, published=published, score=score)


@pytest.mark.parametrize(
    ("question", "one", "other", "same"),
    [
        ("How many people?", "5,000", "five thousand people", True),
        ("How many people?", "5,000", "15,000", False),
        ("Who fired on the buses?", "pro-government militias", "militants", False),
        ("Who is the mayor?", "Ilse Brandt", "Mayor Ilse Brandt", True),
    ],
)
def test_answers_agree_by_value(question: str, one: str, other: str, same: bool) -> None:
    assert same_answer(question, one, other) is same


def test_two_articles_have_two_contenders_each_and_weak_ones_have_none() -> None:
    items = [
        evidence(1, "a", "There were 5,000 people.", score=1.0),
        evidence(2, "a", "The 40 buses took people.", score=0.9),
        evidence(3, "a", "The 12 ambulances took people.", score=0.8),
        evidence(4, "b", "There were 15,000 people.", score=0.9),
        evidence(5, "c", "There were 3 cats.", score=0.1),
        evidence(6, "b", "Nobody counted.", score=0.95),
    ]
    assert [item.number for item in contenders("How many people were there?", items)] == [1, 2, 4]


def test_articles_months_apart_do_not_differ_and_undated_ones_may() -> None:
    first = Evidence(1, Sentence("a", 0, 0, 9, "5 people."), title="a", score=1.0, published="2016-12-14")
    second = Evidence(2, Sentence("b", 0, 0, 9, "7 people."), title="b", score=0.9, published="2017-06-01")
    undated = Evidence(3, Sentence("c", 0, 0, 9, "9 people."), title="c", score=0.9)
    assert [item.number for item in contenders("How many people?", [first, second, undated])] == [1, 3]


def test_a_text_about_something_else_is_no_contender() -> None:
    first = evidence(1, "a", "The flood hit Larnville, in Asel state, on Monday.", score=1.0)
    second = evidence(2, "b", "Rain fell in Tennessee.", score=0.9)
    assert contenders("Which state was hit by the flood on Monday?", [first, second]) == []


def test_sentences_that_share_nearly_all_words_say_the_same() -> None:
    one = Reading(
        evidence(1, "a", "Hunter Biden's conviction may distract his father, the president."), 0.1, "Hunter Biden"
    )
    other = Reading(
        evidence(2, "b", "WASHINGTON - Hunter Biden's conviction may distract the president."), 0.2, "president"
    )
    assert len(groups("Who was convicted?", [one, other])) == 1


def test_one_article_alone_has_nobody_to_differ_with() -> None:
    assert contenders("How many?", [evidence(1, "a", "There were 5."), evidence(2, "a", "There were 6.")]) == []


def test_a_copy_of_one_story_is_not_a_second_position() -> None:
    first = Evidence(1, Sentence("a", 0, 0, 9, "5 people."), title="a", score=1.0, also_in=("b",))
    second = Evidence(2, Sentence("b", 0, 0, 9, "7 people."), title="b", score=0.9, also_in=("a",))
    assert contenders("How many people?", [first, second]) == []


def test_the_sentence_before_leads_in() -> None:
    before = Evidence(1, Sentence("a", 3, 0, 9, "Abdurrahman spoke."), title="a")
    item = Evidence(2, Sentence("a", 4, 10, 20, "He estimated 5,000."), title="a")
    assert with_lead_in(item, [before, item]) == "Abdurrahman spoke. He estimated 5,000."


def test_only_texts_that_answer_about_as_surely_as_the_best_one_count_once_an_article() -> None:
    readings = [
        Reading(evidence(1, "a", "x"), 0.2),
        Reading(evidence(2, "a", "x"), 0.3),
        Reading(evidence(3, "b", "x"), 0.4),
        Reading(evidence(4, "c", "x"), 0.48),
        Reading(evidence(5, "d", "x"), 0.9),
    ]
    assert [reading.evidence.number for reading in answering(readings)] == [1, 3]


def test_what_the_sentence_does_not_hold_is_no_position() -> None:
    reading = Reading(evidence(1, "a", "There were 5,000 people."), 0.1)
    assert positions("How many?", [reading], say=lambda _: "9,000 people") == []
    assert [p.said for p in positions("How many?", [reading], say=lambda _: "5,000 people.")] == ["5,000 people"]


def test_the_question_said_back_is_no_position() -> None:
    reading = Reading(evidence(1, "a", "The party chose its nominee, from the Peach State."), 0.1)
    assert positions("Who did the party choose as its nominee?", [reading], say=lambda _: "The party's nominee") == []


def test_a_text_tells_what_the_answer_says_by_its_words_or_its_number() -> None:
    final = Reading(evidence(1, "a", ""), 0.1, "Argentina")
    assert told("Who won the final?", final, "Argentina won the final.")
    assert not told("Who won the final?", final, "Colombia won the final.")
    count = Reading(evidence(1, "a", ""), 0.1, "5,000 fighters")
    assert told("How many?", count, "Five thousand were left.") and not told("How many?", count, "The fighters left.")


def test_a_sure_text_counts_however_much_surer_another_is() -> None:
    readings = [Reading(evidence(1, "a", "x"), 0.001), Reading(evidence(2, "b", "x"), 0.15)]
    assert len(answering(readings)) == 2


def test_positions_that_say_the_same_stand_together_and_dates_order_them() -> None:
    found = [
        Reading(evidence(1, "a", "", published="2024-03-09"), 0.1, "5,000"),
        Reading(evidence(2, "b", "", published="2024-03-01"), 0.1, "15,000"),
        Reading(evidence(3, "c", "", published=""), 0.1, "five thousand"),
    ]
    grouped = groups("How many?", found)
    assert [len(group) for group in grouped] == [2, 1]
    assert [p.evidence.number for p in by_date(found)] == [2, 1, 3]
