"""Postings: which terms are in which passages, how often. Immutable arrays that can lie in a file.

A segment holds some passages. A collection is a few segments, each of other passages: what is added goes into a new
one, neighbours of like size are merged, and what is removed is masked until a merge or a purge leaves it out. So no
change costs more than the passages that it brings, and, now and then, a merge.
"""

import json
import mmap
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onrecord.index.text.terms import TermCodes, Terms
from onrecord.index.types import Keys

Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]
Counts = NDArray[np.uint16]

_MOST = np.iinfo(np.uint16).max
_ALIGNED = 64


@dataclass(frozen=True, slots=True)
class Segment:
    """The postings of ``keys``, which ascend. A row is a passage's place in ``keys``."""

    keys: Keys
    lengths: NDArray[np.int32]  # per row: how many terms, with repetitions
    terms: NDArray[np.uint64]  # the codes of the terms, ascending
    starts: NDArray[np.int64]  # per term, and one at the end: where its postings begin
    rows: Rows  # per posting, ascending within a term
    counts: Counts  # per posting: how often the term is in the passage
    file: str = ""  # under which it is kept, empty when it is not

    def postings(self, code: int) -> tuple[Rows, Counts]:
        """The rows that hold the term, and how often each does."""
        place = int(np.searchsorted(self.terms, np.uint64(code)))
        if place == len(self.terms) or int(self.terms[place]) != code:
            return self.rows[:0], self.counts[:0]
        span = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return self.rows[span], self.counts[span]


_FIELDS = ("keys", "lengths", "terms", "starts", "rows", "counts")


def build(keyed_texts: Iterable[tuple[int, str]], terms: Terms) -> Segment:
    """The segment of these passages; their keys ascend."""
    return of_codes((key, terms.array(text)) for key, text in keyed_texts)


def of_codes(keyed_codes: Iterable[tuple[int, TermCodes]]) -> Segment:
    """The same, of passages whose terms are known, with repetitions."""
    keys, lengths, codes = [], [], []
    for key, found in keyed_codes:
        keys.append(key)
        lengths.append(len(found))
        codes.append(found)
    flat = np.concatenate(codes) if codes else np.zeros(0, dtype=np.uint64)
    rows = np.repeat(np.arange(len(keys), dtype=np.int32), lengths)
    order = np.argsort(flat, kind="stable")  # so that the rows of a term ascend
    flat, rows = flat[order], rows[order]
    fresh = _changes(flat) | _changes(rows)
    begins = np.flatnonzero(fresh)
    counts = np.diff(begins, append=len(flat))
    flat, rows = flat[begins], rows[begins]
    first = np.flatnonzero(_changes(flat))
    return Segment(
        np.array(keys, dtype=np.int64),
        np.array(lengths, dtype=np.int32),
        flat[first],
        np.append(first, len(flat)).astype(np.int64),
        rows,
        np.minimum(counts, _MOST).astype(np.uint16),
    )


def merge(parts: Sequence[tuple[Segment, Mask | None]]) -> Segment:
    """One segment of those rows of neighbouring segments that the masks leave; no mask leaves all."""
    segments = [segment if alive is None else _without_dead(segment, alive) for segment, alive in parts]
    if len(segments) == 1:
        return replace(segments[0], file="")
    terms = np.unique(np.concatenate([segment.terms for segment in segments]))
    places = [np.searchsorted(terms, segment.terms) for segment in segments]
    per_term = np.zeros(len(terms), dtype=np.int64)
    for segment, place in zip(segments, places, strict=True):
        per_term[place] += np.diff(segment.starts)
    starts = np.concatenate([[0], np.cumsum(per_term)]).astype(np.int64)
    rows = np.zeros(starts[-1], dtype=np.int32)
    counts = np.zeros(starts[-1], dtype=np.uint16)
    free = starts[:-1].copy()  # per term: where the next segment's postings go
    before = 0
    for segment, place in zip(segments, places, strict=True):
        each = np.diff(segment.starts)
        goes = np.repeat(free[place] - segment.starts[:-1], each) + np.arange(len(segment.rows))
        rows[goes] = segment.rows + np.int32(before)
        counts[goes] = segment.counts
        free[place] += each
        before += len(segment.keys)
    keys = np.concatenate([segment.keys for segment in segments])
    return Segment(keys, np.concatenate([segment.lengths for segment in segments]), terms, starts, rows, counts)


def _without_dead(segment: Segment, alive: Mask) -> Segment:
    kept = alive[segment.rows]
    ends = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)[segment.starts]
    used = np.flatnonzero(np.diff(ends))
    new_row = (np.cumsum(alive) - 1).astype(np.int32)
    return Segment(
        segment.keys[alive],
        segment.lengths[alive],
        segment.terms[used],
        np.append(ends[used], ends[-1]).astype(np.int64),
        new_row[segment.rows[kept]],
        segment.counts[kept],
    )


def _changes(values: NDArray[np.generic]) -> Mask:
    """Where a value differs from the one before it; the first counts as a change."""
    return np.concatenate([np.ones(min(1, len(values)), dtype=np.bool_), values[1:] != values[:-1]])


# -- as a file: one line of JSON that says what lies where, then the arrays -----------------------------------------


def write(segment: Segment, file: Path) -> int:
    """Writes a segment and returns the checksum of the file."""
    arrays = [np.ascontiguousarray(getattr(segment, name)) for name in _FIELDS]
    head = json.dumps([[array.dtype.str, len(array)] for array in arrays]).encode() + b"\n"
    check = 0
    with file.open("wb") as opened:
        for block in (head, *(array.data for array in arrays)):
            data = bytes(block)
            data += bytes(-len(data) % _ALIGNED)
            check = zlib.crc32(data, check)
            opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    return check


def read(file: Path) -> Segment:
    """A segment that stays in its file and is mapped into memory. Raises ``OSError`` or ``ValueError``."""
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    head = mapped[: mapped.find(b"\n") + 1]
    place = _aligned(len(head))
    arrays = {}
    for name, (kind, length) in zip(_FIELDS, json.loads(head), strict=True):
        arrays[name] = np.frombuffer(mapped, dtype=np.dtype(kind), count=length, offset=place)
        place += _aligned(length * np.dtype(kind).itemsize)
    return Segment(file=file.name, **arrays)


def _aligned(size: int) -> int:
    return size + -size % _ALIGNED
