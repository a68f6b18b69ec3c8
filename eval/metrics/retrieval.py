"""Measures of rankings, citations, abstention and judgement: pure functions, each with its source.

What compares the words of two texts is in ``text_metrics``, intervals and tests are in ``intervals``. Shares are
between 0 and 1 and higher is better, except for risk and calibration error.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def recall_at_k(relevant: Sequence[bool], *, total: int, k: int) -> float:
    """The share of ``total`` relevant items among the first ``k`` (Manning et al. 2008, 8.4).

    >>> recall_at_k([False, True, True], total=4, k=2)
    0.25
    """
    return sum(relevant[:k]) / total if total else 0.0


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 / the rank of the first relevant item, 0 without one (Voorhees 1999, TREC-8 QA).

    >>> reciprocal_rank([False, True, True])
    0.5
    """
    return next((1.0 / rank for rank, hit in enumerate(relevant, start=1) if hit), 0.0)


def ndcg_at_k(gains: Sequence[float], *, ideal: Sequence[float], k: int) -> float:
    """Discounted gain over that of the best order (Järvelin and Kekäläinen 2002, with trec_eval's log2 discount).

    ``ideal``: the gains of every relevant item there is, in any order.

    >>> round(ndcg_at_k([0, 1], ideal=[1], k=10), 4)
    0.6309
    """
    best = _dcg(sorted(ideal, reverse=True)[:k])
    return _dcg(gains[:k]) / best if best else 0.0


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def average_precision(relevant: Sequence[bool], *, total: int) -> float:
    """The mean of the precision at each relevant item, those not found counting 0 (Manning et al. 2008, 8.4).

    >>> average_precision([True, False, True], total=2)
    0.8333333333333333
    """
    found, summed = 0, 0.0
    for rank, hit in enumerate(relevant, start=1):
        if hit:
            found += 1
            summed += found / rank
    return summed / total if total else 0.0


def spans_match(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two half-open spans share at least half of the shorter: sentence splitters differ at the edges.

    >>> spans_match((0, 10), (4, 30)), spans_match((0, 10), (6, 30))
    (True, False)
    """
    shorter = min(first[1] - first[0], second[1] - second[0])
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return shorter > 0 and 2 * shared >= shorter


def f1(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall (van Rijsbergen 1979)."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@dataclass(frozen=True, slots=True)
class Detection:
    """Precision, recall and F1 of a yes; a value is None where there is nothing to divide by."""

    precision: float | None
    recall: float | None
    f1: float | None


def detection(said: Sequence[bool], truly: Sequence[bool]) -> Detection:
    """How well ``said`` finds what is ``truly`` so; for abstention: said to be unanswerable, truly unanswerable."""
    both = sum(s and t for s, t in zip(said, truly, strict=True))
    precision = both / sum(said) if any(said) else None
    recall = both / sum(truly) if any(truly) else None
    if recall is None:
        return Detection(precision, None, None)
    return Detection(precision, recall, f1(precision or 0.0, recall))


def balanced_accuracy(said: Sequence[bool], truly: Sequence[bool]) -> float | None:
    """The mean of the recalls of yes and of no; None unless both occur (Brodersen et al. 2010).

    >>> balanced_accuracy([True, True, False], [True, False, False])
    0.75
    """
    positives = [s for s, t in zip(said, truly, strict=True) if t]
    negatives = [s for s, t in zip(said, truly, strict=True) if not t]
    if not positives or not negatives:
        return None
    return (sum(positives) / len(positives) + 1 - sum(negatives) / len(negatives)) / 2


def roc_auc(scores: Sequence[float], truly: Sequence[bool]) -> float | None:
    """How likely a yes outscores a no, ties counting half; None unless both occur (Hanley and McNeil 1982).

    >>> roc_auc([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
    0.875
    """
    labels = np.asarray(truly, dtype=bool)
    values = np.asarray(scores, dtype=float)
    positives, negatives = values[labels], np.sort(values[~labels])
    if not len(positives) or not len(negatives):
        return None
    below = np.searchsorted(negatives, positives, side="left")
    not_above = np.searchsorted(negatives, positives, side="right")
    return float((below + not_above).sum() / 2 / len(positives) / len(negatives))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Answering only what is at least this sure: the share that is answered, and the share of those that is wrong."""

    threshold: float
    coverage: float
    risk: float


def risk_coverage(confidence: Sequence[float], right: Sequence[bool], *, asked: int = 0) -> tuple[CurvePoint, ...]:
    """One point per distinct confidence, from the surest on (El-Yaniv and Wiener 2010).

    ``asked``: how many questions there were when some were not answered at all; coverage is a share of these.
    """
    order = sorted(zip(confidence, right, strict=True), key=lambda pair: -pair[0])
    total = max(asked, len(order))
    points: list[CurvePoint] = []
    wrong = 0
    for count, (threshold, correct) in enumerate(order, start=1):
        wrong += not correct
        if count == len(order) or order[count][0] != threshold:
            points.append(CurvePoint(threshold, count / total, wrong / count))
    return tuple(points)


def area_under_risk(points: Sequence[CurvePoint]) -> float | None:
    """The mean risk over the coverage that is reached, by steps; lower is better (Geifman et al. 2019, AURC)."""
    if not points:
        return None
    before = (0.0, *(point.coverage for point in points[:-1]))
    widths = [point.coverage - left for point, left in zip(points, before, strict=True)]
    return sum(point.risk * width for point, width in zip(points, widths, strict=True)) / points[-1].coverage


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The forecasts from ``low`` to ``high``: how many, their mean, and how often it was so."""

    low: float
    high: float
    n: int
    mean_score: float
    share_true: float


def calibration_bins(scores: Sequence[float], truly: Sequence[bool], *, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Bins of equal width over 0 to 1 that hold at least one score: a reliability diagram (Guo et al. 2017)."""
    grouped: dict[int, list[tuple[float, bool]]] = {}
    for score, label in zip(scores, truly, strict=True):
        grouped.setdefault(min(int(score * bins), bins - 1), []).append((score, label))
    return tuple(
        CalibrationBin(
            low=number / bins,
            high=(number + 1) / bins,
            n=len(pairs),
            mean_score=sum(score for score, _ in pairs) / len(pairs),
            share_true=sum(label for _, label in pairs) / len(pairs),
        )
        for number, pairs in sorted(grouped.items())
    )


def expected_calibration_error(scores: Sequence[float], truly: Sequence[bool], *, bins: int = 10) -> float | None:
    """The mean gap between forecast and outcome over equal-width bins, by their size (Guo et al. 2017).

    >>> expected_calibration_error([0.95, 0.95, 0.05], [True, False, False])
    0.31666666666666665
    """
    filled = calibration_bins(scores, truly, bins=bins)
    total = sum(one.n for one in filled)
    return sum(one.n * abs(one.mean_score - one.share_true) for one in filled) / total if total else None


def best_supporting_f1(chosen: frozenset[int], accepted: Sequence[frozenset[int]]) -> float:
    """F1 of the chosen sentences against the accepted set that fits best (WiCE, Kamoi et al. 2023, section 5)."""
    best = 0.0
    for gold in accepted:
        shared = len(chosen & gold)
        if shared:
            best = max(best, f1(shared / len(chosen), shared / len(gold)))
    return best
