"""A result row and its question -> scores; scored rows -> a summary with intervals.

A score is None where the measure does not apply to the question (no gold places, nothing cited, ...); such rows are
left out of that figure, and its ``n`` says how many are in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from onrecord.eval.metrics.intervals import Estimate, Floats, bootstrap_interval, estimate_mean, over_pairs
from onrecord.eval.metrics.outcomes import Outcome, answer_scores, outcome_of, outcome_scores
from onrecord.eval.metrics.places import citation_scores, retrieval_scores
from onrecord.eval.metrics.retrieval import (
    CalibrationBin,
    CurvePoint,
    area_under_risk,
    calibration_bins,
    detection,
    expected_calibration_error,
    risk_coverage,
    roc_auc,
)
from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import ResultRow
from onrecord.index.errors import InputError

LOWER_IS_BETTER = frozenset({"false_abstention", "words_per_citation", "area_under_risk", "calibration_error"})


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One question's outcome and scores. ``confidence``: the system's probability that the articles answer it."""

    question_id: str
    kind: str
    answerable: bool
    outcome: Outcome
    scores: Mapping[str, float | None]
    confidence: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """One timing or count over the questions that have it."""

    n: int
    mean: float
    p50: float
    p95: float
    highest: float


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of some questions: all of them, or those of one kind."""

    n: int
    metrics: Mapping[str, Estimate]
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in figures. ``curve`` and ``bins`` are empty for a system that gives no confidence."""

    overall: Group
    kinds: Mapping[str, Group]
    costs: Mapping[str, Cost]
    curve: tuple[CurvePoint, ...] = ()
    bins: tuple[CalibrationBin, ...] = ()


def score_rows(suite: Suite, results: Iterable[ResultRow]) -> tuple[ScoredRow, ...]:
    """Every row of one run scored, in the order of the rows.

    A run in which nothing was ever retrieved (or cited) is one of a system that cannot, and has no such scores.

    Raises:
        InputError: a row's question is not in the suite, or has two rows.
    """
    rows = tuple(results)
    questions = {question.id: question for question in suite.questions}
    retrieves, cites = any(row.retrieved for row in rows), any(row.citations for row in rows)
    texts = suite.texts
    scored: dict[str, ScoredRow] = {}
    for row in rows:
        question = questions.get(row.question_id)
        if question is None:
            raise InputError(f"question {row.question_id!r} is not in suite {suite.name!r}; was it run on another one?")
        if row.question_id in scored:
            raise InputError(f"question {row.question_id!r} has two result rows; score one run at a time")
        scored[row.question_id] = ScoredRow(
            question_id=question.id,
            kind=question.kind,
            answerable=question.answerable,
            outcome=outcome_of(question, row),
            scores=_scores(question, texts, row, retrieves=retrieves, cites=cites),
            confidence=row.answerability,
            timings=row.timings,
        )
    return tuple(scored.values())


def score_row(
    question: Question, suite: Suite, result: ResultRow, *, retrieves: bool = True, cites: bool = True
) -> dict[str, float | None]:
    """The scores of one row. ``retrieves``, ``cites``: whether the system does so at all."""
    return _scores(question, suite.texts, result, retrieves=retrieves, cites=cites)


def _scores(
    question: Question, texts: Mapping[str, str], row: ResultRow, *, retrieves: bool, cites: bool
) -> dict[str, float | None]:
    scores: dict[str, float | None] = {"completed": float(row.status != "failed")}
    if retrieves:
        scores |= retrieval_scores(question, row)
    if row.status == "retrieved":
        return scores
    scores |= answer_scores(question, row) | outcome_scores(question, row)
    if cites and row.status == "answered":
        scores |= citation_scores(question, texts, row)
    return scores


def summarise(rows: Sequence[ScoredRow], *, seed: int = 0) -> Summary:
    """The figures of a run, overall and per kind, each with its number of cases and its interval."""
    kinds = sorted({row.kind for row in rows})
    sure = [row for row in rows if row.confidence is not None]
    judged = [row for row in sure if row.outcome in ("answered_right", "answered_wrong")]
    return Summary(
        overall=_group(rows, seed),
        kinds={kind: _group([row for row in rows if row.kind == kind], seed) for kind in kinds},
        costs=_costs(rows),
        curve=risk_coverage(
            [row.confidence or 0.0 for row in judged],
            [row.outcome == "answered_right" for row in judged],
            asked=sum(row.outcome != "answered_unjudged" for row in rows),
        ),
        bins=calibration_bins([row.confidence or 0.0 for row in sure], [row.answerable for row in sure]),
    )


