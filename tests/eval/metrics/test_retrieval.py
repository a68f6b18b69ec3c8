import math

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import AP, RR, R, nDCG

from onrecord.eval.metrics.retrieval import (
    area_under_risk,
    average_precision,
    balanced_accuracy,
    best_supporting_f1,
    calibration_bins,
    detection,
    expected_calibration_error,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
    risk_coverage,
    roc_auc,
    spans_match,
)

LABELS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30)


def random_runs(*, graded: bool) -> list[tuple[list[str], dict[str, int]]]:
    """Rankings of up to 30 passages with their judgements, some of passages that were not found."""
    random = np.random.default_rng(4)
    runs = []
    for _ in range(40):
        ranking = [f"p{number}" for number in random.permutation(40)[: random.integers(1, 31)]]
        judged = random.choice(40, size=random.integers(1, 8), replace=False)
        runs.append((ranking, {f"p{n}": int(random.integers(1, 4)) if graded else 1 for n in judged}))
    return runs


def reference(measure: object, ranking: list[str], judged: dict[str, int]) -> float:
    scores = {passage: float(len(ranking) - place) for place, passage in enumerate(ranking)}
    return float(ir_measures.calc_aggregate([measure], {"q": judged}, {"q": scores})[measure])


def test_ranking_measures_agree_with_ir_measures_on_random_runs() -> None:
    for ranking, judged in random_runs(graded=False):
        relevant = [passage in judged for passage in ranking]
        total = len(judged)
        for k in (1, 5, 10, 20):
            assert recall_at_k(relevant, total=total, k=k) == pytest.approx(reference(R @ k, ranking, judged))
        assert reciprocal_rank(relevant) == pytest.approx(reference(RR, ranking, judged))
        assert average_precision(relevant, total=total) == pytest.approx(reference(AP, ranking, judged))


def test_ndcg_agrees_with_ir_measures_on_graded_runs() -> None:
    for ranking, judged in random_runs(graded=True):
        gains = [judged.get(passage, 0) for passage in ranking]
        for k in (5, 10):
            ours = ndcg_at_k(gains, ideal=list(judged.values()), k=k)
            assert ours == pytest.approx(reference(nDCG @ k, ranking, judged))


def test_ranking_measures_of_nothing_are_zero() -> None:
    assert recall_at_k([], total=3, k=5) == reciprocal_rank([]) == average_precision([], total=3) == 0.0
    assert ndcg_at_k([], ideal=[1.0], k=10) == ndcg_at_k([0.0], ideal=[], k=10) == 0.0


def test_spans_match_from_half_of_the_shorter_one() -> None:
    assert spans_match((0, 100), (90, 110))
    assert spans_match((90, 110), (0, 100))
    assert not spans_match((0, 100), (91, 111))
    assert not spans_match((0, 10), (10, 20))
    assert not spans_match((5, 5), (0, 10))


def test_detection_counts_what_was_said_against_what_is_true() -> None:
    found = detection([True, True, True, False], [True, False, True, True])
    assert found.precision == found.recall == found.f1 == pytest.approx(2 / 3)


def test_detection_without_a_yes_has_no_precision_and_no_f1_to_speak_of() -> None:
    found = detection([False, False], [True, False])
    assert (found.precision, found.recall, found.f1) == (None, 0.0, 0.0)
    assert detection([True], [False]).recall is None


def test_balanced_accuracy_of_always_yes_is_a_half() -> None:
    assert balanced_accuracy([True] * 10, [True] * 9 + [False]) == 0.5
    assert balanced_accuracy([True], [True]) is None


@given(LABELS)
def test_roc_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    yes = [score for score, label in pairs if label]
    no = [score for score, label in pairs if not label]
    if not yes or not no:
        assert roc_auc(scores, labels) is None
        return
    wins = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    assert roc_auc(scores, labels) == pytest.approx(wins / len(yes) / len(no))


def test_risk_rises_with_coverage_when_the_unsure_answers_are_wrong() -> None:
    points = risk_coverage([0.9, 0.8, 0.7, 0.6], [True, True, False, False])
    assert [(p.coverage, p.risk) for p in points] == [(0.25, 0.0), (0.5, 0.0), (0.75, 1 / 3), (1.0, 0.5)]
    assert area_under_risk(points) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_are_one_point_and_coverage_counts_what_was_not_answered() -> None:
    points = risk_coverage([0.5, 0.5], [True, False], asked=4)
    assert [(p.coverage, p.risk) for p in points] == [(0.5, 0.5)]
    assert area_under_risk(points) == 0.5
    assert area_under_risk(()) is None


def test_calibration_is_perfect_when_forecasts_come_true_as_often_as_they_say() -> None:
    assert expected_calibration_error([0.25] * 4, [True, False, False, False]) == pytest.approx(0.0)
    assert expected_calibration_error([1.0, 0.0], [False, True]) == pytest.approx(1.0)
    assert expected_calibration_error([], []) is None


def test_a_forecast_of_one_is_in_the_last_bin() -> None:
    (only,) = calibration_bins([1.0], [True])
    assert (only.low, only.high, only.share_true) == (0.9, 1.0, 1.0)


def test_evidence_is_compared_with_the_set_that_fits_best() -> None:
    accepted = [frozenset({1, 2, 3}), frozenset({5})]
    assert best_supporting_f1(frozenset({5}), accepted) == 1.0
    assert best_supporting_f1(frozenset({1, 2}), accepted) == pytest.approx(0.8)
    assert best_supporting_f1(frozenset({9}), accepted) == best_supporting_f1(frozenset(), accepted) == 0.0


@given(LABELS)
def test_the_area_under_risk_lies_between_best_and_worst(pairs: list[tuple[float, bool]]) -> None:
    points = risk_coverage([score for score, _ in pairs], [label for _, label in pairs])
    area = area_under_risk(points)
    assert area is not None and -1e-9 <= area <= 1 + 1e-9
    assert math.isclose(points[-1].coverage, 1.0)
