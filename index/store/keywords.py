"""Keyword search: BM25 over stemmed words, exact at every moment while passages come and go.

The score of a passage is the sum over the query's terms of ``idf * tf / (tf + k1 * (1 - b + b * dl / avgdl))`` with
``idf = ln(1 + (N - df + 0.5) / (df + 0.5))``, as in Lucene, over the passages that are there now.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from onrecord.index.batches import batched
from onrecord.index.store import postings
from onrecord.index.store.postings import Mask, Segment
from onrecord.index.text.terms import Terms
from onrecord.index.types import Keys, Vectors

LARGEST = 200_000  # passages beyond which segments are not merged any more: it would take more than a second
_WORN = 0.75  # share of its rows that a segment must still need not to be renewed
_AT_ONCE = 10_000  # passages whose terms are in memory as Python objects

KeyedTexts = Iterable[tuple[int, str]]


class Keywords(Protocol):
    """The keywords of a collection, as one view of it has them."""

    terms: Terms

    @property
    def keys(self) -> Keys:
        """The passages' keys, ascending."""

    @property
    def fresh(self) -> int:
        """Of how many passages they would have to be made anew by the next process."""

    def matches(self, query: str) -> tuple[Keys, Vectors]:
        """The passages that hold any of the query's terms, by ascending key, and their BM25."""

    def document_frequency(self, text: str) -> int:
        """How many passages hold the word; for several words, all of them. Stopwords are passed over."""

    def of(self, keys: Keys, texts: Callable[[Keys], KeyedTexts]) -> "Keywords":
        """Those of these passages; ``texts`` reads them where they are lacking."""

    def plus(self, keyed_texts: KeyedTexts) -> "Keywords":
        """With these passages too. Their keys ascend, and are greater than those that are here."""

    def without(self, keys: Keys) -> "Keywords":
        """Without these passages, which count for nothing from now on."""

    def purged(self) -> "Keywords":
        """The same passages, with nothing left of those that were taken out."""


Index = TypeVar("Index", bound=Keywords)


class Kept(Protocol[Index]):
    """Where keywords are kept. One thread at a time changes it. ``revision``: of the collection."""

    def empty(self) -> Index: ...
    def latest(self) -> Index | None:
        """What is kept, whatever its revision; ``None`` when that is nothing or not whole."""

    def load(self, revision: int) -> Index | None:
        """What was kept of this revision, examined; ``None`` when there is none."""

    def claims(self, revision: int) -> bool:
        """Whether something is kept that is of this revision, or of which that cannot be told."""

    def save(self, index: Index, revision: int) -> Index:
        """Keeps it as that of this revision, 0 for none, and returns it as it is kept."""

    def prune(self, revision: int) -> None:
        """Deletes what is left over, and all of it when it is of no use or of a later revision than this one."""

    def forget(self) -> None:
        """Deletes what is kept in the folder; what this process has loaded stays usable."""


