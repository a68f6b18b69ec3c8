"""Finds the near-duplicates of an article among the stored ones: by signature, then by the texts themselves."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from onrecord.index.store.duplicates import PERMUTATIONS, SAME_JACCARD, signature, similar

_EXACT_BYTES = 16  # of a signature; the rest is its MinHash
_WORTH_A_LOOK = 0.08  # estimated likeness from which the texts themselves are compared


class CopyFinder:
    """Knows the signatures of the stored articles; ``text_of`` gives the text of one of them."""

    def __init__(self, signatures: Iterable[tuple[str, bytes]], text_of: Callable[[str], str]) -> None:
        self._text_of = text_of
        self._ids: list[str] = []
        self._row: dict[str, int] = {}  # what has no row here any more counts no more
        self._minhashes = np.zeros((64, PERMUTATIONS), dtype=np.uint32)
        for article_id, mark in signatures:
            self.note(article_id, mark)

    def find(self, article_id: str, text: str) -> tuple[bytes, tuple[str, ...]]:
        """The text's signature, and the ids of the other stored articles that are copies of it."""
        mark = signature(text)
        likeness = (self._minhashes[: len(self._ids)] == _minhash(mark)).mean(axis=1)
        rows = [int(row) for row in np.flatnonzero(likeness >= _WORTH_A_LOOK)]
        near = [self._ids[row] for row in rows if self._row.get(self._ids[row]) == row]
        return mark, tuple(
            one for one in near if one != article_id and similar(text, self._text_of(one)) >= SAME_JACCARD
        )

    def note(self, article_id: str, mark: bytes) -> None:
        """An article was stored, for the first time or anew."""
        row = self._row.get(article_id, len(self._ids))
        if row == len(self._ids):
            self._ids.append(article_id)
            self._row[article_id] = row
        if row == len(self._minhashes):
            self._minhashes = np.concatenate([self._minhashes, np.zeros_like(self._minhashes)])
        self._minhashes[row] = _minhash(mark)

    def forget(self, article_ids: Sequence[str]) -> None:
        """These articles are no longer stored."""
        for article_id in article_ids:
            self._row.pop(article_id, None)


def _minhash(mark: bytes) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    return np.frombuffer(mark[_EXACT_BYTES:], dtype=np.uint32)
