"""The collection as searches see it: arrays that follow every change, without being read anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onrecord.index.store.base import Connection
from onrecord.index.store.catalogue import Catalogue, Keys
from onrecord.index.store.entries import Change
from onrecord.index.store.keywords import KeywordIndex, rows_of
from onrecord.index.store.postings import Mask
from onrecord.index.text.passages import passage_text_for_search
from onrecord.index.types import Vectors

_FEW_DEAD = 1000  # rows of removed passages that are not worth copying the others for


class Column:
    """An array that grows at its end. What was handed out before stays as it was: only room behind it is written."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._room = values
        self.values: NDArray[Any] = values

    def plus(self, more: NDArray[Any]) -> "Column":
        """With ``more`` at the end. Only the latest column may be added to."""
        if not len(more):
            return self
        used = len(self.values)
        grown = Column(self._room)
        if used + len(more) > len(self._room):
            room = (used + len(more)) * 5 // 4
            grown._room = np.empty((room, *more.shape[1:]), dtype=more.dtype)
            if used:
                grown._room[:used] = self.values
        grown._room[used : used + len(more)] = more
        grown.values = grown._room[: used + len(more)]
        return grown


@dataclass(frozen=True, slots=True)
class View:
    """The collection at one revision. A row is a passage, in order of the keys; ``alive`` tells those still there.

    ``vectors`` is ``None`` where Chroma searches instead.
    """

    revision: int
    key_column: Column
    article_column: Column
    alive: Mask
    vector_column: Column | None
    keywords: KeywordIndex

    @property
    def keys(self) -> Keys:
        return self.key_column.values

    @property
    def vectors(self) -> Vectors | None:
        return None if self.vector_column is None else self.vector_column.values

    @property
    def last(self) -> int:
        """The greatest key, 0 when there is none."""
        return int(self.keys[-1]) if len(self.keys) else 0

    def mask(self, numbers: NDArray[np.int64] | None) -> Mask | None:
        """Which rows belong to the articles of these numbers, or to any; ``None`` when that is all rows."""
        if numbers is not None:
            return self.alive & np.isin(self.article_column.values, numbers)
        return None if self.alive.all() else self.alive


def load(catalogue: Catalogue, connection: Connection, kept: KeywordIndex, *, exact_below: int) -> View:
    """The whole collection, within a snapshot. ``kept``: keywords of some of its passages, and perhaps of others."""
    revision = int(catalogue.note("revision") or 0)
    query = "SELECT p.key, a.number FROM passages p JOIN articles a ON a.id = p.article_id ORDER BY p.key"
    rows = np.array(connection.execute(query).fetchall(), dtype=np.int64).reshape(-1, 2)
    keys = np.ascontiguousarray(rows[:, 0])
    vectors = None
    if len(keys) < exact_below:
        vectors = Column(_aligned(keys, *catalogue.vectors()))
    keywords = kept.without(np.setdiff1d(kept.keys, keys, assume_unique=True))
    if len(lacking := np.setdiff1d(keys, keywords.keys, assume_unique=True)):
        if keywords.count and int(lacking[0]) < int(keywords.keys[-1]):  # a segment in between was lost
            keywords, lacking = keywords.with_parts(()), keys
        keywords = keywords.plus(_texts(catalogue, lacking))
    alive = np.ones(len(keys), dtype=np.bool_)
    return View(revision, Column(keys), Column(np.ascontiguousarray(rows[:, 1])), alive, vectors, keywords)


def follow(view: View, changes: Sequence[Change], revision: int, catalogue: Catalogue, connection: Connection) -> View:
    """The view after these changes; of what they brought only that is read which is still there."""
    deleted = np.array(sorted({key for one in changes for key in one.deleted}), dtype=np.int64)
    last = view.last
    added = sorted({key for one in changes for key in one.added if key > last}.difference(deleted.tolist()))
    view = _without(view, deleted)
    numbers = _numbers(connection, added)
    keys = np.array(sorted(numbers), dtype=np.int64)
    vectors = view.vector_column
    if vectors is not None and len(keys):
        stored, more = zip(*catalogue.vectors_of(keys.tolist()), strict=True)
        vectors = vectors.plus(_aligned(keys, np.concatenate(stored), np.concatenate(more)))
    return View(
        revision,
        view.key_column.plus(keys),
        view.article_column.plus(np.array([numbers[int(key)] for key in keys], dtype=np.int64)),
        np.append(view.alive, np.ones(len(keys), dtype=np.bool_)),
        vectors,
        view.keywords.plus(_texts(catalogue, keys)),
    )


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
    )


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
