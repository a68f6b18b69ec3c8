"""How sure a figure is: intervals for rates and means, and a test for paired runs. Seeded, so that runs repeat."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RESAMPLES = 2000
PERMUTATIONS = 9999
_EXACT_UP_TO = 12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its number of cases and its 95 % interval, made by ``method``."""

    value: float
    n: int
    low: float
    high: float
    method: str = "bootstrap"

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


def wilson_interval(successes: int, n: int, *, z: float = 1.959964) -> tuple[float, float]:
    """The score interval of a rate (Wilson 1927); (0, 1) without cases. ``z`` = 1.96 for 95 %.

    >>> [round(bound, 2) for bound in wilson_interval(47, 50)]
    [0.84, 0.98]
    """
    if n == 0:
        return 0.0, 1.0
    rate = successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    margin = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - margin)
    high = 1.0 if successes == n else min(1.0, centre + margin)
    return low, high


def _mean(sample: Floats) -> Floats:
    return np.asarray(sample.mean(axis=1))


def bootstrap_interval(
    values: Sequence[float] | Floats,
    *,
    statistic: Callable[[Floats], Floats] = _mean,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile interval of a statistic over resampled cases (Efron and Tibshirani 1993, chapter 13).

    ``values`` has one case per row; ``statistic`` gets samples of shape ``(resamples, n, ...)`` and reduces axis 1.
    Resamples in which the statistic is not defined (nan) are left out.
    """
    data = np.asarray(values, dtype=np.float64)
    if len(data) == 0:
        return math.nan, math.nan
    picks = np.random.default_rng(seed).integers(0, len(data), size=(resamples, len(data)))
    found = statistic(data[picks])
    found = found[~np.isnan(found)]
    if len(found) == 0:
        return math.nan, math.nan
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def over_pairs(measure: Callable[[Sequence[float], Sequence[bool]], float | None]) -> Callable[[Floats], Floats]:
    """A measure of scores and labels as a statistic of ``bootstrap_interval`` over a table of (score, label)."""

    def statistic(samples: Floats) -> Floats:
        values = (measure(list(sample[:, 0]), list(sample[:, 1] > 0.5)) for sample in samples)
        return np.asarray([np.nan if value is None else value for value in values])

    return statistic


def estimate_mean(values: Sequence[float], *, seed: int = 0) -> Estimate:
    """The mean of at least one value, with Wilson's interval for a rate (only 0s and 1s), else the bootstrap's."""
    mean = sum(values) / len(values)
    if all(value in (0.0, 1.0) for value in values):
        low, high = wilson_interval(round(sum(values)), len(values))
        return Estimate(mean, len(values), low, high, "wilson")
    low, high = bootstrap_interval(values, seed=seed)
    return Estimate(mean, len(values), low, high)


def permutation_p_value(
    differences: Sequence[float] | Floats, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> float:
    """Two-sided p of paired differences under random sign flips (Fisher 1935; Smucker et al. 2007).

    Exact for up to twelve differences that are not zero, else sampled with the +1 of Phipson and Smyth (2010).

    >>> permutation_p_value([1, 1, 1, 1, 1])
    0.0625
    """
    moved = np.asarray([d for d in np.asarray(differences, dtype=np.float64) if d != 0.0])
    if len(moved) == 0:
        return 1.0
    observed = abs(moved.sum()) - 1e-12
    if len(moved) <= _EXACT_UP_TO:
        sums = np.asarray(list(product((-1.0, 1.0), repeat=len(moved)))) @ moved
        return float((np.abs(sums) >= observed).mean())
    signs = np.random.default_rng(seed).integers(0, 2, size=(permutations, len(moved)), dtype=np.int8) * 2 - 1
    extreme = int((np.abs(signs @ moved) >= observed).sum())
    return (extreme + 1) / (permutations + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values adjusted for having made so many tests (Holm 1979), in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = highest
    return adjusted
