"""What a question asks for, and what it gives away."""

import pytest

from onrecord.qa.asked import given
from onrecord.qa.words import words_of


@pytest.mark.parametrize(
    ("question", "offered"),
    [
        ("Is the city described as surrendered or liberated?", "surrendered liberated"),
        ("Who stopped the buses, rebels or pro-government forces?", "rebels pro-government forces"),
        (
            "Who was to leave: civilians, the wounded, or militants and their families?",
            "civilians wounded militants families",
        ),
        ("Was there an agreement or not?", ""),
        ("Who was killed or wounded in the attack?", ""),
        ("How many people were killed or wounded?", ""),
        ("Who stopped the buses?", ""),
    ],
)
def test_a_question_gives_its_words_but_not_the_alternatives_that_it_offers(question: str, offered: str) -> None:
    assert words_of(question).content - given(question) == words_of(offered).content
