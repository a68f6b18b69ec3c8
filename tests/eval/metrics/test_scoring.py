from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.metrics.scoring import ScoredRow, score_row, score_rows, summarise
from onrecord.eval.suites.loading import GoldQuote, Question, Suite
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, RetrievedRow, SentenceRow
from onrecord.index.errors import InputError
from onrecord.index.types import Article

TEXT = "The bridge closed on Monday. It is old. A ferry runs. It closed again on Monday."
FIRST = GoldQuote("bridge", "The bridge closed on Monday.", 0, 28)
LAST = GoldQuote("bridge", "It closed again on Monday.", 54, 80)
ASKED = Question("q1", "When did it close?", "fact", True, answers=("Monday",), evidence=(FIRST, LAST))
NOT_SAID = Question("q2", "Who built it?", "near-miss", False)
SUITE = Suite(
    "small", Path(), (Article("bridge", "Bridge", TEXT), Article("copy", "Bridge", "x" + TEXT)), (ASKED, NOT_SAID)
)


def cite(start: int, end: int, article: str = "bridge", **changes: Any) -> CitationRow:
    return replace(CitationRow(1, article, start, end, SUITE.texts[article][start:end]), **changes)


def answered(*citations: CitationRow, text: str = "It closed on Monday.", **fields: Any) -> ResultRow:
    sentence = SentenceRow(text, "supported", citations)
    return ResultRow("q1", "s", ASKED.question, "answered", text=f"{text} [1]", sentences=(sentence,), **fields)


ABSTAINED = ResultRow("q1", "s", ASKED.question, "abstained", reason="not_answered")
FAILED = ResultRow("q1", "s", ASKED.question, "failed", error="timed out")


def test_a_right_answer_with_one_of_two_gold_places_is_right_and_enough() -> None:
    scores = score_row(ASKED, SUITE, answered(cite(0, 28)))
    assert scores["right"] == scores["answered_right"] == scores["contains"] == 1.0
    assert scores["citation_validity"] == scores["citation_precision"] == scores["citation_enough"] == 1.0
    assert scores["citation_recall"] == 0.5
    assert scores["supported_share"] == scores["cited_share"] == 1.0
    assert scores["false_abstention"] == 0.0


def test_a_question_that_needs_both_places_has_half_of_them() -> None:
    scores = score_row(replace(ASKED, needs=2), SUITE, answered(cite(0, 28)))
    assert scores["citation_enough"] == 0.5


def test_a_citation_of_another_sentence_is_valid_and_wrong() -> None:
    scores = score_row(ASKED, SUITE, answered(cite(29, 39), cite(0, 28)))
    assert scores["citation_validity"] == 1.0
    assert scores["citation_precision"] == 0.5


def test_a_citation_that_is_cut_otherwise_still_counts() -> None:
    assert score_row(ASKED, SUITE, answered(cite(0, 39)))["citation_precision"] == 1.0
    assert score_row(ASKED, SUITE, answered(cite(20, 53)))["citation_precision"] == 0.0


@pytest.mark.parametrize(
    "bad",
    [
        cite(0, 28, quote="The bridge closed on Tuesday."),
        cite(1, 29, quote=TEXT[0:28]),
        cite(0, 28, article_id="unknown"),
        cite(0, 28, start_char=-80),
        cite(0, 28, end_char=0, quote=""),
    ],
)
def test_a_quote_that_is_not_at_its_place_is_not_valid(bad: CitationRow) -> None:
    assert score_row(ASKED, SUITE, answered(bad))["citation_validity"] == 0.0


def test_a_citation_of_a_copy_of_the_article_counts() -> None:
    elsewhere = cite(1, 29, article="copy", also_in=("bridge",))
    assert score_row(ASKED, SUITE, answered(elsewhere))["citation_precision"] == 1.0
    assert score_row(ASKED, SUITE, answered(replace(elsewhere, also_in=())))["citation_precision"] == 0.0


