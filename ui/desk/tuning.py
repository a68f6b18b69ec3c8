"""How answers are written for one browser tab: how long, and how sure the articles must be."""

import copy
from dataclasses import dataclass, replace

from onrecord.qa.engines.base import Engine
from onrecord.qa.settings import AnswerSettings, Length, Strictness
from onrecord.ui.desk.protocols import AssistantLike

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
    """What was chosen; empty where the server's own settings are kept."""

    length: str = ""
    strictness: str = ""


def labels_of(settings: AnswerSettings) -> tuple[str, str]:
    """Of their length and strictness."""
    length = next(label for label, value in LENGTHS.items() if value == settings.length)
    return length, next(label for label, value in STRICTNESS.items() if value == settings.strictness)


def tuned(assistant: AssistantLike, style: Style) -> AssistantLike:
    """The assistant with the chosen style; it shares the library and the model with the one given."""
    settings = assistant.settings
    length = LENGTHS.get(style.length, settings.length)
    strictness = STRICTNESS.get(style.strictness, settings.strictness)
    changed = replace(settings, length=length, strictness=strictness)
    if changed == settings:
        return assistant
    other = copy.copy(assistant)
    other.settings = changed
    return other


def quoting(assistant: AssistantLike) -> AssistantLike:
    """The same assistant without its model: it answers at once, by quoting."""
    other = copy.copy(assistant)
    other.engine = None
    return other


def model_text(engine: Engine | None) -> str:
    """Which model writes, and how another one is chosen."""
    if engine is None:
        return "No model: answers are sentences quoted from the articles."
    return f"Model: {engine.name}. Choose another when starting: onrecord chat --model NAME."
