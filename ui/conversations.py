"""Conversations, kept in SQLite in the data folder: questions, answers, and pointers into articles."""

import json
import sqlite3
import threading
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from onrecord.index.errors import InputError, StoreError
from onrecord.ui.escape import shorten
from onrecord.ui.records import Record, from_dict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_of ON turns(conversation, position);
"""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """One line of the list."""

    id: str
    title: str
    created: str
    updated: str
    turns: int


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Conversations:
    """Every method takes the owner, and nobody reads or changes what another owns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA foreign_keys=ON")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise StoreError(f"{path} was written by a newer OnRecord; start that version, or move the file away.")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"Conversations cannot be kept in {path} ({error}); check that it is writable.") from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def begin(self, owner: str, question: str) -> str:
        """A new conversation, named after its first question; its id."""
        key, at = uuid.uuid4().hex[:16], now()
        with self._lock:
            self._db.execute(
                "INSERT INTO conversations VALUES (?,?,?,?,?)", (key, owner, shorten(question.strip(), 80), at, at)
            )
        return key

    def _check(self, owner: str, key: str) -> None:
        if not self._db.execute("SELECT 1 FROM conversations WHERE id=? AND owner=?", (key, owner)).fetchone():
            raise InputError("This conversation is not here; it may have been deleted. Begin a new one.")

    def keep(self, owner: str, key: str, record: Record) -> None:
        """Adds the turn, or replaces the one with the same id in its place."""
        words = " ".join([record.question, record.answer_text, *(q.quote for q in record.cited)])
        data = json.dumps(record.to_dict(), ensure_ascii=False)
        with self._lock:
            self._check(owner, key)
            self._db.execute(
                "INSERT INTO turns SELECT ?,?,COALESCE(MAX(position),-1)+1,?,? FROM turns WHERE conversation=?"
                " ON CONFLICT(id) DO UPDATE SET words=excluded.words, record=excluded.record",
                (record.id, key, words, data, key),
            )
            self._db.execute("UPDATE conversations SET updated=? WHERE id=?", (now(), key))

    def drop_turn(self, owner: str, key: str, turn: str) -> None:
        with self._lock:
            self._check(owner, key)
            self._db.execute("DELETE FROM turns WHERE id=? AND conversation=?", (turn, key))

    def turns(self, owner: str, key: str) -> tuple[Record, ...]:
        """The conversation's turns in order. A turn that was cut off by a crash counts as stopped."""
        with self._lock:
            self._check(owner, key)
            rows = self._db.execute(
                "SELECT record FROM turns WHERE conversation=? ORDER BY position", (key,)
            ).fetchall()
        records = [from_dict(json.loads(row[0])) for row in rows]
        return tuple(replace(r, state="stopped") if r.live else r for r in records)

    def list(self, owner: str, search: str = "") -> tuple[Conversation, ...]:
        """Newest first; with ``search``, those whose name, questions, answers or quotes hold every word of it."""
        where, values = "", [owner]
        for word in search.split():
            like = "%" + word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
            where += (
                " AND (c.title LIKE ? ESCAPE '\\' OR EXISTS"
                " (SELECT 1 FROM turns w WHERE w.conversation=c.id AND w.words LIKE ? ESCAPE '\\'))"
            )
            values += [like, like]
        with self._lock:
            rows = self._db.execute(
                "SELECT c.id, c.title, c.created, c.updated, COUNT(t.id) FROM conversations c LEFT JOIN turns t"
                f" ON t.conversation=c.id WHERE c.owner=?{where} GROUP BY c.id ORDER BY c.updated DESC, c.rowid DESC",
                values,
            ).fetchall()
        return tuple(Conversation(*row) for row in rows)

    def title(self, owner: str, key: str) -> str:
        with self._lock:
            self._check(owner, key)
            return str(self._db.execute("SELECT title FROM conversations WHERE id=?", (key,)).fetchone()[0])

    def rename(self, owner: str, key: str, title: str) -> None:
        name = shorten(" ".join(title.split()), 120)
        if not name:
            raise InputError("A conversation needs a name of at least one character.")
        with self._lock:
            self._check(owner, key)
            self._db.execute("UPDATE conversations SET title=? WHERE id=?", (name, key))

    def delete(self, owner: str, key: str) -> None:
        """Removes the conversation and its turns from the file itself, not only from the list."""
        with self._lock:
            self._check(owner, key)
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.execute("DELETE FROM conversations WHERE id=?", (key,))
