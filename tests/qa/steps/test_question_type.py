"""What a question asks for, and what it gives away."""

import pytest

from onrecord.index.text.words import words_of
from onrecord.qa.steps.question_type import of_each, question_stems


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
    assert words_of(question).content - question_stems(question) == words_of(offered).content


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("What hour was it planned for in each article?", "What hour was it planned for?"),
        ("According to both reports, who broke the truce?", "Who broke the truce?"),
        ("How small was the area, going by both articles?", "How small was the area?"),
        ("Where do the two articles disagree about the buses?", "What is said about the buses?"),
        ("Do the sources agree on how many people fled?", "How many people fled?"),
        ("What does each article say about Erdogan?", "What is said about Erdogan?"),
        ("What do the articles say about Erdogan?", ""),
        ("Is there a story for each article in the paper?", ""),
        ("Who read both books?", ""),
        ("Do the sources agree with the ministry?", ""),
        ("Do the reports agree?", ""),
        ("In each article?", ""),
    ],
)
def test_what_is_asked_of_each_article_is_told_from_what_is_asked_of_all(question: str, alone: str) -> None:
    assert of_each(question) == alone
