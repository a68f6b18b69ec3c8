"""Trains the judge of answers: ``python -m onrecord.eval.fitting.fit_answers QUESTIONS.jsonl.gz``.

QUESTIONS has ``source, question, text, answerable, answers, spans`` a line (spans: half-open ranges of characters in
``text``). From each question come pairs of it and a sentence with the one before: the sentence that holds the answer,
those that hold none of it but most of the question's words, and the answering sentence under a question whose name,
year or number was exchanged, so that the words alone do not tell. Base: the default embedder. Resumable: the state of
the training is kept in ``--work`` and taken up again.
"""

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from onrecord.eval.fitting.cross_encoder import Pair, export, of_like_length, train
from onrecord.index.text.sentences import sentence_spans
from onrecord.qa.judges import answers
from onrecord.qa.judges.answers import MOST_TOKENS, framed

JUDGE = Path(answers.__file__).with_name("answer_judge")
# The share of each source's questions that is used: most where it is like news or its negatives are clean.
SHARES = {
    "squad2-train": 1.0, "repliqa": 1.0, "musique": 0.15, "nq": 0.4, "squadshifts-new_wiki": 0.3,
    "squadshifts-reddit": 0.08, "squadshifts-amazon_reviews": 0.02, "fairytaleqa": 0.1, "qadiscourse-wikinews": 0.4,
    "qadiscourse-wikipedia": 0.1, "selqa": 0.6, "nq-open": 0.3, "qed": 1.0, "quoref": 0.5, "nqg-sentences": 0.1,
}  # fmt: skip
NEGATIVES = {"repliqa": 4, "selqa": 3}  # sentences of the same text beside the answering one; of others two
EXCHANGED = 0.3  # the share of answering sentences that come again under an exchanged question
ELSEWHERE = 0.12  # the share of questions that come with a sentence of another text of the source
COVERED = 0.6  # the share of a free answer's words that a sentence has to hold to count as answering
EPOCHS = 0.8  # an hour of two cores

_WORD = re.compile(r"\w{4,}")
_NAME = re.compile(r"\b[A-Z][a-zà-ÿ]+(?:\s(?:of\s)?[A-Z][a-zà-ÿ]+)*")
_YEAR = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b")
_NUMBER = re.compile(r"\b\d{1,3}\b")
_OPENING = frozenset(
    "Who What When Where Why How Which In On At The A An Is Are Was Were Did Do Does For From Of To By".split()
)


def pairs(rows: Sequence[dict[str, Any]], rng: random.Random) -> Iterator[Pair]:
    """The pairs of all rows, source by source in the order given."""
    texts = [sentences(row["text"]) for row in rows]
    by_source: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        by_source.setdefault(row["source"], []).append(number)
    for row, parts in zip(rows, texts, strict=True):
        answering = answering_sentences(row, parts)
        if row["answerable"] and not answering:
            continue
        for index in answering[:2]:
            yield Pair(row["question"], _framed(parts, index), 1.0)
        if answering and rng.random() < EXCHANGED:
            other = exchanged(row["question"], row["text"], rng)
            if other:
                yield Pair(other, _framed(parts, answering[0]), 0.0)
        free = [n for n, (_, _, text) in enumerate(parts) if n not in answering and not holds(text, row["answers"])]
        for index in hardest(row["question"], parts, free, NEGATIVES.get(row["source"], 2), rng):
            yield Pair(row["question"], _framed(parts, index), 0.0)
        if rng.random() < ELSEWHERE:
            other_text = texts[rng.choice(by_source[row["source"]])]
            if other_text and other_text is not parts:
                yield Pair(row["question"], _framed(other_text, rng.randrange(len(other_text))), 0.0)


def sentences(text: str) -> list[tuple[int, int, str]]:
    """(start, end, text) of each sentence."""
    return [(start, end, text[start:end]) for start, end in sentence_spans(text)]


