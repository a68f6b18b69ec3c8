"""Tables that are behind become the newest of their line: all in one transaction, or they stay as they were.

Alembic is imported here and in the migrations themselves only.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from onrecord.index.errors import StoreError
from onrecord.index.store.faults import point
from onrecord.index.store.line import Line, own_version

_ALONE = threading.Lock()  # Alembic's `op` is one for all threads


def migrate(engine: sqlalchemy.Engine, begin: Sequence[str], line: Line, where: str) -> None:
    """``begin``: the statements that begin the transaction and wait until nobody else writes.

    What another process has done meanwhile is not done again. Raises ``StoreError`` where a migration fails, and the
    driver's own error where its disk, its server or others stand in the way; ``where`` as in ``Line.is_behind``.
    """
    with _ALONE, _failures(line, where), engine.connect() as connection:
        for statement in begin:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(line.table)
        noted = connection.exec_driver_sql(line.asked).one_or_none()
        if line.is_behind(noted, where):
            with _references_and_numbers(connection):
                _run(connection, line, after=noted[0] if noted else "base")
            point("catalogue.migrated.before")
        connection.commit()


def migrate_file(connect: Callable[[], sqlite3.Connection], line: Line, where: str) -> None:
    """The same in a file of SQLite. ``connect``: a connection to it in autocommit mode."""
    engine = sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.NullPool)
    # Else to make a table anew would take with it all that refers to it. It cannot be turned off in a transaction.
    migrate(engine, ("PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE"), line, where)


def _run(connection: sqlalchemy.Connection, line: Line, *, after: str) -> None:
    folder = str(line.migrations)
    scripts = ScriptDirectory(folder, version_locations=[folder])
    context = MigrationContext.configure(connection, opts={"version_table": line.noted})
    due = list(scripts.iterate_revisions(line.newest, after))  # the newest first
    with Operations.context(context):
        for script in reversed(due):
            script.module.upgrade()
    context.stamp(scripts, line.newest)
    connection.exec_driver_sql(f"UPDATE {line.noted} SET made_by = '{own_version()}'")


@contextmanager
def _references_and_numbers(connection: sqlalchemy.Connection) -> Iterator[None]:
    """Where a table is made anew, as SQLite needs it: what refers to it still does, and no number is given twice."""
    if connection.dialect.name != "sqlite":
        yield
        return
    run = connection.exec_driver_sql
    counted = run("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first()
    given = run("SELECT name, seq FROM sqlite_sequence").all() if counted else []
    yield
    for name, last in given:
        run("DELETE FROM sqlite_sequence WHERE name = ? AND seq < ?", (name, last))
        if not run("SELECT 1 FROM sqlite_sequence WHERE name = ?", (name,)).first():
            run("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))
    if lost := run("PRAGMA foreign_key_check").all():
        raise CommandError(f"{len(lost)} rows of {lost[0][0]} would refer to nothing")


@contextmanager
def _failures(line: Line, where: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, CommandError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else None
        if isinstance(error, OperationalError) and cause and _in_the_way(cause):
            raise cause from error
        said = str(cause or error).strip().splitlines()[0]
        raise StoreError(
            f"{where} could not be brought to schema {line.newest} ({said}), and is as it was; use it with the "
            "OnRecord that it was made by, and report this."
        ) from error


def _in_the_way(cause: BaseException) -> bool:
    """Whether it is the disk, the server or another process; SQLite says of a wrong statement, too, that it is one."""
    return getattr(cause, "sqlite_errorcode", 0) != sqlite3.SQLITE_ERROR
