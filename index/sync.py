"""Brings articles into the collection: plan what is new or changed, embed only that, commit article by article.

Embedding, the slow part, is done outside every transaction and before the old version of an article is touched. One
article is one transaction of the catalogue; Chroma follows, and is repaired at the next start if it could not. A writer
has its turn for one group of articles at a time, so that a short addition need not wait for the end of a long one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from onrecord.index.reading.files import ReadResult
from onrecord.index.search.searcher import Searcher
from onrecord.index.settings import OVERLAP, IndexSettings
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.copies import CopyFinder
from onrecord.index.store.entries import Change, Entry
from onrecord.index.store.vectors import VectorStore
from onrecord.index.text.passages import build_passages, passage_text_for_search
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Passage, Sentence, SyncReport, Vectors

Progress = Callable[[float, int], None]
"""``(done, total)`` in articles: of a long one, the part that is embedded."""
Embed = Callable[[Sequence[str]], Vectors]
LONG = 256  # passages of one article after which its progress is shown
TOGETHER = 128  # passages embedded at once: enough to sort by length, few enough to show progress


@dataclass(frozen=True, slots=True)
class Arrival:
    """One article to store. ``retire``: articles of the same file that it takes the place of. ``facts``: set by hand.

    ``seen``: the hash of what was stored under its id when this was planned, of ``None`` for nothing. What another
    writer has stored since is newer, and stays.
    """

    article: Article
    seen: int
    origin: str = ""
    retire: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, the stored articles that it holds, and those that it holds no longer."""

    origin: str
    ids: tuple[str, ...]
    retire: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, before anything is done."""

    arrivals: tuple[Arrival, ...]
    changed: frozenset[str]
    unchanged: tuple[str, ...]
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Stores:
    """Where articles go. ``turn()``: within, no one else writes. ``searcher`` is told of every change within the turn.

    Without ``vectors`` the catalogue alone is changed.
    """

    catalogue: Catalogue
    vectors: VectorStore | None
    copies: Callable[[], CopyFinder]
    turn: Callable[[], AbstractContextManager[object]]
    searcher: Searcher


@dataclass(frozen=True, slots=True)
class _Prepared:
    arrival: Arrival
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    texts: tuple[str, ...]


def plan_articles(catalogue: Catalogue, articles: Iterable[Article]) -> Plan:
    """New and changed articles, by id, with what was set of them by hand; of an id that comes twice the last counts."""
    last = {article.id: catalogue.as_edited(article) for article in articles}
    arrivals, changed, unchanged = [], set(), []
    for article in last.values():
        stored = catalogue.find_article(article.id)
        if stored == article:
            unchanged.append(article.id)
            continue
        arrivals.append(Arrival(article, seen=hash(stored)))
        if stored is not None:
            changed.add(article.id)
    return Plan(tuple(arrivals), frozenset(changed), tuple(unchanged))


def plan_edit(stored: Article, facts: Mapping[str, str]) -> Plan:
    """The stored article with other facts."""
    arrival = Arrival(replace(stored, **facts), seen=hash(stored), facts=facts)
    return Plan((arrival,), frozenset([stored.id]), ())


def plan_files(catalogue: Catalogue, results: Iterable[ReadResult]) -> Plan:
    """As ``plan_articles``; what a file held before and holds no longer is retired with its last new article."""
    arrivals: dict[str, Arrival] = {}
    changed: set[str] = set()
    unchanged: list[str] = []
    kept: list[Kept] = []
    for result in results:
        origin = result.origin
        ids = tuple(dict.fromkeys(article.id for article in result.articles))
        if not result.articles:
            continue
        # What a file lacks is retired only when all of it could be read.
        retire = () if result.error else tuple(one for one in catalogue.from_origin(origin) if one not in ids)
        plan = plan_articles(catalogue, result.articles)
        unchanged += plan.unchanged
        changed |= plan.changed
        for n, arrival in enumerate(plan.arrivals, start=1):
            last = n == len(plan.arrivals)
            arrivals[arrival.article.id] = replace(arrival, origin=origin, retire=retire if last else ())
            if last and retire:
                changed.add(arrival.article.id)
        kept.append(Kept(origin, ids, () if plan.arrivals else retire))
    return Plan(tuple(arrivals.values()), frozenset(changed), tuple(dict.fromkeys(unchanged)), tuple(kept))


def with_unread(report: SyncReport, results: Sequence[ReadResult]) -> SyncReport:
    """The report, with what could not be read, was passed over, or left out of what was read."""
    return replace(
        report,
        failed=tuple((result.path, result.error) for result in results if result.error),
        passed_over=tuple((result.path, result.passed_over) for result in results if result.passed_over),
        notes=tuple((result.path, result.note) for result in results if result.note),
    )


def joined(reports: Iterable[SyncReport]) -> SyncReport:
    """One report; an article that comes again in a later one is what the first one made of it."""
    seen: set[str] = set()
    whole: dict[str, list[Any]] = {one.name: [] for one in fields(SyncReport)}
    for report in reports:
        for name, listed in whole.items():
            met = seen if name in ("added", "changed", "unchanged") else ()
            listed += [one for one in getattr(report, name) if one not in met]
        seen.update(report.added, report.changed, report.unchanged)
    return SyncReport(**{name: tuple(listed) for name, listed in whole.items()})


def carry_out(
    plan: Plan, *, stores: Stores, embed: Embed, settings: IndexSettings, on_progress: Progress | None = None
) -> SyncReport:
    """Stores what the plan says; a kill at any instant leaves every article wholly there or wholly not."""
    changes: list[Change] = []
    done, total = 0, len(plan.arrivals)

    def embedding(part: float, articles: int) -> None:
        if on_progress:
            on_progress(done + part * articles, total)

    for group in _groups(plan.arrivals, settings):
        embedded = _embedded(group, embed, embedding)
        with stores.turn():
            some = _store(group, embedded, stores)
            _follow(stores.vectors, some)
        changes += some
        done += len(group)
        stores.searcher.follow()
        if on_progress:
            on_progress(done, total)
    for one in plan.kept:
        with stores.turn():
            changes.append(_keep(one, stores))
    new = [one.article.id for one in plan.arrivals]
    return SyncReport(
        added=tuple(one for one in new if one not in plan.changed),
        changed=tuple(one for one in new if one in plan.changed),
        unchanged=plan.unchanged,
        removed=tuple(dict.fromkeys(one for change in changes for one in change.removed)),
    )


def _groups(arrivals: Sequence[Arrival], settings: IndexSettings) -> Iterator[list[_Prepared]]:
    """Articles that are embedded together."""
    group: list[_Prepared] = []
    for arrival in arrivals:
        article = arrival.article
        sentences = split_sentences(article)
        passages = build_passages(article, sentences, words=settings.passage_words, overlap=OVERLAP)
        texts = tuple(passage_text_for_search(article.title, one) for one in passages)
        group.append(_Prepared(arrival, sentences, passages, texts))
        if sum(len(one.texts) for one in group) >= TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _embedded(group: Sequence[_Prepared], embed: Embed, on_part: Callable[[float, int], None]) -> Vectors:
    """The vectors of all its passages; ``on_part(share, articles)`` says which share of a long group is done."""
    texts = [text for one in group for text in one.texts]
    parts = []
    for start in range(0, len(texts), LONG):
        if start:
            on_part(start / len(texts), len(group))
        parts.append(embed(texts[start : start + LONG]))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _store(group: Sequence[_Prepared], embedded: Vectors, stores: Stores) -> list[Change]:
    changes = []
    start = 0
    for one in group:
        part: Vectors = embedded[start : start + len(one.texts)]
        start += len(one.texts)
        arrival = one.arrival
        if hash(stores.catalogue.find_article(arrival.article.id)) == arrival.seen:
            changes.append(_put(one, part, stores))
        elif arrival.origin:
            changes.append(_keep(Kept(arrival.origin, (arrival.article.id,), arrival.retire), stores))
    return changes


def _put(one: _Prepared, vectors: Vectors, stores: Stores) -> Change:
    article, copies = one.arrival.article, stores.copies()
    mark, found = copies.find(article.id, article.text)
    entry = Entry(article, one.sentences, one.passages, vectors, mark, found)
    arrival = one.arrival
    change = stores.catalogue.put(entry, origin=arrival.origin, retire=arrival.retire, facts=arrival.facts)
    stores.searcher.note(change)
    copies.forget(change.removed)
    copies.note(article.id, mark)
    return change


def _keep(kept: Kept, stores: Stores) -> Change:
    """Notes which of its articles a file holds, those that are still there."""
    from_file = stores.catalogue.from_origin(kept.origin)
    ids = [one for one in kept.ids if one in from_file or stores.catalogue.find_article(one)]
    change = stores.catalogue.keep_origin(kept.origin, ids, retire=kept.retire)
    if change.removed:
        stores.searcher.note(change)
        stores.copies().forget(change.removed)
        _follow(stores.vectors, [change])
    return change


def _follow(vectors: VectorStore | None, changes: Sequence[Change]) -> None:
    """Chroma after the catalogue. A passage that came and went within the group never gets there."""
    if vectors is not None:
        deleted = [key for change in changes for key in change.deleted]
        gone = set(deleted)
        vectors.apply(added=[key for change in changes for key in change.added if key not in gone], deleted=deleted)
