"""A run and the same run with a fault planted in it: what the comparison has to notice."""

from dataclasses import replace
from pathlib import Path

import pytest

from onrecord.eval.metrics.scoring import ScoredRow, score_rows, summarise
from onrecord.eval.reports.compare import compare
from onrecord.eval.reports.gate import Gate, check_gates
from onrecord.eval.suites.loading import GoldQuote, Question, Suite
from onrecord.eval.suites.records import CitationRow, ResultRow, SentenceRow
from onrecord.index.errors import InputError
from onrecord.index.types import Article

SENTENCES = [f"Witness number {number} saw {number * 7} boats leave." for number in range(90)]
TEXT = " ".join(SENTENCES)
STARTS = [TEXT.index(sentence) for sentence in SENTENCES]


def gold(number: int) -> GoldQuote:
    return GoldQuote("boats", SENTENCES[number], STARTS[number], STARTS[number] + len(SENTENCES[number]))


SUITE = Suite(
    "boats",
    Path(),
    (Article("boats", "Boats", TEXT),),
    tuple(
        Question(f"a{n}", f"What did {n} see?", f"kind-{n % 2}", True, (f"{n * 7} boats",), (gold(n),))
        for n in range(60)
    )
    + tuple(Question(f"u{n}", f"What did {n} hear?", "near-miss", False) for n in range(30)),
)


def answer(question: Question, number: int, cited: int) -> ResultRow:
    place = gold(cited)
    citation = CitationRow(1, "boats", place.start_char, place.end_char, place.quote)
    sentence = SentenceRow(SENTENCES[number], "supported", (citation,))
    return ResultRow(question.id, "onrecord", question.question, "answered", sentences=(sentence,))


def run(*, shift: int = 0, abstains: bool = True, wrong: int = 4) -> tuple[ScoredRow, ...]:
    """A good run: a few answers are wrong, a few questions are turned away or answered that should not be."""
    rows = []
    for number, question in enumerate(SUITE.questions):
        if question.answerable:
            said = number + 1 if number < wrong else number
            rows.append(answer(question, said, said + shift))
        elif abstains and number % 10:
            rows.append(ResultRow(question.id, "onrecord", question.question, "abstained", reason="not_answered"))
        else:
            rows.append(answer(question, number - 1, number - 1))
    return score_rows(SUITE, rows)


def losses(before: tuple[ScoredRow, ...], after: tuple[ScoredRow, ...]) -> set[tuple[str, str]]:
    return {(loss.metric, loss.kind) for loss in compare(before, after).significant_losses}


def test_a_run_against_itself_shows_no_difference() -> None:
    result = compare(run(), run())
    assert not result.significant_losses and not result.significant_gains and not result.flipped
    assert all(difference.difference == 0.0 and difference.p_value == 1.0 for difference in result.overall)


def test_citations_shifted_by_one_are_a_significant_loss_and_answers_are_not() -> None:
    found = losses(run(), run(shift=1))
    assert {("citation_precision", ""), ("citation_recall", ""), ("citation_enough", "")} <= found
    assert ("citation_precision", "kind-0") in found
    assert not {metric for metric, _ in found} & {"right", "answered_right", "citation_validity"}


def test_citations_shifted_by_one_break_the_gate() -> None:
    gates = [Gate("boats", "citation_precision", at_least=0.8), Gate("boats", "citation_validity", at_least=1.0)]
    sound = check_gates(gates, {("boats", "onrecord"): summarise(run())})
    broken = check_gates(gates, {("boats", "onrecord"): summarise(run(shift=1))})
    assert [result.passed for result in sound] == [True, True]
    assert [result.passed for result in broken] == [False, True]


def test_abstention_switched_off_is_a_significant_loss() -> None:
    found = losses(run(), run(abstains=False))
    assert {("abstained_rightly", ""), ("right", ""), ("abstained_rightly", "near-miss")} <= found
    assert ("answered_right", "") not in found


def test_abstention_switched_off_breaks_the_gate() -> None:
    gates = [Gate("boats", "abstained_rightly", at_least=0.85), Gate("boats", "answered_right", at_least=0.8)]
    broken = check_gates(gates, {("boats", "onrecord"): summarise(run(abstains=False))})
    assert [result.passed for result in broken] == [False, True]


def test_offsets_shifted_by_one_character_are_a_loss_of_validity() -> None:
    rows = []
    for question, number in zip(SUITE.questions[:60], range(60), strict=True):
        row = answer(question, number, number)
        citation = row.sentences[0].citations[0]
        moved = replace(citation, start_char=citation.start_char + 1, end_char=citation.end_char + 1)
        rows.append(replace(row, sentences=(replace(row.sentences[0], citations=(moved,)),)))
    found = losses(run(), score_rows(SUITE, rows))
    assert ("citation_validity", "") in found


def test_turning_everything_away_is_a_loss_although_lower_is_better_there() -> None:
    rows = [ResultRow(q.id, "onrecord", q.question, "abstained") for q in SUITE.questions]
    found = losses(run(), score_rows(SUITE, rows))
    assert {("false_abstention", ""), ("answered_right", "")} <= found


def test_one_more_wrong_answer_is_no_significant_loss_but_is_listed() -> None:
    result = compare(run(wrong=4), run(wrong=5))
    assert not result.significant_losses
    (flip,) = result.flipped
    assert (flip.question_id, flip.before, flip.after, flip.is_loss) == ("a4", "answered_right", "answered_wrong", True)


def test_a_mended_fault_is_a_gain() -> None:
    gained = {difference.metric for difference in compare(run(shift=1), run()).significant_gains}
    assert "citation_precision" in gained
    assert not compare(run(shift=1), run()).significant_losses


def test_the_interval_holds_the_difference_and_its_sign() -> None:
    loss = next(d for d in compare(run(), run(shift=1)).overall if d.metric == "citation_recall")
    assert loss.low <= loss.difference <= loss.high < 0
    assert loss.difference == pytest.approx(loss.after - loss.before)
    assert loss.n == 60


def test_only_shared_questions_are_compared_and_the_others_are_named() -> None:
    result = compare(run()[:-1], run()[1:])
    assert result.n == 88
    assert (result.only_before, result.only_after) == (("a0",), ("u29",))


def test_a_metric_that_only_one_run_has_is_named() -> None:
    without = [replace(row, scores={"completed": 1.0}) for row in run()]
    assert "right" in compare(run(), without).unpaired


def test_runs_without_a_shared_question_or_of_other_suite_versions_are_refused() -> None:
    with pytest.raises(InputError, match="share no question"):
        compare(run()[:3], run()[3:])
    with pytest.raises(InputError, match="'a0' differs between the runs"):
        compare(run(), [replace(row, kind="other") for row in run()])
