"""What was found by comparing articles with one another, beside them in the same file: it goes when they go."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from onrecord.index.store.base import Database, note
from onrecord.index.types import Sentence

# What is dismissed outlives the storing anew of an article, and is forgotten with its removal.
TABLES = """
CREATE TABLE IF NOT EXISTS compared (number INTEGER PRIMARY KEY REFERENCES articles(number) ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS pairs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    one TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    one_idx INTEGER NOT NULL, one_start INTEGER NOT NULL, one_end INTEGER NOT NULL,
    other TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    other_idx INTEGER NOT NULL, other_start INTEGER NOT NULL, other_end INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pairs_by_one ON pairs(one);
CREATE INDEX IF NOT EXISTS pairs_by_other ON pairs(other);
CREATE TABLE IF NOT EXISTS dismissed (id TEXT PRIMARY KEY, one TEXT NOT NULL, other TEXT NOT NULL) WITHOUT ROWID;
"""

_VERSION = "compared"  # a note
_PENDING = "FROM articles WHERE number NOT IN (SELECT number FROM compared)"


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence, and from where to where in its text something was found."""

    sentence: Sentence
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two places in different articles, and what kind of thing was found in them."""

    kind: str
    one: Place
    other: Place

    @property
    def id(self) -> str:
        """The same for the same two sentences of the same articles, whichever comes first."""
        said = sorted(f"{s.article_id}\0{s.text}" for s in (self.one.sentence, self.other.sentence))
        return hashlib.sha256("\0\0".join(said).encode()).hexdigest()[:16]


class PairNotes:
    """Nothing here changes the collection's revision."""

    def __init__(self, database: Database) -> None:
        self._reader, self._writer, self._transaction = database.reader, database.writer, database.transaction
        self._errand = database.errand

    def pending(self) -> list[tuple[int, str]]:
        """The number and the id of each article that was not compared since it was stored, in that order."""
        with self._reader() as connection:
            rows = connection.execute(f"SELECT number, id {_PENDING} ORDER BY number")
            return [(int(number), str(key)) for number, key in rows]

    @contextmanager
    def turn(self, number: int) -> Iterator[bool]:
        """Whether the article is still to be compared. Servers over one collection take turns, one article each."""
        with self._errand("pairs"):
            with self._reader() as connection:
                (pending,) = connection.execute(f"SELECT count(*) {_PENDING} AND number = ?", (number,)).fetchone()
            yield bool(pending)

    def keep(self, number: int, pairs: Iterable[Pair]) -> None:
        """Notes that an article was compared, and what was found; nothing of articles that went meanwhile."""
        rows = [(pair.id, pair.kind, *_row(pair.one), *_row(pair.other)) for pair in pairs]
        with self._transaction() as connection:
            there = "SELECT count(*) FROM articles WHERE id IN (?, ?)"
            for row in rows:
                if connection.execute(there, (row[2], row[6])).fetchone()[0] == 2:
                    connection.execute("DELETE FROM pairs WHERE id = ?", (row[0],))
                    connection.execute("INSERT INTO pairs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute(
                "INSERT INTO compared SELECT number FROM articles WHERE number = ? ON CONFLICT DO NOTHING", (number,)
            )

    def pairs(self) -> tuple[Pair, ...]:
        """Those that were not dismissed and whose sentences are as they were."""
        query = """
            SELECT p.id, p.kind,
                a.article_id, a.idx, a.start_char, a.end_char, a.text, p.one_start, p.one_end,
                b.article_id, b.idx, b.start_char, b.end_char, b.text, p.other_start, p.other_end
            FROM pairs p JOIN sentences a ON a.article_id = p.one AND a.idx = p.one_idx
            JOIN sentences b ON b.article_id = p.other AND b.idx = p.other_idx
            WHERE p.id NOT IN (SELECT id FROM dismissed) ORDER BY p.id"""
        with self._reader() as connection:
            rows = connection.execute(query).fetchall()
        found = ((row[0], Pair(row[1], _place(row[2:9]), _place(row[9:16]))) for row in rows)
        return tuple(pair for key, pair in found if pair.id == key)

    def dismiss(self, pair_id: str) -> bool:
        """The pair is shown no more; False where there is none of that id."""
        with self._writer() as connection:
            done = connection.execute(
                "INSERT INTO dismissed SELECT id, one, other FROM pairs WHERE id = ? ON CONFLICT DO NOTHING", (pair_id,)
            )
            known = connection.execute("SELECT 1 FROM dismissed WHERE id = ?", (pair_id,)).fetchone()
            return bool(done.rowcount > 0 or known)

    def made_by(self, version: str) -> None:
        """Forgets what another way of comparing has found; what was dismissed stays so."""
        with self._transaction() as connection:
            kept = connection.execute("SELECT value FROM meta WHERE name = ?", (_VERSION,)).fetchone()
            if not kept or kept[0] != version:
                connection.execute("DELETE FROM pairs")
                connection.execute("DELETE FROM compared")
                note(connection, _VERSION, version)


def _row(place: Place) -> tuple[str, int, int, int]:
    return place.sentence.article_id, place.sentence.index, place.start, place.end


def _place(row: Sequence[object]) -> Place:
    *sentence, start, end = row
    return Place(Sentence(*sentence), int(str(start)), int(str(end)))  # type: ignore[arg-type]
