"""Where the evidence's articles say different things about what was asked, and where independent ones agree.

The model reads each article's best sentence on its own, under the same shared evidence, and says what that one
sentence answers in a few words. Code compares these short answers: numbers by value, days by date, other words by
stems. Only what code finds different is shown, as each article's own sentence, attributed and dated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onrecord.qa.asked import wants
from onrecord.qa.quantities import same_quantity
from onrecord.qa.types import Evidence
from onrecord.qa.words import Words, plain, words_of

MAX_POSITIONS = 5
NEAR = 0.62  # a sentence this near the question's best, as a share of its score, may hold a position of its own


@dataclass(frozen=True, slots=True)
class Position:
    """What one sentence answers, in a few words. ``said`` is the model's; what is shown is the sentence itself."""

    evidence: Evidence
    said: str


def contenders(question: str, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The best sentence of each article that may answer the question by itself, best first; copies count once."""
    best: dict[str, Evidence] = {}
    wanted = wants(question)
    for item in sorted(evidence, key=lambda e: -e.score):
        if wanted.met_by(words_of(item.sentence.text)):
            best.setdefault(item.sentence.article_id, item)
    ranked = list(best.values())
    covered: set[str] = set()
    kept = []
    for item in ranked:
        if item.sentence.article_id in covered or item.score < NEAR * ranked[0].score:
            continue
        covered |= set(item.also_in)
        kept.append(item)
    return kept[:MAX_POSITIONS]


def positions(
    question: str, items: Sequence[Evidence], say: Callable[[Evidence], str], answers: Callable[[Evidence], bool]
) -> list[Position]:
    """What each contender answers. ``say``: its few words; ``answers``: whether it answers the question at all."""
    found = []
    for item in items:
        if not answers(item):
            continue
        said = " ".join(say(item).split()).strip(" .\"“”'")
        if said and _from(said, item.sentence.text):
            found.append(Position(item, said))
    return found


def _from(said: str, sentence: str) -> bool:
    """Whether a short answer is made of the sentence's own words: otherwise it is the model's, and is dropped."""
    words, source = words_of(said), words_of(sentence)
    if not words.content and not words.quantities:
        return plain(said) in plain(sentence)
    numbers = all(any(same_quantity(q, s) for s in source.quantities) for q in words.quantities)
    return numbers and len(words.content & source.stems) >= 0.6 * len(words.content)


def same_answer(question: str, one: str, other: str) -> bool:
    """Whether two short answers to a question agree: equal in value where it asks for a number, else in words.

    >>> same_answer("How many?", "5,000 fighters", "five thousand"), same_answer("How many?", "5,000", "15,000")
    (True, False)
    """
    first, second = words_of(one), words_of(other)
    if (wants(question).number or wants(question).day) and first.quantities and second.quantities:
        return any(same_quantity(a, b) for a in first.quantities for b in second.quantities)
    if plain(one) in plain(other) or plain(other) in plain(one):
        return True
    asked = words_of(question).content
    return _overlap(first, second, asked) >= 0.5


def _overlap(one: Words, other: Words, asked: frozenset[str]) -> float:
    """Shared content words over those of the shorter answer, without the question's own."""
    first, second = (one.content - asked) or one.content, (other.content - asked) or other.content
    shorter = min(len(first), len(second))
    return len(first & second) / shorter if shorter else 0.0


def groups(question: str, found: Sequence[Position]) -> list[list[Position]]:
    """Positions that say the same together, the largest group first, then by the best sentence."""
    together: list[list[Position]] = []
    for position in found:
        home = next((g for g in together if any(same_answer(question, position.said, p.said) for p in g)), None)
        if home is None:
            together.append([position])
        else:
            home.append(position)
    return sorted(together, key=lambda g: (-len(g), -max(p.evidence.score for p in g)))


def by_date(found: Sequence[Position]) -> list[Position]:
    """Earlier articles first; undated ones last, in the order they came."""
    return sorted(found, key=lambda p: (not p.evidence.published, p.evidence.published))
