"""What the judge of answers is trained on: pairs in which words alone do not tell."""

import random
from typing import Any

from onrecord.eval.fitting.cross_encoder import BATCH, Pair, of_like_length
from onrecord.eval.fitting.fit_answers import answering_sentences, exchanged, pairs, sentences

TEXT = (
    "Ana Ortiz opened the bridge on Friday. The bridge in Pell cost 12 million euros. It replaces one of 1931. "
    "Critics said that the bridge came too late."
)


def row(question: str, answer: str, *, text: str = TEXT, answerable: bool = True) -> dict[str, Any]:
    start = text.find(answer)
    spans = [[start, start + len(answer)]] if answerable and start >= 0 else []
    answers = [answer] if answerable else []
    return {
        "source": "s",
        "question": question,
        "text": text,
        "answerable": answerable,
        "answers": answers,
        "spans": spans,
    }


def made(*rows: dict[str, Any], seed: int = 0) -> list[Pair]:
    return list(pairs(rows, random.Random(seed)))


def test_the_sentence_of_the_span_answers_and_none_of_those_that_hold_the_answer_is_a_negative() -> None:
    text = TEXT + " The mayor, Ana Ortiz, was pleased with the bridge."
    found = [
        pair for seed in range(20) for pair in made(row("Who opened the bridge?", "Ana Ortiz", text=text), seed=seed)
    ]
    assert {pair.second for pair in found if pair.label} == {"Ana Ortiz opened the bridge on Friday."}
    assert not [
        pair
        for pair in found
        if not pair.label and pair.first == "Who opened the bridge?" and "Ortiz" in pair.second.split(" | ")[0]
    ]


def test_a_free_answer_is_found_by_its_words() -> None:
    one = row("What did critics say?", "Nobody had waited so long")
    assert answering_sentences({**one, "spans": []}, sentences(TEXT)) == []
    one = row("What was said of the timing?", "Critics said that it came late")
    assert answering_sentences({**one, "spans": []}, sentences(TEXT)) == [3]


def test_an_unanswerable_question_gives_negatives_alone_the_nearest_first() -> None:
    found = made(row("Who paid for the bridge in Pell?", "", answerable=False))
    assert found
    assert not any(pair.label for pair in found)
    assert found[0].second.startswith("The bridge in Pell cost")


def test_a_year_a_number_or_a_name_of_the_text_is_exchanged() -> None:
    rng = random.Random(1)
    assert exchanged("What was built in 1931?", "", rng) not in ("", "What was built in 1931?")
    assert exchanged("Who gave 12 euros?", "", rng) not in ("", "Who gave 12 euros?")
    assert exchanged("What did Ana Ortiz open?", "Pell is small.", rng) == "What did Pell open?"
    assert exchanged("what is it?", "Pell is small.", rng) == ""


def test_batches_hold_texts_of_like_length() -> None:
    rng = random.Random(0)
    examples = [Pair("q", "x" * rng.randrange(400), 0.0) for _ in range(BATCH * 64)]
    ordered = of_like_length(examples, rng)
    assert sorted(map(id, ordered)) == sorted(map(id, examples))
    spread = [max(map(len, batch)) - min(map(len, batch)) for batch in _batches([one.second for one in ordered])]
    assert max(spread) <= 400 * 4 / 64


def _batches(texts: list[str]) -> list[list[str]]:
    return [texts[n : n + BATCH] for n in range(0, len(texts), BATCH)]
