"""Health check of a library: do the catalogue, Chroma and BM25 agree, and can every passage be found? And the cure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onrecord.index.errors import ModelError
from onrecord.index.library import Library
from onrecord.index.settings import describe_mismatch
from onrecord.index.store.codes import codes_of
from onrecord.index.store.keywords import Keywords, rows_of
from onrecord.index.sync import Progress
from onrecord.index.text.passages import passage_text_for_search
from onrecord.index.types import Vectors
from onrecord.index.upkeep import Parts

Kind = Literal["catalogue", "vectors", "keywords", "fingerprint"]
_SAME = 1e-4  # two vectors this near are one for the search: copies of a passage may take each other's place
_SAMPLE = 200
_QUERIES, _LEAST = 20, 0.95
_CURE = "run `onrecord rebuild`"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and what to do about it."""

    kind: Kind
    message: str
    cure: str


@dataclass(frozen=True, slots=True)
class Report:
    """``ok`` when there are no findings. ``passages``: how many were checked. ``schema``: of the catalogue's tables."""

    findings: tuple[Finding, ...]
    passages: int
    schema: str = ""

    @property
    def ok(self) -> bool:
        return not self.findings


def examine(library: Library) -> Report:
    """Checks every store against the catalogue, and every passage against a search by its own vector."""
    with library.parts() as parts:
        findings = [
            Finding("catalogue", f"The catalogue is damaged: {problem}.", "restore a copy of the data folder")
            for problem in parts.catalogue.problems()
        ]
        findings += _fingerprint(library)
        findings += _vectors(parts)
        findings += _keywords(parts)
        findings += _codes(parts)
        return Report(tuple(findings), parts.catalogue.passage_count(), parts.catalogue.schema)


def nearest_found(parts: Parts, queries: Vectors, *, top_k: int = 10) -> float:
    """Of the ``top_k`` passages nearest to each query by exact search, the share that a search by meaning finds."""
    best: list[list[tuple[float, int]]] = [[] for _ in queries]
    for some, vectors in parts.catalogue.vectors_of(parts.catalogue.passage_rows()[0].tolist()):
        for row, scores in enumerate(queries @ vectors.T):
            nearest = np.argsort(-scores)[:top_k]
            more = [(float(scores[place]), int(some[place])) for place in nearest]
            best[row] = sorted(best[row] + more, reverse=True)[:top_k]
    found = 0
    for query, exact in zip(queries, best, strict=True):
        ours = dict(parts.searcher.nearest(query, top_k=top_k))
        # Of passages that are equally near, any is as good.
        least = min(ours.values()) + _SAME if len(ours) == len(exact) else -np.inf
        found += sum(key in ours or score <= least for score, key in exact)
    return found / max(1, sum(len(exact) for exact in best))


def rebuild(library: Library, *, on_progress: Progress | None = None) -> int:
    """Builds Chroma and BM25 anew; returns how many articles had to be embedded anew (see ``Library.rebuild``)."""
    return library.rebuild(on_progress=on_progress)


def _fingerprint(library: Library) -> Iterator[Finding]:
    try:
        stored, now = library.fingerprints()
    except ModelError as error:
        yield Finding("fingerprint", str(error), "run `onrecord models pull`")
        return
    if stored and stored != now:
        yield Finding("fingerprint", f"The index {describe_mismatch(stored, now)}.", _CURE)


def _vectors(parts: Parts) -> Iterator[Finding]:
    left = parts.vectors.leftovers()
    if left:
        yield Finding("vectors", f"{len(left)} folders of Chroma are left that are not in use.", _CURE)
    wanted = {int(key) for key in parts.catalogue.passage_rows()[0]}
    if not wanted and parts.vectors.in_step:
        return
    stored = parts.vectors.keys()
    if wanted - stored:
        yield Finding("vectors", f"Chroma lacks {len(wanted - stored)} of {len(wanted)} passages.", _CURE)
    if stored - wanted:
        yield Finding("vectors", f"Chroma holds {len(stored - wanted)} passages that were removed.", _CURE)
    lost = sum(_unreachable(parts, sorted(wanted & stored)))
    if lost:
        yield Finding("vectors", f"{lost} passages are in Chroma but are not found by their own vector.", _CURE)


def _unreachable(parts: Parts, keys: list[int]) -> Iterator[int]:
    """How many passages a search by their own vector does not bring up, some at a time."""
    for some, vectors in parts.catalogue.vectors_of(keys):
        found = parts.vectors.query_many(vectors, top_k=1)
        yield sum(
            not hits or (hits[0][0] != int(key) and hits[0][1] < 1 - _SAME)
            for key, hits in zip(some, found, strict=True)
        )


def _codes(parts: Parts) -> Iterator[Finding]:
    """Of a large collection: is each code that of its vector, and are the nearest among what they call likely?"""
    count = parts.catalogue.passage_count()
    if not count or not parts.searcher.is_large(count) or (view := parts.searcher.view()).codes is None:
        return
    wrong = 0
    for some, vectors in parts.catalogue.vectors_of(view.keys.tolist()):
        wrong += int((view.codes[rows_of(view.keys, some)] != codes_of(vectors)).any(axis=1).sum())
    if wrong:
        yield Finding("vectors", f"{wrong} passages have a code that is not that of their vector.", _CURE)
    if parts.vectors.is_asked(count):  # and is examined itself
        return
    chosen = view.keys[view.alive][:: max(1, int(view.alive.sum()) // _QUERIES)][:_QUERIES]
    queries = np.concatenate([vectors for _, vectors in parts.catalogue.vectors_of(chosen.tolist())])
    if (share := nearest_found(parts, queries)) < _LEAST:
        yield Finding("vectors", f"Searches miss {1 - share:.0%} of the ten nearest passages.", _CURE)


def _keywords(parts: Parts) -> Iterator[Finding]:
    """An index of an older revision is no fault: the next search replaces it. A wrong one of this revision is."""
    revision = parts.catalogue.revision
    index: Keywords | None = parts.keywords.load(revision)
    if index is None:
        if parts.keywords.claims(revision):
            yield Finding("keywords", "The keyword index on disk is damaged.", _CURE)
        return
    keys, _ = parts.catalogue.passage_rows()
    if not np.array_equal(known := index.keys, keys):
        yield Finding("keywords", f"BM25 knows {len(known)} passages, the catalogue {len(keys)}.", _CURE)
        return
    lost = _unfindable(parts, index)
    if lost:
        yield Finding("keywords", f"{lost} passages are not found by their own words.", _CURE)


def _unfindable(parts: Parts, index: Keywords) -> int:
    """Of some hundred passages from all over the collection, how many score nothing on their own text."""
    keys = index.keys
    chosen = keys[:: max(1, len(keys) // _SAMPLE)]
    titles = {one.id: one.title for one in parts.catalogue.articles()}
    lost = 0
    for key, passage in parts.catalogue.passages([int(key) for key in chosen]).items():
        text = passage_text_for_search(titles[passage.article_id], passage)
        if index.terms(text):
            lost += key not in index.matches(text)[0]
    return lost
