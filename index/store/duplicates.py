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
HASH_BYTES = 16
_SHINGLE = 3
SAME_JACCARD = 0.5
"""Copies when this share of all their shingles is common to both: edits here and there, or another lead."""
SAME_CONTAINMENT = 0.7
"""… or when this share of the shorter one's shingles is in the longer one: the end was trimmed."""
FEWEST_SHINGLES = 30
"""Below this, overlap says little: such short texts are copies only when their words are the same."""
Shingles = NDArray[np.uint64]
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\w+")
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


def signature(text: str) -> bytes:
    """What is worth keeping of a text to find its copies: 16 bytes of exact hash, then 128 MinHash values (uint32).

    Case, punctuation and spacing do not count. The same on every machine and in every process.
    """
    return mark_and_shingles(text)[0]


def mark_and_shingles(text: str) -> tuple[bytes, Shingles]:
    """A text's signature, and what `overlap` compares."""
    words = _words(text)
    shingles = _shingles(words)
    return _exact(words) + _minhash(shingles).tobytes(), shingles


def shingles_of(text: str) -> Shingles:
    """What `overlap` compares."""
    return _shingles(_words(text))


def similar(a_text: str, b_text: str) -> float:
    """How much two texts are copies, 0 to 1; copies from ``SAME_JACCARD`` on, 1 only for the same words.

    >>> similar("The bridge was closed on Monday.", "the bridge was closed, on Monday")
    1.0
    >>> similar("The bridge was closed on Monday.", "A ferry will run from May.")
    0.0
    """
    (a_mark, a), (b_mark, b) = mark_and_shingles(a_text), mark_and_shingles(b_text)
    return overlap(a, b, same=a_mark[:HASH_BYTES] == b_mark[:HASH_BYTES])


def overlap(a: Shingles, b: Shingles, *, same: bool) -> float:
    """How much two texts are copies, by their shingles; ``same``: their exact hashes are equal.

    The larger of two: the Jaccard index of the shingles, and the share of the shorter text's shingles that the longer
    one has, scaled so that ``SAME_CONTAINMENT`` comes out as ``SAME_JACCARD``.
    """
    shorter = min(len(a), len(b))
    if same or shorter < FEWEST_SHINGLES:
        return float(same and shorter > 0)
    common = len(np.intersect1d(a, b, assume_unique=True))
    jaccard = common / (len(a) + len(b) - common)
    contained = common / shorter
    return max(jaccard, contained * SAME_JACCARD / SAME_CONTAINMENT)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _exact(words: Sequence[str]) -> bytes:
    return sha256(" ".join(words).encode("utf-8", "surrogatepass")).digest()[:HASH_BYTES]


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
