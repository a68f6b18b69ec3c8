"""Short answers of different articles are compared by value, not by spelling."""

import pytest

from onrecord.index import Sentence
from onrecord.qa.steps.compare import (
    TOGETHER,
    ArticleReading,
    Excerpt,
    agrees_with_answer,
    answering,
    by_date,
    contenders,
    groups,
    positions,
    same_answer,
)
from onrecord.qa.types import Evidence


def evidence(number: int, article: str, text: str, *, score: float = 1.0, published: str = "") -> Evidence:
    sentence = Sentence(article, number, 0, len(text), text)
    return Evidence(number, sentence, title=article, published=published, score=score)


def reading(
    number: int, article: str, text: str, silence: float, said: str = "", *, published: str = ""
) -> ArticleReading:
    return ArticleReading(Excerpt((evidence(number, article, text, published=published),)), silence, said)


def numbers_of(excerpts: list[Excerpt]) -> list[list[int]]:
    return [[item.number for item in excerpt.sentences] for excerpt in excerpts]


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


def test_an_excerpt_is_an_articles_best_sentences_in_reading_order_and_weak_articles_have_none() -> None:
    items = [
        evidence(1, "a", "They left on 40 buses.", score=0.7),
        evidence(2, "a", "There were 5,000 people.", score=1.0),
        evidence(3, "b", "Nobody counted.", score=0.95),
        evidence(4, "b", "There were 15,000 people.", score=0.9),
        evidence(5, "c", "There were 3 cats.", score=0.1),
        evidence(6, "d", "Nobody counted the people.", score=0.9),
    ]
    assert numbers_of(contenders("How many people were there?", items)) == [[1, 2], [3, 4]]
    many = [evidence(n, "a", f"{n} people.", score=n / 10) for n in range(1, 8)] + [evidence(9, "b", "2 people.")]
    assert numbers_of(contenders("How many people were there?", many)) == [[9], list(range(8 - TOGETHER, 8))]


def test_what_the_answer_cites_is_read_and_shown_first() -> None:
    items = [evidence(n, "a", f"{n} people were there.", score=n / 10) for n in range(1, 8)]
    items.append(evidence(9, "b", "2 people were there.", score=0.9))
    excerpts = contenders("How many people were there?", items, frozenset({1}))
    assert numbers_of(excerpts) == [[9], [1, 5, 6, 7]]
    items = [evidence(1, "a", "The mayor spoke.", score=0.4), evidence(2, "a", "A mayor wrote.", score=0.8)]
    cited = ArticleReading(Excerpt(tuple(items), frozenset({1})), 0.1)
    assert positions("Who spoke?", [cited], say=lambda _: "mayor")[0].evidence.number == 1


def test_an_alternative_that_an_article_words_otherwise_is_its_position() -> None:
    texts = ("They were turned away by pro-government militias.", "The buses came at dawn.", "It rained.")
    excerpt = Excerpt(tuple(evidence(n, "a", text) for n, text in enumerate(texts, start=1)))
    question = "Who stopped the buses, rebels or pro-government forces?"
    assert [p.evidence.number for p in positions(question, [ArticleReading(excerpt, 0.1)], lambda _: "rebels")] == [2]
    shown = Excerpt(excerpt.sentences, frozenset({1}))
    said = positions(question, [ArticleReading(shown, 0.1)], lambda _: "Pro-government forces")
    assert [p.evidence.number for p in said] == [1]
    assert positions(question, [ArticleReading(excerpt, 0.1)], lambda _: "the weather") == []


def test_articles_months_apart_do_not_differ_and_undated_ones_may() -> None:
    first = Evidence(1, Sentence("a", 0, 0, 9, "5 people."), title="a", score=1.0, published="2016-12-14")
    second = Evidence(2, Sentence("b", 0, 0, 9, "7 people."), title="b", score=0.9, published="2017-06-01")
    undated = Evidence(3, Sentence("c", 0, 0, 9, "9 people."), title="c", score=0.9)
    assert numbers_of(contenders("How many people?", [first, second, undated])) == [[1], [3]]


def test_a_text_about_something_else_is_no_contender() -> None:
    first = evidence(1, "a", "The flood hit Larnville, in Asel state, on Monday.", score=1.0)
    second = evidence(2, "b", "Rain fell in Tennessee.", score=0.9)
    assert contenders("Which state was hit by the flood on Monday?", [first, second]) == []


