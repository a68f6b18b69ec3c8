"""A follow-up -> a question that stands alone: the model writes it.

A question without history, or one that names its own topic and points back to nothing, is left alone. What the model
writes is used only if it keeps the question's words and adds no name or number that the conversation does not hold;
else, and where there is no model, the question is put behind the one before it and the names of its answer.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from onrecord.index.errors import InputError
from onrecord.index.reading.files import stated_address, unread_address
from onrecord.index.text.language import language_of, translated
from onrecord.index.text.words import Words, words_of
from onrecord.qa.engines.base import Messages
from onrecord.qa.steps import prompts
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.values import Asked
from onrecord.qa.types import Turn

By = Literal["as_asked", "model", "joined"]

MAX_QUESTION = 4000  # characters
KEPT = 0.5  # the share of a question's content words that a rewritten one must keep: "that firm" becomes its name
NAMED = 3  # names of the last answer that a follow-up without a model is given

_POINTING = re.compile(
    r"\b(?:he|she|him|her|his|hers|they|them|their|theirs|it|its|this|that|these|those|there|then|former|latter|"
    r"same|else|others?|one|ones|so)\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"^(?:and|but|or|so|also)?,?\s*(?:what|how) about\s+.+$", re.IGNORECASE)
_AND = re.compile(r"^(?:and|or)\s+.+$", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:and |but |so )?(?:why(?: not)?|when|where|who|how|how (?:many|much|long|often|come|so)|says who|which ones?|"
    r"who (?:said|says|claimed|told) (?:so|that|this|it)|according to whom|are you sure|really)\s*\??$",
    re.IGNORECASE,
)
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
        whole = standalone(text, history, partial(reply, model) if model else None)
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
    """What the model writes to a task without evidence, as translating."""
    return reply(model, prompts.plain_messages(task))


def reply(model: Model, messages: Messages, *, max_tokens: int = 80) -> str:
    """What the model replies, in few words."""
    return "".join(model.generate(messages, max_tokens=max_tokens))


def standalone(question: str, history: Sequence[Turn], rewrite: Callable[[Messages], str] | None = None) -> Standalone:
    """The question with everything it takes from the conversation written out.

    ``rewrite``: gives the model's reply to a prompt, or ``None`` where there is no model.

    >>> turns = [Turn("user", "How many fighters were in the enclave?"), Turn("assistant", "5,000.")]
    >>> standalone("And civilians?", turns).text
    'How many fighters were in the enclave: And civilians?'
    """
    asked = " ".join(question.split())
    earlier = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not earlier or not points_back(asked):
        return Standalone(asked, "as_asked")
    if rewrite is not None:
        turns = [(turn.role == "user", _short(turn.content)) for turn in history[-4:]]
        written = _accepted(rewrite(prompts.standalone(asked, turns)), asked, history)
        if written:
            return Standalone(written, "model")
    return Standalone(f"{_topic(history)}: {asked}", "joined")


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


def _topic(history: Sequence[Turn]) -> str:
    """The user's last question, itself put behind the one before where it leans on it, and whom the answer names."""
    asked = max(index for index, turn in enumerate(history) if turn.role == "user" and turn.content.strip())
    question = standalone(history[asked].content, history[:asked]).text.rstrip("?. ")
    said = " ".join(turn.content for turn in history[asked + 1 :])
    names = [m.group() for m in _CAPITALS.finditer(said) if m.start() or " " in m.group()]
    named = [name for name in dict.fromkeys(names) if name not in question][:NAMED]
    return f"{question} ({', '.join(named)})" if named else question


def _short(text: str, width: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[:width].rsplit(" ", 1)[0] + " …"


def invents(written: Words, known: Words) -> bool:
    """Whether a question has a name or a number, behind its first word, that is not known."""
    told = {t.stem for t in written.tokens if t.start and (t.text[0].isupper() or t.text[0].isdigit())}
    return not told <= known.stems


def _accepted(written: str, question: str, history: Sequence[Turn]) -> str:
    """What the model wrote, if it is one question that says nothing the conversation does not hold."""
    line = next((line.strip() for line in written.splitlines() if line.strip()), "")
    line = re.sub(r"^(?:Q|Question|Rewritten question)\s*:\s*", "", line).strip('"“” ')
    # Nothing, a story, an answer, or two questions.
    if not line or len(line) > 400 or line[-1] == "." != question[-1] or "?" in line[:-1]:
        return ""
    known = words_of(" ".join([question, *(turn.content for turn in history)]))
    new = words_of(line)
    kept = words_of(question).content
    # "Who was at the helm?" is not "Who was the captain?": a rewritten question keeps the words of the one asked.
    if invents(new, known) or len(kept & new.stems) < KEPT * len(kept):
        return ""
    return line if line.endswith("?") else f"{line}?"
