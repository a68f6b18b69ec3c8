"""One search: nearest vectors and best keywords, under one filter, fused into one ranking."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.index.catalogue import Catalogue, Keys
from onrecord.index.fusion import mean_of_normalised, reciprocal_rank_fusion
from onrecord.index.keywords import KeywordIndex, KeywordStore
from onrecord.index.passages import passage_text_for_search
from onrecord.index.settings import IndexSettings
from onrecord.index.types import Filter, FoundBy, Hit, Vectors
from onrecord.index.vectors import VectorStore, nearest, top

EXACT_WITHIN_FILTER = 5000  # a filter that leaves fewer passages than this is searched exactly, whatever the collection
_SPARSE = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """The collection at one revision, as searches need it. ``vectors`` is ``None`` where Chroma searches instead."""

    revision: int
    keys: Keys
    articles: tuple[str, ...]  # every article id once
    article_of: NDArray[np.int64]  # per passage: its place in ``articles``
    vectors: Vectors | None
    keywords: KeywordIndex

    def mask(self, allowed: Sequence[str]) -> NDArray[np.bool_]:
        """Which passages belong to these articles."""
        chosen = set(allowed)
        return np.array([one in chosen for one in self.articles], dtype=np.bool_)[self.article_of]


class Searcher:
    """Searches of any thread. What it holds in memory is brought up to date at the first search after a change."""

    def __init__(
        self, catalogue: Catalogue, vectors: VectorStore, keywords: KeywordStore, settings: IndexSettings
    ) -> None:
        self._catalogue = catalogue
        self._vectors = vectors
        self._keywords = keywords
        self._settings = settings
        self._lock = threading.Lock()
        self._view: View | None = None
        self._steady = 0

    def search(self, query: str, vector: Vectors, *, top_k: int, where: Filter | None = None) -> tuple[Hit, ...]:
        """The ``top_k`` best passages that match, best first; empty when nothing matches."""
        view = self.view()
        mask = None
        if where:
            mask = view.mask(self._catalogue.article_ids(where))
            if not mask.any():
                return ()
        if not len(view.keys):
            return ()
        depth = max(self._settings.candidates, top_k)
        dense = dict(self._nearest(view, vector, depth, where, mask))
        bm25 = view.keywords.scores(query)
        keyword = self._best_keywords(view, bm25, depth, mask)
        fused = self._fuse(view, vector, bm25, dense, keyword)[:top_k]
        passages = self._catalogue.passages([key for key, _ in fused])
        return tuple(
            Hit(passages[key], score, _found_by(key in dense, key in keyword))
            for key, score in fused
            if key in passages
        )

    def view(self) -> View:
        """The collection at its present revision; while a change is being carried out, as it was before it."""
        view = self._view
        if view is None or not self._current(view):
            with self._lock:
                view = self._view
                if view is None or not self._current(view):
                    with self._catalogue.snapshot():
                        view = self._view = self._load(view)
        return view

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Within, searches do not follow every article that is stored: each time would cost them a rebuild."""
        self._steady += 1
        try:
            yield
        finally:
            self._steady -= 1

    def forget(self) -> None:
        """Drops what is held in memory, so that it is read anew."""
        with self._lock:
            self._view = None

    def _current(self, view: View) -> bool:
        return bool(self._steady) or view.revision == self._catalogue.revision

    def _load(self, old: View | None) -> View:
        revision = int(self._catalogue.note("revision") or 0)
        keys, article_ids = self._catalogue.passage_rows()
        articles = tuple(dict.fromkeys(article_ids))
        place = {one: n for n, one in enumerate(articles)}
        article_of = np.array([place[one] for one in article_ids], dtype=np.int64)
        vectors = self._matrix(keys, old) if len(keys) < self._settings.exact_search_below else None
        keywords = self._keywords.load(revision)
        if keywords is None or not np.array_equal(keywords.keys, keys):
            texts = ((key, passage_text_for_search(title, p)) for key, title, p in self._catalogue.titled_passages())
            keywords = self._keywords.build(revision, texts)
        return View(revision, keys, articles, article_of, vectors, keywords)

    def _matrix(self, keys: Keys, old: View | None) -> Vectors:
        """The vectors of ``keys``; those in the old view are not read again, as a key's vector never changes."""
        if old is None or old.vectors is None or not len(old.keys):
            held, vectors = self._catalogue.vectors()
        else:
            fresh, more = self._catalogue.vectors(after=int(old.keys[-1]))
            held = np.concatenate([old.keys, fresh])
            vectors = np.concatenate([old.vectors, more]) if len(fresh) else old.vectors
        return vectors[np.isin(held, keys)]

    def _nearest(
        self, view: View, vector: Vectors, depth: int, where: Filter | None, mask: NDArray[np.bool_] | None
    ) -> list[tuple[int, float]]:
        if view.vectors is not None:
            if mask is None:
                return nearest(view.keys, view.vectors, vector, top_k=depth)
            if mask.sum() > len(mask) // _SPARSE:  # copying so many vectors would cost more than scoring them all
                return top(view.keys[mask], (view.vectors @ vector)[mask], top_k=depth)
            return nearest(view.keys[mask], view.vectors[mask], vector, top_k=depth)
        allowed = view.keys if mask is None else view.keys[mask]
        if len(allowed) >= min(EXACT_WITHIN_FILTER, self._settings.exact_search_below):
            known = set(allowed.tolist())
            found = self._vectors.query(vector, top_k=min(depth, len(allowed)), where=where)
            found = [pair for pair in found if pair[0] in known]
            if len(found) >= min(depth, len(allowed)):
                return found
            log.warning("Chroma found %d of %d passages; searched exactly. See `onrecord doctor`.", len(found), depth)
        return self._exactly(allowed, vector, depth)

    def _exactly(self, keys: Keys, vector: Vectors, depth: int) -> list[tuple[int, float]]:
        """Exact search that reads the vectors from the catalogue, some at a time."""
        best: list[tuple[int, float]] = []
        for some, vectors in self._catalogue.vectors_of([int(key) for key in keys]):
            best = sorted(best + nearest(some, vectors, vector, top_k=depth), key=lambda pair: -pair[1])[:depth]
        return best

    def _best_keywords(
        self, view: View, scores: Vectors, depth: int, mask: NDArray[np.bool_] | None
    ) -> dict[int, float]:
        rows = np.flatnonzero(scores > 0 if mask is None else (scores > 0) & mask)
        return dict(top(view.keys[rows], scores[rows], top_k=depth))

    def _fuse(
        self, view: View, vector: Vectors, bm25: Vectors, dense: dict[int, float], keyword: dict[int, float]
    ) -> list[tuple[int, float]]:
        weights = [self._settings.dense_weight, self._settings.keyword_weight]
        if self._settings.fusion == "rrf":
            return list(reciprocal_rank_fusion([list(dense), list(keyword)], weights=weights).items())
        candidates = np.array(sorted(dense.keys() | keyword.keys()), dtype=np.int64)
        rows = np.searchsorted(view.keys, candidates)
        cosines = self._cosines(view, candidates, rows, vector)
        return top(candidates, mean_of_normalised([cosines, bm25[rows]], weights=weights), top_k=len(candidates))

    def _cosines(self, view: View, candidates: Keys, rows: NDArray[np.int64], vector: Vectors) -> Vectors:
        """Every candidate's own cosine, also of those that the keywords alone have found."""
        if view.vectors is not None:
            return np.asarray(view.vectors[rows] @ vector, dtype=np.float32)
        cosines = np.zeros(len(candidates), dtype=np.float32)
        for some, vectors in self._catalogue.vectors_of([int(key) for key in candidates]):
            cosines[np.searchsorted(candidates, some)] = vectors @ vector
        return cosines


def _found_by(dense: bool, keyword: bool) -> FoundBy:
    return "fused" if dense and keyword else "dense" if dense else "keyword"
