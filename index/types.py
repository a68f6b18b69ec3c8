"""The things that the index knows: articles, their sentences, passages, and what a search found.

Offsets are half-open, in Python characters, into ``Article.text``, which never changes once it is stored.
For every sentence ``article.text[s.start_char:s.end_char] == s.text``; sentences are ordered and disjoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from onrecord.index.inert import web_address

FoundBy = Literal["dense", "keyword", "fused", "reranked"]
Vectors = NDArray[np.float32]
Keys = NDArray[np.int64]  # of passages; none is ever given to another


def day_of(published: str) -> date | None:
    """The day of an article's date; ``None`` for one that is empty or has no day.

    >>> day_of("2016-12-14T09:30:00Z"), day_of("2016")
    (datetime.date(2016, 12, 14), None)
    """
    try:
        return date.fromisoformat(published[:10])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Article:
    """One news article. ``published`` is an ISO 8601 date (``2016-12-14``) or date-time, empty when unknown.

    ``url`` is a web address (http or https); anything else that is given as one is no address, and is not kept.
    """

    id: str
    title: str
    text: str
    source: str = ""
    published: str = ""
    url: str = ""
    language: str = "en"
    place: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", web_address(self.url))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an article, by its place in the article's text."""

    article_id: str
    index: int
    start_char: int
    end_char: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive whole sentences of one article: the unit that is embedded and found."""

    id: str
    article_id: str
    sentences: tuple[Sentence, ...]

    @property
    def start_char(self) -> int:
        return self.sentences[0].start_char

    @property
    def end_char(self) -> int:
        return self.sentences[-1].end_char

    @property
    def text(self) -> str:
        """The passage's sentences joined by one space; the article's own spacing is in the article."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found. ``score``: higher is better, comparable within one search only.

    ``nearness``: the cosine of passage and query, which is comparable between searches with one embedder.
    """

    passage: Passage
    score: float
    found_by: FoundBy
    nearness: float = 0.0


@dataclass(frozen=True, slots=True)
class Filter:
    """Restricts a search; empty fields do not restrict. Dates are ISO days, both ends included."""

    articles: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    published_from: str = ""
    published_to: str = ""

    def __bool__(self) -> bool:
        return bool(self.articles or self.sources or self.published_from or self.published_to)


class Embedder(Protocol):
    """Turns texts into unit vectors. ``fingerprint`` changes whenever the vectors would."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed_query(self, text: str) -> Vectors:
        """One query -> unit vector of shape ``(dimension,)``."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """``n`` texts -> unit vectors of shape ``(n, dimension)``."""
        ...


@dataclass(frozen=True, slots=True)
class ArticleInfo:
    """What a list of articles shows. ``added``: when it was stored, ISO 8601 in UTC; ``words``: length of its text."""

    id: str
    title: str
    source: str
    published: str
    url: str
    language: str
    place: str
    words: int
    added: str

    def __post_init__(self) -> None:  # what an older version stored may be no address
        object.__setattr__(self, "url", web_address(self.url))


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a change of the collection did, by article id. ``failed``: ``(path, why)`` of unreadable files.

    ``passed_over``: ``(path, why)`` of files in folders that were not tried, because they are no articles. ``notes``:
    ``(path, what)`` was left out of files that were read, such as a date that is none.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
