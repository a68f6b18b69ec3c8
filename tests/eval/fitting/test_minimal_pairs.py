import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from onrecord.eval.fitting.minimal_pairs import (
    CONTRAST_PAIRS,
    HALVES,
    MinimalPair,
    PairReport,
    evaluate_pairs,
    evaluate_pairs_by_copying,
    holds_pairs,
    load_pairs,
    pair_lines,
)
from onrecord.index.errors import InputError

SOURCE = "The dog bit the man in the park."
PAIRS = (
    MinimalPair("a", "roles", SOURCE, "true a", "false a", "tune", "freely false a"),
    MinimalPair("b", "roles", SOURCE, "true b", "false b", "test"),
    MinimalPair("c", "number", SOURCE, "true c", "false c", "test", "freely false c"),
    MinimalPair("d", "number", SOURCE, "true d", "false d", "test"),
)
SCORES = {
    **{"true a": 0.9, "false a": 0.1, "freely false a": 0.95},  # right both times; the reworded one is believed
    **{"true b": 0.4, "false b": 0.8},  # wrong both times
    **{"true c": 0.6, "false c": 0.6, "freely false c": 0.2},  # a tie, and both believed
    **{"true d": 0.3, "false d": 0.2},  # the right order, and neither believed
}


class TableVerifier:
    """Scores that are written down."""

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        assert evidence == (SOURCE,)
        return SCORES[claim]


def report() -> PairReport:
    return evaluate_pairs(PAIRS, TableVerifier(), threshold=lambda sentences: 0.5)


def test_the_figures_are_those_that_a_hand_can_work_out() -> None:
    figures = report().overall["all"]
    assert figures.true_above_false.value == (1 + 0 + 0.5 + 1) / 4
    assert figures.true_refused.value == 2 / 4
    assert figures.false_accepted.value == 2 / 4
    assert figures.balanced_accuracy.value == (1 + 0 + 0.5 + 0.5) / 4
    assert figures.true_above_false.n == 4


def test_a_reworded_false_claim_counts_only_where_there_is_one() -> None:
    figures = report().overall["all"]
    assert figures.true_above_reworded is not None and figures.reworded_accepted is not None
    assert (figures.true_above_reworded.value, figures.true_above_reworded.n) == (0.5, 2)
    assert (figures.reworded_accepted.value, figures.reworded_accepted.n) == (0.5, 2)
    without = evaluate_pairs(PAIRS[1:2], TableVerifier(), threshold=lambda sentences: 0.5).overall["all"]
    assert without.true_above_reworded is None and without.reworded_accepted is None


def test_each_half_and_each_phenomenon_has_figures_of_its_own() -> None:
    found = report()
    assert {half: figures.true_above_false.n for half, figures in found.overall.items()} == {
        "all": 4,
        "tune": 1,
        "test": 3,
    }
    assert found.overall["test"].true_above_false.value == 0.5
    assert found.phenomena["roles"]["test"].false_accepted.value == 1.0
    assert found.phenomena["number"]["all"].true_above_false.value == 0.75
    assert "tune" not in found.phenomena["number"]


def test_a_claim_at_the_threshold_is_supported() -> None:
    figures = evaluate_pairs(PAIRS[2:3], TableVerifier(), threshold=lambda sentences: 0.6).overall["all"]
    assert (figures.true_refused.value, figures.false_accepted.value) == (0.0, 1.0)


def test_the_threshold_is_told_how_many_sentences_the_source_has() -> None:
    class Undecided:
        def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
            return 0.5

    told: list[int] = []

    def threshold(sentences: int) -> float:
        told.append(sentences)
        return 0.5

    two = MinimalPair("e", "roles", f"{SOURCE} Nobody laughed.", "x", "y", "tune")
    evaluate_pairs([two], Undecided(), threshold=threshold)
    assert told == [2]


def test_the_lines_show_both_halves_of_a_phenomenon_and_what_is_not_known() -> None:
    lines = pair_lines("ours", report())
    assert lines[0] == "  ours"
    (roles,) = [line for line in lines if line.startswith("    roles")]
    assert roles.split() == "roles 1 / 1 1.00 / 0.00 1.00 / 0.00 0.00 / 1.00 0.00 / 1.00 0.00 / - 1.00 / -".split()


def test_copying_ranks_every_near_copy_first_and_cannot_tell_the_reworded_apart() -> None:
    found = evaluate_pairs_by_copying(load_pairs(CONTRAST_PAIRS)).overall["all"]
    assert found.true_above_false.value < 0.05
    assert found.true_above_reworded is not None and 0.4 < found.true_above_reworded.value < 0.6


def test_the_pairs_that_come_along_keep_their_rules() -> None:
    pairs = load_pairs(CONTRAST_PAIRS)
    count = Counter((pair.phenomenon, pair.half) for pair in pairs)
    assert len(pairs) >= 420 and len({pair.phenomenon for pair in pairs}) >= 20
    assert set(count.values()) == {11} and {half for _, half in count} == set(HALVES)
    assert len({pair.source for pair in pairs}) == len(pairs)  # no source stands in both halves
    for pair in pairs:
        assert len({pair.source, *pair.claims}) == 1 + len(pair.claims), pair.id


def test_rows_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    row = {"id": "p1", "phenomenon": "roles", "source": "S.", "true": "T.", "false": "F.", "half": "tune"}
    path.write_text(json.dumps(row))
    assert load_pairs(path) == (MinimalPair("p1", "roles", "S.", "T.", "F.", "tune"),)
    path.write_text(f"{json.dumps(row)}\n{json.dumps(row)}")
    with pytest.raises(InputError, match=r"pairs\.jsonl:2: 'p1': this id is used twice"):
        load_pairs(path)
    for change, expected in (
        ({"half": "dev"}, "'half' must be tune or test"),
        ({"true": ""}, "'true' is missing or empty"),
        ({"claim": "x"}, "unknown field 'claim'"),
    ):
        path.write_text(json.dumps(row | change))
        with pytest.raises(InputError, match=f"pairs.jsonl:1: 'p1': .*{expected}"):
            load_pairs(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="holds no pair"):
        load_pairs(path)


def test_a_file_of_pairs_is_told_from_a_file_of_claims(tmp_path: Path) -> None:
    claims = tmp_path / "claims.jsonl"
    claims.write_text(json.dumps({"id": "c", "claim": "x", "supported": True, "source": "x"}))
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert holds_pairs(CONTRAST_PAIRS) and not holds_pairs(claims) and not holds_pairs(empty)
