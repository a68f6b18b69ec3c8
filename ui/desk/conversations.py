"""Conversations, pinned quotes and saved questions, with pointers into articles."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from onrecord.index.errors import InputError
from onrecord.index.store.base import Database
from onrecord.index.types import Article, Filter
from onrecord.qa.types import Answer
from onrecord.ui.desk.feedback_files import take_over
from onrecord.ui.desk.forgetting import ArticleLookup, case_without_removed, without_removed
from onrecord.ui.desk.records import Record, from_dict
from onrecord.ui.desk.tables import FileTables, SharedTables, Tables, keep_note
from onrecord.ui.escape import shorten

_RECORDS = (("turns", "record"), ("saved", "seen"), ("saved", "now"), ("saved", "written"))  # where answers are kept
FILE = "conversations.sqlite"


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

    They are in the file ``path`` or, where the articles are in a ``database`` that several servers share, in that one,
    which then takes over what the file had. What is deleted or replaced is gone when the method returns, from the file
    and those beside it, or from the database's tables. ``shared``: these, for what else all servers have in common.
    """

    def __init__(self, path: Path, database: Database | None = None) -> None:
        self._lookup: Callable[[], ArticleLookup] | None = None
        self.shared = None if database is None else SharedTables(database, path)
        self._tables: Tables = self.shared or FileTables(path)
        self.changing, self.execute, self.close = self._tables.changing, self._tables.execute, self._tables.close
        take_over(self._tables, path.parent)

    def follow(self, article: Callable[[str], Article], revision: int) -> None:
        """From now on, and in what is kept already, there is nothing of an article that is gone but what was cited.

        ``article`` and ``revision`` are a library's; ``forget`` is to be called after each removal from it.
        """
        self._lookup = lambda: ArticleLookup(article)
        seen = self.execute("SELECT value FROM notes WHERE name='revision'")
        if seen != [(str(revision),)]:
            self.forget(revision)

    def forget(self, revision: int) -> None:
        """Takes out of everybody's answers what they did not cite and no article says any longer, and of feedback."""
        with self.changing(taking=True):
            if self._lookup:
                self._forget(self._lookup())
            keep_note(self._tables, "revision", str(revision))

    def _forget(self, lookup: ArticleLookup) -> None:
        for table, column in _RECORDS:
            for key, data in self.execute(f"SELECT id, {column} FROM {table} WHERE {column} != ''"):
                try:
                    record = from_dict(json.loads(data))
                except (InputError, ValueError):  # of another version: nothing of it can be told apart
                    continue
                if (less := without_removed(record, lookup)) != record:
                    self.execute(f"UPDATE {table} SET {column}=? WHERE id=?", (_json(less), key))
        for key, data in self.execute("SELECT id, said FROM feedback"):
            said = json.loads(data)
            left = case_without_removed(said, lookup)
            if left is None:
                self.execute("DELETE FROM feedback WHERE id=?", (key,))
            elif left != said:
                self.execute("UPDATE feedback SET said=? WHERE id=?", (json.dumps(left, ensure_ascii=False), key))

    def begin(self, owner: str, question: str) -> str:
        """A new conversation, named after its first question; its id."""
        key, at = uuid.uuid4().hex[:16], now()
        with self.changing():
            self.execute(
                "INSERT INTO conversations VALUES (?,?,?,?,?)", (key, owner, shorten(question.strip(), 80), at, at)
            )
        return key

    def _check(self, owner: str, key: str) -> None:
        if not self.execute("SELECT 1 FROM conversations WHERE id=? AND owner=?", (key, owner)):
            raise InputError("This conversation is not here; it may have been deleted. Begin a new one.")

    def keep(self, owner: str, key: str, record: Record) -> None:
        """Adds the turn, or replaces the one with the same id in its place."""
        words = " ".join([record.question, record.answer_text, *(q.quote for q in record.answer.citations)])
        with self.changing(taking=not record.live):
            self._check(owner, key)
            if self._lookup:  # an article may have been removed since it was found for this answer
                record = without_removed(record, self._lookup())
            data = _json(record)
            # First, so that two servers take turns at one conversation.
            self.execute("UPDATE conversations SET updated=? WHERE id=?", (now(), key))
            self.execute(
                "INSERT INTO turns SELECT ?,?,COALESCE(MAX(position),-1)+1,?,? FROM turns WHERE conversation=?"
                " ON CONFLICT(id) DO UPDATE SET words=excluded.words, record=excluded.record",
                (record.id, key, words, data, key),
            )

    def drop_turn(self, owner: str, key: str, turn: str) -> None:
        with self.changing(taking=True):
            self._check(owner, key)
            self.execute("DELETE FROM turns WHERE id=? AND conversation=?", (turn, key))

    def turns(self, owner: str, key: str) -> tuple[Record, ...]:
        """The conversation's turns in order. A turn that was cut off by a crash counts as stopped."""
        self._check(owner, key)
        rows = self.execute("SELECT record FROM turns WHERE conversation=? ORDER BY position", (key,))
        records = [from_dict(json.loads(row[0])) for row in rows]
        return tuple(replace(r, state="stopped") if r.live else r for r in records)

    def list(self, owner: str, search: str = "") -> tuple[Conversation, ...]:
        """Newest first; with ``search``, those whose name, questions, answers or quotes hold every word of it."""
        where, values = "", [owner]
        for word in search.split():
            like = "%" + word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
            where += (
                " AND (lower(c.title) LIKE lower(?) ESCAPE '\\' OR EXISTS"
                " (SELECT 1 FROM turns w WHERE w.conversation=c.id AND lower(w.words) LIKE lower(?) ESCAPE '\\'))"
            )
            values += [like, like]
        rows = self.execute(
            "SELECT c.id, c.title, c.created, c.updated, COUNT(t.id) FROM conversations c LEFT JOIN turns t"
            f" ON t.conversation=c.id WHERE c.owner=?{where} GROUP BY c.id ORDER BY c.updated DESC, c.rowid DESC",
            values,
        )
        return tuple(Conversation(*row) for row in rows)

    def title(self, owner: str, key: str) -> str:
        self._check(owner, key)
        return str(self.execute("SELECT title FROM conversations WHERE id=?", (key,))[0][0])

    def rename(self, owner: str, key: str, title: str) -> None:
        name = shorten(" ".join(title.split()), 120)
        if not name:
            raise InputError("A conversation needs a name of at least one character.")
        with self.changing(taking=True):
            self._check(owner, key)
            self.execute("UPDATE conversations SET title=? WHERE id=?", (name, key))

    def delete(self, owner: str, key: str) -> None:
        """Removes it, its turns and what was said of them from the file itself, not only from the list."""
        with self.changing(taking=True):
            self._check(owner, key)
            self.execute("DELETE FROM conversations WHERE id=?", (key,))


def _json(record: Record) -> str:
    return json.dumps(record.to_dict(), ensure_ascii=False)
