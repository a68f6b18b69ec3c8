"""The catalogue's tables, how a connection to them is set up, and what SQLite's errors mean to a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onrecord.index.errors import DiskFull, StoreError
from onrecord.index.store import reserve

SCHEMA_VERSION = 2  # which programs refuse that know nothing of migrations; what came since is told by these
APPLICATION_ID = 0x6F6E7263  # "onrc"
FORMAT = "format"  # a note of it, where a database has no place for it as SQLite has
FILE = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION};"

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL, published TEXT NOT NULL, url TEXT NOT NULL,
    language TEXT NOT NULL, place TEXT NOT NULL,
    words INTEGER NOT NULL, added TEXT NOT NULL, signature BLOB NOT NULL
);
CREATE TABLE origins (
    path TEXT NOT NULL, article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    PRIMARY KEY (path, article_id)
) WITHOUT ROWID;
CREATE INDEX origins_by_article ON origins(article_id);
CREATE TABLE sentences (
    article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    idx INTEGER NOT NULL, start_char INTEGER NOT NULL, end_char INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (article_id, idx)
) WITHOUT ROWID;
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    first INTEGER NOT NULL, last INTEGER NOT NULL
);
CREATE INDEX passages_by_article ON passages(article_id);
CREATE TABLE embeddings (key INTEGER PRIMARY KEY REFERENCES passages(key) ON DELETE CASCADE, vector BLOB NOT NULL);
CREATE TABLE copies (
    article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    copy_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    PRIMARY KEY (article_id, copy_id)
) WITHOUT ROWID;
CREATE INDEX copies_by_copy ON copies(copy_id);
"""

# In PostgreSQL alone, in its words, and made of the texts (`onrecord.index.store.keyword_tables`).
KEYWORDS = """
CREATE TABLE IF NOT EXISTS keyword_latest (key BIGINT PRIMARY KEY, terms BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS keyword_blocks (
    block BIGINT PRIMARY KEY, places BYTEA NOT NULL, length BIGINT NOT NULL, postings BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS keywords (
    term BIGINT NOT NULL, block BIGINT NOT NULL, postings BYTEA NOT NULL, PRIMARY KEY (term, block)
);
"""

SHRINKS = "PRAGMA auto_vacuum=INCREMENTAL"  # counts from the next VACUUM on, or for a file without tables


def connect(file: Path) -> sqlite3.Connection:
    """A connection in autocommit mode. Deleted content is overwritten, so that a removed text is really gone."""
    connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA temp_store=MEMORY")  # neither room nor traces on the disk
    except sqlite3.Error:
        connection.close()
        raise
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    return connection


def refuse_foreign(file: Path) -> None:
    """Raises ``StoreError`` for a file of a newer format or of another program, without changing it."""
    if not file.exists() or file.stat().st_size == 0:
        return
    connection = sqlite3.connect(file, timeout=30)
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    finally:
        connection.close()
    if empty:
        return
    if application != APPLICATION_ID:
        raise StoreError(f"{file} is not a catalogue of OnRecord; choose another data folder with --data.")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The data folder {file.parent} was written by a newer OnRecord (format {version}, this one reads up to "
            f"{SCHEMA_VERSION}); update OnRecord, or choose another folder with --data."
        )


@contextmanager
def plain_errors(folder: Path, what: str = "catalogue") -> Iterator[None]:
    """Turns what SQLite and the system say of ``what`` into a ``StoreError`` that names the folder and the cure."""
    try:
        yield
    except sqlite3.ProgrammingError:  # a mistake of the caller's, as to use what is closed
        raise
    except sqlite3.Error as error:
        full = _code(error) == sqlite3.SQLITE_FULL or (_code(error) in _NO_ROOM and reserve.is_full(folder))
        raise DiskFull(reserve.sentence(folder)) if full else StoreError(_sentence(folder, what, error)) from error
    except OSError as error:
        if error.errno in reserve.FULL:
            raise DiskFull(reserve.sentence(folder)) from error
        raise StoreError(f"The data folder {folder} cannot be used ({error.strerror or error}); {_CURE}.") from error


_NO_ROOM = (
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)  # of a file beside SQLite's own
_CURE = "make it a folder that you may write to, or choose another with --data"


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _sentence(folder: Path, what: str, error: sqlite3.Error) -> str:
    match _code(error):
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return f"The data folder {folder} cannot be written ({error}); {_CURE}."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"The {what} in {folder} is damaged ({error}); restore a copy of it, or add the articles anew."
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"The {what} in {folder} is held by another program ({error}); close it and try again."
    return f"The {what} in {folder} failed ({error}); check its disk, then run `onrecord doctor`."