def rarity(passages: int, frequency: int) -> float:
    """The inverse document frequency of a term that so many of the passages hold."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def share(counts: NDArray[Any], lengths: NDArray[Any], scale: float, *, k1: float, b: float) -> NDArray[np.float32]:
    """What of its ``rarity`` each passage gets from a term. ``scale``: one by the average length, or 0."""
    often, relative = counts.astype(np.float32), lengths.astype(np.float32) * np.float32(scale)
    return (often / (often + k1 * (1 - b + b * relative))).astype(np.float32, copy=False)


def has_words(text: str) -> bool:
    return re.search(r"\w", text) is not None


class Part:
    """A segment and which of its rows count, ``None`` for all; how many those are, and how many terms they have."""

    def __init__(self, segment: Segment, alive: Mask | None = None) -> None:
        self.segment = segment
        self.alive = alive
        self.count = len(segment.keys) if alive is None else int(alive.sum())
        self.length = int((segment.lengths if alive is None else segment.lengths[alive]).sum(dtype=np.int64))

    @property
    def keys(self) -> Keys:
        return self.segment.keys if self.alive is None else self.segment.keys[self.alive]

    def postings(self, code: int) -> tuple[postings.Rows, postings.Counts]:
        """As of the segment, of the rows that count."""
        rows, counts = self.segment.postings(code)
        if self.alive is None:
            return rows, counts
        kept = self.alive[rows]
        return rows[kept], counts[kept]

    def without(self, keys: Keys) -> "Part":
        """Without these passages; itself when it holds none of them."""
        rows = rows_of(self.segment.keys, keys)
        if not len(rows):
            return self
        alive = np.ones(len(self.segment.keys), dtype=np.bool_) if self.alive is None else self.alive.copy()
        alive[rows] = False
        return Part(self.segment, alive)

    def purged(self) -> "Part":
        """The same, with nothing left of the rows that do not count."""
        return self if self.alive is None else Part(postings.merge([(self.segment, self.alive)]))


class KeywordIndex:
    """BM25 over the passages ``keys``, as of a folder. Never changes: ``plus`` and ``without`` give another one."""

    def __init__(self, parts: Sequence[Part], terms: Terms, *, k1: float, b: float) -> None:
        self.parts = tuple(parts)
        self.terms = terms
        self._k1, self._b = k1, b
        self.count = sum(part.count for part in self.parts)
        self._length = sum(part.length for part in self.parts)

    @classmethod
    def build(cls, keyed_texts: KeyedTexts, *, k1: float, b: float) -> "KeywordIndex":
        return cls((), Terms(), k1=k1, b=b).plus(keyed_texts)

    @property
    def keys(self) -> Keys:
        """The passages' keys, ascending."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *(part.keys for part in self.parts)])

    def of(self, keys: Keys, texts: Callable[[Keys], KeyedTexts]) -> "KeywordIndex":
        if np.array_equal(self.keys, keys):
            return self
        kept = self.without(np.setdiff1d(self.keys, keys, assume_unique=True))
        lacking = np.setdiff1d(keys, kept.keys, assume_unique=True)
        if len(lacking) and kept.count and int(lacking[0]) < int(kept.keys[-1]):  # a segment in between was lost
            kept, lacking = kept.with_parts(()), keys
        return kept.plus(texts(lacking))

    def plus(self, keyed_texts: KeyedTexts) -> "KeywordIndex":
        """With these passages too. Their keys ascend, and are greater than those that are here."""
        parts = list(self.parts)
        for some in batched(keyed_texts, _AT_ONCE):
            parts.append(Part(postings.build(some, self.terms)))
            while _merges(parts):
                parts[-2:] = [Part(postings.merge([(part.segment, part.alive) for part in parts[-2:]]))]
        return self.with_parts(parts)

    def without(self, keys: Keys) -> "KeywordIndex":
        """Without these passages, which count for nothing from now on. Segments that are a quarter dead are renewed."""
        parts = [part.without(keys) for part in self.parts]
        return self.with_parts([one.purged() if one.count < _WORN * len(one.segment.keys) else one for one in parts])

    def purged(self) -> "KeywordIndex":
        """The same passages, with nothing left of those that were taken out."""
        return self.with_parts([part.purged() for part in self.parts])

    def unsaved(self) -> "KeywordIndex":
        """The same, of which no file is known."""
        return self.with_parts([Part(replace(part.segment, file=""), part.alive) for part in self.parts])

    @property
    def fresh(self) -> int:
        """How many passages are in no file yet."""
        return sum(part.count for part in self.parts if not part.segment.file)

    def matches(self, query: str) -> tuple[Keys, Vectors]:
        """The passages that hold any of the query's terms, by ascending key, and their BM25."""
        scale = self.count / self._length if self._length else 0.0
        weights = Counter(self.terms.codes(query))
        postings = {code: [part.postings(code) for part in self.parts] for code in weights}
        idf = {code: rarity(self.count, sum(len(rows) for rows, _ in each)) for code, each in postings.items()}
        keys, scores = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.float32)]
        for n, part in enumerate(self.parts):
            total = np.zeros(len(part.segment.keys), dtype=np.float32)
            for code, weight in weights.items():
                rows, counts = postings[code][n]
                some = share(counts, part.segment.lengths[rows], scale, k1=self._k1, b=self._b)
                total[rows] += weight * idf[code] * some
            found = np.flatnonzero(total != 0)  # of numbers it takes three times as long
            keys.append(part.segment.keys[found])
            scores.append(total[found])
        return np.concatenate(keys), np.concatenate(scores)

    def scores(self, query: str) -> Vectors:
        """BM25 of every passage, in the order of ``keys``; 0 where no term of the query occurs."""
        keys, found = self.matches(query)
        scores = np.zeros(self.count, dtype=np.float32)
        scores[np.searchsorted(self.keys, keys)] = found
        return scores

    def document_frequency(self, text: str) -> int:
        """How many passages hold the word; for several words, all of them. Stopwords are passed over."""
        codes = self.terms.codes(text)
        if not codes:
            return self.count if self._length and has_words(text) else 0
        total = 0
        for part in self.parts:
            rows = part.postings(codes[0])[0]
            for code in codes[1:]:
                rows = np.intersect1d(rows, part.postings(code)[0], assume_unique=True)
            total += len(rows)
        return total

    def with_parts(self, parts: Sequence[Part]) -> "KeywordIndex":
        """The index of these segments; those without a passage are left out."""
        return KeywordIndex([part for part in parts if part.count], self.terms, k1=self._k1, b=self._b)


def _merges(parts: Sequence[Part]) -> bool:
    """Whether the last two become one: when they are of like size, so that each passage is merged a few times only."""
    if len(parts) < 2:
        return False
    before, last = (len(part.segment.keys) for part in parts[-2:])
    return before < 2 * last and before + last <= LARGEST


def rows_of(keys: Keys, wanted: Keys) -> NDArray[np.int64]:
    """Where those of ``wanted`` that are among the ascending ``keys`` stand."""
    places = np.searchsorted(keys, wanted)
    inside = places < len(keys)
    places, wanted = places[inside], wanted[inside]
    found: NDArray[np.int64] = places[keys[places] == wanted]
    return found
