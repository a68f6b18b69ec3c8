"""How an answer came about, in words that need no developer."""

import re
from dataclasses import replace

from onrecord.qa.types import Answer
from onrecord.ui.desk.records import Found, Record
from onrecord.ui.page.details import details

TIMINGS = {
    "understand": 0.1,
    "retrieve": 0.2,
    "to_evidence": 0.3,
    "evidence": 0.1,
    "check": 0.4,
    "to_first_token": 0.9,
    "write": 1.2,
    "verify": 0.2,
    "disagree": 0.1,
    "translate": 0.2,
    "total": 2.0,
    "evaluated_tokens": 1200.0,
    "generated_tokens": 41.0,
    "reused_tokens": 300.0,
    "model_calls": 3.0,
}
ANSWER = Answer("Who?", "Who?", timings=TIMINGS, index_revision=42, answerability=0.93, threshold=0.5, model="m")
RECORD = Record("t1", ANSWER, "done", found=(Found("a", 0, 0.288, "fused", "It.", "T"),))


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", "\n", html)


def test_no_name_of_the_program_s_own_is_shown() -> None:
    shown = words(details(RECORD))
    for name in ("to_evidence", "to_first_token", "disagree", "understand\n", "fused", "oken", "revision", "retrieve"):
        assert name not in shown
    for plain in ("Until the sources were shown", "0.30 s", "meaning and words", "0.288", "after 42 changes", "1,200"):
        assert plain in shown


def test_whether_the_sources_answer_comes_in_words_with_the_number_behind() -> None:
    assert "likely (0.93, needs 0.50)" in words(details(RECORD))
    doubtful = replace(RECORD, answer=replace(ANSWER, answerability=0.2))
    assert "not likely enough (0.20, needs 0.50)" in words(details(doubtful))


def test_a_step_of_another_version_is_shown_as_words() -> None:
    older = replace(RECORD, answer=replace(ANSWER, timings={"old_step": 0.5}))
    assert "Old step" in words(details(older))


def test_a_decision_that_was_fitted_to_another_model_is_said_to_be_so() -> None:
    signals = {"not_stated": 1.0, "stated": 0.2, "nearness": 0.5}
    shown = words(details(replace(RECORD, answer=replace(ANSWER, signals=signals))))
    assert "m is not calibrated" in shown and "onrecord eval calibrate SUITE… --model m" in shown
    quotes_alone = replace(ANSWER, signals={"nearness": 0.5}, model="extractive")
    fitted = replace(ANSWER, signals=signals, model="qwen2.5-coder-1.5b")
    for answer in (quotes_alone, fitted):
        assert "calibrated" not in words(details(replace(RECORD, answer=answer)))
