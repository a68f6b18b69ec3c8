"""Which sentences stand for many: those that cover most of what the others say, and that can be read alone.

The sum over all sentences of how near the nearest chosen one is to it, as a cosine of their vectors, is a facility
location function: monotone and submodular, so that taking the best next sentence each time gives at least 63 % of the
best possible sum (Lin and Bilmes, ACL 2011). What an article says first weighs most, as news puts what happened first;
each article of a selection weighs the same, however long it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onrecord.index import Sentence, Vectors
from onrecord.qa.steps.choose import leans_back

SHORTEST, LONGEST = 6, 60  # words of a sentence that is worth quoting
HALVES = 5.0  # sentences of an article after which the weight of its sentences has fallen to a half
LEADS = 0.3  # what being an article's first sentence is worth, as a share of all that there is to cover

_WHOLE = re.compile(r"[.!…][\s\"'”’»)\]]*$")
_OPENS = re.compile(r"[\w“\"‘'«(]")
_GOES_ON = re.compile(
    r"(?:but|and|so|yet|or|nor|however|instead|meanwhile|also|still|then|both|such|another|others?|similarly|there|"
    r"here|nevertheless|nonetheless|moreover|furthermore|therefore|thus|otherwise|likewise|besides|as a result|"
    r"in addition|for example|for instance|at the same time|after that|by then|i|we|you|my|our|your)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be chosen. ``weight``: what covering it is worth; ``lead``: 1 for what stands first."""

    sentence: Sentence
    weight: float
    lead: float


def stands_alone(text: str, *, who: bool = False) -> bool:
    """Whether a sentence can be read without the ones before it; ``who``: it is known whom its pronoun means.

    >>> stands_alone("The city closed the Old Mill Bridge on Monday."), stands_alone("He said that it would take long.")
    (True, False)
    >>> stands_alone("It will cost too much,” said the mayor of the town."), stands_alone("The bridge: what now?")
    (False, False)
    """
    if not SHORTEST <= len(text.split()) <= LONGEST or not _WHOLE.search(text) or not _OPENS.match(text):
        return False
    if text.count("“") != text.count("”") or text.count('"') % 2:
        return False
    return who or not (leans_back(text) or _GOES_ON.match(text.lstrip("“\"‘'«(")))


def prior(place: int) -> float:
    """What the sentence at a place of an article weighs; the first has 1."""
    return 1.0 / (1.0 + place / HALVES)


def covering(candidates: Sequence[Candidate], vectors: Vectors, *, most: int) -> list[int]:
    """The places of at most ``most`` candidates, in the order in which they were taken; ``vectors`` are of length 1."""
    weights = np.array([one.weight for one in candidates], dtype=np.float32)
    leads = np.array([one.lead for one in candidates], dtype=np.float32) * (LEADS * float(weights.sum()) / most)
    near = np.maximum(vectors @ vectors.T, 0.0)
    covered = np.zeros(len(candidates), dtype=np.float32)
    chosen: list[int] = []
    while len(chosen) < min(most, len(candidates)):
        gains = np.maximum(near - covered, 0.0) @ weights + leads
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        covered = np.maximum(covered, near[chosen[-1]])
    return chosen
