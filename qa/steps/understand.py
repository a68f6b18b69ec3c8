"""A follow-up -> a question that stands alone: rules first, the model only where they cannot.

Rules: a question without history, or one that names its own topic and points back to nothing, is left alone; "and
civilians?" and "what about X?" take the shape of the question before; a lone pronoun takes the name that the
conversation last put forward. Where a question points back and no rule is sure, the model rewrites it; what the model
writes is used only if it keeps the question's words and adds no name or number that the conversation does not hold.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from onrecord.index.errors import InputError
from onrecord.index.reading.files import stated_address, unread_address
from onrecord.index.text.language import language_of, translated
from onrecord.index.text.words import words_of
from onrecord.qa.steps.prompts import plain_messages
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.values import Asked
from onrecord.qa.types import Turn

By = Literal["as_asked", "rule", "model", "joined"]

MAX_QUESTION = 4000  # characters
KEPT = 0.6  # the share of a question's content words that a rewritten one must keep

_HE = re.compile(r"\b(?:he|she|him|her|his|hers|himself|herself)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:he|she|him|her|his|hers|they|them|their|theirs|it|its|this|that|these|those|there|then|former|latter|"
    r"same|else|others?|one|ones|so)\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"^(?:and|but|or|so|also)?,?\s*(?:what|how) about\s+(?P<rest>.+?)\??$", re.IGNORECASE)
_AND = re.compile(r"^(?:and|or)\s+(?P<rest>.+?)\??$", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:and |but |so )?(?:why(?: not)?|when|where|who|how|how (?:many|much|long|often|come|so)|says who|which ones?|"
    r"who (?:said|says|claimed|told) (?:so|that|this|it)|according to whom|are you sure|really)\s*\??$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\bhow (?:many|much)\s+"
    r"(?P<what>\w+(?:\s+(?!(?:were|was|are|is|did|do|does|have|has|had|can|will|would|still)\b)\w+)?)",
    re.I,
)
_QUESTION_WORD = re.compile(
    r"^(?:who|what|when|where|why|which|how|whose|whom|is|are|was|were|did|does|do|has|have|had|can|could|will|would)\b",
    re.I,
)
_PERSON_NAME = re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:al-|bin |abu |von |van |de |del )?[A-Z][\w’'-]+)+\b")
_CAPITALS = re.compile(r"\b[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+)*\b")


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question to search and answer, and how it came about."""

    text: str
    by: By


def understand(question: str, history: Sequence[Turn], tools: Tools) -> Asked:
    """The question that stands alone, in a language of the articles. Raises `InputError` as `readable` does."""
    text = asked = readable(question)
    model = tools.model
    with tools.trace.timed("understand"):
        language, spoken = language_of(asked), tools.sources.languages
        translate = model is not None and language not in spoken
        if model is not None and translate:
            text = translated(text, "en" if "en" in spoken else min(spoken), partial(complete, model))
        whole = standalone(text, history, partial(complete, model) if model else None)
    return Asked(asked, whole.text, language, translate)


def readable(question: str) -> str:
    """The question on one line; raises `InputError` for none, an address, or one of over `MAX_QUESTION` characters."""
    asked = " ".join(question.split())
    if address := stated_address(asked):
        raise InputError(unread_address(address))
    if not asked:
        raise InputError("The question is empty; type what you want to know.")
    if len(asked) > MAX_QUESTION:
        raise InputError(
            f"The question has {len(asked):,} characters; at most {MAX_QUESTION:,} are read. Shorten it, and add long "
            "texts as articles instead."
        )
    return asked


def complete(model: Model, task: str) -> str:
    """What the model writes to a task without evidence: rewriting, translating."""
    return "".join(model.generate(plain_messages(task), max_tokens=80))


def standalone(question: str, history: Sequence[Turn], rewrite: Callable[[str], str] | None = None) -> Standalone:
    """The question with everything it takes from the conversation written out.

    ``rewrite``: gives the model's completion of a prompt, or ``None`` where there is no model.

    >>> turns = [Turn("user", "How many fighters were in the enclave?"), Turn("assistant", "5,000.")]
    >>> standalone("And civilians?", turns).text
    'How many civilians were in the enclave?'
    """
    asked = " ".join(question.split())
    earlier = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not earlier or not points_back(asked):
        return Standalone(asked, "as_asked")
    by_rule = _by_rule(asked, history)
    if by_rule:
        return Standalone(by_rule, "rule")
    if rewrite is not None:
        written = _accepted(rewrite(rewriting_prompt(asked, history)), asked, history)
        if written:
            return Standalone(written, "model")
    return Standalone(f"{_previous(history).rstrip('?. ')}: {asked}", "joined")


def points_back(question: str) -> bool:
    """Whether a question leans on what was said before.

    >>> points_back("What about her?"), points_back("How many people live in Larnville?")
    (True, False)
    """
    if _ELLIPSIS.match(question) or _BARE.match(question):
        return True
    content = [token for token in words_of(question).tokens if token.content]
    if _AND.match(question) or len(content) <= 1:
        return True
    found = pointing(question)
    if not found:
        # "When will the repairs start?": no name of its own and very short, so it may still lean on the topic
        return len(content) <= 2 and not words_of(question).names
    first_name = next((m.start() for m in _CAPITALS.finditer(question) if m.start() > 0), None)
    return first_name is None or found[0].start() < first_name


