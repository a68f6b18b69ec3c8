"""Which sentences stand for many: those that cover most of what the others say, and that can be read alone.

How much of everything is said by some chosen sentences is the sum, over all that there is to say, of how near the
nearest of them comes to it, as a cosine of vectors. This is a facility location function, monotone and submodular, so
that taking the best next sentence each time gives at least 63 % of the best possible sum (Lin and Bilmes, ACL 2011;
Nemhauser and others, 1978). What there is to say of an article is each of its sentences, the earlier ones weighing
more, and its title; and one of its first sentences is to be among those chosen, as news puts what happened first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onrecord.index import Sentence, Vectors
from onrecord.index.text.words import words_of
from onrecord.qa.steps.choose import leans_back

SHORTEST, LONGEST = 6, 60  # words of a sentence that is worth quoting
# Beside what its sentences say, which weighs 1: the title, and the event, which the first sentences near it report.
TITLE, EVENT = 0.2, 0.6
HALVES = 10.0  # sentences of an article after which what one says weighs half as much
LEADS = 2.0  # the same for how well a sentence reports the event
FACTS, MOST_FACTS = 0.2, 3  # a sentence without names and numbers says less, by this share, than one with so many

_WHOLE = re.compile(r"[.!…][\s\"'”’»)\]]*$")
_OPENS = re.compile(r"[\w“\"‘'«(]")
_QUOTATION = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»")
_GOES_ON = re.compile(
    r"(?:but|and|so|yet|or|nor|however|instead|meanwhile|also|still|then|both|such|some|many|most|another|others?|"
    r"similarly|there|here|rather|nevertheless|nonetheless|moreover|furthermore|therefore|thus|otherwise|likewise|besides|"
    r"as a result|in addition|for (?:example|instance|their part|his part|her part)|at the same time|after that|"
    r"by then|i|we|you|my|our|your)\b",
    re.IGNORECASE,
)
_TO_THE_READER = re.compile(
    r"(?:sign up|subscribe|follow|click|read|watch|listen|see|check out|explore|download|contact|e-?mail|share|"
    r"editor[’']s note|correction|clarification|photo|image|credit|copyright|for (?:the latest|more)\b|"
    r"this (?:story|article|page|column|post|video))\b",
    re.IGNORECASE,
)
_PROMOTES = re.compile(
    r"(?i:\b(?:sign[ -]up (?:to|for) (?:get|our|your|the|this)|subscribe to (?:our|the)|in your inbox)\b)|"
    r"\w:[A-Z]"  # the text of a link to another article: "More:Frostbite is a risk"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be chosen, of the ``article`` of this number; ``place``: the how-manieth of that, from 0."""

    sentence: Sentence
    article: int
    place: int


def stands_alone(text: str, *, who: bool = False) -> bool:
    """Whether a sentence reports, and can be read alone; ``who``: it is known whom its pronoun means.

    >>> stands_alone("The city closed the Old Mill Bridge on Monday."), stands_alone("He said that it would take long.")
    (True, False)
    >>> stands_alone("It will cost too much,” said the mayor of the town."), stands_alone("The bridge: what now?")
    (False, False)
    """
    if not SHORTEST <= len(text.split()) <= LONGEST or not _WHOLE.search(text) or not _OPENS.match(text):
        return False
    if (
        _PROMOTES.search(text)
        or text.count("“") != text.count("”")
        or text.count('"') % 2
        or _TO_THE_READER.match(text)
    ):
        return False
    said = _QUOTATION.sub("", text)
    if said != text and len(re.findall(r"\w+", said)) < 2:  # nobody is named who says so
        return False
    opening = text.lstrip("“\"‘'«(")
    return who or not (leans_back(text) or _GOES_ON.match(opening) or opening[:1].islower())


def covering(
    candidates: Sequence[Candidate], vectors: Vectors, titles: Vectors, *, most: int, about: Vectors | None = None
) -> list[int]:
    """The places of at most ``most`` candidates, in the order in which they were taken.

    ``vectors`` and ``titles``, those of the candidates and of their articles, are of length 1; a title of length 0 is
    none. Each article weighs the same, however long it is. ``about``: how near each candidate is to a subject that is
    asked for, 0 to 1; what is far from it is worth little to say, and says little.
    """
    article = np.array([one.article for one in candidates])
    place = np.array([one.place for one in candidates], dtype=np.float32)
    weights = _shares(1.0 / (1.0 + place / HALVES), article, len(titles))
    sums = np.zeros_like(titles)
    np.add.at(sums, article, vectors * weights[:, None])
    centres = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    central = np.maximum((vectors * centres[article]).sum(axis=1), 0.0)
    own = article[:, None] == np.arange(len(titles))
    titled = np.maximum(vectors @ titles.T, 0.0)
    events = np.where(own, (titled + central[:, None]) / 2.0 / (1.0 + place / LEADS)[:, None], 0.0)
    near = np.hstack([vectors @ vectors.T, TITLE * titled, EVENT * events])
    facts = np.array([_facts(one.sentence.text) for one in candidates], dtype=np.float32)
    near[:, : len(candidates)] *= weights * (1.0 - FACTS * (1.0 - facts[:, None]))
    near = np.maximum(near, 0.0)
    if about is not None:
        near[:, : len(candidates)] *= about
        near *= about[:, None]
    covered = np.zeros(near.shape[1], dtype=np.float32)
    chosen: list[int] = []
    while len(chosen) < min(most, len(candidates)):
        gains = np.maximum(near - covered, 0.0).sum(axis=1)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        covered = np.maximum(covered, near[chosen[-1]])
    return chosen


def _facts(text: str) -> float:
    """How much a sentence tells, 0 to 1, by the names and numbers in it."""
    words = words_of(text)
    return min(len(words.names) + len(words.quantities) + len(words.days), MOST_FACTS) / MOST_FACTS


def _shares(weights: Vectors, article: Vectors, articles: int) -> Vectors:
    """The weights, those of one article adding up to 1."""
    totals = np.bincount(article, weights=weights, minlength=articles)
    return np.asarray(weights / totals[article], dtype=np.float32)
