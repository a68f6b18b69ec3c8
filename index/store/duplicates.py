"""Which articles are copies of one another: the same wire story with another lead, a trimmed end, a few edits.

Three steps, from cheap to sure: the hash of the normalised words; a MinHash estimate over shingles of three words
(rensa), compared against every article at once; and the true overlap of the shingles for the few that pass. Two
stories about one event share names and a quotation, not most of their three-word runs, and are no copies.
"""

import re
import zlib
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

PERMUTATIONS = 128
_SEED = 20160
_HASH_BYTES = 16
_SHINGLE = 3
SAME_JACCARD = 0.5
"""Copies when this share of all their shingles is common to both: edits here and there, or another lead."""
SAME_CONTAINMENT = 0.7
"""… or when this share of the shorter one's shingles is in the longer one: the end was trimmed."""
FEWEST_SHINGLES = 30
"""Below this, overlap says little: such short texts are copies only when their words are the same."""
_CANDIDATE = 0.08
"""Estimated Jaccard worth a closer look: a third of an article, fully contained, has about 0.3; noise is 0.03."""

Shingles = NDArray[np.uint64]
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\w+")
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


def signature(text: str) -> bytes:
    """What is worth keeping of a text to find its copies: 16 bytes of exact hash, then 128 MinHash values (uint32).

    Case, punctuation and spacing do not count. The same on every machine and in every process.
    """
    words = _words(text)
    return _exact(words) + _minhash(_shingles(words)).tobytes()


def similar(a_text: str, b_text: str) -> float:
    """How much two texts are copies, 0 to 1; copies from ``SAME_JACCARD`` on, 1 only for the same words.

    The larger of two: the Jaccard index of the shingles, and the share of the shorter text's shingles that the longer
    one holds, scaled so that ``SAME_CONTAINMENT`` comes out as ``SAME_JACCARD``.

    >>> similar("The bridge was closed on Monday.", "the bridge was closed, on Monday")
    1.0
    >>> similar("The bridge was closed on Monday.", "A ferry will run from May.")
    0.0
    """
    a_words, b_words = _words(a_text), _words(b_text)
    return _overlap(_shingles(a_words), _shingles(b_words), same=bool(a_words) and a_words == b_words)


class CopyIndex:
    """The signatures and shingles of many articles, to which articles are added, and from which they are removed."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._row: dict[str, int] = {}
        self._exact: list[bytes] = []
        self._shingles: list[Shingles] = []
        self._minhashes: NDArray[np.uint32] = np.zeros((64, PERMUTATIONS), dtype=np.uint32)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, article_id: str) -> bool:
        return article_id in self._row

    def add(self, article_id: str, text: str) -> tuple[str, ...]:
        """Add an article, or replace the text of one; returns the ids of its copies among the others."""
        self.remove(article_id)
        words = _words(text)
        exact, shingles = _exact(words), _shingles(words)
        minhash = _minhash(shingles)
        found = self._find(exact, shingles, minhash)
        row = len(self._ids)
        if row == len(self._minhashes):
            self._minhashes = np.concatenate([self._minhashes, np.zeros_like(self._minhashes)])
        self._minhashes[row] = minhash
        self._row[article_id] = row
        self._ids.append(article_id)
        self._exact.append(exact)
        self._shingles.append(shingles)
        return found

    def remove(self, article_id: str) -> None:
        """Forget an article; an unknown id is no error. The last row moves into its place."""
        row = self._row.pop(article_id, None)
        if row is None:
            return
        last = len(self._ids) - 1
        if row != last:
            self._row[self._ids[last]] = row
            self._ids[row], self._exact[row] = self._ids[last], self._exact[last]
            self._shingles[row], self._minhashes[row] = self._shingles[last], self._minhashes[last]
        self._ids.pop()
        self._exact.pop()
        self._shingles.pop()

    def find(self, text: str) -> tuple[str, ...]:
        """The ids whose texts are copies of ``text``, the most alike first."""
        words = _words(text)
        shingles = _shingles(words)
        return self._find(_exact(words), shingles, _minhash(shingles))

    def _find(self, exact: bytes, shingles: Shingles, minhash: NDArray[np.uint32]) -> tuple[str, ...]:
        if not self._ids or not len(shingles):
            return ()
        estimates = (self._minhashes[: len(self._ids)] == minhash).mean(axis=1)
        scored = []
        for row in np.flatnonzero(estimates >= _CANDIDATE):
            score = _overlap(shingles, self._shingles[row], same=exact == self._exact[row])
            if score >= SAME_JACCARD:
                scored.append((-score, self._ids[row]))
        return tuple(article_id for _, article_id in sorted(scored))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _exact(words: Sequence[str]) -> bytes:
    return sha256(" ".join(words).encode("utf-8", "surrogatepass")).digest()[:_HASH_BYTES]


def _shingles(words: Sequence[str]) -> Shingles:
    """The distinct runs of three words, hashed and sorted; a text of one or two words is one run."""
    codes = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], dtype=np.uint64)
    if not len(codes):
        return codes
    width = min(_SHINGLE, len(codes))
    mixed = np.zeros(len(codes) - width + 1, dtype=np.uint64)
    for place in range(width):
        mixed = (mixed ^ (codes[place : len(codes) - width + 1 + place] + np.uint64(1))) * _MIX[place]
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def _minhash(shingles: Shingles) -> NDArray[np.uint32]:
    matrix = RMinHash.digest_matrix_from_token_hash_sets([shingles.tolist()], PERMUTATIONS, _SEED)
    return np.array(matrix.to_rows()[0], dtype=np.uint32)


def _overlap(a: Shingles, b: Shingles, *, same: bool) -> float:
    if same:
        return 1.0
    shorter = min(len(a), len(b))
    if shorter < FEWEST_SHINGLES:
        return 0.0
    common = len(np.intersect1d(a, b, assume_unique=True))
    jaccard = common / (len(a) + len(b) - common)
    contained = common / shorter
    return max(jaccard, contained * SAME_JACCARD / SAME_CONTAINMENT)
