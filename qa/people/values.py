"""Who said what: one statement is one sentence of one article, with its speaker and when it was said."""

from dataclasses import dataclass
from typing import Literal

from onrecord.index.inert import web_address
from onrecord.index.types import Sentence

Kind = Literal["quoted", "reported"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence in which somebody is quoted, or is reported to have said something.

    ``speaker``: the name under which the collection knows them; empty where the article names nobody, and for "a
    witness". ``said_by``: the speaker as the sentence has it ("he", "a witness"), empty where the sentence before or
    behind tells. ``words``: what was said, of a quotation the words between its marks; the article has them from
    ``words_start`` to ``words_end``. ``said_on``: the day on which it was said, as far as the sentence says
    (``2016-12-14``, ``2016-12``), "on Wednesday" counted from the article's own date. ``published``: that date.
    """

    sentence: Sentence
    kind: Kind
    speaker: str
    said_by: str
    words: str
    words_start: int
    words_end: int
    said_on: str = ""
    published: str = ""
    title: str = ""
    source: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", web_address(self.url))

    @property
    def article_id(self) -> str:
        return self.sentence.article_id

    @property
    def day(self) -> str:
        """Under which day it stands in a timeline: that of the saying, else that of the article."""
        return self.said_on or self.published[:10]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is quoted in the collection, or an organisation that is.

    ``names``: as the articles write it, the most frequent first. ``first`` and ``last``: the days of the earliest and
    the latest statement, empty where none has a date.
    """

    name: str
    names: tuple[str, ...]
    statements: int
    articles: int
    first: str = ""
    last: str = ""
