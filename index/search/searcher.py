"""One search: nearest vectors and best keywords, under one filter, fused into one ranking."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onrecord.index.search import view as views
from onrecord.index.search.fusion import mean_of_normalised, reciprocal_rank_fusion
from onrecord.index.search.view import View
from onrecord.index.settings import SearchOptions
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.code_store import CodeStore
from onrecord.index.store.codes import likely
from onrecord.index.store.entries import Change
from onrecord.index.store.keywords import Kept, rows_of
from onrecord.index.store.postings import Mask
from onrecord.index.store.vectors import VectorStore, nearest, top
from onrecord.index.types import Filter, FoundBy, Hit, Keys, Vectors

_SPARSE = 8
_LOOKED = 8
_UNSAVED = 1000  # passages whose terms and codes are in no file: after a start they are made anew

log = logging.getLogger(__name__)


class Searcher:
    """Searches of any thread. What was noted before a search began is found by it."""

    def __init__(
        self,
        catalogue: Catalogue,
        vectors: VectorStore,
        keywords: Kept[Any],
        codes: CodeStore,
        options: SearchOptions,
    ) -> None:
        self._catalogue = catalogue
        self._vectors = vectors
        self._keywords = keywords
        self._codes = codes
        self._options = options
        self._lock = threading.RLock()
        self._view: View | None = None
        self._noted: deque[tuple[Change, int]] = deque()  # those that the view has yet to follow
        self._foreign = 0  # how many times others have changed the catalogue, as far as the view has followed
        self._followed: deque[tuple[Change | None, int]] = deque()  # of that, what is still to be told
        self.on_foreign: Callable[[Change | None, int], None] = lambda _, __: None  # tells it to the other stores

    def search(
        self, query: str, vector: Vectors, *, top_k: int, where: Filter | None = None, min_score: float | None = None
    ) -> tuple[Hit, ...]:
        """The ``top_k`` best passages that match, best first; ``min_score``: none that is less near than this."""
        view = self.view()
        mask = view.mask(self._catalogue.article_numbers(where) if where else None)
        if not len(view.keys) or (mask is not None and not mask.any()):
            return ()
        depth = max(self._options.candidates, top_k)
        dense = dict(self._nearest(view, vector, depth, where, mask))
        keys, scores = view.matches(query)
        keyword = best_keywords(view.keys, keys, scores, depth, mask if where else None)
        fused = self._fuse(view, vector, (keys, scores), dense, keyword)
        if min_score is not None:
            near = self._nearness(view, [key for key, _ in fused], vector)
            fused = [(key, score) for key, score in fused if near[key] >= min_score]
        fused = fused[:top_k]
        passages = self._catalogue.passages([key for key, _ in fused])
        near = self._nearness(view, [key for key, _ in fused], vector)
        return tuple(
            Hit(passages[key], score, _found_by(key in dense, key in keyword), near[key])
            for key, score in fused
            if key in passages
        )

    def is_large(self, passages: int) -> bool:
        """Whether a collection of so many is searched by the codes of its vectors."""
        return passages >= self._options.exact_below

    def nearest(self, vector: Vectors, *, top_k: int) -> list[tuple[int, float]]:
        """The ``top_k`` passages nearest in meaning, best first: their keys and cosines."""
        view = self.view()
        return self._nearest(view, vector, top_k, None, view.mask(None))

    def related(
        self, keys: list[int], *, top_k: int, where: Filter | None = None
    ) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        """For each passage, the ``top_k`` nearest in meaning among those that match, best first; itself among them."""
        view = self.view()
        mask = view.mask(self._catalogue.article_numbers(where) if where else None)
        if mask is not None and not mask.any():
            return
        for some, vectors in self._catalogue.vectors_of(keys):
            for key, vector in zip(some, vectors, strict=True):
                yield int(key), self._nearest(view, vector, top_k, where, mask)

    # -- the view --------------------------------------------------------------------------------------------------

    def note(self, change: Change) -> None:
        """What the writer, while no other writes, has just changed. Every change must be noted, in order."""
        self._noted.append((change, self._catalogue.revision))

    def view(self) -> View:
        """The collection, with every change that was noted or that others have made."""
        self._catalogue.refresh()
        if not self._noted and (view := self._view) is not None and self._foreign == self._catalogue.foreign:
            return view  # asked in this order: see _catch_up
        with self._lock:
            view = self._catch_up()
            followed, self._followed = self._followed, deque()
        for one in followed:
            self.on_foreign(*one)
        return view

    def follow(self) -> None:
        """Lets the view follow what was noted, if there is a view or this is much: else one search has to do it all."""
        if self._view is not None or sum(len(change.added) for change, _ in list(self._noted)) >= _UNSAVED:
            self.view()

    def prune(self) -> None:
        """Deletes what lies beside the catalogue and is of no use to it."""
        self._keywords.prune(self._catalogue.revision)
        self._codes.prune(self._catalogue.revision)

    def forget(self) -> None:
        """Drops what is held in memory and in the caches' files, so that it is made anew."""
        with self._lock:
            self._keywords.forget()
            self._codes.forget()
            self._view = None

    def purge(self) -> None:
        """What is no longer in the catalogue leaves the caches' files, too; every change was noted before."""
        with self._lock:
            if self._view is None and self._keywords.latest() is None:
                self._keywords.forget()  # whatever lies there, it may hold some of it
                self._codes.forget()
                return
            view = self._catch_up()
            self._view = replace(view, keywords=self._keywords.save(view.keywords.purged(), view.revision))
            self._codes.replace(view.coded_rows, view.revision)

    def _catch_up(self) -> View:
        """Under the lock. A change is struck off the list after the view that has it is there, never before."""
        old = self._view
        foreign = self._catalogue.foreign
        others = foreign != self._foreign
        noted = list(islice(self._noted, len(self._noted)))
        if old is not None and not noted and not others:
            return old
        self._view = None  # should this fail, all is read anew
        change: Change | None = None
        with self._catalogue.snapshot() as connection:
            if old is None:
                kept = self._keywords.latest() or self._keywords.empty()
                coded = self._codes.load()
                view = views.load(self._catalogue, connection, kept, coded, exact_below=self._options.exact_below)
            elif others:
                revision = int(self._catalogue.note("revision"))
                change = views.difference(old, self._catalogue)
                view = views.follow(old, [change], revision, self._catalogue, connection)
            else:
                changes = [change for change, _ in noted]
                view = views.follow(old, changes, max(old.revision, noted[-1][1]), self._catalogue, connection)
        if view.vectors is not None and self.is_large(len(view.keys)):
            view = views.coded(view)
        unsaved = _UNSAVED if old is not None else 1
        if view.keywords.fresh >= unsaved:
            view = replace(view, keywords=self._keywords.save(view.keywords, view.revision))
        if view.codes is not None and self._codes.unsaved(view.keys) >= unsaved:
            self._codes.append(view.coded_rows, view.revision)
        self._view, self._foreign = view, foreign
        if others:
            self._followed.append((change, foreign))
        for _ in noted:
            self._noted.popleft()
        return view

    def _nearest(
        self, view: View, vector: Vectors, depth: int, where: Filter | None, mask: Mask | None
    ) -> list[tuple[int, float]]:
        if view.vectors is not None:
            if mask is None:
                return nearest(view.keys, view.vectors, vector, top_k=depth)
            if mask.sum() > len(mask) // _SPARSE:  # copying so many vectors would cost more than scoring them all
                return top(view.keys[mask], (view.vectors @ vector)[mask], top_k=depth)
            return nearest(view.keys[mask], view.vectors[mask], vector, top_k=depth)
        if view.codes is None:
            return []
        asked = not where and self._vectors.is_asked(len(view.keys))
        if asked and (found := self._in_chroma(view, vector, depth, mask)):
            return found
        return self._exactly(view.keys[likely(view.codes, vector, mask=mask)], vector, depth)

    def _in_chroma(self, view: View, vector: Vectors, depth: int, mask: Mask | None) -> list[tuple[int, float]]:
        """What Chroma finds, nothing when that is not enough. It takes no filters: there it is slow and misses much."""
        allowed = view.keys if mask is None else view.keys[mask]
        depth = min(depth, len(allowed))
        found = self._vectors.query(vector, top_k=depth)
        if len(found) < depth:
            log.warning(
                "Chroma found %d of %d passages, so it was passed by. See `onrecord doctor`.", len(found), depth
            )
            return []
        known = set(allowed[rows_of(allowed, np.array([key for key, _ in found], dtype=np.int64))].tolist())
        return [pair for pair in found if pair[0] in known]  # Chroma may be a moment ahead

    def _exactly(self, keys: Keys, vector: Vectors, depth: int) -> list[tuple[int, float]]:
        """The nearest of these, by the vectors that the catalogue holds."""
        found = [(some, vectors @ vector) for some, vectors in self._catalogue.vectors_of(keys.tolist()) if len(some)]
        if not found:
            return []
        return top(*map(np.concatenate, zip(*found, strict=True)), top_k=depth)

    def _fuse(
        self,
        view: View,
        vector: Vectors,
        bm25: tuple[Keys, Vectors],
        dense: dict[int, float],
        keyword: dict[int, float],
    ) -> list[tuple[int, float]]:
        weights = [self._options.dense_weight, self._options.keyword_weight]
        if self._options.fusion == "rrf":
            return list(reciprocal_rank_fusion([list(dense), list(keyword)], weights=weights).items())
        candidates = np.array(sorted(dense.keys() | keyword.keys()), dtype=np.int64)
        rows = np.searchsorted(view.keys, candidates)
        cosines = self._cosines(view, candidates, rows, vector)
        return top(
            candidates,
            mean_of_normalised([cosines, _scores_of(candidates, *bm25)], weights=weights),
            top_k=len(candidates),
        )

    def _nearness(self, view: View, keys: Sequence[int], vector: Vectors) -> dict[int, float]:
        ordered = np.array(sorted(keys), dtype=np.int64)
        cosines = self._cosines(view, ordered, np.searchsorted(view.keys, ordered), vector)
        return dict(zip(ordered.tolist(), cosines.tolist(), strict=True))

    def _cosines(self, view: View, candidates: Keys, rows: NDArray[np.int64], vector: Vectors) -> Vectors:
        """Every candidate's own cosine, also of those that the keywords alone have found."""
        if view.vectors is not None:
            return np.asarray(view.vectors[rows] @ vector, dtype=np.float32)
        cosines = np.zeros(len(candidates), dtype=np.float32)
        for some, vectors in self._catalogue.vectors_of([int(key) for key in candidates]):
            cosines[np.searchsorted(candidates, some)] = vectors @ vector
        return cosines


def best_keywords(held: Keys, keys: Keys, scores: Vectors, depth: int, mask: Mask | None) -> dict[int, float]:
    """The best of those that the mask over ``held`` allows. The best of all are looked at first: all take long."""
    if mask is None:
        return dict(top(keys, scores, top_k=depth))
    looked = _LOOKED * depth
    while True:
        some = np.argpartition(-scores, looked)[:looked] if looked < len(scores) else np.arange(len(scores))
        allowed = some[mask[np.searchsorted(held, keys[some])]]
        if len(allowed) >= depth or looked >= len(scores):
            return dict(top(keys[allowed], scores[allowed], top_k=depth))
        looked *= _LOOKED


def _scores_of(wanted: Keys, keys: Keys, scores: Vectors) -> Vectors:
    """The scores of the wanted keys; both lists of keys ascend."""
    found = np.zeros(len(wanted), dtype=np.float32)
    if len(keys):
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        there = keys[places] == wanted
        found[there] = scores[places[there]]
    return found


def _found_by(dense: bool, keyword: bool) -> FoundBy:
    return "fused" if dense and keyword else "dense" if dense else "keyword"
