"""The room's one class: a data folder of articles that can be searched."""

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from onrecord.index.errors import IndexMismatch, LibraryClosed, UnknownArticle
from onrecord.index.extras import require
from onrecord.index.folders import Folders
from onrecord.index.models.embedders import load_embedder
from onrecord.index.reading.articles import stated_facts
from onrecord.index.reading.files import (
    NORMALISER_VERSION,
    Named,
    OnReading,
    ReadLimits,
    ReadResult,
    named_files,
    normalise,
    read_paths,
    shown_path,
)
from onrecord.index.search.searcher import Searcher
from onrecord.index.settings import FetchSettings, IndexSettings, SearchOptions, describe_mismatch
from onrecord.index.store import modes, reserve
from onrecord.index.store.base import Database
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.code_store import CodeStore
from onrecord.index.store.copies import CopyFinder
from onrecord.index.store.derived import Derived
from onrecord.index.store.keyword_stores import keyword_store
from onrecord.index.store.lock import FolderLock
from onrecord.index.store.pair_notes import PairNotes
from onrecord.index.store.vector_stores import vector_store
from onrecord.index.store.vectors import VectorStore
from onrecord.index.sync import (
    Arrival,
    Plan,
    Progress,
    Stores,
    carry_out,
    joined,
    plan_articles,
    plan_edit,
    plan_files,
    with_unread,
)
from onrecord.index.text.changes import Changed, edits
from onrecord.index.text.sentences import SPLITTER_VERSION
from onrecord.index.types import Article, ArticleInfo, Embedder, Filter, Hit, Passage, Sentence, SyncReport, Vectors
from onrecord.index.upkeep import UNFINISHED, Parts, Upkeep

if TYPE_CHECKING:
    from onrecord.index.ray_workers import Workers
    from onrecord.index.web import Web

DERIVED_AT_ONCE = 50  # articles of which something is made between two writes


