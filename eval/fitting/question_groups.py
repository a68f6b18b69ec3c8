"""Questions about a few sentences, for the adapter `reader`: do the sentences answer this, and what do they say?

From public questions, whose texts are cut into numbered sentences as evidence is shown. What is not answered looks as
if it were: the answer's sentence is left out, the question's name, year or number is exchanged for another of the text,
or people wrote it so. And from frames (``eval/contrast/question_frames.jsonl``): news with questions that it answers,
each with its answer in one sentence, and with questions near them that it does not.
"""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from onrecord.eval.fitting.adapter import Group
from onrecord.eval.fitting.fit_answers import answering_sentences, exchanged, hardest, holds, sentences
from onrecord.qa.judges.reader import SYSTEM, asked, shown

FRAMES = Path(__file__).resolve().parents[1] / "contrast" / "question_frames.jsonl"
# The share of each source's texts: those that are like news, or whose unanswerable questions people wrote.
SHARES = {
    "squad2-train": 1.0, "repliqa": 1.0, "squadshifts-new_wiki": 0.5, "quoref": 0.5, "musique": 0.1, "nq": 0.15,
    "condaqa": 0.1, "fairytaleqa": 0.03, "qadiscourse-wikinews": 0.1, "squadshifts-reddit": 0.05,
}  # fmt: skip
MOST_SENTENCES, MOST_QUESTIONS = 9, 7
LONGEST = 1100  # characters of a group's sentences
LEFT_OUT, SECOND_TEXT = 0.4, 0.3  # how often a question's answer is left out, and another text follows
EXCHANGED = 0.35  # the share of questions that come again with another name, year or number
_SOURCES = "Harrow Post,Delmar Times,Vantis News,Northern Herald,The Calder Review,Arden Wire,Daily Courier".split(",")


def frames(rng: random.Random, *, path: Path = FRAMES) -> Iterator[Group]:
    """Each frame with all its questions."""
    for line in path.read_text(encoding="utf-8").splitlines():
        frame = json.loads(line)
        both = [*frame["answered"], *([text, ""] for text in frame["not_answered"])]
        yield group(frame["text"], [(text, float(bool(reply)), reply) for text, reply in rng.sample(both, len(both))])


def group(text: str, questions: Sequence[tuple[str, float, str]]) -> Group:
    """Questions about an `evidence_text` as the model reads them, whether it answers them, and the answer or ""."""
    own = tuple((asked(question), label) for question, label, _ in questions)
    return Group(SYSTEM, shown(text), own, tuple(reply for _, _, reply in questions))


def public(rows: Sequence[dict[str, Any]], rng: random.Random) -> Iterator[Group]:
    """Groups of the questions of one text each, texts in random order."""
    by_text: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        by_text.setdefault((row["source"], row["text"]), []).append(row)
    texts = [place for place in by_text if rng.random() < SHARES.get(place[0], 0.0)]
    for place in rng.sample(texts, len(texts)):
        other = rng.choice(texts)[1] if rng.random() < SECOND_TEXT else ""
        made = _of_text(by_text[place], other, rng)
        if made is not None:
            yield made


def _of_text(rows: Sequence[dict[str, Any]], other: str, rng: random.Random) -> Group | None:
    parts = sentences(rows[0]["text"])
    rows = rng.sample(list(rows), min(len(rows), 3 if len(parts) > 2 * MOST_SENTENCES else 5))
    answering = {row["question"]: answering_sentences(row, parts) for row in rows}
    known = [
        row for row in rows if answering[row["question"]] or not row["answerable"] or row.get("yes_no") is not None
    ]
    kept = _kept(known, answering, parts, rng)
    if kept is None or not known:
        return None
    left_out = {
        number
        for row in known
        if row["answerable"] and row.get("yes_no") is None and rng.random() < LEFT_OUT / len(known)
        for number in answering[row["question"]]
    }
    stay = [number for number in kept if number not in left_out]
    text = " ".join(parts[number][2] for number in stay)
    questions: list[tuple[str, float, str]] = []
    for row in known:
        gone = left_out.intersection(answering[row["question"]])
        if gone and (row["source"] == "repliqa" or holds(text, row["answers"])):
            continue  # perhaps it is answered all the same
        questions.append((row["question"], float(row["answerable"] and not gone), ""))
        if row["answerable"] and rng.random() < EXCHANGED and (new := exchanged(row["question"], text, rng)):
            questions.append((new, 0.0, ""))
    lines = _lines([parts[number][2] for number in stay], other, rng)
    if not questions or len(lines) > LONGEST:
        return None
    return group(lines, rng.sample(questions, len(questions))[:MOST_QUESTIONS])


def _kept(
    rows: Sequence[dict[str, Any]],
    answering: dict[str, list[int]],
    parts: Sequence[tuple[int, int, str]],
    rng: random.Random,
) -> list[int] | None:
    """Which sentences are shown: all of a short text, else those that answer and those that look like it."""
    if len(parts) <= MOST_SENTENCES:
        return list(range(len(parts)))
    if any(row.get("yes_no") is not None for row in rows):
        return None
    kept = {number for row in rows for number in answering[row["question"]]}
    kept |= {number - 1 for number in kept if number and rng.random() < 0.5}
    for row in rows:
        room = (MOST_SENTENCES - len(kept)) // len(rows)
        free = [number for number in range(len(parts)) if number not in kept]
        kept |= set(hardest(row["question"], parts, free, max(1, room), rng))
    return sorted(kept)


def _lines(first: Sequence[str], other: str, rng: random.Random) -> str:
    """Sentences as evidence is shown: numbered, under the facts of their article; perhaps with those of another."""
    lines = []
    texts = [list(first), *([[text for _, _, text in sentences(other)][: rng.randrange(1, 4)]] if other else [])]
    number = 0
    for text in rng.sample(texts, len(texts)):
        source = rng.choice(_SOURCES)
        date = f"{rng.randrange(2005, 2026)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        facts = ", ".join(fact for fact in (source, date) if rng.random() < 0.7)
        topic = " ".join(" ".join(text).split()[: rng.randrange(3, 8)])
        lines.append(f"From “{topic}”" + (f" ({facts}):" if facts else ":"))
        for sentence in text:
            number += 1
            lines.append(f"[{number}] {' '.join(sentence.split())}")
    return "\n".join(lines)
