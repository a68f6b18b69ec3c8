"""What the catalogue keeps of the web: the log of requests, the versions of pages, the feeds that are followed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onrecord.index.errors import InputError
from onrecord.index.fetching.values import UNKNOWN, Version, Visit
from onrecord.index.store.base import Connection, Database, now

TABLES = """
CREATE TABLE IF NOT EXISTS visits (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL, address TEXT NOT NULL, status INTEGER NOT NULL, bytes INTEGER NOT NULL, outcome TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS versions (
    address TEXT PRIMARY KEY, etag TEXT NOT NULL, modified TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feeds (
    address TEXT PRIMARY KEY, title TEXT NOT NULL, followed TEXT NOT NULL, looked TEXT NOT NULL, said TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feed_details (
    address TEXT PRIMARY KEY REFERENCES feeds(address) ON DELETE CASCADE, note TEXT NOT NULL, page INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    feed TEXT NOT NULL REFERENCES feeds(address) ON DELETE CASCADE,
    address TEXT NOT NULL, published TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
    PRIMARY KEY (feed, address)
) WITHOUT ROWID;
"""
_KEEP_VERSION = """
INSERT INTO versions VALUES (?, ?, ?)
ON CONFLICT (address) DO UPDATE SET etag = excluded.etag, modified = excluded.modified
"""
LOGGED = 10_000  # requests of which the log is kept, the newest
TRIES = 5  # looks at a feed after which an item of it that cannot be fetched is given up

# States of an item: to be read now, at the next look, never again, and again as its feed gives a later day for it.
WAITING, AGAIN, DONE, CHANGED = "waiting", "again", "done", "changed"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is followed. ``looked``: when it was last fetched, ISO 8601 in UTC; ``said``: what went wrong then.

    ``waiting``: how many of its items are still to be read; ``note``: which of them are not, in a sentence.
    ``page``: it is a page, read again when it changed.
    """

    address: str
    title: str
    followed: str
    looked: str
    said: str
    waiting: int = 0
    note: str = ""
    page: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """What a feed lists: the address of a page, and the day that the feed gives for it, which may be empty.

    ``changed``: it was read, and the feed gives a later day for it now.
    """

    address: str
    published: str = ""
    changed: bool = False


class WebNotes:
    """Beside the articles, in the same file; nothing here changes the collection's revision."""

    def __init__(self, database: Database) -> None:
        self._reader, self._writer, self._transaction = database.reader, database.writer, database.transaction

    # -- the log -----------------------------------------------------------------------------------------------

    def note(self, visit: Visit) -> None:
        """Adds a request to the log, from which the oldest goes."""
        row = (visit.at, visit.address, visit.status, visit.bytes, visit.outcome)
        with self._writer() as connection:
            columns = "INSERT INTO visits (at, address, status, bytes, outcome) VALUES (?, ?, ?, ?, ?)"
            ((number,),) = connection.execute(f"{columns} RETURNING number", row).fetchall()
            connection.execute("DELETE FROM visits WHERE number <= ?", (number - LOGGED,))

    def visits(self, most: int = LOGGED) -> tuple[Visit, ...]:
        """The newest requests, the newest first."""
        with self._reader() as connection:
            rows = connection.execute(
                "SELECT at, address, status, bytes, outcome FROM visits ORDER BY number DESC LIMIT ?", (most,)
            )
            return tuple(Visit(*row) for row in rows)

    # -- versions ----------------------------------------------------------------------------------------------

    def version(self, address: str) -> Version:
        """What was last kept of this address, empty when nothing was."""
        with self._reader() as connection:
            row = connection.execute("SELECT etag, modified FROM versions WHERE address = ?", (address,)).fetchone()
        return Version(*row) if row else UNKNOWN

    def keep_version(self, address: str, version: Version) -> None:
        with self._writer() as connection:
            connection.execute(_KEEP_VERSION, (address, version.etag, version.modified))

    # -- feeds -------------------------------------------------------------------------------------------------

    def feeds(self) -> tuple[Feed, ...]:
        """In the order in which they were followed."""
        query = """
            SELECT address, title, followed, looked, said,
                (SELECT count(*) FROM items WHERE feed = feeds.address AND state IN (?, ?)), coalesce(note, ''), page
            FROM feeds LEFT JOIN feed_details USING (address) ORDER BY followed, address"""
        with self._reader() as connection:
            rows = connection.execute(query, (WAITING, CHANGED))
            return tuple(Feed(*[*stated, bool(page)]) for *stated, page in rows)

    def feed(self, address: str) -> Feed:
        """Raises ``InputError`` for one that is not followed."""
        found = next((feed for feed in self.feeds() if feed.address == address), None)
        if found is None:
            raise InputError(f"The feed {address} is not followed; `onrecord follow` lists those that are.")
        return found

    def follow(self, address: str, title: str, *, page: bool = False) -> None:
        with self._transaction() as connection:
            new = "INSERT INTO feeds VALUES (?, ?, ?, '', '') ON CONFLICT DO NOTHING"
            connection.execute(new, (address, title, now()))
            details = "INSERT INTO feed_details VALUES (?, '', ?) ON CONFLICT (address)"
            connection.execute(f"{details} DO UPDATE SET note = '', page = excluded.page", (address, int(page)))

    def unfollow(self, address: str) -> None:
        with self._writer() as connection:
            connection.execute("DELETE FROM feeds WHERE address = ?", (address,))
            connection.execute("DELETE FROM versions WHERE address = ?", (address,))

    def look(self, address: str, *, said: str = "", items: Iterable[Item] | None = None, note: str = "") -> None:
        """Notes that a feed was fetched, and the ``items`` that it lists now; None: those that it listed before.

        New ones wait to be read, and those that failed before, unless they did so often.
        """
        listed = None if items is None else list(items)
        with self._transaction() as connection:
            connection.execute("UPDATE feeds SET looked = ?, said = ? WHERE address = ?", (now(), said, address))
            if listed is not None:
                self._list(connection, address, listed)
                connection.execute("UPDATE feed_details SET note = ? WHERE address = ?", (note, address))
            connection.execute(
                "UPDATE items SET state = CASE WHEN tries < ? THEN ? ELSE ? END WHERE feed = ? AND state = ?",
                (TRIES, WAITING, DONE, address, AGAIN),
            )

    @staticmethod
    def _list(connection: Connection, feed: str, items: Sequence[Item]) -> None:
        named = {item.address for item in items}
        known = [row[0] for row in connection.execute("SELECT address FROM items WHERE feed = ?", (feed,))]
        gone = [(feed, one) for one in known if one not in named]
        connection.executemany("DELETE FROM items WHERE feed = ? AND address = ? AND state != 'waiting'", gone)
        rows = [(feed, item.address, item.published, WAITING) for item in items]
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING", rows)
        connection.executemany(
            "UPDATE items SET state = ?, published = ? WHERE feed = ? AND address = ? AND state = ? AND published < ?",
            [(CHANGED, one.published, feed, one.address, DONE, one.published) for one in items],
        )

    def waiting(self, feed: str) -> tuple[Item, ...]:
        """The items of a feed that are to be read now, the newest first."""
        with self._reader() as connection:
            rows = connection.execute(
                """SELECT address, published, state FROM items WHERE feed = ? AND state IN (?, ?)
                ORDER BY published DESC, address""",
                (feed, WAITING, CHANGED),
            )
            return tuple(Item(address, published, state == CHANGED) for address, published, state in rows)

    def settle(self, feed: str, read: Mapping[str, bool], versions: Mapping[str, Version]) -> None:
        """Notes that these items were read, or are to be tried again when the feed is looked at next, and what of."""
        states = [(AGAIN if again else DONE, feed, address) for address, again in read.items()]
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE items SET state = ?, tries = tries + 1 WHERE feed = ? AND address = ?", states
            )
            rows = [(address, one.etag, one.modified) for address, one in versions.items()]
            connection.executemany(_KEEP_VERSION, rows)