def test_sentences_that_share_nearly_all_words_say_the_same() -> None:
    one = reading(1, "a", "Hunter Biden's conviction may distract his father, the president.", 0.1, "Hunter Biden")
    other = reading(2, "b", "WASHINGTON - Hunter Biden's conviction may distract the president.", 0.2, "president")
    assert len(groups("Who was convicted?", [one, other])) == 1


def test_one_article_alone_has_nobody_to_differ_with() -> None:
    assert contenders("How many?", [evidence(1, "a", "There were 5."), evidence(2, "a", "There were 6.")]) == []


def test_a_copy_of_one_story_is_not_a_second_position() -> None:
    first = Evidence(1, Sentence("a", 0, 0, 9, "5 people."), title="a", score=1.0, also_in=("b",))
    second = Evidence(2, Sentence("b", 0, 0, 9, "7 people."), title="b", score=0.9, also_in=("a",))
    assert contenders("How many people?", [first, second]) == []


def test_only_articles_that_answer_about_as_surely_as_the_best_one_count() -> None:
    readings = [
        reading(1, "a", "x", 0.2),
        reading(3, "b", "x", 0.4),
        reading(4, "c", "x", 0.48),
        reading(5, "d", "x", 0.9),
    ]
    assert [one.evidence.number for one in answering(readings)] == [1, 3]


def test_what_no_sentence_holds_is_no_position_and_the_sentence_that_holds_it_is_shown() -> None:
    excerpt = Excerpt((evidence(1, "a", "Nobody fled."), evidence(2, "a", "There were 5,000 people.", score=0.5)))
    one = ArticleReading(excerpt, 0.1)
    assert positions("How many?", [one], say=lambda _: "9,000 people") == []
    found = positions("How many?", [one], say=lambda _: "5,000 people.")
    assert [(p.said, p.evidence.number) for p in found] == [("5,000 people", 2)]


def test_the_question_said_back_is_no_position_but_one_of_its_alternatives_is() -> None:
    one = reading(1, "a", "The party chose its nominee, from the Peach State.", 0.1)
    assert positions("Who did the party choose as its nominee?", [one], say=lambda _: "The party's nominee") == []
    other = reading(1, "a", "Aleppo has been liberated.", 0.1)
    question = "Is Aleppo described as surrendered or liberated?"
    assert [p.said for p in positions(question, [other], say=lambda _: "Liberated")] == ["Liberated"]
    said = positions(question, [other], say=lambda _: "Liberated")[0]
    assert agrees_with_answer(question, said, "Aleppo was liberated.")


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("The party chose Chase Oliver.", True),
        ("Four years ago, the party chose Jo Jorgensen.", False),
        ("The party chose Jo Jorgensen in May 2020.", False),
        ("The party chose Chase Oliver in May 2024.", True),
    ],
)
def test_a_sentence_that_looks_back_is_no_position(text: str, counts: bool) -> None:
    one = reading(1, "a", text, 0.1, published="2024-05-30")
    said = "Chase Oliver" if "Chase" in text else "Jo Jorgensen"
    assert bool(positions("Whom did the party choose?", [one], say=lambda _: said)) is counts
    assert positions("When did the party choose?", [one], say=lambda _: said)


def test_a_text_tells_what_the_answer_says_by_its_words_or_its_number() -> None:
    final = reading(1, "a", "", 0.1, "Argentina")
    assert agrees_with_answer("Who won the final?", final, "Argentina won the final.")
    assert not agrees_with_answer("Who won the final?", final, "Colombia won the final.")
    count = reading(1, "a", "", 0.1, "5,000 fighters")
    assert agrees_with_answer("How many?", count, "Five thousand were left.")
    assert not agrees_with_answer("How many?", count, "The fighters left.")


def test_a_sure_text_counts_however_much_surer_another_is() -> None:
    assert len(answering([reading(1, "a", "x", 0.001), reading(2, "b", "x", 0.15)])) == 2


def test_positions_that_say_the_same_stand_together_and_dates_order_them() -> None:
    found = [
        reading(1, "a", "", 0.1, "5,000", published="2024-03-09"),
        reading(2, "b", "", 0.1, "15,000", published="2024-03-01"),
        reading(3, "c", "", 0.1, "five thousand"),
    ]
    grouped = groups("How many?", found)
    assert [len(group) for group in grouped] == [2, 1]
    assert [p.evidence.number for p in by_date(found)] == [2, 1, 3]
