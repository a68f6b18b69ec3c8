"""Copies: the same story with another lead, a trimmed end or edits; not two stories about one event."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.index.store import copies
from onrecord.index.store.copies import CopyFinder
from onrecord.index.store.duplicates import SAME_JACCARD, mark_and_shingles, signature, similar

SEEDS = sorted((Path(__file__).parents[3] / "seeds").glob("*.txt"))
WIRE = SEEDS[0].read_text(encoding="utf-8")
OTHER = SEEDS[1].read_text(encoding="utf-8")
LEAD = "Talks on Aleppo went on through the night, diplomats in Ankara said, as buses waited at the edge of the city.\n"


def edited(text: str, share: float) -> str:
    chance = random.Random(7)
    return " ".join("reportedly" if chance.random() < share else word for word in text.split(" "))


class Index:
    """A finder over texts that are kept here."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.looked_up = 0
        self.finder = CopyFinder((), self._text)

    def _text(self, name: str) -> str:
        self.looked_up += 1
        return self.texts[name]

    def add(self, name: str, text: str) -> tuple[str, ...]:
        mark, shingles = mark_and_shingles(text)
        found = self.finder.find(name, mark, shingles)
        self.texts[name] = text
        self.finder.note(name, mark)
        return found

    def find(self, text: str) -> tuple[str, ...]:
        return self.finder.find("", *mark_and_shingles(text))


def story(seed: int, words: int = 400) -> str:
    chance = random.Random(seed)
    return " ".join(f"word{chance.randrange(3000)}" for _ in range(words))


@pytest.mark.parametrize(
    "copy",
    [
        WIRE.upper(),
        edited(WIRE, 0.06),
        LEAD + WIRE.partition("\n")[2],
        LEAD + WIRE[len(WIRE) // 4 :],
        WIRE[: len(WIRE) // 2],
        WIRE[: len(WIRE) // 4],
        WIRE.replace('"', "“").replace("\n", "\n\n"),
    ],
    ids=["case", "edits", "new lead", "lead replaced", "half", "quarter", "typography"],
)
def test_a_changed_or_trimmed_wire_copy_is_found(copy: str) -> None:
    index = Index()
    index.add("wire", WIRE)
    index.add("other", OTHER)
    assert index.find(copy) == ("wire",)


def test_two_stories_about_one_event_are_no_copies() -> None:
    assert similar(WIRE, OTHER) < 0.1
    index = Index()
    index.add("a", WIRE)
    assert index.find(OTHER) == ()


def test_short_texts_are_copies_only_word_for_word() -> None:
    assert similar("The bridge is shut until May.", "the bridge is shut, until May") == 1.0
    assert similar("The bridge is shut until May.", "The bridge is shut until June.") < SAME_JACCARD


def test_texts_without_words_are_copies_of_nothing() -> None:
    assert similar("", "") == 0.0
    index = Index()
    index.add("a", "")
    assert index.find("…") == ()


def test_a_removed_article_is_not_found_and_the_others_still_are() -> None:
    index = Index()
    for number in range(5):
        index.add(f"s{number}", story(number))
    index.finder.forget(["s1", "never added"])
    assert index.find(story(1)) == ()
    assert all(index.find(story(number)) == (f"s{number}",) for number in (0, 2, 3, 4))


def test_a_replaced_text_is_compared_by_its_new_words() -> None:
    index = Index()
    index.add("a", story(1))
    index.add("a", story(2))
    assert index.find(story(1)) == ()
    assert index.find(story(2)) == ("a",)


def test_adding_reports_the_copies_that_are_there_already() -> None:
    index = Index()
    assert index.add("a", WIRE) == ()
    assert index.add("b", edited(WIRE, 0.02)) == ("a",)


def test_of_pages_that_are_all_alike_each_text_is_read_once() -> None:
    index = Index()
    for number in range(20):
        assert len(index.add(f"page {number}", f"{WIRE} Seen by {number}.")) == number
    assert index.looked_up == 19


def test_of_a_long_series_only_the_pages_that_are_most_alike_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_COMPARED", 5)
    index = Index()
    for number in range(20):
        index.add(f"page {number}", f"{edited(WIRE, 0.01 * number)} Seen by {number}.")
    index.looked_up = 0
    index.finder = CopyFinder(((name, signature(text)) for name, text in index.texts.items()), index.finder._text_of)
    assert index.find(f"{WIRE} Seen by all.") == ("page 0", "page 1", "page 2", "page 3", "page 4")
    assert index.looked_up == 5


def test_the_others_of_a_short_text_are_not_read() -> None:
    index = Index()
    for number in range(9):
        assert index.add(f"short {number}", f"The bridge is shut until {number} May, the council said.") == ()
    assert index.find("The bridge is shut until 4 May, the council said") == ("short 4",)
    assert index.looked_up == 0


def test_a_copy_to_the_letter_is_known_without_its_text() -> None:
    index = Index()
    index.add("wire", WIRE)
    assert index.find(WIRE.upper()) == ("wire",) and index.looked_up == 0


def test_a_signature_ignores_case_and_punctuation_and_tells_texts_apart() -> None:
    assert signature("The bridge, closed.") == signature("the BRIDGE closed")
    assert signature("The bridge closed.") != signature("The bridge opened.")
    assert len(signature(WIRE)) == len(signature("")) == 16 + 4 * 128


def test_a_signature_is_the_same_in_every_process() -> None:
    assert (
        signature("The old bridge is shut until May.")[:24].hex() == "1dfc10c9e4f40e0350fa2bf31f9b8c87a7773fc6edb0cfcb"
    )


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_similarity_is_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    assert 0.0 <= similar(a, b) == similar(b, a) <= 1.0


@pytest.mark.slow
def test_a_copy_is_found_among_2000_articles() -> None:
    index = Index()
    for number in range(2000):
        index.add(str(number), story(number, words=60))
    assert [index.find(story(number, words=60)) for number in range(100)] == [(str(number),) for number in range(100)]
