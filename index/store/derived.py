"""What is made of each article by itself, such as who says what in it: kept beside the article, and gone with it."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from onrecord.index.store.base import Database

# An article that changes gets another number.
TABLE = """
CREATE TABLE IF NOT EXISTS derived (
    number INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    kind TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (number, kind)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Derived:
    """``numbers``: under which articles are stored now. ``made``: of each that was asked for, its id and the data."""

    numbers: frozenset[int]
    made: Mapping[int, tuple[str, str]]


class DerivedStore:
    """In the catalogue's file; nothing here changes the collection's revision."""

    def __init__(self, database: Database) -> None:
        self._reader, self._transaction = database.reader, database.transaction

    def missing(self, kind: str, version: int) -> list[tuple[int, str]]:
        """The numbers and ids of the articles of which there is none yet of this version."""
        query = """
            SELECT a.number, a.id FROM articles a
            LEFT JOIN derived d ON d.number = a.number AND d.kind = ? AND d.version = ?
            WHERE d.number IS NULL ORDER BY a.number"""
        with self._reader() as connection:
            return list(connection.execute(query, (kind, version)))

    def keep(self, kind: str, version: int, made: Iterable[tuple[int, str]]) -> None:
        """In place of an earlier version. What is of an article that was removed or changed meanwhile is dropped."""
        query = """
            INSERT INTO derived SELECT number, ?, ?, ? FROM articles WHERE number = ?
            ON CONFLICT (number, kind) DO UPDATE SET version = excluded.version, data = excluded.data"""
        with self._transaction() as connection:
            connection.executemany(query, [(kind, version, data, number) for number, data in made])

    def read(self, kind: str, version: int, known: Set[int], only: Set[str] | None = None) -> Derived:
        """All that is kept, but for the articles whose numbers are ``known``; ``only``: of these articles alone."""
        with self._reader() as connection:
            rows = connection.execute("SELECT number, id FROM articles").fetchall()
            fresh = {number: one for number, one in rows if number not in known and (only is None or one in only)}
            made = {}
            for number, article_id in fresh.items():
                row = connection.execute(
                    "SELECT data FROM derived WHERE number = ? AND kind = ? AND version = ?", (number, kind, version)
                ).fetchone()
                if row:
                    made[number] = (article_id, row[0])
        return Derived(frozenset(number for number, _ in rows), made)