def answering_sentences(row: dict[str, Any], parts: Sequence[tuple[int, int, str]]) -> list[int]:
    """Which sentences hold the answer: those of its spans, else the one that holds most words of a free answer."""
    if not row["answerable"] or not row["answers"]:
        return []
    if row["spans"]:
        starts = [start for start, _ in row["spans"][:3]]
        return [n for n, (first, last, _) in enumerate(parts) if any(first <= start < last for start in starts)]
    wanted = {word.lower() for word in _WORD.findall(row["answers"][0])} - {
        word.lower() for word in _WORD.findall(row["question"])
    }
    if not wanted or row.get("yes_no") is not None:
        return []
    shares = [len(wanted & {word.lower() for word in _WORD.findall(text)}) / len(wanted) for _, _, text in parts]
    best = max(range(len(parts)), key=lambda n: shares[n], default=0)
    return [best] if shares and shares[best] >= COVERED else []


def exchanged(question: str, text: str, rng: random.Random) -> str:
    """The question about another year, number or name, one of the same text; "" where it has none.

    >>> exchanged("Who won Wimbledon in 2013?", "", random.Random(0)) != "Who won Wimbledon in 2013?"
    True
    """
    kinds = []
    if year := _YEAR.search(question):
        kinds.append((year, str(int(year[0]) + rng.choice([-9, -4, -2, -1, 1, 2, 4, 9]))))
    elif number := _NUMBER.search(question):
        kinds.append((number, str(max(1, int(number[0]) + rng.choice([-7, -3, -2, -1, 1, 2, 5, 10])))))
    names = [m for m in _NAME.finditer(question) if m[0] not in _OPENING and m.start() > 0]
    others = [m[0] for m in _NAME.finditer(text) if m[0] not in _OPENING and m[0] not in question]
    if names and others:
        kinds.append((rng.choice(names), rng.choice(others)))
    if not kinds:
        return ""
    place, new = rng.choice(kinds)
    return question[: place.start()] + new + question[place.end() :]


def _framed(parts: Sequence[tuple[int, int, str]], index: int) -> str:
    return framed(parts[index][2], parts[index - 1][2] if index else "")


def holds(text: str, answers: Sequence[str]) -> bool:
    return any(answer.lower() in text.lower() for answer in answers)


def hardest(
    question: str, parts: Sequence[tuple[int, int, str]], free: Sequence[int], count: int, rng: random.Random
) -> list[int]:
    """The free sentence with most of the question's words, and others by chance."""
    asked = {word.lower() for word in _WORD.findall(question)}
    ranked = sorted(
        free, key=lambda n: -len(asked & {word.lower() for word in _WORD.findall(parts[n][2])}) - rng.random()
    )
    half = (count + 1) // 2
    return ranked[:half] + rng.sample(ranked[half:], min(len(ranked) - half, count - half) if len(ranked) > half else 0)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of gzipped JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read(path: Path, *, share: float, seed: int) -> list[dict[str, Any]]:
    """The rows that are trained on, shuffled; ``share`` of them, for a trial."""
    rng = random.Random(seed)
    kept = [row for row in rows_of(path) if rng.random() < share * SHARES.get(row["source"], 0.0)]
    rng.shuffle(kept)
    return kept


def main() -> None:
    """Pairs, training, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="gzipped JSON Lines of questions")
    parser.add_argument("--work", type=Path, default=Path("runs/answers"), help="where the training's state is kept")
    parser.add_argument("--out", type=Path, default=JUDGE, help="where the judge is written")
    parser.add_argument("--share", type=float, default=1.0, help="of the data, for a trial")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    examples = list(pairs(read(given.questions, share=given.share, seed=given.seed), rng))
    rng.shuffle(examples)
    examples = of_like_length(examples, rng)
    print(f"{len(examples)} pairs, {sum(one.label for one in examples):.0f} of them answers", flush=True)
    train(examples, given.work, longest=MOST_TOKENS, epochs=EPOCHS, seed=given.seed)
    export(given.work / "model", given.out)


if __name__ == "__main__":
    main()
