"""Sentences: the exact-offset invariants on any text, and the splits that news text gets wrong."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.index.reading.articles import article_from_text
from onrecord.index.text.sentences import LONGEST, split_sentences
from onrecord.index.types import Article, Sentence

SEEDS = Path(__file__).parents[3] / "seeds"

_PIECES = st.sampled_from(
    [
        *"abzABZ059 .!?…;:,-—()[]\"'“”‘’«»\n\t",
        *(
            "  ",
            "...",
            ". ",
            '." ',
            "U.S. ",
            "p.m. ",
            "Mr. ",
            "No. 5",
            "Inc. ",
            "’s",
            "He said ",
            "The end",
            "»",
            "؟ ",
            "。",
        ),
        *("é", "🚢", "e\u0301", "\u00a0", "\u3000", "``", "''", "[note 3]", "Yahoo! "),
    ]
)
_TEXTS = st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=200)


def split(text: str, language: str = "en") -> list[str]:
    return [sentence.text for sentence in split_sentences(make_article(text, language))]


def make_article(text: str, language: str = "en") -> Article:
    return Article(id="a", title="", text=text, language=language)


def seed(name: str) -> tuple[Article, tuple[Sentence, ...]]:
    article = article_from_text((SEEDS / name).read_text(encoding="utf-8"))
    return article, split_sentences(article)


@pytest.mark.slow
@given(_TEXTS, st.sampled_from(["en", "es", "de", "ar", "zh", "xx", ""]))
@settings(max_examples=300, deadline=None)
def test_each_sentence_is_the_characters_at_its_place(text: str, language: str) -> None:
    article = make_article(text, language)
    for index, sentence in enumerate(split_sentences(article)):
        assert sentence.index == index
        assert sentence.text and sentence.text == sentence.text.strip()
        assert article.text[sentence.start_char : sentence.end_char] == sentence.text


@pytest.mark.slow
@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_sentences_are_ordered_and_only_white_space_lies_between_them(text: str) -> None:
    position = 0
    for sentence in split_sentences(make_article(text)):
        assert position <= sentence.start_char < sentence.end_char
        assert not text[position : sentence.start_char].strip()
        position = sentence.end_char
    assert not text[position:].strip()


@given(_TEXTS)
@settings(max_examples=100, deadline=None)
def test_no_sentence_crosses_a_newline_or_is_overlong(text: str) -> None:
    for sentence in split(text * 20):
        assert "\n" not in sentence
        assert len(sentence) <= LONGEST


@pytest.mark.parametrize(
    "whole",
    [
        "Cavusoglu later spoke with U.S. Secretary of State John Kerry.",
        "It was to take effect at 11:30 p.m. local time, he said.",
        "It starts at 8 p.m. ET on Monday.",
        "It opens at 6 a.m. Monday.",
        "He left on Jan. 5 and came back on Sept. 30.",
        "J. K. Rowling met George W. Bush and E. Annie Proulx.",
        "Guess? Inc. and Yahoo! Finance reported on it.",
        "Apple Inc. Chief Executive Tim Cook agreed.",
        "It was No. 5 on the list.",
        "The court overturned Roe v. Wade and Plessy vs. Ferguson.",
        '"People have left their shelters .... to be ready for the evacuation," he said.',
        "He waited... and then he fell.",
        '"Why?" Abo Zayd asked.',
        "“Really?” she asked.",
        'She shouted "Stop!" and ran.',
        "He turned “It’s a trap!” — a line nobody noticed — into a joke.",
        "They met Lt. Gen. Smith, Sen. Bob Dole, R-Kan., and then-Gov. Jones of R. I. in St. Louis.",
        "The report (see p. 3. It is long.) was read.",
        "Write to Lucas.Finton@example.com or see www.Example.com for more.",
        "iPhone sales rose in the U.S. and the U.K. in 2019.",
    ],
)
def test_one_sentence_stays_one(whole: str) -> None:
    assert split(whole) == [whole]


@pytest.mark.parametrize(
    "parts",
    [
        ["It happened in the U.S.", "The police came."],
        ["They left at 5 p.m.", "The police came at 6 a.m. on Monday."],
        ["He works for Apple Inc.", "The firm grew."],
        ["Was it so?", "“Yes.", "It was,” she said.", "He left."],
        ['Residents felt "duped."', '"They left," he said.'],
        ["(He left.", "She stayed.)", "Then it rained."],
        ["The Rhine is long.[note 3]", "It is wide."],
        ["He wrote ‘I am done.’", "Then he left."],
        ["The deal is off.", "• Buses left", "• Nobody came"],
        ["People gathered. ...", "These people left."],
        ["1. Do this.", "2. Do that."],
        ["“He asked me, ‘Can you?’ ” she said.", "They left."],
        ["Nothing is left of it…", "And so on."],
        ["iPhone sales fell.", "iPads sold well."],
    ],
)
def test_each_of_several_sentences_stands_alone(parts: list[str]) -> None:
    assert split(" ".join(parts)) == parts


def test_a_lost_space_between_sentences_is_no_reason_to_join_them() -> None:
    assert split("He wrote this report.Syrian troops left at noon.") == [
        "He wrote this report.",
        "Syrian troops left at noon.",
    ]


def test_headlines_and_bullets_are_sentences_of_their_own() -> None:
    assert split("Bridge closed\n\n- Cracks found\n- Ferry planned\nIt is shut.") == [
        "Bridge closed",
        "- Cracks found",
        "- Ferry planned",
        "It is shut.",
    ]


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "es",
            ["¿Qué pasó?", "El Sr. García dijo: «No lo sé.", "Me fui.»", "A las 5 p. m. fue a EE. UU. y volvió."],
        ),
        ("fr", ["M. Dupont a dit : « Je ne sais pas.", "Je pars. »", "Mme. Durand est là."]),
        (
            "de",
            ["Am 5. Mai kam Dr. Au z. B. nach Bonn.", "„Ich gehe.", "Du bleibst“, sagte er.", "Im 2. Weltkrieg."],
        ),
        ("ar", ["هل وافقت الحكومة؟", "لا.", "«نحن نرفض.»", "قال الوزير."]),
    ],
)
def test_other_languages_are_split_by_their_own_marks(language: str, parts: list[str]) -> None:
    assert split(" ".join(parts), language) == parts


def test_chinese_needs_no_spaces() -> None:
    assert split("他走了。她来了！真的吗？", "zh") == ["他走了。", "她来了！", "真的吗？"]


def test_an_overlong_list_is_cut_after_a_semicolon() -> None:
    text = "; ".join(f"the delegation of country number {number} voted in favour" for number in range(30)) + "."
    sentences = split(text)
    assert len(sentences) > 2
    assert all(sentence.endswith(";") for sentence in sentences[:-1])
    assert max(map(len, sentences)) <= LONGEST
    assert " ".join(sentences) == text


def test_the_first_seed_article_is_split_where_a_reader_would() -> None:
    article, sentences = seed("000_26f2e360eed071b4.txt")
    texts = [sentence.text for sentence in sentences]
    assert len(texts) == 49
    for expected in (
        "He estimated there were 5,000 fighters still in the opposition enclave, as well more than 15,000 civilians.",
        'Mohammed Abu Jaafar, head of forensics in eastern Aleppo, said residents felt "duped."',
        '"People have left their shelters .... to be ready for the evacuation.',
        "I can't describe it,\" Abu Jaafar said.",
        '"Since the morning, they started to target the areas where people have gathered. ...',
        'Calling that an "excuse," he added: "They want a massacre and not concessions."',
        "Cavusoglu later spoke with U.S. Secretary of State John Kerry.",
    ):
        assert expected in texts
    assert all(article.text[one.start_char : one.end_char] == one.text for one in sentences)


def test_the_second_seed_article_is_split_inside_its_quotations() -> None:
    _, sentences = seed("003_49f68371654fcdfa.txt")
    texts = [sentence.text for sentence in sentences]
    assert len(texts) == 13
    assert "Aleppo has returned to the nation.”" in texts
    assert texts[-1].startswith("“No-one in Iraq") and texts[-1].endswith("in Syria,” he said.")


@pytest.mark.parametrize(
    "hostile", ["a. ", '"', "He left. (She ", "He said (yes. No) ", "? ", "A.B.C ", ". . . ", 'Why?" Abo ']
)
def test_a_hostile_text_takes_no_longer_than_a_plain_one(hostile: str) -> None:
    started = time.perf_counter()
    assert split(hostile * 10_000)
    assert time.perf_counter() - started < 10


def test_wide_spaces_after_an_abbreviation_do_not_break_the_splitter() -> None:
    article = make_article('p.m. p.m. (  U.S. \u3000-9\u3000A\u3000." (', "en")
    for sentence in split_sentences(article):
        assert article.text[sentence.start_char : sentence.end_char] == sentence.text