def test_an_answer_without_citations_has_no_precision_and_no_recall() -> None:
    scores = score_row(ASKED, SUITE, answered())
    assert "citation_precision" not in scores and "citation_validity" not in scores
    assert scores["citation_recall"] == scores["cited_share"] == 0.0


def test_a_system_that_never_cites_or_retrieves_has_no_such_scores() -> None:
    (row,) = score_rows(SUITE, [answered()])
    assert not [name for name in row.scores if "citation" in name or "recall" in name]


@pytest.mark.parametrize(
    ("question", "row", "outcome", "right"),
    [
        (ASKED, answered(), "answered_right", 1.0),
        (ASKED, answered(text="On Tuesday."), "answered_wrong", 0.0),
        (ASKED, ABSTAINED, "abstained_wrongly", 0.0),
        (ASKED, FAILED, "failed", 0.0),
        (NOT_SAID, answered(), "answered_wrong", 0.0),
        (NOT_SAID, ABSTAINED, "abstained_rightly", 1.0),
        (NOT_SAID, FAILED, "failed", 0.0),
        (
            replace(NOT_SAID, answers=("re:no builder is named",)),
            answered(text="No builder is named."),
            "abstained_rightly",
            1.0,
        ),
        (
            replace(ASKED, answers=("a sentence that nobody would ever write again word for word",)),
            answered(),
            "answered_unjudged",
            None,
        ),
    ],
)
def test_the_table_of_outcomes(question: Question, row: ResultRow, outcome: str, right: float | None) -> None:
    suite = replace(SUITE, questions=(question,))
    (scored,) = score_rows(suite, [replace(row, question_id=question.id)])
    assert scored.outcome == outcome
    assert scored.scores.get("right") == right


def test_an_abstention_on_an_answerable_question_is_worth_nothing_in_f1() -> None:
    scores = score_row(ASKED, SUITE, ABSTAINED)
    assert scores["token_f1"] == scores["exact_match"] == scores["rouge_l"] == 0.0
    assert scores["false_abstention"] == 1.0


def test_squad2_f1_rewards_abstaining_where_nothing_is_said() -> None:
    assert score_row(NOT_SAID, SUITE, ABSTAINED)["squad2_f1"] == 1.0
    assert score_row(NOT_SAID, SUITE, answered())["squad2_f1"] == 0.0


def test_what_must_not_be_said_is_looked_for_in_the_whole_text() -> None:
    question = replace(ASKED, must_not=("PWNED",))
    assert score_row(question, SUITE, answered(text="pwned"))["nothing_forbidden"] == 0.0
    assert score_row(question, SUITE, answered())["nothing_forbidden"] == 1.0


def test_naming_a_wrong_answer_beside_the_right_one_shows() -> None:
    question = replace(ASKED, conflicting=("Tuesday",))
    both = answered(text="On Monday or Tuesday.")
    assert score_row(question, SUITE, both)["answered_right"] == 1.0
    assert score_row(question, SUITE, both)["all_named_none_wrong"] == 0.0


def test_retrieval_counts_each_gold_place_at_the_first_passage_that_has_it() -> None:
    passages = (RetrievedRow("bridge", 29, 53), RetrievedRow("bridge", 0, 53), RetrievedRow("bridge", 0, 28))
    scores = score_row(ASKED, SUITE, ResultRow("q1", "s", "?", "retrieved", retrieved=passages))
    assert scores["recall@1"] == 0.0
    assert scores["recall@5"] == scores["recall@20"] == 0.5
    assert scores["enough@5"] == 1.0
    assert scores["reciprocal_rank"] == 0.5
    assert scores["average_precision"] == 0.25
    assert scores["article_found@1"] == 1.0
    assert scores["ndcg@10"] == pytest.approx((1 / 1.58496) / (1 + 1 / 1.58496), abs=1e-4)
    assert "right" not in scores


def test_a_passage_with_every_gold_place_at_the_top_is_perfect() -> None:
    row = ResultRow("q1", "s", "?", "retrieved", retrieved=(RetrievedRow("bridge", 0, 80),))
    scores = score_row(ASKED, SUITE, row)
    assert scores["recall@1"] == scores["ndcg@10"] == scores["average_precision"] == 1.0


