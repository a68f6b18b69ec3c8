"""Near-copies: one thing changed, the rest word for word."""

import random

import pytest

from onrecord.eval.fitting import near_copies

SENTENCE = "Ana Ortiz sued Marta Vale in Leeds before 12 of the 40 witnesses had spoken, the court said on Friday."


@pytest.mark.parametrize("change", near_copies.CHANGES, ids=lambda change: change.__name__)
def test_a_change_leaves_most_words_and_never_the_whole(change: near_copies.Change) -> None:
    for seed in range(30):
        new = change(SENTENCE, random.Random(seed))
        assert new != SENTENCE
        if new:
            assert len(set(new.split()) & set(SENTENCE.split())) >= len(set(SENTENCE.split())) - 6


def test_two_names_exchanged_are_both_still_there() -> None:
    new = near_copies.names_exchanged("Ana Ortiz sued Marta Vale.", random.Random(0))
    assert new == "Marta Vale sued Ana Ortiz." or "Ana" in new


def test_what_cannot_be_changed_gives_nothing() -> None:
    assert near_copies.changed("it went well", random.Random(0)) == ""


def test_a_sentence_without_its_speaker_says_more() -> None:
    new = near_copies.stated_plainly("The bridge is unsafe, Ortiz said.", random.Random(0))
    assert new == "The bridge is unsafe."
