"""The judge of answers finds what answers among what only shares the question's words."""

import numpy as np
import pytest

from onrecord.qa.judges.answers import LEAD_IN, LONGEST, answer_judge, framed

# The first sentence answers; the others are about the same things. Harder ones are counted in the judge's card.
CASES = [
    ("How many people were hurt in the fire?",
     ["Seven residents were treated for smoke inhalation.", "The fire broke out in a warehouse shortly after midnight.",
      "People in the area were told to keep their windows shut."]),
    ("When will the trial begin?",
     ["The first hearing is set for March 3.", "The trial is the largest that the court has seen.",
      "Prosecutors asked for a trial without a jury."]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "sentences"), CASES, ids=[question for question, _ in CASES])
def test_the_answering_sentence_comes_first(question: str, sentences: list[str]) -> None:
    logits = answer_judge().logits(question, [(sentence, "") for sentence in sentences])
    assert int(np.argmax(logits)) == 0, dict(zip(sentences, logits.tolist(), strict=True))


def test_the_sentence_before_says_whom_a_pronoun_means() -> None:
    sentence = "She resigned on Tuesday."
    right, wrong = answer_judge().logits(
        "When did Minister Maria Holt resign?",
        [
            (sentence, "Minister Maria Holt met the press."),
            (sentence, "The head of the bank, Ines Paz, met the press."),
        ],
    )
    assert right > wrong


def test_no_sentences_have_no_logits() -> None:
    assert answer_judge().logits("Who?", []).shape == (0,)


def test_the_order_and_the_company_of_sentences_change_nothing() -> None:
    question, sentences = CASES[0]
    pairs = [(sentence, "") for sentence in sentences]
    together, backwards = answer_judge().logits(question, pairs), answer_judge().logits(question, pairs[::-1])
    alone = np.concatenate([answer_judge().logits(question, [pair]) for pair in pairs])
    assert np.allclose(together, backwards[::-1], atol=1e-5)
    assert np.allclose(together, alone, atol=1e-5)


def test_of_long_texts_the_sentence_is_read_first() -> None:
    text = framed("word " * 1000, "before " * 1000)
    assert len(text) <= LONGEST + LEAD_IN + 3
    assert text.startswith("word word")
