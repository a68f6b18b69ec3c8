"""Conversations, pinned quotes and saved questions, kept in SQLite in the data folder with pointers into articles."""

import json
import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onrecord.index.errors import DiskFull, InputError, LibraryClosed, StoreError
from onrecord.index.store import modes, reserve
from onrecord.index.store.faults import point
from onrecord.index.store.schema import SHRINKS, plain_errors
from onrecord.index.store.scrub import Scrubber
from onrecord.index.types import Article, Filter
from onrecord.qa.types import Answer
from onrecord.ui.desk.feedback_files import forget_conversation
from onrecord.ui.desk.forgetting import ArticleLookup, without_removed
from onrecord.ui.desk.records import Record, from_dict
from onrecord.ui.escape import shorten

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_of ON turns(conversation, position);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pinned (id TEXT PRIMARY KEY, owner TEXT NOT NULL, quote TEXT NOT NULL, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS saved (id TEXT PRIMARY KEY, owner TEXT NOT NULL, revision TEXT NOT NULL,
  seen TEXT NOT NULL, now TEXT NOT NULL, written TEXT NOT NULL);
"""
_RECORDS = (("turns", "record"), ("saved", "seen"), ("saved", "now"), ("saved", "written"))  # where answers are kept
_VERSION = 1
FILE = "conversations.sqlite"

log = logging.getLogger("onrecord")


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


def new_record(question: str, scope: Filter) -> Record:
    """A question that is asked now, and has no answer yet."""
    return Record(uuid.uuid4().hex[:12], Answer(question, ""), scope=scope, asked=now())


class Conversations:
    """Every method that takes an owner reads and changes what that one owns, and nothing else.

    What is deleted or replaced is gone from the file, and from those beside it, when the method returns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._closed = False
        self._lookup: Callable[[], ArticleLookup] | None = None
        try:
            self._open()
        except DiskFull:
            if not reserve.release(path.parent):
                raise
            self._open()

    def _open(self) -> None:
        with plain_errors(self._path.parent, "file of conversations"):
            modes.make_folder(self._path.parent)
            modes.make_file(self._path)
            self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            try:
                self._begin()
                self._scrubber = Scrubber(self._path)
                if self._note("due"):
                    self._scrub()
            except BaseException:
                self._db.close()
                raise

    def _begin(self) -> None:
        if self._db.execute("PRAGMA user_version").fetchone()[0] > _VERSION:
            raise StoreError(
                f"{self._path} was written by a newer OnRecord; start that version, or move the file away."
            )
        self._db.execute(SHRINKS)
        for setting in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.executescript(_SCHEMA)
        if not self._db.execute("PRAGMA auto_vacuum").fetchone()[0]:  # of a version that left deleted text in the file
            self._db.execute("VACUUM")
            self._db.execute("INSERT OR REPLACE INTO notes VALUES ('due', '1')")
        self._db.execute(f"PRAGMA user_version={_VERSION}")

    def close(self) -> None:
        """A second call does nothing; any other one raises `LibraryClosed` from then on."""
        with self._lock:
            self._closed = True
            self._db.close()
            self._scrubber.close()

    @contextmanager
    def changing(self, *, taking: bool = False) -> Iterator[None]:
        """One change, whole or not at all. ``taking``: it takes text out, whose bytes are then gone too."""
        with self._alone(), plain_errors(self._path.parent, "file of conversations"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if taking:
                    self._db.execute("INSERT OR REPLACE INTO notes VALUES ('due', '1')")
                point("conversations.commit.before")
                self._db.execute("COMMIT")
                point("conversations.commit.after")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            if taking:
                self._scrub()
                point("conversations.scrub.after")

    def _scrub(self) -> None:
        if self._scrubber.scrub(self._db):
            self._db.execute("DELETE FROM notes WHERE name='due'")

    def _note(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM notes WHERE name=?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def execute(self, statement: str, values: Sequence[str] = ()) -> list[Any]:
        """The rows that a statement gives; one that changes something belongs into ``changing``."""
        with self._alone():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """What works beside the server may still come after it was closed: it is told so, as by the library."""
        with self._lock:
            if self._closed:
                raise LibraryClosed("The conversations were closed before this call; open the collection again.")
            yield

    def follow(self, article: Callable[[str], Article], revision: int) -> None:
        """From now on, and in what is kept already, there is nothing of an article that is gone but what was cited.

        ``article`` and ``revision`` are a library's; ``forget`` is to be called after each removal from it.
        """
        self._lookup = lambda: ArticleLookup(article)
        with self._alone():
            seen = self._note("revision")
        if seen != str(revision):
            self.forget(revision)

    def forget(self, revision: int) -> None:
        """Takes out of everybody's answers what they did not cite and no article says any longer."""
        with self.changing(taking=True):
            lookup = self._lookup() if self._lookup else None
            for table, column in _RECORDS if lookup else ():
                rows = self._db.execute(f"SELECT id, {column} FROM {table} WHERE {column} != ''").fetchall()
                for key, data in rows:
                    try:
                        record = from_dict(json.loads(data))
                    except (InputError, ValueError):  # of another version: nothing of it can be told apart
                        continue
                    if lookup and (less := without_removed(record, lookup)) != record:
                        self._db.execute(f"UPDATE {table} SET {column}=? WHERE id=?", (_json(less), key))
            self._db.execute("INSERT OR REPLACE INTO notes VALUES ('revision', ?)", (str(revision),))

    def begin(self, owner: str, question: str) -> str:
        """A new conversation, named after its first question; its id."""
        key, at = uuid.uuid4().hex[:16], now()
        with self.changing():
            self._db.execute(
                "INSERT INTO conversations VALUES (?,?,?,?,?)", (key, owner, shorten(question.strip(), 80), at, at)
            )
        return key

    def _check(self, owner: str, key: str) -> None:
        if not self._db.execute("SELECT 1 FROM conversations WHERE id=? AND owner=?", (key, owner)).fetchone():
            raise InputError("This conversation is not here; it may have been deleted. Begin a new one.")

    def keep(self, owner: str, key: str, record: Record) -> None:
        """Adds the turn, or replaces the one with the same id in its place."""
        words = " ".join([record.question, record.answer_text, *(q.quote for q in record.answer.citations)])
        with self.changing(taking=not record.live):
            self._check(owner, key)
            if self._lookup:  # an article may have been removed since it was found for this answer
                record = without_removed(record, self._lookup())
            data = _json(record)
            self._db.execute(
                "INSERT INTO turns SELECT ?,?,COALESCE(MAX(position),-1)+1,?,? FROM turns WHERE conversation=?"
                " ON CONFLICT(id) DO UPDATE SET words=excluded.words, record=excluded.record",
                (record.id, key, words, data, key),
            )
            self._db.execute("UPDATE conversations SET updated=? WHERE id=?", (now(), key))

    def drop_turn(self, owner: str, key: str, turn: str) -> None:
        with self.changing(taking=True):
            self._check(owner, key)
            self._db.execute("DELETE FROM turns WHERE id=? AND conversation=?", (turn, key))

    def turns(self, owner: str, key: str) -> tuple[Record, ...]:
        """The conversation's turns in order. A turn that was cut off by a crash counts as stopped."""
        with self._alone():
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
        with self._alone():
            rows = self._db.execute(
                "SELECT c.id, c.title, c.created, c.updated, COUNT(t.id) FROM conversations c LEFT JOIN turns t"
                f" ON t.conversation=c.id WHERE c.owner=?{where} GROUP BY c.id ORDER BY c.updated DESC, c.rowid DESC",
                values,
            ).fetchall()
        return tuple(Conversation(*row) for row in rows)

    def title(self, owner: str, key: str) -> str:
        with self._alone():
            self._check(owner, key)
            return str(self._db.execute("SELECT title FROM conversations WHERE id=?", (key,)).fetchone()[0])

    def rename(self, owner: str, key: str, title: str) -> None:
        name = shorten(" ".join(title.split()), 120)
        if not name:
            raise InputError("A conversation needs a name of at least one character.")
        with self.changing(taking=True):
            self._check(owner, key)
            self._db.execute("UPDATE conversations SET title=? WHERE id=?", (name, key))

    def delete(self, owner: str, key: str) -> None:
        """Removes the conversation and its turns from the file itself, not only from the list."""
        with self.changing(taking=True):
            self._check(owner, key)
            turns = [row[0] for row in self._db.execute("SELECT id FROM turns WHERE conversation=?", (key,))]
            forget_conversation(self._path.parent, key, turns)
            self._db.execute("DELETE FROM conversations WHERE id=?", (key,))


def _json(record: Record) -> str:
    return json.dumps(record.to_dict(), ensure_ascii=False)
