"""The signals of the answerability decision that need no model, and how they become a probability."""

from onrecord.index.types import Sentence
from onrecord.qa.steps.check import FEW_PASSAGES, text_signals
from onrecord.qa.types import Evidence

TEXT = "The U.S. envoy said 15,000 people had left Aleppo."


def signals(question: str, *, passages: int = FEW_PASSAGES, known: frozenset[str] = frozenset()) -> dict[str, float]:
    evidence = (Evidence(number=1, sentence=Sentence("a1", 0, 0, len(TEXT), TEXT), title="Aleppo", source="AP"),)
    return text_signals(
        question,
        evidence,
        nearness=0.5,
        rarity=lambda words: [1.0] * len(words),
        known=known.__contains__,
        passages=passages,
    )


def test_a_name_that_no_article_uses_counts_by_the_size_of_the_collection() -> None:
    question = "Why did Lavrov leave Aleppo?"
    known = frozenset({"Aleppo"})
    assert signals(question, known=known, passages=FEW_PASSAGES)["unseen"] == 0.5
    assert signals(question, known=known, passages=30)["unseen"] < 0.05
    assert signals(question, known=known, passages=30_000)["unseen"] > 0.95
    assert signals(question, known=known | {"Lavrov"})["unseen"] == 0


def test_a_number_is_looked_up_as_it_is_written() -> None:
    known = frozenset({"15,000", "2016"})
    assert signals("Who put it above 15,000 in 2016?", known=known)["unseen"] == 0
    assert signals("Who put it above 16,000?", known=known)["unseen"] == 0.5


def test_names_that_articles_abbreviate_are_not_unseen() -> None:
    assert signals("What did the United States envoy say of the Syrian war?")["unseen"] == 0


def test_a_name_in_the_source_is_not_missing() -> None:
    assert signals("What did the envoy say, according to AP?")["names_missing"] == 0
    assert signals("What did the envoy say, according to TASS?")["names_missing"] == 1
