"""Does the evidence say what a sentence claims? A fitted score from word features, with rules that it may not overrule.

The weights, the thresholds and where they come from are in ``verifier.json``, written by
``python -m onrecord.eval.fitting.fit_verifier``.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Protocol

from onrecord.index.text.words import Words, stem, words_of
from onrecord.qa.engines.base import Engine
from onrecord.qa.judges.claim_matching import (
    Run,
    analyse,
    choose,
    content_pairs,
    forms_of,
    read_off,
    reworded,
    strange_day,
    strange_name,
    strange_number,
    terms,
)
from onrecord.qa.judges.objections import FATAL, Objection, objections
from onrecord.qa.types import Verdict

FEATURES = ("covered", "pairs", "ending", "jumps", "strange_name", "strange_number", "lost")
LONG = 25  # sentences of evidence from which a claim condenses a page rather than repeats what it cites
_SKIP = 3  # words left out at a time, up to which the claim still follows the sentence
_HEDGES = frozenset(  # of allegations the rules take care
    stem(word)
    for word in """former formerly ex possible possibly may might could would should expected plan planned try attempt
    likely unlikely almost nearly suggested proposed hope believe thought understood if whether failed refused
    threatened wait potential potentially probably perhaps unless appear seem""".split()
)
_OPENERS = frozenset("the a an of in to at on for from by with".split())  # an adjective may follow, left out or not
_TELLING = frozenset(stem(word) for word in "said claimed reported announced told stated added".split())
_JOINTS = frozenset(",;:—–()-`\"'“”.")
_CLAUSE = re.compile(r";\s|,\s(?:and|but|while|whereas)\s|\s(?:but|while|whereas)\s", re.IGNORECASE)
_SYSTEM = "You check statements against sentences from news articles. Reply yes or no."


class Verifier(Protocol):
    """Anything that can say how likely evidence bears out a claim."""

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        """The probability, 0 to 1, that the sentences of ``evidence`` say what ``claim`` says.

        ``context``: what surrounds the evidence (titles, sources, publication dates, neighbouring sentences). Names and
        dates may come from it, facts may not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted numbers: one weight per feature, already scaled to the feature's own unit, and the thresholds."""

    intercept: float
    weights: dict[str, float]
    supported: float
    partly: float
    page: float  # as ``supported``, for a claim compared with a whole page (more than LONG sentences)
    low: float  # scores from low to high are borderline: worth asking a model
    high: float
    logit_weight: float
    logit_intercept: float

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Fit":
        return cls(
            intercept=data["intercept"],
            weights={name: data["weights"][name] for name in FEATURES},
            supported=data["thresholds"]["supported"],
            partly=data["thresholds"]["partly"],
            page=data["thresholds"]["page"],
            low=data["borderline"]["low"],
            high=data["borderline"]["high"],
            logit_weight=data["engine"]["logit"],
            logit_intercept=data["engine"]["intercept"],
        )


@lru_cache(maxsize=1)
def shipped_fit() -> Fit:
    """The fit of ``verifier.json``."""
    return Fit.from_json(json.loads(files("onrecord.qa.judges").joinpath("verifier.json").read_text(encoding="utf-8")))


def verdict(score: float, *, sentences: int = 0) -> Verdict:
    """A score as a verdict, by the shipped thresholds.

    ``sentences``: how many the claim was compared with. A claim that condenses a whole page is worded more freely than
    one that repeats a few cited sentences, so that lower scores are as good there.
    """
    supported = supported_from(sentences)
    partly = supported / 2 if sentences > LONG else shipped_fit().partly
    return "supported" if score >= supported else "partly" if score >= partly else "unsupported"


def supported_from(sentences: int) -> float:
    """The least score of a supported claim that was compared with so many sentences."""
    return shipped_fit().page if sentences > LONG else shipped_fit().supported


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))


def _logit(probability: float) -> float:
    probability = min(1 - 1e-4, max(1e-4, probability))
    return math.log(probability / (1 - probability))


def measure(
    claim: Words, evidence: Sequence[Words], *, context: Sequence[Words] = (), dated: Sequence[Words] = ()
) -> dict[str, float]:
    """The measures named in ``FEATURES``, 0 to 1, for a claim against evidence that ``choose`` has narrowed down.

    ``covered``: share of content words that the evidence has. ``pairs``: share of neighbouring content words that stand
    together. ``ending``: the last word is there (details are added at the end). ``jumps``: reading cost per word.
    ``lost``: reading it off passes over a doubt, or a verb inside a phrase; a claim that condenses a page does so by
    nature, and is not blamed. ``context`` may bear out names and dates; ``dated``, the rest of the evidence, dates.
    """
    mine = reworded(claim, evidence)
    forms, content = [term.form for term in mine], [term.form for term in mine if term.content]
    theirs = [forms_of(e) for e in evidence]
    everything = frozenset().union(*theirs)
    reading = read_off(forms, theirs)
    lost = len(dated) <= LONG and any(_loses(frozenset(forms), evidence[run[0]], run) for run in reading.skipped)
    return {
        "covered": sum(s in everything for s in content) / max(1, len(content)),
        "pairs": content_pairs(content, evidence),
        "ending": float(bool(forms) and forms[-1] in everything),
        "jumps": reading.cost / max(1, reading.found),
        "strange_name": float(strange_name(claim, [*evidence, *context])),
        "strange_number": float(strange_number(claim, evidence) or strange_day(claim, [*evidence, *context, *dated])),
        "lost": float(lost),
    }


