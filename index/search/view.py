"""The collection as searches see it: arrays that follow every change, without being read anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onrecord.index.store.base import Connection
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.code_store import CodedRows
from onrecord.index.store.codes import Codes, codes_of
from onrecord.index.store.entries import Change
from onrecord.index.store.keywords import Keywords, rows_of
from onrecord.index.store.postings import Mask
from onrecord.index.text.passages import passage_text_for_search
from onrecord.index.types import Keys, Vectors

_FEW_DEAD = 1000  # rows of removed passages that are not worth copying the others for


Order = Literal["C", "F"]
CODES: Order = "F"


class Column:
    """An array that grows at its end. What was handed out before stays as it was: only room behind it is written.

    ``order``: as numpy has it; "F" where it is looked through column by column.
    """

    def __init__(self, values: NDArray[Any], order: Order = "C") -> None:
        self._order: Order = order
        self._room = np.asarray(values, order=order)
        self.values: NDArray[Any] = self._room

    def plus(self, more: NDArray[Any]) -> "Column":
        """With ``more`` at the end. Only the latest column may be added to."""
        if not len(more):
            return self
        used = len(self.values)
        grown = Column(self._room, self._order)
        if used + len(more) > len(self._room):
            room = (used + len(more)) * 5 // 4
            grown._room = np.empty((room, *more.shape[1:]), dtype=more.dtype, order=self._order)
            if used:
                grown._room[:used] = self.values
        grown._room[used : used + len(more)] = more
        grown.values = grown._room[: used + len(more)]
        return grown


@dataclass(frozen=True, slots=True)
class View:
    """The collection at one revision. A row is a passage, in order of the keys; ``alive`` tells those still there.

    A small collection has its ``vectors`` here, a large one only their ``codes``; the other one is ``None``.
    """

    revision: int
    key_column: Column
    article_column: Column
    alive: Mask
    vector_column: Column | None
    code_column: Column | None
    keywords: Keywords

    @property
    def keys(self) -> Keys:
        return self.key_column.values

    @property
    def vectors(self) -> Vectors | None:
        return None if self.vector_column is None else self.vector_column.values

    @property
    def codes(self) -> Codes | None:
        return None if self.code_column is None else self.code_column.values

    @property
    def coded_rows(self) -> CodedRows | None:
        """What is kept on disk of a large collection: all that is alive."""
        if self.codes is None:
            return None
        rows = slice(None) if self.alive.all() else self.alive
        return CodedRows(self.keys[rows], self.article_column.values[rows], self.codes[rows])

    @property
    def last(self) -> int:
        """The greatest key, 0 when there is none."""
        return int(self.keys[-1]) if len(self.keys) else 0

    def matches(self, query: str) -> tuple[Keys, Vectors]:
        """As of its keywords, which may be a moment ahead: without passages that came since."""
        keys, scores = self.keywords.matches(query)
        known = int(np.searchsorted(keys, self.last, side="right"))
        return keys[:known], scores[:known]

    def mask(self, numbers: NDArray[np.int64] | None) -> Mask | None:
        """Which rows belong to the articles of these numbers, or to any; ``None`` when that is all rows."""
        if numbers is not None:
            articles = self.article_column.values
            wanted = np.zeros(int(max(articles.max(initial=0), numbers.max(initial=0))) + 1, dtype=np.bool_)
            wanted[numbers] = True
            matching: Mask = self.alive & wanted[articles]
            return matching
        return None if self.alive.all() else self.alive


def load(
    catalogue: Catalogue,
    connection: Connection,
    kept: Keywords,
    coded: CodedRows | None,
    *,
    exact_below: int,
) -> View:
    """The whole collection, within a snapshot. ``kept``: keywords of some of its passages, and perhaps of others;
    ``coded``: the same of codes."""
    revision = int(catalogue.note("revision") or 0)
    keys, numbers = _rows(connection, coded)
    vectors = codes = None
    if len(keys) < exact_below:
        vectors = Column(_aligned(keys, *catalogue.vectors()))
    else:
        codes = Column(_codes(catalogue, keys, coded), CODES)
    keywords = kept.of(keys, lambda lacking: _texts(catalogue, lacking))
    alive = np.ones(len(keys), dtype=np.bool_)
    return View(revision, Column(keys), Column(numbers), alive, vectors, codes, keywords)


def follow(view: View, changes: Sequence[Change], revision: int, catalogue: Catalogue, connection: Connection) -> View:
    """The view after these changes; of what they brought only that is read which is still there."""
    deleted = np.array(sorted({key for one in changes for key in one.deleted}), dtype=np.int64)
    last = view.last
    added = sorted({key for one in changes for key in one.added if key > last}.difference(deleted.tolist()))
    view = _without(view, deleted)
    numbers = _numbers(connection, added)
    keys = np.array(sorted(numbers), dtype=np.int64)
    vectors, codes = view.vector_column, view.code_column
    if vectors is not None and len(keys):
        stored, more = zip(*catalogue.vectors_of(keys.tolist()), strict=True)
        vectors = vectors.plus(_aligned(keys, np.concatenate(stored), np.concatenate(more)))
    elif codes is not None:
        codes = codes.plus(_codes(catalogue, keys, None))
    return View(
        revision,
        view.key_column.plus(keys),
        view.article_column.plus(np.array([numbers[int(key)] for key in keys], dtype=np.int64)),
        np.append(view.alive, np.ones(len(keys), dtype=np.bool_)),
        vectors,
        codes,
        view.keywords.plus(_texts(catalogue, keys)),
    )


def coded(view: View) -> View:
    """The view of a collection that has become a large one."""
    if view.vectors is None:
        return view
    return replace(view, vector_column=None, code_column=Column(codes_of(view.vectors), CODES))


def difference(view: View, catalogue: Catalogue) -> Change:
    """What was added and deleted since, whoever did it."""
    known, stored = view.keys[view.alive], catalogue.passage_rows()[0]
    deleted, added = np.setdiff1d(known, stored), np.setdiff1d(stored, known)
    return Change(added=tuple(added.tolist()), deleted=tuple(deleted.tolist()))


def _without(view: View, deleted: Keys) -> View:
    if not len(rows := rows_of(view.keys, deleted)):
        return view
    alive = view.alive.copy()
    alive[rows] = False
    view = replace(view, alive=alive, keywords=view.keywords.without(deleted))
    dead = len(alive) - int(alive.sum())
    if dead < max(_FEW_DEAD, len(alive) // 4):
        return view
    return replace(
        view,
        key_column=Column(view.keys[alive]),
        article_column=Column(view.article_column.values[alive]),
        alive=alive[alive],
        vector_column=None if view.vectors is None else Column(view.vectors[alive]),
        code_column=None if view.codes is None else Column(view.codes[alive], CODES),
    )


def _rows(connection: Connection, coded: CodedRows | None) -> tuple[Keys, NDArray[np.int64]]:
    """The keys of all passages and the numbers of their articles: read only as far as the coded rows do not tell."""
    query = """
        SELECT p.key, a.number FROM passages p JOIN articles a ON a.id = p.article_id
        WHERE p.key > ? ORDER BY p.key"""
    if coded is not None:
        more = _pairs(connection.execute(query, (int(coded.keys[-1]),)).fetchall())
        (count,) = connection.execute("SELECT count(*) FROM passages").fetchone()
        if len(coded.keys) + len(more) == count:  # none of them was removed
            return np.concatenate([coded.keys, more[:, 0]]), np.concatenate([coded.numbers, more[:, 1]])
    rows = _pairs(connection.execute(query, (0,)).fetchall())
    return np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])


def _pairs(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _codes(catalogue: Catalogue, keys: Keys, coded: CodedRows | None) -> Codes:
    """The code of each key, taken over or made of its vector; zeros for one that has none."""
    if coded is not None and np.array_equal(coded.keys, keys):
        return coded.codes
    parts = [] if coded is None else [(coded.keys, coded.codes)]
    lacking = keys if coded is None else np.setdiff1d(keys, coded.keys, assume_unique=True)
    parts += [(some, codes_of(vectors)) for some, vectors in catalogue.vectors_of(lacking.tolist()) if len(some)]
    if not parts:
        return np.zeros((len(keys), 0), dtype=np.uint64)
    known, made = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(known)
    known, made = known[order], made[order]
    codes = np.zeros((len(keys), made.shape[1]), dtype=np.uint64)
    codes[rows_of(keys, known)] = made[rows_of(known, keys)]
    return codes


def _numbers(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """Of those passages that are there: the number of their article."""
    query = "SELECT p.key, a.number FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.key = ?"
    return {key: number for one in keys for key, number in connection.execute(query, (one,))}


def _texts(catalogue: Catalogue, keys: Keys) -> Iterable[tuple[int, str]]:
    for key, title, passage in catalogue.titled_passages(keys.tolist()):
        yield key, passage_text_for_search(title, passage)


def _aligned(keys: Keys, stored: Keys, vectors: Vectors) -> Vectors:
    """One vector for each key, zeros for one that has none."""
    if np.array_equal(keys, stored):
        return vectors
    aligned = np.zeros((len(keys), vectors.shape[1]), dtype=np.float32)
    known = np.isin(stored, keys)
    aligned[rows_of(keys, stored[known])] = vectors[known]
    return aligned
