"""Connections to the catalogue's file: as many readers as there are threads, one writer at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from onrecord.index.errors import DiskFull, StoreError
from onrecord.index.store import modes, reserve
from onrecord.index.store.base import Connection, all_or_nothing
from onrecord.index.store.faults import point
from onrecord.index.store.line import Line
from onrecord.index.store.schema import SHRINKS, connect, plain_errors, refuse_foreign
from onrecord.index.store.scrub import Scrubber


class SqliteDatabase:
    """A `onrecord.index.store.base.Database` in a file of one process."""

    shared = False

    def __init__(self, file: Path, line: Line) -> None:
        self._folder = file.parent
        self._file = file
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.RLock()
        self._closed = False
        self._snapshot = threading.local()  # the connection of a snapshot, in the thread that took it
        try:
            self._writer = self._first(line)
        except DiskFull:
            if not reserve.release(self._folder):
                raise
            self._writer = self._first(line)

    def _first(self, line: Line) -> sqlite3.Connection:
        with plain_errors(self._folder):
            modes.make_folder(self._folder)
            refuse_foreign(self._file)
            modes.make_file(self._file)  # what SQLite puts beside it gets its mode
            connection = connect(self._file)
            try:
                keep_in_file(connection, self._file, line)
                self._scrubber = Scrubber(self._file)
            except BaseException:
                connection.close()
                raise
            self._made = _identity(self._file)
            return connection

    def keep(self, line: Line) -> None:
        with self.writer() as connection:
            keep_in_file(connection, self._file, line)

    def close(self) -> None:
        with self._writing, self._guard:
            self._closed = True
            for connection in [*self._idle, self._writer]:
                connection.close()
            self._idle.clear()
            self._scrubber.close()

    def check(self) -> None:
        """Raises ``StoreError`` when the file is no longer where it was: what is written then is kept nowhere."""
        try:
            found = _identity(self._file)
        except OSError:
            found = None
        if found != self._made:
            raise StoreError(
                f"The data folder {self._folder} was moved, deleted or replaced while it was in use, so nothing can be "
                "kept; put it back, or stop OnRecord and start it again."
            )

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own for a while: that of its snapshot, or one of those kept for use again."""
        current: sqlite3.Connection | None = getattr(self._snapshot, "connection", None)
        if current is not None:
            yield current
            return
        with plain_errors(self._folder):
            with self._guard:
                connection = self._idle.pop() if self._idle else None
            connection = connection or connect(self._file)
            try:
                yield connection
            finally:
                with self._guard:
                    if self._closed:
                        connection.close()
                    else:
                        self._idle.append(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Within, everything that this thread reads is of one moment, whatever is written meanwhile."""
        with self.reader() as connection:
            connection.execute("BEGIN")
            self._snapshot.connection = connection
            try:
                yield connection
            finally:
                self._snapshot.connection = None
                connection.execute("ROLLBACK")

    @contextmanager
    def writer(self) -> Iterator[sqlite3.Connection]:
        """The one connection that writes, in autocommit mode."""
        with self._writing, plain_errors(self._folder):
            self.check()
            yield self._writer
            self.check()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is written within, or none of it."""
        with self.writer() as connection, all_or_nothing(connection, "BEGIN IMMEDIATE"):
            yield connection

    def errand(self, name: str) -> AbstractContextManager[object]:
        """There is no other process: see `onrecord.index.store.lock`."""
        return nullcontext()

    def scrub(self) -> bool:
        """Leaves nothing of what was deleted in the file or beside it; False while a reader holds on to it."""
        with self.writer() as connection:
            point("catalogue.scrub.before")
            done = self._scrubber.scrub(connection)
            point("catalogue.scrub.after")
            return done

    def compact(self) -> None:
        with self.writer() as connection:
            connection.execute(SHRINKS)
            connection.execute("VACUUM")
        self.scrub()

    def last_number(self, table: str, column: str) -> int:
        with self.reader() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    def count_on(self, connection: Connection, table: str, column: str, last: int) -> None:
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    def problems(self) -> list[str]:
        with self.reader() as connection:
            found = [row[0] for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
            return found + [f"foreign key of {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]


def _identity(file: Path) -> tuple[int, int]:
    """Which file it is, whatever its name."""
    facts = file.stat()
    return facts.st_dev, facts.st_ino


def keep_in_file(connection: sqlite3.Connection, file: Path, line: Line) -> None:
    """The line's newest tables: made in one transaction where there are none, and older ones migrated in one.

    A file that was cut off while they were made is simply empty.
    """
    query = "SELECT name FROM sqlite_master WHERE name IN (?, ?)"
    there = {name for (name,) in connection.execute(query, (line.sign, line.noted))}
    if line.sign not in there:
        connection.execute(SHRINKS)
        connection.executescript(f"BEGIN IMMEDIATE; {line.made} {line.file} COMMIT;")
        return
    where = f"The data folder {file.parent}"
    if line.is_behind(connection.execute(line.asked).fetchone() if line.noted in there else None, where):
        from onrecord.index.store.migrating import migrate_file

        migrate_file(lambda: connect(file), line, where)