def _loses(claim: frozenset[str], sentence: Words, run: Run) -> bool:
    """Whether leaving out these words loses a doubt ("formerly", "may") or what was done ("failed to win" -> "win").

    What is between commas may be left out; a verb in the middle of a phrase may not.
    """
    _, first, end = run
    if end - first > _SKIP:
        return False
    around = terms(sentence)[first - 1 : end + 1]
    before, gap, after = around[0], around[1:-1], around[-1]
    if any(term.form in _HEDGES and term.form not in claim for term in gap):
        return True
    joints = [sentence.text[a.end : b.start] for a, b in pairwise(around)]
    within = before.text not in _OPENERS and (before.content or after.content)
    if not within or any(_JOINTS & set(joint) for joint in joints):
        return False
    return any(t.content and t.form not in claim | _TELLING and t.text.endswith(("ed", "ing")) for t in gap)


class FeatureVerifier:
    """The default: word features and a logistic regression, well under two milliseconds a claim, no model."""

    def __init__(self, fit: Fit | None = None) -> None:
        self.fit = fit or shipped_fit()

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        score, (low, high) = self.score_and_bounds(claim, evidence, context=context)
        return between(score, low, high, partly=self.fit.partly)

    def score_and_bounds(
        self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()
    ) -> tuple[float, tuple[float, float]]:
        """The fitted score, and the least and the most that the rules allow (0 and 1 when nothing is objected)."""
        stated, found, around = words_of(claim), analyse(evidence), analyse(context)
        if not found or not stated.content:
            return 0.0, (0.0, 1.0)
        near = [found[n] for n in choose(stated, found)]
        return self._score(stated, near, around, found), self._bounds(stated, near, [*around, *found])

    def _score(
        self, claim: Words, evidence: Sequence[Words], context: Sequence[Words], dated: Sequence[Words] = ()
    ) -> float:
        measured = measure(claim, evidence, context=context, dated=dated)
        return _sigmoid(self.fit.intercept + sum(self.fit.weights[name] * measured[name] for name in FEATURES))

    def _bounds(self, claim: Words, evidence: Sequence[Words], context: Sequence[Words]) -> tuple[float, float]:
        against = objections(claim, evidence, context)
        if not FATAL & set(against):
            return 0.0, self.fit.supported if against else 1.0
        if self._holds_in_part(claim, evidence, context):
            return self.fit.partly, self.fit.supported
        return 0.0, self.fit.partly

    def _holds_in_part(self, claim: Words, evidence: Sequence[Words], context: Sequence[Words]) -> bool:
        """Whether a clause of its own, free of objections, is supported although the sentence is not."""
        clauses = [words_of(part) for part in _CLAUSE.split(claim.text) if len(part.split()) >= 4]
        return len(clauses) > 1 and any(
            self._score(clause, evidence, context) >= self.fit.supported and not objections(clause, evidence, context)
            for clause in clauses
        )


def between(score: float, low: float, high: float, *, partly: float) -> float:
    """``score`` brought under ``high`` and to ``low`` at least, keeping the order of scores.

    Under ``supported``, scores up to ``partly`` stay as they are and the rest is squeezed in between.
    """
    if high <= partly:
        score = score * high * 0.999
    elif high < 1.0 and score > partly:
        score = partly + (score - partly) / (1.0 - partly) * (high - partly) * 0.999
    return max(low, score)


class EngineVerifier:
    """The features, and for borderline sentences the model's own yes or no on the sentence and its evidence."""

    def __init__(self, engine: Engine, features: FeatureVerifier | None = None) -> None:
        self.engine = engine
        self.features = features or FeatureVerifier()

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        fit = self.features.fit
        score, (low, high) = self.features.score_and_bounds(claim, evidence, context=context)
        if high > fit.partly and fit.low <= score <= fit.high:
            said_yes = self.engine.yes_probability(question_messages(claim, evidence))
            if said_yes is not None:
                score = _sigmoid(fit.logit_intercept + _logit(score) + fit.logit_weight * _logit(said_yes))
        return between(score, low, high, partly=fit.partly)


def question_messages(claim: str, evidence: Sequence[str]) -> list[dict[str, str]]:
    """The messages that ask a model whether the nearest sentences of the evidence say everything in the claim."""
    found = analyse(evidence)
    near = [found[n].text for n in choose(words_of(claim), found)]
    text = "\n".join(near)
    content = f"Text:\n{text}\n\nStatement: {claim}\n\nDoes the text say everything in the statement? Reply yes or no."
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": content}]


def why_not(claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> tuple[Objection, ...]:
    """The rules that speak against a claim, for saying what is wrong with it.

    >>> why_not("The repairs cost 3 million euros.", ["The repairs cost 2 million euros."])
    ('number',)
    """
    stated, found = words_of(claim), analyse(evidence)
    return objections(stated, [found[n] for n in choose(stated, found)], [*analyse(context), *found])
