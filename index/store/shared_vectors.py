"""Chroma as a server under a catalogue that several processes share.

What the server has not yet is in the catalogue: a row for each passage that was added or deleted, written by the
database in the same transaction. Whoever changes the collection settles what is owed, in order, one at a time among all
processes; what one that was cut off has left, or a server that was away has missed, the next one does. Until nothing is
owed, and while the server is away, searches do without it.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Any

from onrecord.index.errors import StoreError
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.chroma import LARGEST_BATCH, fill
from onrecord.index.store.entries import Change
from onrecord.index.store.faults import point
from onrecord.index.store.postgresql import PostgresqlDatabase
from onrecord.index.store.vectors import VectorStore
from onrecord.index.types import Filter, Vectors

COLLECTION = "chroma_collection"  # a note: which one the owed rows are about; Chroma never gives its name twice
FIRST_AWAY, LONGEST = 2.0, 60.0  # seconds for which a server that failed is not asked again, twice as many each time
_TABLE = """
CREATE TABLE vectors_owed (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key INTEGER NOT NULL, gone INTEGER NOT NULL
)"""
_TRIGGER = """
CREATE OR REPLACE FUNCTION owe_vector() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO vectors_owed (key, gone) VALUES (coalesce(NEW.key, OLD.key), (TG_OP = 'DELETE')::int);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER owed AFTER INSERT OR DELETE ON passages FOR EACH ROW EXECUTE FUNCTION owe_vector();
"""

log = logging.getLogger(__name__)


class SharedVectorStore(VectorStore):
    """As a `VectorStore`, over PostgreSQL and a Chroma server: all processes use one collection of it."""

    def __init__(self, catalogue: Catalogue, *, url: str) -> None:
        super().__init__(catalogue, url=url)
        assert isinstance(catalogue.shared, PostgresqlDatabase)
        self._database = catalogue.shared
        self._away, self._away_until = FIRST_AWAY / 2.0, 0.0
        self._moving = False
        self._database.make(_TABLE)
        self._database.make(_TRIGGER)

    @property
    def in_step(self) -> bool:
        return self._collection is not None and not self._owed()

    def open(self) -> None:
        """Nothing: a server that is away is told the rest later."""

    def apply(self, *, added: Sequence[int], deleted: Sequence[int]) -> None:
        """What was added and deleted is owed already: settles it, now if the server is there, else later."""
        while self._tried(LARGEST_BATCH) is False:
            pass

    def follow_others(self, change: Change | None, foreign: int) -> None:
        """Nothing: they settle what they have changed, and what they leave is found to be owed."""

    def distrust(self) -> None:
        """Nothing: what it lacks is in the catalogue."""

    def refill(self, most: int) -> bool:
        """Settles at most so much of what is owed; True when nothing is owed any more."""
        return self._tried(most) is True

    def renew(self) -> None:
        """What was deleted leaves the collection; its files are the server's."""
        self.apply(added=(), deleted=())

    def repair(self) -> tuple[int, int]:
        """See `VectorStore.repair`. Raises ``StoreError`` when the server is away."""
        self._settle_all()
        wanted, stored = {int(key) for key in self._catalogue.passage_rows()[0]}, self.keys()
        rows = [(key, 0) for key in sorted(wanted - stored)] + [(key, 1) for key in sorted(stored - wanted)]
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO vectors_owed (key, gone) VALUES (?, ?)", rows)
        self._settle_all()
        return len(wanted - stored), len(stored - wanted)

    def rebuild(self) -> None:
        """As `repair`; a server with another address takes the place of the one that was used."""
        self._moving = True
        try:
            self.repair()
        finally:
            self._moving = False

    def query_many(self, vectors: Vectors, *, top_k: int, where: Filter | None = None) -> list[list[tuple[int, float]]]:
        try:
            if time.monotonic() >= self._away_until and not self._owed():
                return super().query_many(vectors, top_k=top_k, where=where)
        except StoreError as error:
            self._failed(error)
        return [[] for _ in vectors]

    # -- what is owed --------------------------------------------------------------------------------------------------

    def _owed(self) -> bool:
        """Whether anything is, or what is owed is about another collection."""
        query = "SELECT value FROM meta WHERE name = ? AND NOT EXISTS (SELECT 1 FROM vectors_owed)"
        with self._database.reader() as connection:
            settled = connection.execute(query, (COLLECTION,)).fetchone()
        if settled and settled[0] != self._identity(self._opened()):
            self.close()  # another process has begun it anew
            return bool(settled[0] != self._identity(self._opened()))
        return settled is None

    def _tried(self, most: int) -> bool | None:
        """As `_settle`; None where the server is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            self._opened()
            done = self._settle(most)
        except StoreError as error:
            self._failed(error)
            return None
        self._away = FIRST_AWAY / 2.0
        return done

    def _settle_all(self) -> None:
        self._opened()
        while not self._settle(LARGEST_BATCH):
            pass

    def _settle(self, most: int) -> bool:
        """One batch, in the order in which it came to be owed; True when that was all.

        Rows are numbered in the order in which they are seen, as writers take turns.
        """
        query = "SELECT number, key, gone FROM vectors_owed ORDER BY number LIMIT ?"
        with self._database.errand("vectors") as connection:
            if self._catalogue.note(COLLECTION) != self._identity(self._collection):
                raise StoreError(f"The collection at {self._url} was begun anew, so it is opened again.")
            rows = connection.execute(query, (most,)).fetchall()
            if not rows:
                return True
            gone = {int(key) for _, key, is_gone in rows if is_gone}
            added = [int(key) for _, key, is_gone in rows if not is_gone and int(key) not in gone]
            with self._using, self._plain_errors():
                if gone:
                    point("vectors.delete.before")
                    self._collection.delete(ids=[str(key) for key in sorted(gone)])
                    point("vectors.delete.after")
                fill(self._collection, self._catalogue.vector_rows(added))
            connection.execute("DELETE FROM vectors_owed WHERE number <= ?", (rows[-1][0],))
            point("vectors.noted.before")
        return len(rows) < most

    def _opened(self) -> Any:
        """The collection; one that is not what the owed rows are about, as after the server lost it, is owed all."""
        with self._using:
            if self._collection is None:
                collection = super()._opened()
                self._client._server._session.timeout = 60.0  # it has none, and a server may hang
                try:
                    self._adopt(self._identity(collection))
                except BaseException:
                    self.close()
                    raise
            return self._collection

    def _adopt(self, identity: str) -> None:
        with self._database.transaction() as connection:
            noted = self._catalogue.note(COLLECTION)
            if noted == identity:
                return
            other = noted.rpartition(" ")[0]
            if other not in ("", self._url) and not self._moving:
                raise StoreError(
                    f"Another Chroma server, {other}, is used with these articles; name that one, or run "
                    f"`onrecord rebuild` to use {self._url}."
                )
            connection.execute("DELETE FROM vectors_owed")
            connection.execute("INSERT INTO vectors_owed (key, gone) SELECT key, 0 FROM passages ORDER BY key")
            self._catalogue.set_note(COLLECTION, identity)

    def _identity(self, collection: Any) -> str:
        return f"{self._url} {collection.id}"

    def _generation(self) -> int:
        return 1

    def _failed(self, error: StoreError) -> None:
        log.warning("%s", error)
        self._away = min(2.0 * self._away, LONGEST)
        self._away_until = time.monotonic() + self._away
        with contextlib.suppress(StoreError):
            self.close()
