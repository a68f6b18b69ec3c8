"""One ranking out of two."""

import numpy as np
import pytest

from onrecord.index.search.fusion import mean_of_normalised, normalise, reciprocal_rank_fusion


def test_rank_fusion_adds_the_reciprocals_of_the_ranks() -> None:
    scores = reciprocal_rank_fusion([["a", "b", "c"], ["c", "a"]], k=60)
    assert scores["a"] == pytest.approx(1 / 61 + 1 / 62)
    assert scores["b"] == pytest.approx(1 / 62)
    assert scores["c"] == pytest.approx(1 / 63 + 1 / 61)
    assert list(scores) == ["a", "c", "b"]


def test_rank_fusion_counts_each_ranking_by_its_weight() -> None:
    assert list(reciprocal_rank_fusion([["a"], ["b"]], weights=[1.0, 2.0])) == ["b", "a"]


def test_rank_fusion_of_nothing_is_nothing() -> None:
    assert reciprocal_rank_fusion([[], []]) == {}


def test_rank_fusion_refuses_weights_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="zip"):
        reciprocal_rank_fusion([["a"]], weights=[1.0, 2.0])


def test_the_mean_does_not_depend_on_the_scale_of_either_score() -> None:
    cosine, bm25 = np.array([0.1, 0.9, 0.5], np.float32), np.array([12.0, 3.0, 0.0], np.float32)
    mean = mean_of_normalised([cosine, bm25])
    assert mean == pytest.approx(mean_of_normalised([cosine * 7 + 3, bm25 * 100]), abs=1e-5)
    assert mean == pytest.approx([0.5, (1 + 0.25) / 2, 0.25])


def test_the_mean_counts_each_score_by_its_weight() -> None:
    first, second = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
    assert mean_of_normalised([first, second], weights=[3.0, 1.0]) == pytest.approx([0.75, 0.25])


def test_scores_that_do_not_differ_say_nothing() -> None:
    assert normalise(np.array([0.4, 0.4], np.float32)).tolist() == [0.0, 0.0]
    assert normalise(np.array([], np.float32)).tolist() == []