def _group(rows: Sequence[ScoredRow], seed: int) -> Group:
    outcomes: dict[str, int] = {}
    values: dict[str, list[float]] = {}
    for row in rows:
        outcomes[row.outcome] = outcomes.get(row.outcome, 0) + 1
        for name, value in row.scores.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    metrics = {name: estimate_mean(found, seed=seed) for name, found in values.items()}
    return Group(len(rows), metrics | _abstention(rows, seed) | _confidence(rows, seed), outcomes)


def _abstention(rows: Sequence[ScoredRow], seed: int) -> dict[str, Estimate]:
    """Precision, recall and F1 of "the articles do not say"; a failed row has said nothing."""
    asked = [row for row in rows if row.outcome != "retrieved"]
    said = [row.outcome in ("abstained_rightly", "abstained_wrongly") for row in asked]
    truly = [not row.answerable for row in asked]
    if not any(truly):
        return {}
    found = detection(said, truly)
    table = np.asarray(list(zip(said, truly, strict=True)), dtype=np.float64)
    estimates = {}
    for name, value, n in (
        ("abstention_precision", found.precision, sum(said)),
        ("abstention_recall", found.recall, sum(truly)),
        ("abstention_f1", found.f1, len(asked)),
    ):
        if value is not None:
            low, high = bootstrap_interval(table, statistic=_DETECTIONS[name], seed=seed)
            estimates[name] = Estimate(value, n, low, high)
    return estimates


def _ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)


def _both(sample: Floats) -> Floats:
    return np.asarray((sample[..., 0] * sample[..., 1]).sum(axis=1))


_DETECTIONS: dict[str, Callable[[Floats], Floats]] = {
    "abstention_precision": lambda sample: _ratio(_both(sample), sample[..., 0].sum(axis=1)),
    "abstention_recall": lambda sample: _ratio(_both(sample), sample[..., 1].sum(axis=1)),
    "abstention_f1": lambda sample: _ratio(2 * _both(sample), sample.sum(axis=(1, 2))),
}


def _confidence(rows: Sequence[ScoredRow], seed: int) -> dict[str, Estimate]:
    """How well the answerability score ranks, is calibrated, and sorts right from wrong answers."""
    pairs = [(row.confidence, row.answerable) for row in rows if row.confidence is not None]
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    estimates = {}
    auc, error = roc_auc(scores, labels), expected_calibration_error(scores, labels)
    table = np.asarray(pairs, dtype=np.float64)
    if auc is not None:
        low, high = bootstrap_interval(table, statistic=over_pairs(roc_auc), resamples=500, seed=seed)
        estimates["answerability_auc"] = Estimate(auc, len(pairs), low, high)
    if error is not None:
        statistic = over_pairs(expected_calibration_error)
        low, high = bootstrap_interval(table, statistic=statistic, resamples=500, seed=seed)
        estimates["calibration_error"] = Estimate(error, len(pairs), low, high)
    judged = [
        (row.confidence, float(row.outcome == "answered_right"))
        for row in rows
        if row.confidence is not None and row.outcome in ("answered_right", "answered_wrong")
    ]
    area = _risk_area([score for score, _ in judged], [right > 0.5 for _, right in judged])
    if area is not None:
        statistic = over_pairs(_risk_area)
        low, high = bootstrap_interval(np.asarray(judged), statistic=statistic, resamples=500, seed=seed)
        estimates["area_under_risk"] = Estimate(area, len(judged), low, high)
    return estimates


def _risk_area(confidence: Sequence[float], right: Sequence[bool]) -> float | None:
    return area_under_risk(risk_coverage(confidence, right))


def _costs(rows: Sequence[ScoredRow]) -> dict[str, Cost]:
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.timings.items():
            values.setdefault(name, []).append(value)
    costs = {}
    for name, found in values.items():
        middle, high = np.quantile(found, (0.5, 0.95))
        costs[name] = Cost(len(found), float(np.mean(found)), float(middle), float(high), max(found))
    return costs