def pointing(question: str) -> list[re.Match[str]]:
    """The words that stand for something said before."""
    return [match for match in _POINTING.finditer(question) if not _is_dummy(question, match)]


def _is_dummy(question: str, match: re.Match[str]) -> bool:
    """ "Is it true that", "was there", "so many", "one of", a "that" before a clause: they point to nothing."""
    word = match.group().lower()
    before, after = question[: match.start()].rstrip().lower(), question[match.end() :].lstrip().lower()
    if word == "there":
        return bool(re.search(r"\b(?:is|are|was|were|be|been)$", before)) or bool(
            re.match(r"(?:is|are|was|were)\b", after)
        )
    if word == "it":
        return bool(re.match(r"(?:true|likely|possible|known|clear)\b", after))
    if word == "so":
        return bool(re.match(r"(?:many|much|far|long)\b", after))
    if word in ("one", "ones"):
        return bool(re.match(r"(?:of|or|more)\b", after))
    if word == "that":
        return (
            bool(before)
            and bool(re.search(r"\w$", before))
            and not re.search(r"\b(?:is|was|did|does|do|say|about|of|to|for|after|before|why|how)$", before)
        )
    return word in ("else", "others", "other", "same", "then") and bool(words_of(question).names)


def _previous(history: Sequence[Turn]) -> str:
    """The user's last question, itself made whole as far as rules can."""
    asked = [index for index, turn in enumerate(history) if turn.role == "user" and turn.content.strip()]
    last = " ".join(history[asked[-1]].content.split())
    if len(asked) > 1 and points_back(last):
        return standalone(last, list(history)[: asked[-1]]).text
    return last


def _by_rule(question: str, history: Sequence[Turn]) -> str:
    match = _ELLIPSIS.match(question) or _AND.match(question)
    if match and not _QUESTION_WORD.match(match["rest"]):
        return _same_shape(match["rest"].strip(), _previous(history))
    if match and _QUESTION_WORD.match(match["rest"]) and not points_back(match["rest"]):
        return match["rest"][0].upper() + match["rest"][1:].rstrip("?") + "?"
    if len(_HE.findall(question)) >= 1 and not re.search(r"\b(?:they|them|it|this|that|those|these)\b", question, re.I):
        person = _last_person(history)
        if person:
            return _put_name(question, person)
    return ""


def _same_shape(rest: str, previous: str) -> str:
    """ "How many fighters were there?" + "civilians" -> "How many civilians were there?"; empty when unsure."""
    counted = _COUNTED.search(previous)
    bare = rest.split()
    if counted and len(bare) <= 3 and not rest[0].isupper():
        return previous[: counted.start("what")] + rest + previous[counted.end("what") :]
    names = [m for m in _CAPITALS.finditer(previous) if m.start() > 0]
    plain_rest = re.sub(r"^(?:the|in|by|from|for|of)\s+", "", rest)
    if names and plain_rest[:1].isupper() and len(bare) <= 5:
        return previous[: names[-1].start()] + plain_rest + previous[names[-1].end() :]
    return ""


def _last_person(history: Sequence[Turn]) -> str:
    """The full name last put forward: in the last question if it has one, else the first of the last answer."""
    for turn in reversed(history):
        found = [m.group() for m in _PERSON_NAME.finditer(turn.content) if not _QUESTION_WORD.match(m.group())]
        if found:
            return found[-1] if turn.role == "user" else found[0]
    return ""


def _put_name(question: str, name: str) -> str:
    def replace(match: re.Match[str]) -> str:
        word = match.group().lower()
        possessive = word in ("his", "hers") or (word == "her" and re.match(r"\s+\w", question[match.end() :]))
        return f"{name}'s" if possessive else name

    return _HE.sub(replace, question)


def rewriting_prompt(question: str, history: Sequence[Turn]) -> str:
    """What the model is asked when no rule is sure: the last turns and the question."""
    turns = "\n".join(f"{'Q' if turn.role == 'user' else 'A'}: {_short(turn.content)}" for turn in history[-4:])
    return (
        f"Conversation:\n{turns}\nQ: {question}\n\n"
        "Rewrite the last question so that it can be understood without the conversation. Replace words such as "
        "he, it, they, that with what they stand for. Keep it short. Reply with the question only."
    )


def _short(text: str, width: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[:width].rsplit(" ", 1)[0] + " …"


def _accepted(written: str, question: str, history: Sequence[Turn]) -> str:
    """What the model wrote, if it is one question that says nothing the conversation does not hold."""
    line = next((line.strip() for line in written.splitlines() if line.strip()), "")
    line = re.sub(r"^(?:Q|Question|Rewritten question)\s*:\s*", "", line).strip('"“” ')
    if not line or len(line) > 400:
        return ""
    known = words_of(" ".join([question, *(turn.content for turn in history)]))
    new = words_of(line)
    invented = {
        t.stem for t in new.tokens if (t.text[0].isupper() or t.text[0].isdigit()) and t.start > 0
    } - known.stems
    kept = words_of(question).content
    # "Who was at the helm?" is not "Who was the captain?": a rewritten question keeps the words of the one asked.
    if invented or len(kept & new.stems) < KEPT * len(kept):
        return ""
    return line if line.endswith("?") else f"{line}?"
