"""Follow-ups become questions that stand alone."""

import pytest

from onrecord.qa.steps.understand import points_back, standalone
from onrecord.qa.types import Turn

TURNS = (
    Turn("user", "How many fighters did Rami Abdurrahman estimate were still in the enclave?"),
    Turn("assistant", "He estimated there were 5,000 fighters. [1]"),
)


def test_a_question_without_history_is_left_alone() -> None:
    assert standalone("  Where did   they go? ", ()).text == "Where did they go?"


@pytest.mark.parametrize("follow_up", ["And civilians?", "What about civilians?", "how about civilians"])
def test_an_ellipsis_takes_the_shape_of_the_question_before(follow_up: str) -> None:
    whole = standalone(follow_up, TURNS)
    assert whole.text == "How many civilians did Rami Abdurrahman estimate were still in the enclave?"
    assert whole.by == "rule"


def test_another_name_takes_the_place_of_the_last_one() -> None:
    turns = (Turn("user", "What did Samantha Power say?"), Turn("assistant", "She spoke of carnage."))
    assert standalone("And Matthew Rycroft?", turns).text == "What did Matthew Rycroft say?"


def test_a_pronoun_takes_the_person_last_put_forward() -> None:
    assert standalone("What did he say about hostages?", TURNS).text == "What did Rami Abdurrahman say about hostages?"
    assert standalone("What is his job?", TURNS).text == "What is Rami Abdurrahman's job?"


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


def test_the_model_is_asked_only_when_no_rule_is_sure() -> None:
    asked: list[str] = []

    def rewrite(prompt: str) -> str:
        asked.append(prompt)
        return "Where did the fighters in the enclave go?"

    assert standalone("Where did they go?", TURNS, rewrite).text == "Where did the fighters in the enclave go?"
    assert standalone("And civilians?", TURNS, rewrite).by == "rule"
    assert len(asked) == 1


@pytest.mark.parametrize("written", ["", "Where did the Martians go?", "Where did all 90,000 of them go?"])
def test_a_rewriting_that_adds_names_or_numbers_is_not_used(written: str) -> None:
    whole = standalone("Where did they go?", TURNS, lambda _: written)
    assert whole.by == "joined"
    assert "Rami Abdurrahman" in whole.text


def test_a_chain_of_follow_ups_keeps_its_topic() -> None:
    turns = (*TURNS, Turn("user", "And civilians?"), Turn("assistant", "More than 15,000."))
    assert standalone("And hostages?", turns).text.startswith("How many hostages did Rami Abdurrahman")


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
