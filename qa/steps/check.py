"""Is the question answered by this evidence at all? Signals -> a calibrated probability -> a decision of the program.

The probability is a logistic regression over a few signals; its weights, thresholds and provenance are in
``answerability.json``, written by ``onrecord eval calibrate`` from the dev suites. The strongest single signal is what
the model is about to write when it may say "not stated": the probability of that first word, not the word itself.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from onrecord.index.text.words import LONG_NAMES, NATIONS, Words, words_of
from onrecord.qa.engines.tokens import yes_share
from onrecord.qa.judges.injection import usable
from onrecord.qa.steps import prompts
from onrecord.qa.steps.choose import weights
from onrecord.qa.steps.question_type import hold_what_is_asked
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.values import Checked, Found, Part
from onrecord.qa.types import Evidence, Reason

Strictness = Literal["lenient", "balanced", "strict"]
Signals = Mapping[str, float]

MODEL_SIGNALS = ("not_stated", "stated")
TEXT_SIGNALS = ("nearness", "coverage", "coverage_best", "names_missing", "unseen", "kind_met")

NOTHING_NEAR = 0.2  # cosine and word share below which nothing found is about the question at all
OUTSIDE_IS_NEARER = 0.12  # how much nearer an article outside the filter must be to blame the filter
# A name that 1,000 passages never use is half as telling as one that none of a whole archive uses: of a few articles it
# only says that the question words things otherwise (unseen in the articles it is asked of, on squad2-dev and
# clapnq-dev: .06 and .04 of answerable questions, .10 and .09 of others; in 1,227 articles: none of 65, 7 of 32).
FEW_PASSAGES = 1000
_NUMBER = re.compile(r"\d(?:[\w.,]*\w)?")
_SPELT_IN_MANY_WAYS = NATIONS | {stem for long in LONG_NAMES for stem in long}

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
    fitted = calibration(with_model="not_stated" in signals)
    answerability = probability(signals, fitted)
    if threshold is None:
        threshold = fitted.thresholds[tools.settings.strictness]
    reason = "" if answerability >= threshold else _why_not_answered(part, found, signals, tools)
    return Checked(reason, answerability, threshold, signals)


def _why_not_answered(part: Part, found: Found, signals: Signals, tools: Tools) -> Reason:
    if part.filtered:
        outside = tools.sources.nearest_anywhere(part.text, found.vector)
        if outside > found.nearness + OUTSIDE_IS_NEARER:
            return "outside_filter"
    if found.nearness < NOTHING_NEAR or signals["coverage"] < NOTHING_NEAR:
        return "nothing_found"
    return "not_answered"


def _signals(part: Part, found: Found, tools: Tools, *, look: bool) -> dict[str, float]:
    """What the decision is made from; the model's share only where it tells its logits."""
    library = tools.sources.library
    signals = text_signals(
        part.text,
        found.evidence,
        nearness=found.nearness,
        rarity=tools.sources.rarity,
        known=library.contains_term,
        passages=library.passage_count,
    )
    if tools.model is None or not look:
        return signals
    first = tools.model.first_tokens(prompts.about(part.text, found.text, prompts.SHORT_OR_NOT))
    if first is None:
        return signals
    second = tools.model.first_tokens(prompts.about(part.text, found.text, prompts.STATED))
    return signals | {"not_stated": logit(not_stated_share(first)), "stated": logit(yes_share(second))}


@cache
def calibration(*, with_model: bool) -> Calibration:
    """The shipped calibration; without a model's logits another set of weights holds."""
    data = json.loads(files("onrecord.qa.steps").joinpath("answerability.json").read_text(encoding="utf-8"))
    part = data["with_model"] if with_model else data["without_model"]
    return Calibration(part["weights"], part["bias"], part["thresholds"], data["provenance"])


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


def text_signals(
    question: str,
    evidence: Sequence[Evidence],
    *,
    nearness: float,
    rarity: Callable[[Sequence[str]], Sequence[float]],
    known: Callable[[str], bool],
    passages: int,
) -> dict[str, float]:
    """The signals that need no model.

    ``nearness``: the highest cosine of an evidence sentence with the question; ``rarity``: the weight of each word;
    ``known``: whether the collection, of so many ``passages``, uses a word at all (asked of names and numbers only).
    """
    asked = words_of(question)
    texts = [words_of(e.sentence.text) for e in evidence]
    facts = {e.sentence.article_id: (e.title, e.source) for e in evidence}
    said = usable({fact for both in facts.values() for fact in both})
    titles = [words_of(f"{said[title]}. {said[source]}").stems for title, source in facts.values()]
    weight = weights(question, rarity)
    total = sum(weight.values()) or 1.0
    shares = [sum(weight[s] for s in asked.content & words.stems) / total for words in texts]
    everything = frozenset().union(*(w.stems for w in texts), *titles) if texts else frozenset()
    names = {s for name in asked.names for s in name}
    telling = [t.text for t in asked.tokens if t.stem in names - _SPELT_IN_MANY_WAYS] + _NUMBER.findall(question)
    unseen = any(not known(word) for word in telling)
    return {
        "nearness": nearness,
        "coverage": sum(weight[s] for s in asked.content & everything) / total,
        "coverage_best": max(shares, default=0.0),
        "names_missing": len(names - everything) / len(names) if names else 0.0,
        "unseen": unseen * passages / (passages + FEW_PASSAGES),
        "kind_met": float(_kind_met(question, texts, shares)),
    }


def _kind_met(question: str, texts: Sequence[Words], shares: Sequence[float]) -> bool:
    best = sorted(range(len(texts)), key=lambda n: -shares[n])[:3]
    return any(hold_what_is_asked(question, [texts[n] for n in best]))


def not_stated_share(first_tokens: Mapping[str, float] | None) -> float | None:
    """The probability that the reply begins "not stated" (or "none", "no")."""
    if first_tokens is None:
        return None
    return sum(p for token, p in first_tokens.items() if token.strip().lower() in ("not", "none", "no"))
