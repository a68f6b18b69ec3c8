"""Where conversations, notes, saved questions and feedback are kept: in a file, or in the database of the articles."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from onrecord.index.errors import DiskFull, LibraryClosed, StoreError
from onrecord.index.store import modes, reserve
from onrecord.index.store.base import Connection, Database, all_or_nothing
from onrecord.index.store.database import keep_in_file
from onrecord.index.store.faults import point
from onrecord.index.store.line import Line
from onrecord.index.store.schema import SHRINKS, plain_errors
from onrecord.index.store.scrub import Scrubber

# ``order``: a column that numbers the rows as they come, where the database has none of its own.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL{order});
CREATE TABLE IF NOT EXISTS turns (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL{order});
CREATE INDEX IF NOT EXISTS turns_of ON turns(conversation, position);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pinned (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, quote TEXT NOT NULL, line TEXT NOT NULL{order});
CREATE TABLE IF NOT EXISTS saved (id TEXT PRIMARY KEY, owner TEXT NOT NULL, revision TEXT NOT NULL,
  seen TEXT NOT NULL, now TEXT NOT NULL, written TEXT NOT NULL{order});
CREATE TABLE IF NOT EXISTS feedback (id TEXT PRIMARY KEY, owner TEXT NOT NULL,
  conversation TEXT REFERENCES conversations(id) ON DELETE CASCADE, said TEXT NOT NULL{order});
"""
_OF_PEOPLE = {  # each after those that it refers to
    "conversations": "id, owner, title, created, updated",
    "turns": "id, conversation, position, words, record",
    "pinned": "id, owner, quote, line",
    "saved": "id, owner, revision, seen, now, written",
    "feedback": "id, owner, conversation, said",
}
_VERSION = 2


def line(order: str = "") -> Line:
    """These tables, which have migrations of their own."""
    folder, file = Path(__file__).with_name("migrations"), f"PRAGMA user_version={_VERSION};"
    return Line(_SCHEMA.format(order=order), folder, sign="conversations", noted="alembic_version_desk", file=file)


class Tables(Protocol):
    """One set of statements, in the words that SQLite and PostgreSQL share. Safe to use from several threads."""

    def execute(self, statement: str, values: Sequence[str | None] = ()) -> list[Any]:
        """The rows that a statement gives; one that changes something belongs into ``changing``."""

    def changing(self, *, taking: bool = False) -> AbstractContextManager[None]:
        """One change, whole or not at all. ``taking``: it takes text out, whose bytes are then gone too."""

    def close(self) -> None:
        """A second call does nothing; any other one raises `LibraryClosed` from then on."""


def keep_note(tables: Tables, name: str, value: str) -> None:
    """Keeps a value under a name, in place of what was there."""
    known = "INSERT INTO notes VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    tables.execute(known, (name, value))


def copy(source: Tables, target: Tables) -> None:
    """Adds what people keep at one place to what they keep at another, all of it or nothing."""
    with target.changing():
        for table, columns in _OF_PEOPLE.items():
            marks = ", ".join("?" * len(columns.split(", ")))
            added = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING"
            for row in source.execute(f"SELECT {columns} FROM {table} ORDER BY rowid"):
                target.execute(added, row)


class FileTables:
    """`Tables` in an SQLite file of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._closed = False
        try:
            self._open()
        except DiskFull:
            if not reserve.release(path.parent):
                raise
            self._open()

    def _open(self) -> None:
        with plain_errors(self._path.parent, "file of conversations"):
            modes.make_folder(self._path.parent)
            modes.make_file(self._path)
            self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            try:
                self._begin()
                self._scrubber = Scrubber(self._path)
                if self.execute("SELECT 1 FROM notes WHERE name='due'"):
                    self._scrub()
            except BaseException:
                self._db.close()
                raise

    def _begin(self) -> None:
        if self._db.execute("PRAGMA user_version").fetchone()[0] > _VERSION:
            raise StoreError(
                f"{self._path} was written by a newer OnRecord; start that version, or move the file away."
            )
        self._db.execute(SHRINKS)
        for setting in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {setting}")
        keep_in_file(self._db, self._path, line())
        if not self._db.execute("PRAGMA auto_vacuum").fetchone()[0]:  # of a version that left deleted text in the file
            self._db.execute("VACUUM")
            keep_note(self, "due", "1")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._db.close()
            self._scrubber.close()

    @contextmanager
    def changing(self, *, taking: bool = False) -> Iterator[None]:
        with self._alone(), plain_errors(self._path.parent, "file of conversations"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if taking:
                    keep_note(self, "due", "1")
                point("conversations.commit.before")
                self._db.execute("COMMIT")
                point("conversations.commit.after")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            if taking:
                self._scrub()
                point("conversations.scrub.after")

    def _scrub(self) -> None:
        if self._scrubber.scrub(self._db):
            self._db.execute("DELETE FROM notes WHERE name='due'")

    def execute(self, statement: str, values: Sequence[str | None] = ()) -> list[Any]:
        with self._alone():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """What works beside the server may still come after it was closed: it is told so, as by the library."""
        with self._lock:
            if self._closed:
                raise _closed()
            yield


class SharedTables:
    """`Tables` in the PostgreSQL of the articles, which every server over them has. It is closed by its library.

    What the file of a server that kept its own is moved there. Nobody waits here for those who change the articles.
    """

    def __init__(self, database: Database, file: Path) -> None:
        self._database = database
        self._closed = False
        self._change = threading.local()  # the connection of a change, in the thread that makes it
        database.keep(line(order=", rowid INTEGER GENERATED ALWAYS AS IDENTITY"))
        if file.exists():
            with closing(FileTables(file)) as own:
                copy(own, self)
            for part in ("", "-wal", "-shm"):
                file.with_name(file.name + part).unlink(missing_ok=True)

    def close(self) -> None:
        self._closed = True

    @contextmanager
    def changing(self, *, taking: bool = False) -> Iterator[None]:
        with self._connection() as connection:
            with all_or_nothing(connection, "BEGIN"):
                self._change.connection = connection
                try:
                    yield
                finally:
                    self._change.connection = None
            if taking:
                connection.execute(f"VACUUM (SKIP_LOCKED) {', '.join(_OF_PEOPLE)}")

    def execute(self, statement: str, values: Sequence[str | None] = ()) -> list[Any]:
        current: Connection | None = getattr(self._change, "connection", None)
        if current is not None:
            return _rows(current, statement, values)
        with self._connection() as connection:
            return _rows(connection, statement, values)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._closed:
            raise _closed()
        with self._database.reader() as connection:  # which takes no turn among those that change the articles
            yield connection


def _closed() -> LibraryClosed:
    return LibraryClosed("The conversations were closed before this call; open the collection again.")


def _rows(connection: Connection, statement: str, values: Sequence[str | None]) -> list[Any]:
    found = connection.execute(statement, values)
    return found.fetchall() if found.description else []
