"""Is the question answered by this evidence at all? Signals -> a calibrated probability -> a decision of the program.

The probability is a logistic regression over a few signals; its weights, thresholds and provenance are in
``answerability.json``, written by ``onrecord eval calibrate`` from the dev suites: how near the evidence is to the
question, what the judge of answers makes of its best sentence, and, where there is a model, what its `reader` says of
all sentences together. A model without one is asked itself: the probability of its first word when it may say "not
stated", not the word itself, and its yes or no.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from onrecord.qa.engines.tokens import yes_share
from onrecord.qa.judges.reader import READER, answered
from onrecord.qa.steps import prompts
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.values import Checked, Found, Part
from onrecord.qa.types import Evidence, Reason

Strictness = Literal["lenient", "balanced", "strict"]
Signals = Mapping[str, float]

TEXT_SIGNALS = ("nearness", "answers")
MODEL_SIGNALS = ("not_stated", "stated")  # of a model without a reader, beside these
# With one its log-odds. Over two articles nearness tells nothing (seeds: AUC .54), over a thousand nearly all (.97).
READER_SIGNALS = (READER, "nearness_in_many", "answers")

READ = 8  # sentences that the reader is shown, as when the decision was fitted; the writing model sees all

UNREAD = -0.4  # between what the judge of answers says of the best sentence where it answers, and where it does not
NOTHING_NEAR = 0.2  # cosine below which nothing found is about the question at all
OUTSIDE_IS_NEARER = 0.12  # how much nearer an article outside the filter must be to blame the filter

_TASK = re.compile(
    r"^\s*(?:please |can you |could you |would you |i want you to |kindly )*(?:write|compose|translate|draw|paint|sing|"
    r"pretend|act as|imagine|ignore|forget|disregard|roleplay|generate|code|program|draft|design|invent|make up|"
    r"rewrite|calculate|solve|repeat|print|reveal|output)\b|"
    r"\b(?:a|the) (?:poem|haiku|limerick|joke|song|rap|python (?:script|function))\b|"
    r"\b(?:your|you) (?:opinion|think|feel|believe|prefer|recommend|predict|instructions|system prompt|prompt)\b|"
    r"\b(?:system prompt|previous instructions|developer mode)\b|"
    r"\bshould (?:i|we)\b|\bin your (?:view|opinion)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|thanks?|thank you|good (?:morning|evening)|how are you|who are you)\b.{0,20}$", re.I
)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights by signal, for a given set of signals. ``thresholds`` by strictness."""

    weights: Mapping[str, float]
    bias: float
    thresholds: Mapping[str, float]
    provenance: Mapping[str, Any]


def check(part: Part, found: Found, tools: Tools, *, look: bool = True, threshold: float | None = None) -> Checked:
    """Whether the evidence answers. ``look``: the model is asked too, where there is one that tells its doubts.

    ``threshold``: the probability from which it does; None is the calibrated one of the settings' strictness.
    """
    if part.refused:
        return Checked(part.refused)
    if not found.evidence:
        return Checked("outside_filter" if part.filtered and tools.sources.library.passage_count else "nothing_found")
    with tools.trace.timed("check"):
        signals = _signals(part, found, tools, look=look)
    fitted = calibration(signals, model=tools.model.name if tools.model else "")
    answerability = probability(signals, fitted)
    if threshold is None:
        threshold = fitted.thresholds[tools.settings.strictness]
    reason = "" if answerability >= threshold else _why_not_answered(part, found, tools)
    return Checked(reason, answerability, threshold, signals)


def _why_not_answered(part: Part, found: Found, tools: Tools) -> Reason:
    if part.filtered:
        outside = tools.sources.nearest_anywhere(part.text, found.vector)
        if outside > found.nearness + OUTSIDE_IS_NEARER:
            return "outside_filter"
    return "nothing_found" if found.nearness < NOTHING_NEAR else "not_answered"


