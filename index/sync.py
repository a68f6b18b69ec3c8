"""Brings articles into the collection: plan what is new or changed, embed only that, commit article by article.

Embedding, the slow part, is done outside every transaction and before the old version of an article is touched. One
article is one transaction of the catalogue; Chroma follows, and is repaired at the next start if it could not. A writer
has its turn for one group of articles at a time, so that a short addition need not wait for the end of a long one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from onrecord.index.making import TOGETHER, Cut, Embed, Made, cut, made
from onrecord.index.reading.files import ReadResult
from onrecord.index.search.searcher import Searcher
from onrecord.index.settings import IndexSettings
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.copies import CopyFinder
from onrecord.index.store.entries import Change, Entry
from onrecord.index.store.vectors import VectorStore
from onrecord.index.types import Article, SyncReport

Progress = Callable[[float, int], None]
"""``(done, total)`` in articles: of a long one, the part that is embedded."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One article to store. ``retire``: articles of the same file that it takes the place of. ``facts``: set by hand.

    ``seen``: the hash of what was stored under its id when this was planned, of ``None`` for nothing. What another
    writer has stored since is newer, and stays. ``made``: it was made ready elsewhere.
    """

    article: Article
    seen: int
    origin: str = ""
    retire: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Articles of one file, all or some. ``whole``: with the last of them, if all of the file could be read, the ids
    of all that it holds; what it held before and holds no longer is then retired.
    """

    origin: str
    articles: tuple[Article, ...]
    whole: tuple[str, ...] | None = None


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
    return plan_parts(catalogue, (part_of(one) for one in results if one.articles))


def part_of(result: ReadResult) -> Part:
    """All of a file."""
    whole = None if result.error else tuple(article.id for article in result.articles)
    return Part(result.origin, result.articles, whole)


def plan_parts(catalogue: Catalogue, parts: Iterable[Part], made: Mapping[Article, Made] | None = None) -> Plan:
    """As ``plan_files``. ``made``: articles that were made ready elsewhere."""
    arrivals: dict[str, Arrival] = {}
    changed: set[str] = set()
    unchanged: list[str] = []
    kept: list[Kept] = []
    for part in parts:
        held = () if part.whole is None else catalogue.from_origin(part.origin)
        retire = tuple(sorted(set(held) - set(part.whole or ()), key=held.index))
        plan = plan_articles(catalogue, part.articles)
        unchanged += plan.unchanged
        changed |= plan.changed
        for n, arrival in enumerate(plan.arrivals, start=1):
            last = n == len(plan.arrivals)
            ready = (made or {}).get(arrival.article)
            arrival = replace(arrival, origin=part.origin, retire=retire if last else (), made=ready)
            arrivals[arrival.article.id] = arrival
            if last and retire:
                changed.add(arrival.article.id)
        ids = tuple(dict.fromkeys(article.id for article in part.articles))
        kept.append(Kept(part.origin, ids, () if plan.arrivals else retire))
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

    def embedding(articles: int, part: float) -> None:
        if on_progress:
            on_progress(done + part * articles, total)

    for group in _groups(plan.arrivals, settings.passage_words):
        ready = _ready(group, embed, partial(embedding, len(group)))
        with stores.turn():
            some = [change for one in ready if (change := _store(*one, stores))]
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


def _groups(arrivals: Sequence[Arrival], words: int) -> Iterator[list[tuple[Arrival, Cut | Made]]]:
    """Articles that are embedded together."""
    group: list[tuple[Arrival, Cut | Made]] = []
    for arrival in arrivals:
        group.append((arrival, arrival.made or cut(arrival.article, words=words)))
        if sum(len(one.passages) for _, one in group) >= TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _ready(
    group: Sequence[tuple[Arrival, Cut | Made]], embed: Embed, on_part: Callable[[float], None]
) -> list[tuple[Arrival, Made]]:
    now = iter(made([one for _, one in group if isinstance(one, Cut)], embed, on_part))
    return [(arrival, next(now) if isinstance(one, Cut) else one) for arrival, one in group]


def _store(arrival: Arrival, ready: Made, stores: Stores) -> Change | None:
    if hash(stores.catalogue.find_article(arrival.article.id)) == arrival.seen:
        return _put(arrival, ready, stores)
    if arrival.origin:
        return _keep(Kept(arrival.origin, (arrival.article.id,), arrival.retire), stores)
    return None


def _put(arrival: Arrival, ready: Made, stores: Stores) -> Change:
    article, copies = arrival.article, stores.copies()
    found = copies.find(article.id, ready.mark, ready.shingles)
    entry = Entry(article, ready.sentences, ready.passages, ready.vectors, ready.mark, found)
    change = stores.catalogue.put(entry, origin=arrival.origin, retire=arrival.retire, facts=arrival.facts)
    stores.searcher.note(change)
    copies.forget(change.removed)
    copies.note(article.id, ready.mark)
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
