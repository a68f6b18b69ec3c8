"""A name that stands in articles, and where: people, places, organisations, and what is counted in money or a unit."""

from dataclasses import dataclass
from typing import Literal

from onrecord.index.inert import web_address
from onrecord.index.types import Sentence

NameKind = Literal["person", "place", "organisation", "quantity"]
KINDS: tuple[NameKind, ...] = ("person", "place", "organisation", "quantity")


@dataclass(frozen=True, slots=True)
class Found:
    """A name of one article: as it has it in full, as else it has it, and each place: sentence, start, end."""

    kind: NameKind
    name: str
    others: tuple[str, ...]
    places: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class NameEntry:
    """A name of the collection. ``names``: as the articles write it, the most frequent first.

    ``mentions``: how often it stands there; ``first``, ``last``: the days of the earliest and the latest article that
    has it, empty where none has a date.
    """

    name: str
    kind: NameKind
    names: tuple[str, ...]
    mentions: int
    articles: int
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence that has the name. ``start``, ``end``: where in the sentence it stands first."""

    sentence: Sentence
    kind: NameKind
    name: str
    start: int
    end: int
    published: str = ""
    title: str = ""
    source: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", web_address(self.url))

    @property
    def article_id(self) -> str:
        return self.sentence.article_id
