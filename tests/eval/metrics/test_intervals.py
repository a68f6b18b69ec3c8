import math

import numpy as np
import pytest
from scipy import stats

from onrecord.eval.metrics.intervals import (
    bootstrap_interval,
    estimate_mean,
    holm,
    permutation_p_value,
    wilson_interval,
)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (47, 50), (50, 50), (1, 1)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson_interval(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_wilson_knows_nothing_without_cases() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_bootstrap_repeats_and_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).normal(size=80)
    ours = bootstrap_interval(values, resamples=4000, seed=3)
    assert ours == bootstrap_interval(values, resamples=4000, seed=3)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=5).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_the_bootstrap_of_equal_values_is_that_value() -> None:
    assert bootstrap_interval([0.5] * 7) == (0.5, 0.5)
    assert all(map(math.isnan, bootstrap_interval([])))


def test_a_rate_gets_wilson_and_a_mean_the_bootstrap() -> None:
    rate = estimate_mean([1.0] * 20)
    assert (rate.method, rate.value, rate.high) == ("wilson", 1.0, 1.0)
    assert rate.low == pytest.approx(0.839, abs=0.001)
    assert estimate_mean([0.5, 1.0, 0.25]).method == "bootstrap"


def test_the_permutation_test_is_exact_for_few_differences() -> None:
    assert permutation_p_value([1, 1, 1, -1, 0, 0]) == pytest.approx(10 / 16)
    assert permutation_p_value([0.0, 0.0]) == 1.0
    assert permutation_p_value([]) == 1.0


def test_the_permutation_test_agrees_with_scipy_on_many_differences() -> None:
    differences = np.random.default_rng(2).normal(0.25, 1.0, size=60)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=9999, rng=7, vectorized=True
    ).pvalue
    assert permutation_p_value(differences) == pytest.approx(theirs, abs=0.015)


def test_holm_never_lowers_a_p_value_and_keeps_the_order() -> None:
    assert holm([0.04, 0.01, 0.8]) == pytest.approx([0.08, 0.03, 0.8])
    assert holm([]) == []
