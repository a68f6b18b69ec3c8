"""Short answers of different articles are compared by value, not by spelling."""

import pytest

from onrecord.index import Sentence
from onrecord.qa.disagree import Position, by_date, contenders, groups, positions, same_answer
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


def test_each_article_has_one_contender_and_weak_ones_have_none() -> None:
    items = [
        evidence(1, "a", "There were 5,000 people.", score=1.0),
        evidence(2, "a", "There were 40 buses.", score=0.9),
        evidence(3, "b", "There were 15,000 people.", score=0.9),
        evidence(4, "c", "There were 3 cats.", score=0.1),
    ]
    assert [item.number for item in contenders("How many people were there?", items)] == [1, 3]


def test_a_copy_of_one_story_is_not_a_second_position() -> None:
    first = Evidence(1, Sentence("a", 0, 0, 9, "5 people."), title="a", score=1.0, also_in=("b",))
    second = Evidence(2, Sentence("b", 0, 0, 9, "7 people."), title="b", score=0.9, also_in=("a",))
    assert [item.number for item in contenders("How many people?", [first, second])] == [1]


def test_what_the_sentence_does_not_hold_is_no_position() -> None:
    item = evidence(1, "a", "There were 5,000 people.")
    assert positions("How many?", [item], say=lambda _: "9,000 people", answers=lambda _: True) == []


def test_positions_that_say_the_same_stand_together_and_dates_order_them() -> None:
    found = [
        Position(evidence(1, "a", "", published="2024-03-09"), "5,000"),
        Position(evidence(2, "b", "", published="2024-03-01"), "15,000"),
        Position(evidence(3, "c", "", published=""), "five thousand"),
    ]
    grouped = groups("How many?", found)
    assert [len(group) for group in grouped] == [2, 1]
    assert [p.evidence.number for p in by_date(found)] == [2, 1, 3]
