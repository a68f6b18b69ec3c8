"""A question that asks several things is taken apart by the model; one that asks one thing is left whole."""

from collections.abc import Iterator, Sequence

import pytest

from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.load import load_engine
from onrecord.qa.steps.split import MAX_LENGTH, MOST_PARTS, parts_of
from onrecord.qa.steps.trace import Model, Trace
from tests.conftest import FakeEngine

ASKED = "When was the Orvane cup held and who won it?"
FIRST = "When was the Orvane cup held?"


def taken_apart(question: str, *parts: str) -> tuple[str, ...]:
    """What comes of it where the model writes these lines."""
    engine = FakeEngine()
    engine.parts[question] = parts
    return parts_of(question, Model(engine, Trace()))


def test_the_parts_are_what_the_model_writes() -> None:
    parts = ("When was the Orvane cup held?", "Who won the Orvane cup?")
    assert taken_apart(ASKED, *parts) == parts


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (ASKED,),
        (ASKED, ASKED),
        ("When was the Orvane cup held?", "Who won the Brask cup?"),
        ("When was the Orvane cup held?", "Who won the Orvane cup in 1998?"),
        ("When was the Orvane cup held?", "Who is the president of the country?"),
        ("When was it?", "Who was it?"),
        ("When was the Orvane cup held?", "The Orvane cup was held on Monday."),
    ],
)
def test_what_is_not_made_of_the_question_is_not_used(parts: Sequence[str]) -> None:
    assert taken_apart(ASKED, *parts) == (ASKED,)


@pytest.mark.parametrize(
    ("second", "written", "whole"),
    [
        ("Who won it?", "Who won the Orvane cup?", "Who won the Orvane cup?"),
        ("Who won it?", "Who won it?", "When was the Orvane cup held: Who won it?"),
        ("Who won it?", "Who lost the Orvane cup?", "When was the Orvane cup held: Who won it?"),
        ("Who won the Orvane cup?", "", "Who won the Orvane cup?"),
        ("Who won the prize?", "Who held the Orvane cup? Who won the prize?", "Who won the prize?"),
    ],
)
def test_a_part_that_points_back_is_a_follow_up_to_the_first(second: str, written: str, whole: str) -> None:
    engine = FakeEngine()
    engine.parts[ASKED] = (FIRST, second)
    engine.enqueue(*filter(None, [written]))
    assert parts_of(ASKED, Model(engine, Trace())) == (FIRST, whole)
    assert not engine.replies


def test_more_than_three_parts_keep_the_rest_together_in_the_last() -> None:
    question = "When, where, why and how was the Orvane cup stolen?"
    parts = [f"{word} was the Orvane cup stolen?" for word in ("When", "Where", "Why", "How")]
    found = taken_apart(question, *parts)
    assert len(found) == MOST_PARTS and found[-1] == " ".join(parts[2:])


@pytest.mark.parametrize(
    "question",
    [
        "When was the Orvane cup held?",
        "Wann wurde der Pokal gestohlen und wer hat ihn gefunden?",
        "When did the Orvane ferry " + "sail and " * (MAX_LENGTH // 9) + "sink?",
    ],
)
def test_one_that_joins_nothing_is_long_or_in_another_language_is_not_put_to_the_model(question: str) -> None:
    assert taken_apart(question, "When was the Orvane cup held?", "Who held the Orvane cup?") == (question,)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    loaded = load_engine("qwen2.5-coder-1.5b", context_tokens=2048)
    yield loaded
    loaded.close()


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who runs the harbour and who pays for the ferries?", ("Who runs the harbour?", "Who pays for the ferries?")),
        (
            "When was the Orvane treaty signed, and where?",
            ("When was the Orvane treaty signed?", "Where was the Orvane treaty signed?"),
        ),
        ("Who said that the bridge would close and the tunnel open?", ()),
        ("Which ship sank after it left Orvane and hit a mine?", ()),
    ],
)
def test_the_default_model_takes_apart_what_asks_two_things(
    engine: Engine, question: str, parts: tuple[str, ...]
) -> None:
    assert parts_of(question, Model(engine, Trace())) == (parts or (question,))
