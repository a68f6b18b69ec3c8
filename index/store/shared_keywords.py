"""Keyword search over a database that several processes share: it holds the terms, this scores what it reads of them.

Nothing is kept here, so there is nothing to follow. The formula and the terms are those of an index in a folder.
"""

from collections import Counter
from collections.abc import Callable
from functools import reduce

import numpy as np

from onrecord.index.store.keyword_tables import KeywordTables
from onrecord.index.store.keywords import KeyedTexts, has_words, rarity, share
from onrecord.index.text.terms import Terms
from onrecord.index.types import Keys, Vectors


class SharedKeywords:
    """As both `onrecord.index.store.keywords.Keywords` and `Kept`: BM25 over the passages that are there now."""

    fresh = 0

    def __init__(self, tables: KeywordTables, *, k1: float, b: float) -> None:
        self._tables = tables
        self._k1, self._b = k1, b
        self.terms = Terms()

    @property
    def keys(self) -> Keys:
        return self._tables.keys()

    def matches(self, query: str) -> tuple[Keys, Vectors]:
        weights = Counter(self.terms.codes(query))
        found = self._tables.read(weights)
        scale = found.passages / found.length if found.length else 0.0
        ends = [(int(one.keys.min()), int(one.keys.max())) for one in found.postings.values() if len(one.keys)]
        first, last = min((one for one, _ in ends), default=0), max((one for _, one in ends), default=-1)
        total = np.zeros(last - first + 1, dtype=np.float32)
        for code, weight in weights.items():
            one = found.postings[code]
            some = share(one.counts, one.lengths, scale, k1=self._k1, b=self._b)
            total[one.keys - first] += weight * rarity(found.passages, len(one.keys)) * some
        rows = np.flatnonzero(total != 0)  # of numbers it takes three times as long
        return rows + first, total[rows]

    def document_frequency(self, text: str) -> int:
        codes = self.terms.codes(text)
        found = self._tables.read(codes)
        if not codes:
            return found.passages if found.length and has_words(text) else 0
        return len(reduce(np.intersect1d, [found.postings[code].keys for code in codes]))

    # -- what an index of a folder does with its files -----------------------------------------------------------------

    def of(self, keys: Keys, texts: Callable[[Keys], KeyedTexts]) -> "SharedKeywords":
        return self

    def plus(self, keyed_texts: KeyedTexts) -> "SharedKeywords":
        return self

    def without(self, keys: Keys) -> "SharedKeywords":
        return self

    def purged(self) -> "SharedKeywords":
        return self

    def empty(self) -> "SharedKeywords":
        return self

    def latest(self) -> "SharedKeywords":
        return self

    def load(self, revision: int) -> "SharedKeywords | None":
        return self if self._tables.is_whole() else None

    def claims(self, revision: int) -> bool:
        return True

    def save(self, index: "SharedKeywords", revision: int) -> "SharedKeywords":
        return index

    def prune(self, revision: int) -> None:
        """Nothing, as with all that follows: the database is changed with the articles alone."""

    def forget(self) -> None:
        """Nothing."""
