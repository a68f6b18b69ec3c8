"""What the catalogue asks of a database: one set of statements, in the words that SQLite and PostgreSQL share.

Values are marked by ``?``. Whatever is said differently by the two is behind a method here.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from onrecord.index.store.faults import point
from onrecord.index.store.line import Line


class Rows(Protocol):
    """What a statement has found. ``description``: its columns, None where it gives no rows."""

    @property
    def description(self) -> Any: ...
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """Each statement is a change by itself, unless it is within a transaction."""

    @property
    def in_transaction(self) -> bool: ...
    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows: ...
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object: ...


class Database(Protocol):
    """As many readers as there are threads, one writer at a time. What goes wrong comes as ``StoreError``."""

    @property
    def shared(self) -> bool:
        """Whether other processes may change it, too."""

    def keep(self, line: Line) -> None:
        """The line's newest tables, beside those that it was opened with: made where there are none, else migrated."""

    def reader(self) -> AbstractContextManager[Connection]:
        """A connection of this thread's own for a while, or that of its snapshot."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Within, everything that this thread reads is of one moment, whatever is written meanwhile."""

    def writer(self) -> AbstractContextManager[Connection]:
        """The one connection of this process that writes."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """All of what is written within, or none of it; no one else writes meanwhile, in whatever process."""

    def errand(self, name: str) -> AbstractContextManager[object]:
        """Beside those that write, one at a time of this name among all processes."""

    def check(self) -> None:
        """Raises ``StoreError`` when what is written would be kept nowhere."""

    def scrub(self) -> bool:
        """Leaves nothing of what was deleted, as far as that is this database's to do; False: not now."""

    def compact(self) -> None:
        """Gives unused room back to the disk."""

    def last_number(self, table: str, column: str) -> int:
        """The greatest number that a row was ever given in this column; 0 before there was one."""

    def count_on(self, connection: Connection, table: str, column: str, last: int) -> None:
        """Rows get greater numbers than this from now on."""

    def problems(self) -> list[str]:
        """What the database's own check of itself finds."""

    def close(self) -> None: ...


def now() -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def note(connection: Connection, name: str, value: str) -> None:
    """Keeps a value under a name, in place of what was there."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


@contextmanager
def all_or_nothing(connection: Connection, *begin: str) -> Iterator[None]:
    """A transaction that these statements begin."""
    try:
        for statement in begin:
            connection.execute(statement)
        yield
        point("catalogue.commit.before")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    point("catalogue.commit.after")
