"""Who says what in an article. The sentences are made up; each case is one that newspapers write."""

import pytest

from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article
from onrecord.qa.people.statements import Found, statements_in


def found_in(text: str, published: str = "2016-12-14", language: str = "en") -> list[Found]:
    article = Article(id="a", title="", text=text, published=published, language=language)
    return list(statements_in(article, split_sentences(article)))


def said(text: str) -> list[tuple[str, str, str]]:
    """Kind, speaker and words of each statement."""
    return [(one.kind, one.speaker, " … ".join(text[start:end] for start, end in one.words)) for one in found_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Nobody should cross it,” Mayor Ilse Brandt said.", ("quoted", "Ilse Brandt", "Nobody should cross it,")),
        (
            '"Nobody should cross it," said Ilse Brandt, the mayor.',
            ("quoted", "Ilse Brandt", "Nobody should cross it,"),
        ),
        (
            "Ilse Brandt, the mayor of Larnville, said the bridge is shut.",
            ("reported", "Ilse Brandt", "the bridge is shut."),
        ),
        (
            "Ilse Brandt, 54, told reporters that the bridge is shut.",
            ("reported", "Ilse Brandt", "the bridge is shut."),
        ),
        ("Ilse Brandt (Green) said the bridge is shut.", ("reported", "Ilse Brandt", "the bridge is shut.")),
        (
            "The bridge will stay shut, according to Ilse Brandt.",
            ("reported", "Ilse Brandt", "The bridge will stay shut"),
        ),
        ("The bridge, Ilse Brandt said, will stay shut.", ("reported", "Ilse Brandt", "The bridge … will stay shut.")),
        ("Ilse Brandt warned that the bridge may fall.", ("reported", "Ilse Brandt", "the bridge may fall.")),
        ("“We are shut,” said Larnville spokesman Karl Ode.", ("quoted", "Karl Ode", "We are shut,")),
        ("The tour is on, said Rovers captain Karl Ode.", ("reported", "Karl Ode", "The tour is on")),
        ("“We are shut,” said Arizona Rep. Karl Ode.", ("quoted", "Karl Ode", "We are shut,")),
        ("Karl Ode of Larn College said the bridge is shut.", ("reported", "Karl Ode", "the bridge is shut.")),
        ("The New Larn Times reported that the bridge is shut.", ("reported", "New Larn Times", "the bridge is shut.")),
    ],
)
def test_a_named_speaker_is_found_with_what_was_said(text: str, expected: tuple[str, str, str]) -> None:
    assert said(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "A spokesman for Karl Ode said the bridge is shut.",
        "Karl Ode’s spokesman said the bridge is shut.",
        "Officials said the bridge is shut.",
        "The bridge is shut, the ministry said.",
    ],
)
def test_whoever_is_only_described_has_no_name(text: str) -> None:
    (one,) = found_in(text)
    assert one.speaker == ""
    assert one.said_by


def test_opponents_of_somebody_are_not_that_one() -> None:
    assert [one.speaker for one in found_in("Opponents of Karl Ode said the bridge is shut.") if one.speaker] == []


@pytest.mark.parametrize(
    "text",
    [
        "Ilse Brandt added 20 points in the second half.",
        "It said nothing of the sort was planned at all.",
        "The film “All Quiet on the Western Front” won.",
        "Ilse Brandt crossed the so-called “zombie bridge” on Monday.",
    ],
)
def test_what_nobody_says_is_no_statement(text: str) -> None:
    assert found_in(text) == []


def test_a_short_name_is_the_only_full_one_of_its_article() -> None:
    assert [one.speaker for one in found_in("Ilse Brandt came.\n\nBrandt said the bridge is shut.")] == ["Ilse Brandt"]


def test_a_short_name_that_two_people_share_stays_short() -> None:
    text = "Ilse Brandt and Karl Brandt came.\n\nBrandt said the bridge is shut."
    assert [one.speaker for one in found_in(text)] == ["Brandt"]


def test_he_is_whoever_spoke_last() -> None:
    text = "Karl Ode said the bridge is shut. The city knows it, he said."
    assert [(one.speaker, one.said_by) for one in found_in(text)] == [("Karl Ode", "Karl Ode"), ("Karl Ode", "he")]


def test_he_is_nobody_where_another_is_named_since() -> None:
    text = "Karl Ode said the bridge is shut. The city has told Tom Addo, he said."
    assert [one.speaker for one in found_in(text)] == ["Karl Ode", ""]


def test_he_is_no_woman() -> None:
    text = "Mrs. Mary Ode said the bridge is shut. The city knows it, he said."
    assert [one.speaker for one in found_in(text)] == ["Mary Ode", ""]


def test_a_quotation_of_several_sentences_is_by_who_is_named_at_its_end() -> None:
    text = "“It fell. We saw it. Nobody was there,” Karl Ode said."
    assert said(text) == [
        ("quoted", "Karl Ode", "It fell."),
        ("quoted", "Karl Ode", "We saw it."),
        ("quoted", "Karl Ode", "Nobody was there,"),
    ]


def test_a_quotation_goes_on_in_its_paragraph_and_not_in_the_next() -> None:
    text = "“It fell down,” Karl Ode said. “We saw it fall.”\n\n“Others were not so lucky.”"
    assert [one.speaker for one in found_in(text)] == ["Karl Ode", "Karl Ode", ""]


def test_a_quotation_whose_marks_stay_open_goes_on_in_the_next_paragraph() -> None:
    text = "Karl Ode said: “It fell down. We saw it.\n\n“Nobody was there at all.”"
    assert [one.speaker for one in found_in(text)] == ["Karl Ode"] * 3


def test_every_place_is_in_the_sentence_and_holds_the_words() -> None:
    article = Article(id="a", title="", text="“It,” he said, “fell down on us.” Karl Ode told them that it fell.")
    sentences = split_sentences(article)
    for one in statements_in(article, sentences):
        for start, end in one.words:
            assert sentences[one.index].start_char <= start < end <= sentences[one.index].end_char


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Karl Ode said on Monday that it is shut.", "2016-12-12"),
        ("Karl Ode told reporters Wednesday that it is shut.", "2016-12-14"),
        ("On 3 December, Karl Ode said it is shut.", "2016-12-03"),
        ("Karl Ode said in May 2014 that it is shut.", "2014-05"),
        ("Karl Ode said in an interview on 20 December that it is shut.", "2015-12-20"),
        ("Karl Ode said it was shut on Monday.", ""),
        ("It was built in 1999, Karl Ode said.", ""),
    ],
)
def test_the_day_is_that_of_the_saying(text: str, day: str) -> None:
    assert [one.said_on for one in found_in(text)] == [day]


def test_a_weekday_in_an_article_without_a_date_is_no_day() -> None:
    assert [one.said_on for one in found_in("Karl Ode said on Monday that it is shut.", published="")] == [""]


def test_an_article_in_another_language_has_none() -> None:
    assert found_in("„Die Brücke ist zu“, said Karl Ode.", language="de") == []


def test_a_long_line_without_marks_takes_no_time_to_speak_of() -> None:
    assert found_in("a" * 20_000 + " said " + "b" * 20_000) == []