def _signals(part: Part, found: Found, tools: Tools, *, look: bool) -> dict[str, float]:
    """What the decision is made from; the model's share only where it tells its logits."""
    signals = {"nearness": found.nearness, "answers": UNREAD if found.answers is None else found.answers}
    if tools.model is None or not look:
        return signals
    read = answered(tools.model, prompts.neutral(part.text), renumbered(best_of(found.evidence, READ)))
    if read is not None:
        articles = len({hit.passage.article_id for hit in found.hits})
        return signals | {READER: logit(read), "nearness_in_many": found.nearness * math.log10(max(1, articles))}
    first = tools.model.first_tokens(prompts.about(part.text, found.text, prompts.SHORT_OR_NOT))
    if first is None:
        return signals
    second = tools.model.first_tokens(prompts.about(part.text, found.text, prompts.STATED))
    return signals | {"not_stated": logit(not_stated_share(first)), "stated": logit(yes_share(second))}


def silence(model: Model, question: str, evidence: Sequence[Evidence]) -> float | None:
    """The probability that these sentences alone do not answer; None where the model does not tell."""
    read = answered(model, prompts.neutral(question), renumbered(evidence))
    if read is not None:
        return 1.0 - read
    text = " ".join(item.sentence.text for item in evidence)
    return not_stated_share(model.first_tokens(prompts.about_text(question, text, prompts.SHORT_OR_NOT)))


def renumbered(evidence: Sequence[Evidence]) -> str:
    """The evidence text of these alone, numbered from one."""
    return prompts.evidence_text([replace(item, number=number) for number, item in enumerate(evidence, start=1)])


def best_of(evidence: Sequence[Evidence], most: int) -> list[Evidence]:
    """The sentences of the highest scores, in the order in which they stand."""
    kept = {item.number for item in sorted(evidence, key=lambda item: -item.score)[:most]}
    return [item for item in evidence if item.number in kept]


def calibration(signals: Iterable[str], *, model: str = "") -> Calibration:
    """The shipped calibration for a set of signals; without the model's another set of weights holds.

    ``model``: its own fit where there is one, else that of the default model.
    """
    data, names = _stored(), set(signals)
    if READER in names:
        part = data["with_reader"]
    elif names.issuperset(MODEL_SIGNALS):
        part = data.get("models", {}).get(model, data["with_model"])
    else:
        part = data["without_model"]
    return Calibration(part["weights"], part["bias"], part["thresholds"], part["provenance"])


def not_calibrated(model: str) -> str:
    """That the decision was not fitted to this model but holds for it for want of another, and the cure; else ""."""
    other = calibration(MODEL_SIGNALS, model=model).provenance["model"]
    if model == other:
        return ""
    return (
        f"{model} is not calibrated: whether the articles answer is decided as fitted to {other}; "
        f"`onrecord eval calibrate SUITE… --model {model}` fits it."
    )


@cache
def _stored() -> dict[str, Any]:
    text = files("onrecord.qa.steps").joinpath("answerability.json").read_text(encoding="utf-8")
    stored: dict[str, Any] = json.loads(text)
    return stored


def probability(signals: Signals, fitted: Calibration) -> float:
    """P(answered) = 1 / (1 + exp(-(bias + sum of weight * signal)))."""
    total = fitted.bias + sum(weight * signals.get(name, 0.0) for name, weight in fitted.weights.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def not_for_the_articles(question: str) -> bool:
    """Whether this asks for a task, an opinion of ours, or small talk instead of what the articles report.

    >>> not_for_the_articles("Write a poem about the bridge"), not_for_the_articles("Who wrote the letter?")
    (True, False)
    """
    return bool(_TASK.search(question) or _GREETING.match(question))


def logit(share: float | None) -> float:
    """ln(p / (1 - p)), held within -7 .. 7; 0 where there is no share."""
    if share is None:
        return 0.0
    bounded = min(max(share, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))


def not_stated_share(first_tokens: Mapping[str, float] | None) -> float | None:
    """The probability that the reply begins "not stated" (or "none", "no")."""
    if first_tokens is None:
        return None
    return sum(p for token, p in first_tokens.items() if token.strip().lower() in ("not", "none", "no"))
