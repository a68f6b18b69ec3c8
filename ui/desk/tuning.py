"""How answers are written for one browser tab: how long, and how sure the articles must be."""

import copy
from dataclasses import dataclass, replace
from typing import Any, cast

from onrecord.qa.settings import AnswerSettings, Length, Strictness
from onrecord.ui.desk.collection import Answers

LENGTHS: dict[str, Length] = {"A phrase": "phrase", "A sentence": "sentence", "In detail": "detailed"}
STRICTNESS: dict[str, Strictness] = {"Lenient": "lenient", "Balanced": "balanced", "Strict": "strict"}
LENGTH_COST = "The model's time grows with the length: in detail takes several times as long as a phrase."
STRICTNESS_COST = "Strict refuses more questions that the articles do answer; lenient answers more that they do not."

MODEL_COST = (
    "For everyone who asks here, once the questions under way are answered. A larger model takes longer for each word "
    "and needs its size in memory."
)


@dataclass(frozen=True, slots=True)
class Style:
    """What was chosen; empty where the server's own settings stand."""

    length: str = ""
    strictness: str = ""


def standing(assistant: Answers) -> tuple[str, str]:
    """The labels of the server's own length and strictness."""
    settings = getattr(assistant, "settings", None) or AnswerSettings()
    length = next(label for label, value in LENGTHS.items() if value == settings.length)
    return length, next(label for label, value in STRICTNESS.items() if value == settings.strictness)


def tuned(assistant: Answers, style: Style) -> Answers:
    """The assistant with the chosen style; it shares the library and the model with the one given."""
    settings = getattr(assistant, "settings", None)
    length = LENGTHS.get(style.length)
    strictness = STRICTNESS.get(style.strictness)
    if not isinstance(settings, AnswerSettings) or not (length or strictness):
        return assistant
    changed = replace(settings, length=length or settings.length, strictness=strictness or settings.strictness)
    if changed == settings:
        return assistant
    other = cast(Any, copy.copy(assistant))
    other.settings = changed
    return cast(Answers, other)


def rewired(assistant: Answers, engine: object | None) -> None:
    """Another model for an assistant that nobody is asking just now."""
    if hasattr(assistant, "engine"):
        assistant.engine = engine


def quoting(assistant: Answers) -> Answers:
    """The same assistant without its model: it answers at once, by quoting."""
    other = cast(Any, copy.copy(assistant))
    other.engine = None
    return cast(Answers, other)


def model_text(assistant: Answers) -> str:
    """Which model writes, and how another one is chosen."""
    engine = getattr(assistant, "engine", None)
    if engine is None:
        return "No model: answers are sentences quoted from the articles."
    return f"Model: {engine.name}. Choose another when starting: onrecord chat --model NAME."
