"""Does the evidence say what a sentence claims? A fitted score from word features, with rules that it may not overrule.

The weights, the thresholds and where they come from are in ``verifier.json``, written by
``python -m onrecord.eval.fitting.fit_verifier``.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Protocol

from onrecord.index.text.words import Words, plain, words_of
from onrecord.qa.engines.base import Asked
from onrecord.qa.judges.claim_matching import case_of
from onrecord.qa.judges.measures import FEATURES, LONG, measure
from onrecord.qa.judges.objections import EXACT, FATAL, is_alleged, objections
from onrecord.qa.types import Verdict

_CLAUSE = re.compile(r";\s|,\s(?:and|but|while|whereas)\s|\s(?:but|while|whereas)\s", re.IGNORECASE)
_SYSTEM = "You check statements against sentences from news articles. Reply yes or no."
# Of drafts that the features find partly supported, squad2-dev and realtimeqa-dev (100 and 97 questions): at least this
# likely to be all in the cited text, by the model's yes or no, were 15 of 16 right ones and 5 of 12 others.
SAYS_SO = 0.62
LEAST = -4.0  # log-odds of the features beside an adapter: a true claim may have no word of its evidence
SUPPORT = "support"  # the adapter that was trained to tell whether a text says a statement
SUPPORT_SYSTEM = "Reply yes if the text says all that the statement says, else no."


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
    feature_weight: float  # of the score's log-odds, where the adapter's are weighed with them
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
            feature_weight=data["adapter"]["features"],
            logit_weight=data["adapter"]["logit"],
            logit_intercept=data["adapter"]["intercept"],
        )

    def score(self, measured: Mapping[str, float]) -> float:
        """The probability that a claim with these features is supported."""
        return _sigmoid(self.intercept + sum(self.weights[name] * measured[name] for name in FEATURES))

    def weighed(self, score: float, said_yes: float) -> float:
        """Log-odds from the features' probability and the adapter's."""
        features = self.feature_weight * max(LEAST, _logit(score))
        return self.logit_intercept + features + self.logit_weight * _logit(said_yes)


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


class FeatureVerifier:
    """The default: word features and a logistic regression, well under two milliseconds a claim, no model."""

    def __init__(self, fit: Fit | None = None) -> None:
        self.fit = fit or shipped_fit()

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        score, (low, high) = self.score_and_bounds(claim, evidence, context=context)
        return between(score, low, high, partly=self.fit.partly)

    def score_and_bounds(
        self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = (), exact: bool = False
    ) -> tuple[float, tuple[float, float]]:
        """The fitted score, and the least and the most that the rules allow (0 and 1 when nothing is objected).

        ``exact``: only the rules that no model overrules.
        """
        case = case_of(claim, evidence, context=context)
        if not case.evidence or not case.claim.content:
            return 0.0, (0.0, 1.0)
        score = self._score(case.claim, case.near, case.context, case.evidence)
        return score, self._bounds(case.claim, case.near, [*case.context, *case.evidence], exact)

    def _score(
        self, claim: Words, evidence: Sequence[Words], context: Sequence[Words], dated: Sequence[Words] = ()
    ) -> float:
        return self.fit.score(measure(claim, evidence, context=context, dated=dated))

    def _bounds(
        self, claim: Words, evidence: Sequence[Words], context: Sequence[Words], exact: bool
    ) -> tuple[float, float]:
        against = set(objections(claim, evidence, context))
        if exact:
            against &= EXACT
        if not FATAL & against:
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
    """The features, and the model's yes or no on the sentence and its evidence.

    A model with the adapter for it is asked about all but copies and what the rules refuse, and its word is weighed
    with the features. Another, which was not trained for it, may only refuse what the features find partly supported.
    """

    def __init__(self, model: Asked, features: FeatureVerifier | None = None) -> None:
        self.model = model
        self.features = features or FeatureVerifier()

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        fit = self.features.fit
        alone = self.features.verify(claim, evidence, context=context)
        if is_copy(claim, evidence):
            return alone
        score, (low, high) = self.features.score_and_bounds(claim, evidence, context=context, exact=True)
        if high <= fit.partly:
            return alone
        said_yes = self.model.yes_probability(support_messages(claim, evidence), adapter=SUPPORT)
        if said_yes is not None:
            both = fit.weighed(score, said_yes)
            if both < 0:  # rather not: never in part
                return _sigmoid(both) * fit.partly
            return between(_sigmoid(both), low, high, partly=fit.partly)
        if verdict(alone) == "partly":
            said_yes = self.model.yes_probability(question_messages(claim, evidence))
            if said_yes is not None and said_yes < SAYS_SO:
                return fit.partly * 0.999
        return alone


def is_adapted(model: Asked) -> bool:
    """Whether the model has the adapter `SUPPORT`; it is asked for one reply."""
    return model.yes_probability(support_messages("It rained.", ["It rained."]), adapter=SUPPORT) is not None


def is_copy(claim: str, evidence: Sequence[str]) -> bool:
    """Whether the claim stands in the evidence word for word.

    >>> is_copy("the boat sank.", ["On Monday the boat sank."]), is_copy("The boat swam.", ["The boat sank."])
    (True, False)
    """
    return plain(claim) in plain(" ".join(evidence))


def support_messages(claim: str, evidence: Sequence[str]) -> list[dict[str, str]]:
    """The messages that the adapter `SUPPORT` was trained to answer with yes or no."""
    text = " ".join(words.text for words in case_of(claim, evidence).near)
    content = f"Text: {text}\nStatement: {claim}"
    return [{"role": "system", "content": SUPPORT_SYSTEM}, {"role": "user", "content": content}]


def question_messages(claim: str, evidence: Sequence[str]) -> list[dict[str, str]]:
    """The messages that ask a model whether the nearest sentences of the evidence say everything in the claim."""
    text = "\n".join(words.text for words in case_of(claim, evidence).near)
    content = f"Text:\n{text}\n\nStatement: {claim}\n\nDoes the text say everything in the statement? Reply yes or no."
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": content}]


def only_alleged(claim: str, evidence: Sequence[str]) -> bool:
    """Whether the evidence only alleges what the claim states plainly.

    >>> only_alleged("The rebels fired first.", ["The rebels fired first, the ministry claimed."])
    True
    """
    case = case_of(claim, evidence)
    return is_alleged(case.claim, case.near)
