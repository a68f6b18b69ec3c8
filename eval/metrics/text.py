"""Measures that compare the words of an answer with those of accepted ones: pure functions, each with its source."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from onrecord.eval.metrics.retrieval import f1
from onrecord.eval.suites.loading import PATTERN_PREFIX

_TYPOGRAPHIC = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " ", "\u202f": " "})
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad_normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, articles and double spaces (SQuAD's evaluation script).

    Typographic quotes, dashes and spaces are made plain first, which the script leaves as they are.

    >>> squad_normalise("The “Old  Mill” Bridge!")
    'old mill bridge'
    """
    plain = text.translate(_TYPOGRAPHIC).lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def exact_match(answer: str, accepted_answer: str) -> float:
    """1 when both are the same after SQuAD's normalisation (Rajpurkar et al. 2016)."""
    return float(squad_normalise(answer) == squad_normalise(accepted_answer))


def token_f1(answer: str, accepted_answer: str) -> float:
    """F1 of the bags of normalised words (Rajpurkar et al. 2016; 2018 for the case that one is empty).

    >>> token_f1("The bridge closed on Monday", "Monday")
    0.4
    """
    said, gold = squad_normalise(answer).split(), squad_normalise(accepted_answer).split()
    if not said or not gold:
        return float(said == gold)
    shared = sum((Counter(said) & Counter(gold)).values())
    return f1(shared / len(said), shared / len(gold))


def contains(answer: str, accepted_answer: str) -> bool:
    """Whether the accepted answer's words stand in the answer, whole, in order and together, after normalisation.

    >>> contains("It was built in 1856.", "85"), contains("It was built in 1856.", "in 1856")
    (False, True)
    """
    gold = squad_normalise(accepted_answer)
    return bool(gold) and f" {gold} " in f" {squad_normalise(answer)} "


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.removeprefix(PATTERN_PREFIX), re.IGNORECASE | re.DOTALL)


def matches(answer: str, pattern: str) -> bool:
    """Whether the answer has what one entry of ``answers`` asks for.

    After ``re:`` comes a regular expression, searched without regard to case; anything else must be contained.

    >>> matches("Some 5,000 people", "re:5,?000"), matches("Some 15,000 people", "5,000")
    (True, False)
    """
    if pattern.startswith(PATTERN_PREFIX):
        return bool(_compiled(pattern).search(answer) or _compiled(pattern).search(answer.translate(_TYPOGRAPHIC)))
    return contains(answer, pattern)


def accepted(answer: str, patterns: Sequence[str], *, all_of: bool = False) -> bool:
    """Whether any pattern matches, or every one with ``all_of``; without patterns nothing is accepted."""
    found = [matches(answer, pattern) for pattern in patterns]
    return bool(found) and (all(found) if all_of else any(found))


def all_named_none_wrong(answer: str, patterns: Sequence[str], wrong: Sequence[str], *, all_of: bool = True) -> bool:
    """Whether the answer is accepted and names nothing wrong (RAMDocs, Wang et al. 2025).

    A wrong answer that is also an accepted one, as data sometimes has it, is not held against the answer.
    """
    held_against = [pattern for pattern in wrong if pattern not in patterns]
    return accepted(answer, patterns, all_of=all_of) and not any(matches(answer, pattern) for pattern in held_against)


def forbidden_found(answer: str, must_not: Sequence[str]) -> tuple[str, ...]:
    """Those entries of ``must_not`` that the answer has: ``re:`` patterns, else plain text without regard to case."""
    return tuple(
        entry
        for entry in must_not
        if (matches(answer, entry) if entry.startswith(PATTERN_PREFIX) else entry.casefold() in answer.casefold())
    )


def is_short(pattern: str, *, words: int = 8) -> bool:
    """Whether an answer can be judged by looking for this entry: a pattern, or a text of a few words."""
    return pattern.startswith(PATTERN_PREFIX) or len(squad_normalise(pattern).split()) <= words


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def rouge_l(answer: str, accepted_answer: str) -> float:
    """F-measure of the longest common subsequence of words, without stemming (Lin 2004, section 3.1, beta = 1).

    >>> rouge_l("police killed the gunman", "police kill the gunman")
    0.75
    """
    said, gold = _words(answer), _words(accepted_answer)
    if not said or not gold:
        return 0.0
    row = [0] * (len(gold) + 1)
    for word in said:
        diagonal = 0
        for column, other in enumerate(gold, start=1):
            above = row[column]
            row[column] = diagonal + 1 if word == other else max(above, row[column - 1])
            diagonal = above
    return f1(row[-1] / len(said), row[-1] / len(gold))


def rouge_2_precision(claim: str, source: str) -> float:
    """The share of the claim's word pairs that the source has (Lin 2004, ROUGE-2): the baseline of grounding checks.

    >>> rouge_2_precision("the old bridge closed", "The old bridge was closed.")
    0.6666666666666666
    """
    claimed, given = _pairs(claim), _pairs(source)
    return sum((claimed & given).values()) / claimed.total() if claimed else 0.0


def _pairs(text: str) -> Counter[tuple[str, str]]:
    words = _words(text)
    return Counter(pairwise(words))
