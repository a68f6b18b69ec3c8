"""A collection moves between a folder's file and PostgreSQL: all of it in one transaction, or nothing."""

from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from onrecord.index.batches import batched
from onrecord.index.errors import InputError
from onrecord.index.store.base import Connection, Rows, note
from onrecord.index.store.catalogue import FILE, PURGE, Catalogue
from onrecord.index.store.keyword_tables import NOTED
from onrecord.index.store.lock import FolderLock
from onrecord.index.store.own_notes import OwnNotes
from onrecord.index.store.schema import FORMAT

TABLES = (  # each after those that it refers to
    *("articles", "origins", "sentences", "passages", "embeddings", "copies", "derived", "compared", "pairs"),
    *("dismissed", "edits", "earlier", "visits", "versions", "feeds", "feed_details", "items", "folders"),
    "folder_files",
)
NUMBERED = (("articles", "number"), ("passages", "key"), ("earlier", "number"), ("visits", "number"))
_LEFT = (*OwnNotes.NAMES, PURGE, FORMAT, NOTED)  # notes about the place and its caches
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a collection is. ``folder``: of its file, or with ``url`` of what this machine keeps of it."""

    folder: Path
    url: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """What the new place has now."""

    articles: int
    passages: int


def move(source: Place, target: Place) -> Moved:
    """Copies a collection with all that is noted of it; the old place stays as it is. The search indexes are built anew
    where it is first opened, and keywords in a database with it.

    Raises `InputError` where there is nothing, or something at the new place already.
    """
    if not source.url and not (source.folder / FILE).exists():
        raise InputError(f"There is no collection in {source.folder}; name the data folder that it is in.")
    with ExitStack() as opened:
        old, new = (_open(place, opened) for place in (source, target))
        with old.snapshot() as found, new.filling() as connection:
            for table in TABLES:
                _copy(found.execute(f"SELECT * FROM {table}"), connection, table)
            for name, value in found.execute("SELECT name, value FROM meta").fetchall():
                if name not in _LEFT:
                    note(connection, name, value)
            for table, column in NUMBERED:
                new.count_on(connection, table, column, old.last_number(table, column))
        return Moved(len(new.article_ids()), new.passage_count())


def _open(place: Place, opened: ExitStack) -> Catalogue:
    lock = FolderLock(place.folder)
    opened.callback(lock.release)
    return opened.enter_context(closing(Catalogue(place.folder, place.url)))


def _copy(rows: Rows, connection: Connection, table: str) -> None:
    for some in batched(rows, _AT_ONCE):
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(some[0]))})", some)
