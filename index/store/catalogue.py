"""The catalogue: one database that holds every article, its passages and their vectors. It is the truth.

Chroma and BM25 are caches that can be rebuilt from it at any time. One article is written wholly in one transaction.
Every passage has a key that is never given to another passage, so a cache agrees with the catalogue exactly when the
two hold the same keys. The database is an SQLite file of one process, or PostgreSQL, which other processes change too,
and which then holds the keywords as well.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onrecord.index import database_address
from onrecord.index.batches import batched
from onrecord.index.errors import InputError, UnknownArticle
from onrecord.index.extras import named_extra
from onrecord.index.inert import web_address
from onrecord.index.store import (
    conditions,
    derived,
    earlier,
    edits,
    entries,
    folder_notes,
    pair_notes,
    schema,
    web_notes,
)
from onrecord.index.store.base import Connection, Database, note
from onrecord.index.store.conditions import condition_of
from onrecord.index.store.database import SqliteDatabase
from onrecord.index.store.derived import DerivedStore
from onrecord.index.store.entries import Change, Entry
from onrecord.index.store.folder_notes import FolderNotes
from onrecord.index.store.keyword_tables import KeywordTables
from onrecord.index.store.line import Line
from onrecord.index.store.own_notes import OwnNotes
from onrecord.index.store.pair_notes import PairNotes
from onrecord.index.store.web_notes import WebNotes
from onrecord.index.text.passages import passage_text_for_search
from onrecord.index.types import Article, ArticleInfo, Filter, Keys, Passage, Sentence, Vectors

FILE = "catalogue.sqlite3"

PURGE = "purge"  # a note that is made with the change itself, so that a process that was cut off is followed by one
PURGED = "purged"  # a note of a process's own: of which revision its caches hold nothing that was taken out
_AT_ONCE = 500  # values bound to one statement
_TABLES = (
    *(schema.TABLES, edits.TABLE, earlier.TABLE, derived.TABLE, conditions.INDEXES),
    *(web_notes.TABLES, pair_notes.TABLES, folder_notes.TABLES),
)
LINE = Line("".join(_TABLES), Path(__file__).with_name("migrations"), sign="articles", file=schema.FILE)
_ALL = 2**62  # more rows than there may be
_INFO = "id, title, source, published, url, language, place, words, added"


@dataclass(frozen=True, slots=True)
class VectorRow:
    """One passage as Chroma holds it."""

    key: int
    article_id: str
    source: str
    published: str
    vector: Vectors


class Catalogue:
    """Readers of any thread and one writer at a time. Errors of the disk or the server come as ``StoreError``.

    ``url``: the PostgreSQL that it is in, instead of a file in the folder. ``foreign`` grows whenever a change of
    another process is noticed, at the latest by ``refresh``.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self._database = _database(folder, url)
        self.shared = self._database if self._database.shared else None
        self._own = OwnNotes(folder) if self.shared else None
        self._knowing = threading.Lock()
        self.foreign = 0
        self._reader, self._writer = self._database.reader, self._database.writer
        self.snapshot = self._database.snapshot
        self.check = self._database.check
        self.last_number, self.count_on = self._database.last_number, self._database.count_on
        self.web = WebNotes(self._database)
        self.pairs = PairNotes(self._database)
        self.folders = FolderNotes(self._database)
        self.derived = DerivedStore(self._database)
        try:
            self.words = KeywordTables(self._database) if self.shared else None
        except BaseException:
            self.close()
            raise
        self.revision = int(self.note("revision") or 0)
        if not self.note("id"):
            self.set_note("id", uuid.uuid4().hex[:12])

    def close(self) -> None:
        self._database.close()

    @property
    def schema(self) -> str:
        """The number of the migration that has left the tables as they are."""
        with self._reader() as connection:
            return str(connection.execute(LINE.asked).fetchone()[0])

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        """One change of the collection: all of it, with the next revision, or none of it."""
        with self._database.writer():  # held until the new revision is known, so that no two changes share one
            with self._database.transaction() as connection:
                self.refresh()
                made = self.revision + 1
                yield connection
                note(connection, "revision", str(made))
            with self._knowing:
                self.revision = max(self.revision, made)

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        """Within, an empty catalogue gets all that another one holds, or nothing; `InputError` for one in use."""
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM articles LIMIT 1").fetchone():
                raise InputError("There are articles at the new place already; name one that holds none.")
            yield connection
            if self.words:
                self.words.fill(connection)

    def renew_words(self) -> None:
        """Makes the keywords anew that are in the database."""
        if self.words:
            with self._change() as connection:
                self.words.fill(connection)

    def refresh(self) -> None:
        """Notices what other processes have changed."""
        if self.shared:
            stored = int(self.note("revision") or 0)
            with self._knowing:
                if stored > self.revision:
                    self.revision, self.foreign = stored, self.foreign + 1

    # -- notes about the collection as a whole ------------------------------------------------------------------

    def note(self, name: str) -> str:
        """What was noted under this name, ``""`` when nothing was."""
        if self._own and name in self._own.NAMES:
            return self._own.get(name)
        with self._reader() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_note(self, name: str, value: str) -> None:
        if self._own and name in self._own.NAMES:
            self._own.set(name, value)
            return
        with self._writer() as connection:
            note(connection, name, value)

    # -- changes -----------------------------------------------------------------------------------------------

    def put(
        self, entry: Entry, *, origin: str = "", retire: Sequence[str] = (), facts: Mapping[str, str] | None = None
    ) -> Change:
        """Stores an article, in place of the one with its id. ``origin``: the file it came from, or the address.

        What a page said before it is replaced by what it says now is kept.

        ``retire``: articles that came from that file before and are no longer in it; they go in the same transaction,
        unless another file holds them too. ``facts``: what of it was set by hand.
        """
        entries.check(entry)
        article = entry.article
        with self._change() as connection:
            removed = entries.retired(connection, origin, retire)
            gone = self._take_out(connection, removed, entries.remove)
            row = connection.execute("SELECT added FROM articles WHERE id = ?", (article.id,)).fetchone()
            origins = [p for (p,) in connection.execute("SELECT path FROM origins WHERE article_id = ?", (article.id,))]
            if web_address(origin):
                earlier.keep(connection, article)
            gone += self._take_out(connection, [article.id], entries.delete)
            if row or removed:
                note(connection, PURGE, str(self.revision + 1))
            added = str(row[0]) if row else datetime.now(UTC).isoformat(timespec="seconds")
            keys = entries.insert(connection, entry, added)
            edits.keep(connection, article.id, facts or {})
            if self.words:
                texts = [passage_text_for_search(article.title, one) for one in entry.passages]
                self.words.add(connection, zip(keys, texts, strict=True))
            paths = {*origins, origin} - {""}
            connection.executemany("INSERT INTO origins VALUES (?, ?)", [(path, article.id) for path in paths])
        return Change(added=keys, deleted=gone, removed=removed)

    def keep_origin(self, origin: str, ids: Sequence[str], *, retire: Sequence[str] = ()) -> Change:
        """Notes that a file holds these stored articles; ``retire`` as in ``put``."""
        with self._writer():
            if set(self.from_origin(origin)) >= set(ids) and not retire:
                return Change()
            with self._change() as connection:
                removed = entries.retired(connection, origin, retire)
                gone = self._take_out(connection, removed, entries.remove)
                if removed:
                    note(connection, PURGE, str(self.revision + 1))
                query = "INSERT INTO origins VALUES (?, ?) ON CONFLICT DO NOTHING"
                connection.executemany(query, [(origin, one) for one in ids])
        return Change(deleted=gone, removed=removed)

    def remove(self, ids: Sequence[str]) -> Change:
        """Takes articles out, with all that was derived from them; ``purge`` is then due."""
        with self._change() as connection:
            gone = self._take_out(connection, ids, entries.remove)
            note(connection, PURGE, str(self.revision + 1))
        return Change(deleted=gone, removed=tuple(ids))

    def _take_out(
        self, connection: Connection, ids: Sequence[str], out: Callable[[Connection, str], tuple[int, ...]]
    ) -> tuple[int, ...]:
        """The keys of their passages."""
        if self.words:
            self.words.take_out(connection, ids)
        return tuple(key for one in ids for key in out(connection, one))

    @property
    def purge_due(self) -> bool:
        """Whether something of a text that was taken out or replaced may still be in the files of a store."""
        return int(self.note(PURGE) or 0) > (int(self._own.get(PURGED) or 0) if self._own else 0)

    def settle_purge(self, revision: int) -> None:
        """Called when the other stores are rid of what was gone at this revision: this one is too, unless a reader
        holds on to its file.
        """
        done = self._database.scrub()
        if self._own:
            self._own.set(PURGED, str(max(revision, int(self._own.get(PURGED) or 0))))
        elif done:
            self.set_note(PURGE, "")

    def compact(self) -> None:
        """Gives unused room back to the disk."""
        self._database.compact()

    # -- articles ----------------------------------------------------------------------------------------------

    def article(self, article_id: str) -> Article:
        """The stored article; raises ``UnknownArticle``."""
        found = self.find_article(article_id)
        if found is None:
            raise UnknownArticle(f"No article has the id {article_id!r}; `onrecord list` shows those that are here.")
        return found

    def find_article(self, article_id: str) -> Article | None:
        with self._reader() as connection:
            row = connection.execute(f"SELECT {entries.ARTICLE} FROM articles WHERE id = ?", (article_id,)).fetchone()
        return Article(*row) if row else None

    def as_edited(self, article: Article) -> Article:
        """The article with what was set of it by hand."""
        with self._reader() as connection:
            facts = edits.of(connection, article.id)
        return replace(article, **facts)

    def edits(self) -> dict[str, dict[str, str]]:
        """What was set by hand, of each article of which something was."""
        with self._reader() as connection:
            return edits.every(connection)

    def articles_from(self, origins: Iterable[str]) -> Iterator[Article]:
        """The stored articles that came from these files; one that came from several may come again."""
        columns = ", ".join(f"a.{name}" for name in entries.ARTICLE.split(", "))
        query = f"SELECT {columns} FROM articles a JOIN origins o ON o.article_id = a.id WHERE o.path IN "
        for some in batched(origins, _AT_ONCE):
            with self._reader() as connection:
                rows = connection.execute(f"{query} ({_marks(some)})", some).fetchall()
            yield from (Article(*row) for row in rows)

    def earlier(self, article_id: str) -> tuple[earlier.Earlier, ...]:
        """What the article said before, the oldest first."""
        with self._reader() as connection:
            return earlier.of(connection, article_id)

    def articles(
        self, where: Filter | None = None, *, offset: int = 0, limit: int | None = None
    ) -> tuple[ArticleInfo, ...]:
        """In the order in which they were stored."""
        condition, values = condition_of(where)
        page = f"LIMIT {_ALL if limit is None else limit} OFFSET {offset}"
        query = f"SELECT {_INFO} FROM articles WHERE {condition} ORDER BY number {page}"
        with self._reader() as connection:
            return tuple(ArticleInfo(*row) for row in connection.execute(query, values))

    def article_count(self, where: Filter | None = None) -> int:
        return self._count("true", where)

    def undated(self, where: Filter | None = None) -> int:
        """How many of these have no date."""
        return self._count("published = ''", where)

    def _count(self, which: str, where: Filter | None) -> int:
        condition, values = condition_of(where)
        with self._reader() as connection:
            query = f"SELECT count(*) FROM articles WHERE {which} AND {condition}"
            return int(connection.execute(query, values).fetchone()[0])

    def languages(self) -> dict[str, str]:
        """Each with its latest day. The index is looked into once for each of them, not for each article."""
        query = """
            WITH RECURSIVE found(language) AS (
                SELECT min(language) FROM articles
                UNION SELECT (SELECT min(language) FROM articles WHERE language > found.language) FROM found
                WHERE found.language IS NOT NULL
            )
            SELECT language, (SELECT max(published) FROM articles WHERE articles.language = found.language)
            FROM found WHERE language IS NOT NULL"""
        with self._reader() as connection:
            return dict(map(tuple, connection.execute(query)))

    def article_ids(self, where: Filter | None = None) -> tuple[str, ...]:
        condition, values = condition_of(where)
        with self._reader() as connection:
            rows = connection.execute(f"SELECT id FROM articles WHERE {condition} ORDER BY number", values)
            return tuple(row[0] for row in rows)

    def article_numbers(self, where: Filter | None = None) -> NDArray[np.int64]:
        """The numbers under which the articles are stored, ascending; a changed article gets another one."""
        condition, values = condition_of(where)
        with self._reader() as connection:
            # Sorted in SQL it would cost all texts, and one by one the numbers take longer than the query.
            ((listed,),) = connection.execute(
                f"SELECT json_group_array(number) FROM articles WHERE {condition}", values
            )
            return np.sort(np.array(json.loads(listed), dtype=np.int64))

    def from_origin(self, origin: str) -> tuple[str, ...]:
        """The ids of the articles that came from this file."""
        with self._reader() as connection:
            return tuple(r[0] for r in connection.execute("SELECT article_id FROM origins WHERE path = ?", (origin,)))

    def origins_of(self, article_id: str) -> tuple[str, ...]:
        """The files and addresses that an article came from."""
        with self._reader() as connection:
            rows = connection.execute("SELECT path FROM origins WHERE article_id = ?", (article_id,))
            return tuple(row[0] for row in rows)

    def sentences(self, article_id: str) -> tuple[Sentence, ...]:
        with self._reader() as connection:
            rows = connection.execute(
                "SELECT article_id, idx, start_char, end_char, text FROM sentences WHERE article_id = ? ORDER BY idx",
                (article_id,),
            )
            return tuple(Sentence(*row) for row in rows)

    def signatures(self) -> list[tuple[str, bytes]]:
        with self._reader() as connection:
            return list(connection.execute("SELECT id, signature FROM articles"))

    def copies(self, article_id: str) -> tuple[str, ...]:
        """The ids of its near-duplicates, and of theirs, the earliest first; undated ones come last."""
        query = """
            WITH RECURSIVE alike(id) AS (
                SELECT id FROM articles WHERE id = ?
                UNION SELECT copy_id FROM copies JOIN alike ON copies.article_id = alike.id
            )
            SELECT articles.id FROM articles JOIN alike USING (id) WHERE articles.id != ?
            ORDER BY published = '', published, articles.id"""
        with self._reader() as connection:
            return tuple(row[0] for row in connection.execute(query, (article_id, article_id)))

    # -- passages ----------------------------------------------------------------------------------------------

    def passage_count(self) -> int:
        with self._reader() as connection:
            return int(connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def passage_rows(self) -> tuple[Keys, list[str]]:
        """Every passage's key, ascending, and beside it its article's id."""
        with self._reader() as connection:
            rows = connection.execute("SELECT key, article_id FROM passages ORDER BY key").fetchall()
        return np.array([row[0] for row in rows], dtype=np.int64), [row[1] for row in rows]

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """The passages with these keys; one that was removed meanwhile is left out."""
        found: dict[int, list[Sentence]] = {}
        ids: dict[int, tuple[str, str]] = {}
        query = """
            SELECT p.key, p.id, s.article_id, s.idx, s.start_char, s.end_char, s.text FROM passages p
            JOIN sentences s ON s.article_id = p.article_id AND s.idx BETWEEN p.first AND p.last
            WHERE p.key IN ({}) ORDER BY p.key, s.idx"""
        with self._reader() as connection:
            for some in batched(map(int, keys), _AT_ONCE):
                for key, passage_id, *sentence in connection.execute(query.format(_marks(some)), some):
                    ids[key] = (passage_id, sentence[0])
                    found.setdefault(key, []).append(Sentence(*sentence))
        return {key: Passage(*ids[key], sentences=tuple(sentences)) for key, sentences in found.items()}

    def titled_passages(self, keys: Sequence[int]) -> Iterator[tuple[int, str, Passage]]:
        """Those of these passages that are there, with their keys and their articles' titles, in order of the key."""
        query = "SELECT p.key, a.title FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.key IN ({})"
        for some in batched(map(int, keys), _AT_ONCE):
            with self._reader() as connection:
                titles = dict(connection.execute(query.format(_marks(some)), some))
            for key, passage in self.passages(some).items():
                yield key, titles[key], passage

    def vectors(self, *, after: int = 0) -> tuple[Keys, Vectors]:
        """The keys greater than ``after``, ascending, and their vectors."""
        with self._reader() as connection:
            rows = connection.execute(
                "SELECT key, vector FROM embeddings WHERE key > ? ORDER BY key", (after,)
            ).fetchall()
        return _stack(rows)

    def passage_keys(self, article_id: str) -> list[int]:
        """The keys of an article's passages, in their order."""
        with self._reader() as connection:
            rows = connection.execute("SELECT key FROM passages WHERE article_id = ? ORDER BY key", (article_id,))
            return [int(row[0]) for row in rows]

    def vectors_of(self, keys: Sequence[int]) -> Iterator[tuple[Keys, Vectors]]:
        """The vectors of these keys, some at a time."""
        with self._reader() as connection:
            for some in batched(map(int, keys), _AT_ONCE):
                query = f"SELECT key, vector FROM embeddings WHERE key IN ({_marks(some)}) ORDER BY key"
                yield _stack(connection.execute(query, some).fetchall())

    def vector_rows(self, keys: Sequence[int]) -> Iterator[VectorRow]:
        query = """
            SELECT p.key, p.article_id, a.source, a.published, e.vector FROM passages p
            JOIN articles a ON a.id = p.article_id JOIN embeddings e ON e.key = p.key WHERE p.key IN ({})"""
        with self._reader() as connection:
            for some in batched(map(int, keys), _AT_ONCE):
                for key, article_id, source, published, vector in connection.execute(query.format(_marks(some)), some):
                    yield VectorRow(key, article_id, source, published, np.frombuffer(vector, dtype=np.float32))

    def problems(self) -> tuple[str, ...]:
        """What the database's own check finds, and passages without a vector; nothing when all is well."""
        found = self._database.problems()
        with self._reader() as connection:
            bare = connection.execute(
                "SELECT count(*) FROM passages LEFT JOIN embeddings USING (key) WHERE vector IS NULL"
            ).fetchone()[0]
        return (*found, *([f"{bare} passages without a vector"] if bare else []))


def _database(folder: Path, url: str) -> Database:
    if not url:
        return SqliteDatabase(folder / FILE, LINE)
    where = database_address.parse(url)
    with named_extra():
        from onrecord.index.store.postgresql import PostgresqlDatabase
    return PostgresqlDatabase(where, LINE)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _stack(rows: Iterable[tuple[int, bytes]]) -> tuple[Keys, Vectors]:
    rows = list(rows)
    keys = np.array([row[0] for row in rows], dtype=np.int64)
    joined = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
    return keys, joined.reshape(len(rows), -1) if rows else joined.reshape(0, 0)