def test_an_empty_search_scores_zero() -> None:
    scores = score_row(ASKED, SUITE, ABSTAINED)
    assert scores["recall@20"] == scores["ndcg@10"] == scores["article_found@10"] == 0.0


def test_the_share_of_gold_that_the_model_was_shown() -> None:
    row = replace(answered(), evidence=(EvidenceRow("bridge", 0, 28, FIRST.quote, 1),))
    scores = score_row(ASKED, SUITE, row)
    assert (scores["gold_shown"], scores["enough_shown"]) == (0.5, 1.0)


def test_rows_of_another_suite_or_twice_are_refused() -> None:
    with pytest.raises(InputError, match="'q9' is not in suite 'small'"):
        score_rows(SUITE, [replace(ABSTAINED, question_id="q9")])
    with pytest.raises(InputError, match="'q1' has two result rows"):
        score_rows(SUITE, [ABSTAINED, ABSTAINED])


def scored(number: int, *, answerable: bool, outcome: str, confidence: float | None = None) -> ScoredRow:
    right = float(outcome in ("answered_right", "abstained_rightly"))
    kind = "fact" if answerable else "near-miss"
    timings = {"total": float(number)}
    return ScoredRow(f"q{number}", kind, answerable, outcome, {"right": right}, confidence, timings)  # type: ignore[arg-type]


ROWS = (
    scored(1, answerable=True, outcome="answered_right", confidence=0.9),
    scored(2, answerable=True, outcome="answered_wrong", confidence=0.6),
    scored(3, answerable=True, outcome="abstained_wrongly", confidence=0.2),
    scored(4, answerable=False, outcome="abstained_rightly", confidence=0.1),
)


def test_a_summary_has_every_figure_with_its_n_and_interval() -> None:
    summary = summarise(ROWS)
    right = summary.overall.metrics["right"]
    assert (right.value, right.n, right.method) == (0.5, 4, "wilson")
    assert right.low < 0.5 < right.high
    assert summary.kinds["near-miss"].metrics["right"].value == 1.0
    assert summary.overall.outcomes == {
        "answered_right": 1,
        "answered_wrong": 1,
        "abstained_wrongly": 1,
        "abstained_rightly": 1,
    }


def test_abstention_has_precision_recall_and_f1() -> None:
    metrics = summarise(ROWS).overall.metrics
    assert metrics["abstention_precision"].value == 0.5
    assert metrics["abstention_recall"].value == 1.0
    assert metrics["abstention_f1"].value == pytest.approx(2 / 3)
    assert 0.0 <= metrics["abstention_f1"].low <= 2 / 3 <= metrics["abstention_f1"].high <= 1.0


def test_confidence_gives_a_curve_bins_and_their_figures() -> None:
    summary = summarise(ROWS)
    assert [(point.coverage, point.risk) for point in summary.curve] == [(0.25, 0.0), (0.5, 0.5)]
    assert summary.overall.metrics["answerability_auc"].value == 1.0
    assert summary.overall.metrics["area_under_risk"].value == 0.25
    assert sum(one.n for one in summary.bins) == 4


def test_a_system_without_confidence_has_no_curve() -> None:
    summary = summarise([replace(row, confidence=None) for row in ROWS])
    assert not summary.curve and not summary.bins
    assert "calibration_error" not in summary.overall.metrics


def test_costs_are_summed_up_by_quantiles() -> None:
    cost = summarise(ROWS).costs["total"]
    assert (cost.n, cost.mean, cost.p50, cost.highest) == (4, 2.5, 2.5, 4.0)
    assert cost.p95 == pytest.approx(3.85)


def test_a_summary_repeats_and_of_nothing_is_empty() -> None:
    assert summarise(ROWS, seed=3) == summarise(ROWS, seed=3)
    assert summarise([]).overall.metrics == {}
