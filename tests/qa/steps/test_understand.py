"""Follow-ups become questions that stand alone."""

import pytest

from onrecord.qa.engines.base import Messages
from onrecord.qa.steps.prompts import neutral
from onrecord.qa.steps.understand import points_back, standalone
from onrecord.qa.types import Turn

TURNS = (
    Turn("user", "How many fighters did Rami Abdurrahman estimate were still in the enclave?"),
    Turn("assistant", "He estimated there were 5,000 fighters. [1]"),
)


def test_a_question_without_history_is_left_alone() -> None:
    assert standalone("  Where did   they go? ", ()).text == "Where did they go?"


@pytest.mark.parametrize("follow_up", ["And civilians?", "What about civilians?", "What is his job?"])
def test_without_a_model_a_follow_up_is_put_behind_the_question_before(follow_up: str) -> None:
    whole = standalone(follow_up, TURNS)
    assert whole.text == f"{TURNS[0].content.rstrip('?')}: {follow_up}"
    assert whole.by == "joined"


@pytest.mark.parametrize(
    "question",
    [
        "What did Samantha Power claim?",
        "How many people live in Larnville?",
        "Is it true that Iran demanded remains?",
        "Which militias stopped the ambulances?",
    ],
)
def test_a_change_of_topic_drops_the_old_one(question: str) -> None:
    assert standalone(question, TURNS).text == question


def test_the_model_writes_a_follow_up_and_is_shown_the_conversation() -> None:
    asked: list[Messages] = []

    def rewrite(prompt: Messages) -> str:
        asked.append(prompt)
        return "Where did the fighters in the enclave go?"

    assert standalone("Where did they go?", TURNS, rewrite).text == "Where did the fighters in the enclave go?"
    assert standalone("What did Samantha Power claim?", TURNS, rewrite).by == "as_asked"
    (prompt,) = asked
    question, answer = (turn.content for turn in TURNS)
    assert prompt[-1]["content"] == f"Q: {question}\nA: {neutral(answer)}\nQ: Where did they go?"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "They did go to Idlib.",
        "How many were there? Where did they go?",
        "Where did the Martians go?",
        "Where did all 90,000 of them go?",
    ],
)
def test_a_rewriting_that_adds_names_or_numbers_is_not_used(written: str) -> None:
    whole = standalone("Where did they go?", TURNS, lambda _: written)
    assert whole.by == "joined"
    assert "Rami Abdurrahman" in whole.text


def test_a_chain_of_follow_ups_keeps_its_topic() -> None:
    turns = (*TURNS, Turn("user", "And civilians?"), Turn("assistant", "More than 15,000."))
    whole = standalone("And hostages?", turns).text
    assert whole == f"{TURNS[0].content.rstrip('?')}: And civilians: And hostages?"


def test_without_a_model_it_has_the_names_of_the_answer_too() -> None:
    turns = (Turn("user", "Who estimated it?"), Turn("assistant", "Rami Abdurrahman did, in a call to Reuters. [1]"))
    assert (
        standalone("What is his job?", turns).text == "Who estimated it (Rami Abdurrahman, Reuters): What is his job?"
    )


@pytest.mark.parametrize(("question", "leans"), [("Why?", True), ("Who said so?", True), ("Was there a truce?", True)])
def test_short_questions_lean_on_the_conversation(question: str, leans: bool) -> None:
    assert points_back(question) is leans


def test_a_rewriting_that_changes_the_question_is_not_used() -> None:
    turns = (Turn("user", "Did the ferry leave?"), Turn("assistant", "The ferry left at noon."))
    changed = standalone("Who was at the helm?", turns, lambda _: "Who was the captain of the ferry?")
    assert changed.by == "joined"
    assert changed.text.endswith("Who was at the helm?")
    kept = standalone("Who was at the helm?", turns, lambda _: "Who was at the helm of the ferry?")
    assert kept.by == "model"
