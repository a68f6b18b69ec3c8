"""Finds the near-duplicates of an article among the stored ones: by signature, then by the shingles of the texts."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from onrecord.index.store.duplicates import (
    FEWEST_SHINGLES,
    HASH_BYTES,
    PERMUTATIONS,
    SAME_JACCARD,
    Shingles,
    overlap,
    shingles_of,
)

# Estimated likeness from which the shingles are compared: a third of an article, fully contained, has about 0.3.
_WORTH_A_LOOK = 0.08
_COMPARED = 100  # texts at most, those that look most alike, so that one more page of a long series costs what any does
_KEPT = 1000  # texts whose shingles are kept, for series of pages that are all alike: some megabytes


class CopyFinder:
    """Knows the signatures of the stored articles; ``text_of`` gives the text of one of them."""

    def __init__(self, signatures: Iterable[tuple[str, bytes]], text_of: Callable[[str], str]) -> None:
        stored = list(signatures)
        self._text_of = text_of
        self._ids = [article_id for article_id, _ in stored]
        # What has no row here any more counts no more.
        self._row = {article_id: row for row, article_id in enumerate(self._ids)}
        self._exact = [mark[:HASH_BYTES] for _, mark in stored]
        joined = np.frombuffer(b"".join(mark[HASH_BYTES:] for _, mark in stored), dtype=np.uint32)
        self._minhashes = np.zeros((max(64, len(stored) * 5 // 4), PERMUTATIONS), dtype=np.uint32)
        self._minhashes[: len(stored)] = joined.reshape(-1, PERMUTATIONS)
        self._shingles: OrderedDict[str, Shingles] = OrderedDict()

    def find(self, article_id: str, mark: bytes, shingles: Shingles) -> tuple[str, ...]:
        """The ids of the other stored articles that are copies of a text, by what `mark_and_shingles` makes of it."""
        exact, minhash = _parts(mark)
        alike = np.count_nonzero(self._minhashes[: len(self._ids)] == minhash, axis=1)
        found, looking = [], []
        for row in np.flatnonzero(alike >= _WORTH_A_LOOK * PERMUTATIONS):
            other = self._ids[row]
            if other == article_id or self._row.get(other) != row:
                continue
            if exact != self._exact[row]:
                looking.append(row)
            elif len(shingles):
                found.append(row)
        if len(shingles) >= FEWEST_SHINGLES:  # a shorter one is a copy only to the letter
            nearest = sorted(looking, key=lambda row: -alike[row])[:_COMPARED]
            found += [
                row
                for row in nearest
                if overlap(shingles, self._shingles_of(self._ids[row]), same=False) >= SAME_JACCARD
            ]
        return tuple(self._ids[row] for row in sorted(found))

    def note(self, article_id: str, mark: bytes) -> None:
        """An article was stored, for the first time or anew."""
        self._shingles.pop(article_id, None)
        row = self._row.get(article_id, len(self._ids))
        if row == len(self._ids):
            self._ids.append(article_id)
            self._exact.append(b"")
            self._row[article_id] = row
        if row == len(self._minhashes):
            self._minhashes = np.concatenate([self._minhashes, np.zeros_like(self._minhashes)])
        self._exact[row], self._minhashes[row] = _parts(mark)

    def forget(self, article_ids: Sequence[str]) -> None:
        """These articles are no longer stored."""
        for article_id in article_ids:
            self._row.pop(article_id, None)
            self._shingles.pop(article_id, None)

    def _shingles_of(self, article_id: str) -> Shingles:
        kept = self._shingles.pop(article_id, None)
        if kept is None:
            kept = shingles_of(self._text_of(article_id))
            if len(self._shingles) >= _KEPT:
                self._shingles.popitem(last=False)
        self._shingles[article_id] = kept
        return kept


def _parts(mark: bytes) -> tuple[bytes, NDArray[np.uint32]]:
    return mark[:HASH_BYTES], np.frombuffer(mark[HASH_BYTES:], dtype=np.uint32)
