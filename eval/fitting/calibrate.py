"""Fits the abstention decision on named dev suites: signals per question -> weights, thresholds and their provenance.

What ``write_calibration`` writes is what ``onrecord.qa.steps.check`` reads.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.eval.metrics.intervals import Floats
from onrecord.eval.metrics.retrieval import balanced_accuracy, expected_calibration_error, roc_auc
from onrecord.eval.suites.loading import Question
from onrecord.index.errors import InputError
from onrecord.index.library import Library
from onrecord.index.types import Filter
from onrecord.qa.assistant import Assistant, Steps
from onrecord.qa.engines.base import Engine
from onrecord.qa.judges.reader import READER
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps.check import MODEL_SIGNALS, READER_SIGNALS, TEXT_SIGNALS, check
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.values import Checked, Found, Part
from onrecord.qa.types import AnswerStarted, Finished, Turn

FOLDS = 5
AGAINST = ("not_stated",)  # the higher, the less is it answered
MOST_FALSE_ABSTENTIONS = 0.05  # of answerable questions, when lenient
MOST_SILENCES = 1 / 12  # of answerable questions, when balanced: verification turns as many away again, or more
MOST_FALSE_ANSWERS = 0.10  # of unanswerable questions, when strict
_RIDGE = 5.0


@dataclass(frozen=True, slots=True)
class Observation:
    """The signals of one question as the assistant saw them, and whether the articles answer it."""

    question_id: str
    suite: str
    answerable: bool
    signals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted decision. The figures are of questions that were held out from the fit that judged them."""

    weights: Mapping[str, float]
    bias: float
    thresholds: Mapping[str, float]
    n: int
    roc_auc: float
    balanced_accuracy: float
    calibration_error: float


def observe(
    library: Library,
    engine: Engine | None,
    questions: Sequence[Question],
    *,
    suite: str,
    settings: AnswerSettings | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Observation, ...]:
    """The signals of each question, without writing answers. Questions for which nothing was found are left out."""
    seen: list[Mapping[str, float]] = []

    def observed(part: Part, found: Found, tools: Tools) -> Checked:
        checked = check(part, found, tools)
        seen.append(checked.signals)
        return checked

    assistant = Assistant(library, engine, settings, steps=Steps(check=observed))
    observations: list[Observation] = []
    for done, question in enumerate(questions, start=1):
        seen.clear()
        history = [Turn("assistant" if turn.role == "assistant" else "user", turn.content) for turn in question.history]
        stream = assistant.stream(question.question, history, Filter(articles=question.scope))
        for event in stream:
            if isinstance(event, AnswerStarted | Finished):  # the decision is made; nothing is written
                break
        signals = next((signals for signals in reversed(seen) if signals), None)
        if signals is not None:
            observations.append(Observation(question.id, suite, question.answerable, signals))
        if on_progress is not None:
            on_progress(done, len(questions))
    return tuple(observations)


def fit(observations: Sequence[Observation], *, seed: int = 0) -> Fitted:
    """A ridge logistic regression over the signals, each suite and each label weighing the same within it.

    The thresholds are chosen on out-of-fold probabilities: ``lenient`` turns at most 5 % of answerable questions away,
    ``balanced`` one in twelve, ``strict`` lets at most 10 % of unanswerable ones through. A signal that would weigh the
    wrong way is left out.

    Raises:
        InputError: too few questions of either label to fit and check anything.
    """
    labels = np.asarray([one.answerable for one in observations], dtype=bool)
    if min(labels.sum(), (~labels).sum()) < 2 * FOLDS:
        raise InputError(
            f"calibration needs at least {2 * FOLDS} answerable and {2 * FOLDS} unanswerable questions with evidence, "
            f"found {labels.sum()} and {(~labels).sum()}; name more suites or a larger sample"
        )
    sets = (READER_SIGNALS, (*MODEL_SIGNALS, *TEXT_SIGNALS), TEXT_SIGNALS)
    names = next(list(names) for names in sets if all(one.signals.keys() >= {*names} for one in observations))
    shares = _case_weights(observations)
    names, table = _of_right_sign(names, observations, labels, shares)
    held_out = _out_of_fold(table, labels, shares, seed)
    bias, weights = _logistic(table, labels, shares)
    thresholds = _thresholds(held_out, labels)
    said, truly = list(held_out >= thresholds["balanced"]), list(labels)
    return Fitted(
        weights=dict(zip(names, map(float, weights), strict=True)),
        bias=bias,
        thresholds=thresholds,
        n=len(observations),
        roc_auc=roc_auc(list(held_out), truly) or 0.0,
        balanced_accuracy=balanced_accuracy(said, truly) or 0.0,
        calibration_error=expected_calibration_error(list(held_out), truly) or 0.0,
    )