class Library:
    """Articles in a folder, found by meaning and by keywords. Any thread may read and write.

    What was added, and of a long addition what ``on_progress`` was told of, is found by the next search. Writers take
    turns, a long addition after every group of articles that it stores.

    One process owns the folder until ``close``; a second one gets ``LibraryBusy``. With ``settings.catalogue_url`` the
    articles are in PostgreSQL, where processes with folders of their own share them. The embedder is loaded when it is
    first needed. Raises ``StoreError`` when the folder cannot be used.

    >>> with Library("articles") as library:  # doctest: +SKIP
    ...     library.add([article_from_text("The bridge was closed on Monday.")])
    ...     library.search("Which bridge was closed?")
    """

    def __init__(
        self,
        path: Path | str,
        *,
        embedder: Embedder | None = None,
        settings: IndexSettings | None = None,
        search: SearchOptions | None = None,
        fetch: FetchSettings | None = None,
    ) -> None:
        self.path = Path(path)
        self.fetch = fetch or FetchSettings()
        search = search or SearchOptions()
        self.settings = settings or IndexSettings()
        self._embedder = self._given = embedder
        self._web: Web | None = None
        self._folders = Folders(self._open, self.add_read, self.remove, ReadLimits.of(self.settings))
        self._loading = threading.Lock()
        self._writing = threading.RLock()
        # Fifty threads that search at once on two cores finish 8 times slower than two at a time.
        self._searching = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._closed = False
        self._copies: CopyFinder | None = None
        self._copies_foreign = 0  # the changes by other processes that it knows of
        self._lock = FolderLock(self.path)
        try:
            self._catalogue = Catalogue(self.path, self.settings.catalogue_url)
            self._vectors = vector_store(self._catalogue, self.settings.chroma_url, search.chroma_from)
            self._keywords = keyword_store(self._catalogue, k1=search.bm25_k1, b=search.bm25_b)
            codes = CodeStore(self.path)
            self._searcher = Searcher(self._catalogue, self._vectors, self._keywords, codes, search)
            self._parts = Parts(self._catalogue, self._vectors, self._keywords, self._searcher)
            self._upkeep = Upkeep(self._parts, self._writing)
            self._searcher.on_foreign = self._upkeep.follow_others
            self._upkeep.settle()
        except BaseException:
            self._lock.release()
            raise

    # -- the collection ----------------------------------------------------------------------------------------

    def add(self, articles: Iterable[Article], *, on_progress: Progress | None = None) -> SyncReport:
        """Stores articles. One whose id is known replaces the stored one if it differs; the others stay untouched.

        The text is normalised once, here; what was set by ``edit`` holds. ``on_progress(done, total)`` counts articles.
        """
        given = [replace(article, text=normalise(article.text)) for article in articles]
        return self._sync([plan_articles(self._open(), given)], on_progress)

    def read_paths(
        self, paths: Iterable[Path | str], *, on_reading: OnReading | None = None, named: Named = shown_path
    ) -> Iterator[ReadResult]:
        """Reads files and folders within this library's limits, and stores nothing; the rest as `read_paths`."""
        return read_paths(list(paths), limits=ReadLimits.of(self.settings), on_reading=on_reading, named=named)

    def add_paths(
        self, paths: Iterable[Path | str], *, on_progress: Progress | None = None, on_reading: OnReading | None = None
    ) -> SyncReport:
        """Reads files and folders and stores their articles; a file that changed replaces what it held before.

        What could not be read is in the report's ``failed``, with the reason, and what was left out in its ``notes``.
        ``on_reading`` gets the path of a file that takes more than two seconds, and of one every two seconds of many.
        """
        return self.add_read(list(self.read_paths(paths, on_reading=on_reading)), on_progress=on_progress)

    def add_by_workers(
        self, paths: Iterable[Path | str], workers: "Workers", *, on_progress: Progress | None = None
    ) -> SyncReport:
        """As ``add_paths``, by the workers of a Ray cluster, which must find the files under the same paths.

        What is ready is stored at once, so that a run that was cut off goes on where it was. ``on_progress`` counts
        files. An embedder that this library was given goes to the workers. Raises `WorkersError` for a cluster that
        cannot be reached or fails, and `MissingExtra`.
        """
        from onrecord.index.ray_workers import Adding, Job

        require("ray")
        named, limits, given = list(named_files(list(paths))), ReadLimits.of(self.settings), self._given
        load = partial(load_embedder, self.settings.embedder, backend=self.settings.backend, threads=1)
        self._begin()
        job = Job(limits, self.settings.passage_words, (lambda: given) if given else load, self.fingerprints()[1])
        adding = Adding(named, workers, job, self._open(), on_progress)
        return with_unread(self._sync(adding.plans(), None), adding.results)

    def add_read(self, results: Sequence[ReadResult], *, on_progress: Progress | None = None) -> SyncReport:
        """Stores what `read_paths` has read, wherever that was done; the report is that of ``add_paths``."""
        report = self._sync([plan_files(self._open(), results)], on_progress)
        return with_unread(report, results)

    def edit(
        self, article_id: str, *, title: str | None = None, source: str | None = None, published: str | None = None
    ) -> Article:
        """Sets facts of a stored article and returns it; its text and every offset stay. ``""`` empties source or date.

        What was set holds when the article is added again. Raises ``UnknownArticle``, and ``InputError`` for an empty
        title or a date that is no day.
        """
        facts = stated_facts(title=title, source=source, published=published)
        while (stored := self.article(article_id)) != replace(stored, **facts):  # again if somebody was faster
            self._sync([plan_edit(stored, facts)], None)
        return stored

    @property
    def database(self) -> Database | None:
        """The database of the articles, for what is kept beside them; None where it is a file of this process."""
        return self._open().shared

    @property
    def web(self) -> "Web":
        """What reads addresses and feeds into this library. Nothing but what is named to it is ever fetched."""
        self._open()
        if self._web is None:
            from onrecord.index.fetching.fetcher import Fetcher
            from onrecord.index.web import Web

            fetcher = Fetcher(self.fetch, note=lambda visit: self._open().web.note(visit))
            limits = ReadLimits.of(self.settings)
            self._web = Web(fetcher, self._open, self.add_read, limits, minutes=self.fetch.feed_minutes)
        return self._web

    @property
    def folders(self) -> Folders:
        """What watches folders for this library."""
        self._open()
        return self._folders

    def remove(self, ids: Sequence[str]) -> SyncReport:
        """Takes articles out of every store, and what they said out of every file, at once.

        Raises ``UnknownArticle``, and then removes none, for an unknown id.
        """
        with self._writing:
            self._open()
            ids = tuple(dict.fromkeys(ids))
            for article_id in ids:
                self._catalogue.article(article_id)
            if not ids:
                return SyncReport()
            removed = self._upkeep.remove(ids).removed
            if self._copies:
                self._copies.forget(ids)
            return SyncReport(removed=removed)

    def article(self, article_id: str) -> Article:
        """The stored article; raises ``UnknownArticle``."""
        return self._open().article(article_id)

    def articles(
        self, where: Filter | None = None, *, offset: int = 0, limit: int | None = None
    ) -> tuple[ArticleInfo, ...]:
        """What is stored, without the texts, in the order in which it was first added: all, or a page of so many."""
        return self._open().articles(where, offset=offset, limit=limit)

    def article_count(self, where: Filter | None = None) -> int:
        """How many are stored, or match the filter; their facts are not read for it."""
        return self._open().article_count(where)

    def languages(self) -> dict[str, str]:
        """The languages of the articles, each with the latest day of an article in it, "" where none has a date."""
        return self._open().languages()

    def sentences(self, article_id: str) -> tuple[Sentence, ...]:
        """The article's sentences, in order; raises ``UnknownArticle``."""
        found = self._open().sentences(article_id)
        if not found:
            self._catalogue.article(article_id)
        return found

    def changes(self, article_id: str) -> tuple[Changed, ...]:
        """What changed in a page that was read again, sentence by sentence, the oldest change first.

        A title counts as the first sentence. Raises ``UnknownArticle``.
        """
        article = self.article(article_id)
        versions = [(one.title, one.text, one.until) for one in self._catalogue.earlier(article_id)]
        texts = [f"{title}\n{text}" for title, text, _ in (*versions, (article.title, article.text, ""))]
        pairs = zip(texts, texts[1:], versions, strict=False)
        return tuple(Changed(until, edits(old, new, article.language)) for old, new, (_, _, until) in pairs)

    def copies(self, article_id: str) -> tuple[str, ...]:
        """The ids of its near-duplicates, the earliest published first; raises ``UnknownArticle``."""
        found = self._open().copies(article_id)
        if not found:
            self._catalogue.article(article_id)
        return found

    def rebuild(self, *, on_progress: Progress | None = None) -> int:
        """Builds both caches anew from the catalogue; returns how many articles were embedded anew.

        That is none, unless the embedder or the way articles are cut is no longer the one that the index was built
        with: this is then the cure. Cut off, it is simply run again.
        """
        with self._writing:
            catalogue = self._open()
            stored, now = self.fingerprints()
            ids = catalogue.article_ids() if stored not in ("", now) else ()
            if ids:
                catalogue.set_note("fingerprint", UNFINISHED)
                articles = (catalogue.article(one) for one in ids)
                arrivals = tuple(Arrival(article, seen=hash(article)) for article in articles)
                self._carry_out(Plan(arrivals, frozenset(ids), ()), on_progress, vectors=None)
            catalogue.renew_words()
            self._searcher.forget()
            self._upkeep.purge(fill=False)
            self._vectors.rebuild()
            catalogue.set_note("fingerprint", now)
            catalogue.compact()
            self._searcher.view()
            modes.tighten(self.path)
            return len(ids)

    def derived(
        self,
        kind: str,
        version: int,
        make: Callable[[Article, Sequence[Sentence]], str],
        *,
        known: Set[int] = frozenset(),
        only: Set[str] | None = None,
        most: int | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Derived:
        """What ``make`` makes of each article by itself: once for each text, kept beside it and gone with it.

        ``kind`` is its name, ``version`` grows when ``make`` would make something else of the same text. ``known``: the
        numbers of articles of which the caller has it; ``only``: the ids of those of which it is wanted, all when None.
        ``most``: of so many articles it is made now; ``stopped()``: no more is made; what was made is kept.
        """
        store = self._open().derived
        missing = [row for row in store.missing(kind, version) if only is None or row[1] in only][:most]
        for start in range(0, len(missing), DERIVED_AT_ONCE):
            some = missing[start : start + DERIVED_AT_ONCE]
            now = takewhile(lambda _: not stopped(), some)
            made = [(number, data) for number, one in now if (data := self._made(make, one)) is not None]
            self._open()
            store.keep(kind, version, made)
            if stopped():
                break
        return store.read(kind, version, known, only)

    def _made(self, make: Callable[[Article, Sequence[Sentence]], str], article_id: str) -> str | None:
        try:
            return make(self.article(article_id), self.sentences(article_id))
        except UnknownArticle:  # removed meanwhile
            return None

    # -- search ------------------------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        where: Filter | None = None,
        query_vector: Vectors | None = None,
        min_score: float | None = None,
    ) -> tuple[Hit, ...]:
        """The ``top_k`` best passages, best first, by meaning and keywords together.

        ``min_score``: the least ``nearness`` of a hit; the ``score`` ranks one search, and is high for the best hit of
        one that finds nothing, too. ``query_vector`` saves embedding the query when the caller has its vector already.
        Raises ``IndexMismatch`` when the collection was embedded by another model.
        """
        if top_k < 1 or not query.strip() or not self.revision:
            return ()
        with self._searching:
            if query_vector is None:
                query_vector = self._fitting_embedder().embed_query(query)
            return self._searcher.search(query, query_vector, top_k=top_k, where=where, min_score=min_score)

    def undated(self, where: Filter) -> int:
        """How many articles a filter leaves out because they have no date, and for no other reason."""
        if not (where.published_from or where.published_to):
            return 0
        return self._open().undated(replace(where, published_from="", published_to=""))

    def related(
        self, article_id: str, *, top_k: int, least: float, where: Filter | None = None
    ) -> Iterator[tuple[Passage, Passage]]:
        """Pairs of a passage of this article and one of another that is near in meaning, by cosine at ``least``.

        The ``top_k`` nearest of each passage are looked at, its own article's among them. It costs a search a passage.
        """
        catalogue = self._open()
        keys = catalogue.passage_keys(article_id)
        near = [
            (key, [k for k, score in hits if score >= least])
            for key, hits in self._searcher.related(keys, top_k=top_k, where=where)
        ]
        there = catalogue.passages([*keys, *{k for _, hits in near for k in hits}])
        for key, hits in near:
            for hit in hits:
                if key in there and hit in there and there[hit].article_id != article_id:
                    yield there[key], there[hit]

    @property
    def pairs(self) -> PairNotes:
        """What was found by comparing articles with one another."""
        return self._open().pairs

    def document_frequency(self, term: str) -> int:
        """How many passages hold the word, in whatever form; of several words, all of them."""
        self._open()
        return self._searcher.view().keywords.document_frequency(term)

    @property
    def passage_count(self) -> int:
        return self._open().passage_count()

    def when_purged(self, tell: Callable[[], None]) -> None:
        """``tell`` is called when articles were removed or replaced, for whoever keeps copies of what they said."""
        self._upkeep.listeners.append(tell)

    # -- state -------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Grows with every change of the collection."""
        catalogue = self._open()
        catalogue.refresh()
        return catalogue.revision

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded now if it was not needed before; raises ``ModelMissing``."""
        with self._loading:
            if self._embedder is None:
                self._embedder = load_embedder(self.settings.embedder, backend=self.settings.backend)
            return self._embedder

    def announce(self, facts: Mapping[str, str]) -> None:
        """What other processes of this account, which find the folder in use, are told of this one until it closes."""
        if not self._closed:
            self._lock.announce(facts)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Lets go of the folder; a second call does nothing."""
        self._upkeep.begin_stop()
        with self._writing:
            if not self._closed:
                self._closed = True
                try:
                    self._upkeep.leave()
                finally:
                    self._catalogue.close()
                    reserve.hold(self.path)
                    self._lock.release()
        self._upkeep.stop()

    def __enter__(self) -> "Library":
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- the parts ---------------------------------------------------------------------------------------------

    def _open(self) -> Catalogue:
        if self._closed:
            raise LibraryClosed(
                f"The library at {self.path} was closed; open it again with Library({str(self.path)!r})."
            )
        return self._catalogue

    @contextmanager
    def parts(self, *, filled: bool = True) -> Iterator[Parts]:
        """The stores below, for this room's own use, with no change under way, and with Chroma filled."""
        with self._writing:
            self._open()
            if filled:
                self._upkeep.finish()
            yield self._parts

    def fingerprints(self) -> tuple[str, str]:
        """That of the stored index, empty for a new one, and that of this embedder and these settings."""
        return self._open().note("fingerprint"), self.settings.fingerprint(
            embedder=self.embedder.fingerprint, splitter=SPLITTER_VERSION, normaliser=NORMALISER_VERSION
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Within, no one else writes."""
        with self._writing:
            self._open().refresh()
            yield

    def _copy_finder(self) -> CopyFinder:
        if self._copies is None or self._copies_foreign != self._catalogue.foreign:
            self._copies_foreign = self._catalogue.foreign
            self._copies = CopyFinder(self._catalogue.signatures(), lambda one: self._catalogue.article(one).text)
        return self._copies

    def _carry_out(self, plan: Plan, on_progress: Progress | None, *, vectors: VectorStore | None) -> SyncReport:
        return carry_out(
            plan,
            stores=Stores(self._catalogue, vectors, self._copy_finder, self._turn, self._searcher),
            embed=lambda texts: self.embedder.embed_passages(texts),
            settings=self.settings,
            on_progress=on_progress,
        )

    def _sync(self, plans: Iterable[Plan], on_progress: Progress | None) -> SyncReport:
        self._catalogue.check()
        at_once = self._vectors.at_once
        begun, reports = False, []
        for plan in plans:
            if plan.arrivals and not begun:
                self._begin()
                begun = True
            reports.append(self._carry_out(plan, on_progress, vectors=self._vectors))
        with self._turn():
            if self._catalogue.purge_due:
                self._upkeep.purge()
            else:
                self._upkeep.follow(grown=self._vectors.at_once and not at_once)
        return joined(reports)

    def _begin(self) -> None:
        with self._turn():
            self._adopt_fingerprint()
            self._vectors.open()  # a server that does not answer is better known now than after the embedding

    def _adopt_fingerprint(self) -> None:
        """An empty collection takes this fingerprint; another one must have it, or passages of two kinds would mix."""
        stored, now = self.fingerprints()
        if stored == now:
            return
        if stored and self._catalogue.passage_count():
            raise IndexMismatch(f"The index in {self.path} {describe_mismatch(stored, now)}.")
        self._catalogue.set_note("fingerprint", now)

    def _fitting_embedder(self) -> Embedder:
        """The embedder, if the stored vectors are its own."""
        embedder = self.embedder
        stored, now = self.fingerprints()
        if stored and stored != now and json.loads(stored).get("embedder") != embedder.fingerprint:
            raise IndexMismatch(f"The index in {self.path} {describe_mismatch(stored, now)}.")
        return embedder
