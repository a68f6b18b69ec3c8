"""What a suite holds: articles, questions with their gold places, and claims with their sources."""

from dataclasses import dataclass
from pathlib import Path

from onrecord.index.types import Article

PATTERN_PREFIX = "re:"


@dataclass(frozen=True, slots=True)
class GoldQuote:
    """A place that answers the question: ``article.text[start_char:end_char] == quote``."""

    article: str
    quote: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class HistoryTurn:
    """One earlier turn of the conversation, as ``onrecord.qa.Turn``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what a good answer to it is.

    ``answers``: accepted answers, any one counts unless ``all_of``; one that starts with ``re:`` is a regular
    expression. ``conflicting``: wrong answers that some article states. ``must_not``: what may not be in the answer.
    ``needs``: how many of the gold places a full answer cites (the others say the same again). ``scope``: if not
    empty, the question is asked of these articles alone. ``asked`` and ``choices`` are never shown to the system.
    """

    id: str
    question: str
    kind: str
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[GoldQuote, ...] = ()
    scope: tuple[str, ...] = ()
    history: tuple[HistoryTurn, ...] = ()
    conflicting: tuple[str, ...] = ()
    asked: str = ""
    choices: tuple[str, ...] = ()
    needs: int = 1
    all_of: bool = False
    must_not: tuple[str, ...] = ()
    articles_holding_answer: tuple[str, ...] = ()
    note: str = ""
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """Articles and the questions that are asked of them. ``fingerprint`` changes whenever a file of it does."""

    name: str
    path: Path
    articles: tuple[Article, ...]
    questions: tuple[Question, ...]
    license: str = ""
    source: str = ""
    about: str = ""
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def drafts(self) -> tuple[Question, ...]:
        """The questions that no person has accepted yet."""
        return tuple(question for question in self.questions if question.draft)

    @property
    def texts(self) -> dict[str, str]:
        """Article id -> the text into which every offset counts."""
        return {article.id: article.text for article in self.articles}


@dataclass(frozen=True, slots=True)
class GroundingItem:
    """Does the source support the claim? ``sentences`` are given by some data, else the source is one text.

    ``supporting``: each set of sentence indices is by itself enough to support the claim.
    """

    id: str
    claim: str
    supported: bool
    source: str = ""
    sentences: tuple[str, ...] = ()
    supporting: tuple[frozenset[int], ...] = ()
