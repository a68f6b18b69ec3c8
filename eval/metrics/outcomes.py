"""What became of a question, and how its answer compares with the accepted ones."""

from typing import Literal

from onrecord.eval.metrics import text as words
from onrecord.eval.suites.loading import PATTERN_PREFIX, Question
from onrecord.eval.suites.records import ResultRow

Outcome = Literal[
    "answered_right",
    "answered_wrong",
    "answered_unjudged",  # the accepted answers are too long to look for
    "abstained_rightly",
    "abstained_wrongly",
    "retrieved",
    "failed",
]


def outcome_of(question: Question, row: ResultRow) -> Outcome:
    """Which cell of the table of outcomes a row is in.

    An unanswerable question may list answers that are as good as abstaining ("no date was given"): one that is
    matched counts as abstained rightly.
    """
    if row.status in ("failed", "retrieved"):
        return "failed" if row.status == "failed" else "retrieved"
    judged = any(map(words.is_short, question.answers))
    right = judged and words.accepted(row.plain_text, question.answers, all_of=question.all_of)
    if row.status == "abstained":
        return "abstained_wrongly" if question.answerable else "abstained_rightly"
    if not question.answerable:
        return "abstained_rightly" if right else "answered_wrong"
    if not judged:
        return "answered_unjudged"
    return "answered_right" if right else "answered_wrong"


def outcome_scores(question: Question, row: ResultRow) -> dict[str, float | None]:
    outcome = outcome_of(question, row)
    scores: dict[str, float | None] = {}
    if outcome != "answered_unjudged":
        scores["right"] = float(outcome in ("answered_right", "abstained_rightly"))
    if question.answerable:
        scores["false_abstention"] = float(outcome == "abstained_wrongly")
        if any(map(words.is_short, question.answers)):
            scores["answered_right"] = float(outcome == "answered_right")
    else:
        scores["abstained_rightly"] = float(outcome == "abstained_rightly")
    if question.must_not:
        scores["nothing_forbidden"] = float(
            not words.forbidden_found(row.text + "\n" + row.plain_text, question.must_not)
        )
    return scores


def answer_scores(question: Question, row: ResultRow) -> dict[str, float | None]:
    """Comparisons with the accepted answers: of answerable questions; an abstention or failure is worth 0."""
    said = row.plain_text if row.status == "answered" else ""
    plain = [answer for answer in question.answers if not answer.startswith(PATTERN_PREFIX)]
    scores: dict[str, float | None] = {}
    if not question.answerable:
        return {"squad2_f1": float(row.status == "abstained")}
    if plain:
        scores["exact_match"] = max(words.exact_match(said, answer) for answer in plain)
        scores["token_f1"] = max(words.token_f1(said, answer) for answer in plain)
        scores["squad2_f1"] = scores["token_f1"]
        scores["contains"] = float(any(words.contains(said, answer) for answer in plain))
        scores["rouge_l"] = max(words.rouge_l(said, answer) for answer in plain)
    if question.answers and (question.conflicting or question.all_of):
        named = words.all_named_none_wrong(said, question.answers, question.conflicting, all_of=question.all_of)
        scores["all_named_none_wrong"] = float(named)
    return scores
