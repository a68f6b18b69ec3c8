from pathlib import Path

import pytest

from onrecord.eval.metrics.intervals import Estimate, estimate_mean
from onrecord.eval.metrics.scoring import Group, Summary
from onrecord.eval.reports.gate import Gate, Judged, check_gates, load_gates, without_exception
from onrecord.eval.suites.loading import load_suite
from onrecord.index.errors import InputError

ROOT = Path(__file__).parents[3]


def summary(**metrics: Estimate) -> dict[tuple[str, str], Summary]:
    group = Group(50, metrics, {})
    return {("seeds", "onrecord"): Summary(overall=group, kinds={"why": group}, costs={})}


def rate(right: int, n: int) -> Estimate:
    return estimate_mean([1.0] * right + [0.0] * (n - right))


def passes(gate: Gate, **metrics: Estimate) -> bool:
    (result,) = check_gates([gate], summary(**metrics))
    return result.passed


@pytest.mark.parametrize(("judged", "passed"), [("value", False), ("plausible", True), ("proven", False)])
def test_a_rate_just_below_the_bound_is_judged_by_its_interval(judged: Judged, passed: bool) -> None:
    gate = Gate("seeds", "right", at_least=0.8, judged=judged)
    assert passes(gate, right=rate(39, 50)) is passed


@pytest.mark.parametrize(("judged", "passed"), [("value", True), ("plausible", True), ("proven", False)])
def test_a_rate_just_above_the_bound_is_proven_only_by_more_cases(judged: Judged, passed: bool) -> None:
    gate = Gate("seeds", "right", at_least=0.8, judged=judged)
    assert passes(gate, right=rate(41, 50)) is passed
    assert passes(gate, right=rate(4900, 5000))


def test_a_rate_far_below_the_bound_breaks_every_kind_of_gate() -> None:
    judgements: tuple[Judged, ...] = ("value", "plausible", "proven")
    for judged in judgements:
        assert not passes(Gate("seeds", "right", at_least=0.8, judged=judged), right=rate(20, 50))


def test_an_upper_bound_is_judged_the_other_way_round() -> None:
    gate = Gate("seeds", "false_abstention", at_most=0.1)
    assert passes(gate, false_abstention=rate(6, 50))
    assert not passes(gate, false_abstention=rate(15, 50))


def test_what_must_hold_without_exception_breaks_on_one_case() -> None:
    gate = Gate("seeds", "citation_validity", at_least=1.0, judged="value")
    assert passes(gate, citation_validity=rate(500, 500))
    assert not passes(gate, citation_validity=rate(499, 500))


def test_too_few_cases_break_a_gate() -> None:
    gate = Gate("seeds", "right", at_least=0.5, min_n=20)
    (result,) = check_gates([gate], summary(right=rate(10, 10)))
    assert not result.passed
    assert "10 cases, and the gate needs 20" in result.message


def test_a_metric_kind_or_run_that_is_not_there_breaks_a_gate() -> None:
    assert not passes(Gate("seeds", "right", at_least=0.5))
    assert not passes(Gate("seeds", "right", at_least=0.5, kind="who"), right=rate(9, 9))
    assert passes(Gate("seeds", "right", at_least=0.5, kind="why"), right=rate(9, 9))
    elsewhere = Gate("poisoned", "right", at_least=0.5)
    assert not passes(elsewhere)
    assert check_gates([elsewhere], summary(), require_all=False) == ()


def test_the_message_names_the_figure_the_bound_and_the_reason() -> None:
    gate = Gate("seeds", "right", at_least=0.9, why="answers got worse")
    (result,) = check_gates([gate], summary(right=rate(20, 50)))
    assert result.message.startswith("seeds / onrecord / right: 0.400 [0.276, 0.538] n=50, breaks at least 0.9")
    assert result.message.endswith("answers got worse")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gate = 3", "must hold [[gate]] tables"),
        ("[other]\nx = 1", "must hold [[gate]] tables and nothing else, found other"),
        ("[[gate]]\nsuite = 1", "'suite' is missing"),
        ('[[gate]]\nsuite = "s"\nmetric = "m"', "give one number"),
        ('[[gate]]\nsuite = "s"\nmetric = "m"\nat_least = 1\nat_most = 1', "give one number"),
        ('[[gate]]\nsuite = "s"\nmetric = "m"\nat_least = "1"', "give one number"),
        ('[[gate]]\nsuite = "s"\nmetric = "m"\nat_least = 1\njudged = "mildly"', "must be one of value"),
        ('[[gate]]\nsuite = "s"\nmetric = "m"\nat_least = 1\nmin_n = 0', "'min_n' must be"),
        ('[[gate]]\nsuite = "s"\nmetric = "m"\natleast = 1', "unknown key atleast"),
        ("[[gate", "is not TOML"),
    ],
)
def test_a_bad_file_of_gates_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_gates(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_of_gates_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_gates(tmp_path / "none.toml")


def test_over_a_few_questions_only_what_has_no_exception_is_held_and_another_system_as_it_was() -> None:
    valid = Gate("seeds", "citation_validity", at_least=1.0, judged="value", min_n=10)
    share = Gate("seeds", "right", at_least=0.4)
    elsewhere = Gate("poisoned", "citation_validity", at_least=1.0, judged="value")
    other = Gate("seeds", "right", at_least=0.4, system="onrecord-no-model", min_n=200)
    gates = without_exception([valid, share, elsewhere, other], "seeds", "onrecord")
    assert [(gate.system, gate.metric, gate.min_n) for gate in gates] == [
        ("onrecord", "citation_validity", 1),
        ("onrecord-no-model", "right", 200),
    ]
    assert check_gates(gates[:1], summary(citation_validity=rate(3, 3)))[0].passed
    assert not check_gates(gates[:1], summary(citation_validity=rate(2, 3)))[0].passed


def test_the_shipped_gates_are_about_suites_that_are_here_and_large_enough() -> None:
    gates = load_gates()
    assert {gate.suite for gate in gates} == {"seeds", "poisoned"}
    for gate in gates:
        assert gate.why
        assert gate.min_n <= len(load_suite(ROOT / "eval" / gate.suite).questions)


def test_citations_must_be_valid_without_exception() -> None:
    for system in ("onrecord", "onrecord-no-model"):
        wanted = ("seeds", "citation_validity", system)
        (gate,) = [gate for gate in load_gates() if (gate.suite, gate.metric, gate.system) == wanted]
        assert (gate.at_least, gate.judged) == (1.0, "value")


def test_with_quotes_alone_every_question_is_held_to_the_gates() -> None:
    gates = [gate for gate in load_gates() if gate.system == "onrecord-no-model"]
    for suite in ("seeds", "poisoned"):
        (completed,) = [gate for gate in gates if (gate.suite, gate.metric) == (suite, "completed")]
        assert completed.min_n == len(load_suite(ROOT / "eval" / suite).questions)