def write_calibration(path: Path, fitted: Fitted, *, with_model: bool, provenance: Mapping[str, Any]) -> None:
    """Write the decision with a model, or that without one, and its provenance; every other stays as it is.

    The first model has its own part of the file, which holds for those without one too; others are by their names. The
    decision with a reader is a part of its own.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    figures = {"n": fitted.n, "roc_auc": fitted.roc_auc, "balanced_accuracy": fitted.balanced_accuracy}
    part = {
        "weights": {signal: round(weight, 4) for signal, weight in fitted.weights.items()},
        "bias": round(fitted.bias, 4),
        "thresholds": dict(fitted.thresholds),
        "held_out": {key: round(value, 4) for key, value in figures.items()},
        "provenance": dict(provenance),
    }
    if not with_model:
        data["without_model"] = part
    elif READER in fitted.weights:
        data["with_reader"] = part
    elif provenance["model"] == data["with_model"]["provenance"]["model"]:
        data["with_model"] = part
    else:
        data.setdefault("models", {})[provenance["model"]] = part
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _of_right_sign(
    names: list[str], observations: Sequence[Observation], labels: Any, shares: Floats
) -> tuple[list[str], Floats]:
    """The signals that point the way they must, and their values: a wrong sign is noise that others pay for."""
    while True:
        table = np.asarray([[one.signals[name] for name in names] for one in observations], dtype=np.float64)
        _, weights = _logistic(table, labels, shares)
        wrong = [
            name for name, weight in zip(names, weights, strict=True) if weight * (-1 if name in AGAINST else 1) < 0
        ]
        if not wrong or len(names) == 1:
            return names, table
        worst = min(wrong, key=lambda name: -abs(weights[names.index(name)]) * table[:, names.index(name)].std())
        names = [name for name in names if name != worst]


def _case_weights(observations: Sequence[Observation]) -> Floats:
    groups = [(one.suite, one.answerable) for one in observations]
    shares = np.asarray([1.0 / groups.count(group) for group in groups])
    return np.asarray(shares * len(shares) / shares.sum())


def _logistic(table: Floats, labels: Any, shares: Floats) -> tuple[float, Floats]:
    """A ridge logistic regression on standardised signals; bias and weights for the plain signals."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(table)
    model = LogisticRegression(C=1 / _RIDGE, solver="newton-cholesky", tol=1e-8)
    model.fit(scaler.transform(table), labels, sample_weight=shares)
    weights = model.coef_[0] / scaler.scale_
    return float(model.intercept_[0] - weights @ scaler.mean_), weights


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))))


def _out_of_fold(table: Floats, labels: Any, shares: Floats, seed: int) -> Floats:
    """Each question's probability by a fit that did not see it; both labels are spread evenly over the folds."""
    fold = np.empty(len(labels), dtype=int)
    random = np.random.default_rng(seed)
    for label in (True, False):
        places = np.flatnonzero(labels == label)
        fold[random.permutation(places)] = np.arange(len(places)) % FOLDS
    found = np.empty(len(labels))
    for number in range(FOLDS):
        inside = fold != number
        bias, weights = _logistic(table[inside], labels[inside], shares[inside])
        found[~inside] = _sigmoid(bias + table[~inside] @ weights)
    return found


def _thresholds(probabilities: Floats, labels: Any) -> dict[str, float]:
    steps = np.round(np.arange(0.02, 0.99, 0.01), 2)
    kept = np.asarray([(probabilities[labels] >= step).mean() for step in steps])
    let_through = np.asarray([(probabilities[~labels] >= step).mean() for step in steps])
    lenient, balanced = (
        float(max(steps[kept >= 1 - most], default=steps[0])) for most in (MOST_FALSE_ABSTENTIONS, MOST_SILENCES)
    )
    strict = float(min(steps[let_through <= MOST_FALSE_ANSWERS], default=steps[-1]))
    return {"lenient": lenient, "balanced": balanced, "strict": max(strict, balanced)}
