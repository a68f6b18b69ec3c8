"""Claims as the verifier measures them, and figures per suite over their scores."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.eval.fitting.grounding import sentences_of
from onrecord.eval.metrics.retrieval import balanced_accuracy
from onrecord.eval.metrics.text import rouge_2_precision
from onrecord.eval.suites.loading import GroundingItem
from onrecord.qa.judges.claim_matching import case_of
from onrecord.qa.judges.measures import LONG, measure
from onrecord.qa.judges.objections import Objection, objections

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A claim as measured. ``document``: what is held out together; ``long``: the claim condenses a whole page."""

    id: str
    suite: str
    document: str
    supported: bool
    long: bool
    measured: Mapping[str, float]
    against: tuple[Objection, ...]
    rouge_2: float


def observe(items: Sequence[GroundingItem], suite: str) -> list[Example]:
    """Measure every claim against its whole source, as `FeatureVerifier.verify` does."""
    examples = []
    for item in items:
        sentences = sentences_of(item)
        case = case_of(item.claim, sentences)
        examples.append(
            Example(
                id=item.id,
                suite=suite,
                document=hashlib.sha256(" ".join(sentences).encode()).hexdigest()[:12],
                supported=item.supported,
                long=len(sentences) > LONG,
                measured=measure(case.claim, case.near, dated=case.evidence),
                against=objections(case.claim, case.near, case.evidence),
                rouge_2=rouge_2_precision(item.claim, " ".join(sentences)),
            )
        )
    return examples


def sigmoid(values: Floats) -> Floats:
    """Log-odds to probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))))


def best_threshold(examples: Sequence[Example], scores: Floats) -> float:
    """The threshold with the best balanced accuracy, averaged over the suites."""
    steps = np.quantile(scores, np.linspace(0.01, 0.99, 197))
    return float(max(steps, key=lambda step: np.mean(list(accuracies(examples, scores, float(step)).values()))))


def accuracies(examples: Sequence[Example], probabilities: Floats, threshold: float) -> dict[str, float]:
    """Balanced accuracy per suite, values from ``threshold`` on counting as supported."""
    return per_suite(examples, probabilities, lambda p, truly: balanced_accuracy([v >= threshold for v in p], truly))


def per_suite(
    examples: Sequence[Example], values: Floats, figure: Callable[[list[float], list[bool]], float | None]
) -> dict[str, float]:
    """One figure per suite, of (values, labels)."""
    found = {}
    for suite in suites_of(examples):
        mine = [(float(v), one.supported) for v, one in zip(values, examples, strict=True) if one.suite == suite]
        found[suite] = round(figure([v for v, _ in mine], [s for _, s in mine]) or 0.0, 4)
    return found


def suites_of(examples: Sequence[Example]) -> list[str]:
    """The names of the suites, sorted."""
    return sorted({one.suite for one in examples})


def of_suite(examples: Sequence[Example], values: Floats, suite: str) -> Floats:
    """The values of one suite's examples."""
    return np.asarray([v for v, one in zip(values, examples, strict=True) if one.suite == suite])


def log_odds(probability: float) -> float:
    """A probability to log-odds, kept finite."""
    probability = min(1 - 1e-4, max(1e-4, probability))
    return float(np.log(probability / (1 - probability)))
