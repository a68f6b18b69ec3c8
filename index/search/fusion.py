"""One ranking out of several. Scores are higher-is-better everywhere."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from onrecord.index.types import Vectors

Id = TypeVar("Id", bound=Hashable)
RRF_K = 60


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[Id]], *, weights: Sequence[float] | None = None, k: int = RRF_K
) -> dict[Id, float]:
    """Sum over the rankings of ``weight / (k + rank)``, ranks from 1 (Cormack, Clarke and Büttcher, SIGIR 2009).

    An id that a ranking lacks gets nothing from it. The result is in falling order of the score.

    >>> list(reciprocal_rank_fusion([["a", "b"], ["b", "c"]]))
    ['b', 'a', 'c']
    """
    scores: dict[Id, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, one in enumerate(ranking, start=1):
            scores[one] = scores.get(one, 0.0) + weight / (k + rank)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def mean_of_normalised(scores: Sequence[Vectors], *, weights: Sequence[float] | None = None) -> Vectors:
    """The weighted mean of score lists over the same candidates, each first scaled to 0 … 1.

    >>> mean_of_normalised([np.array([0.2, 0.4]), np.array([9.0, 0.0])]).tolist()
    [0.5, 0.5]
    """
    shares = np.array(weights or [1.0] * len(scores), dtype=np.float32)
    scaled = np.stack([normalise(one) for one in scores])
    return np.asarray(shares @ scaled / max(float(shares.sum()), 1e-9), dtype=np.float32)


def normalise(scores: Vectors) -> Vectors:
    """Scaled so that the lowest is 0 and the highest 1; all 0 where they do not differ."""
    scores = np.asarray(scores, dtype=np.float32)
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
