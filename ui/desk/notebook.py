"""Quotes that a person pinned, from any conversation or article, each with a line of their own."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from onrecord.index.errors import InputError
from onrecord.qa.records import from_dict, to_dict
from onrecord.qa.types import Answer, AnswerSentence, Citation
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import shorten

MOST = 2_000  # notes of one owner
LINE = 500  # characters
_LOST = "This note is no longer here; it may have been removed in another tab."


@dataclass(frozen=True, slots=True)
class Note:
    """A quote as it was when it was pinned. ``line``: what its owner wrote beside it."""

    id: str
    quote: Citation
    line: str = ""

    @property
    def record(self) -> Record:
        """The note as an answer that is its quote, under its article's title: so it is drawn, checked and exported."""
        said = (AnswerSentence(self.quote.quote, (self.quote,), "supported"),)
        warnings = (self.line,) if self.line else ()
        return Record(self.id, Answer(self.quote.title, "", said, status="answered", warnings=warnings), "done")


class Notebook:
    """The notes of a collection, in the file of its conversations: what is removed is in no file afterwards.

    Every method reads and changes what its owner has, and nothing else.
    """

    def __init__(self, kept: Conversations) -> None:
        self._kept = kept

    def notes(self, owner: str) -> tuple[Note, ...]:
        """In the order in which they were pinned."""
        rows = self._kept.execute("SELECT id, quote, line FROM pinned WHERE owner=? ORDER BY rowid", (owner,))
        return tuple(Note(key, from_dict(Citation, json.loads(quote)), line) for key, quote, line in rows)

    def note(self, owner: str, key: str) -> Note:
        for one in self.notes(owner):
            if one.id == key:
                return one
        raise InputError(_LOST)

    def pin(self, owner: str, quotes: Sequence[Citation]) -> int:
        """Adds the quotes that are not there yet, and says how many these were."""
        with self._kept.changing():
            there = {(one.quote.place, one.quote.quote) for one in self.notes(owner)}
            fresh = {(one.place, one.quote): one for one in quotes if (one.place, one.quote) not in there}
            if len(there) + len(fresh) > MOST:
                raise InputError(f"There are {len(there):,} notes, and room for {MOST:,}; remove some first.")
            for one in fresh.values():
                data = json.dumps(to_dict(replace(one, number=1, also_in=())), ensure_ascii=False)
                self._kept.execute("INSERT INTO pinned VALUES (?,?,?,'')", (uuid.uuid4().hex[:16], owner, data))
        return len(fresh)

    def write(self, owner: str, key: str, line: str) -> None:
        """The person's own line beside a quote, in place of the one before."""
        with self._kept.changing(taking=True):
            self.note(owner, key)
            self._kept.execute("UPDATE pinned SET line=? WHERE id=?", (shorten(" ".join(line.split()), LINE), key))

    def remove(self, owner: str, key: str) -> None:
        with self._kept.changing(taking=True):
            self.note(owner, key)
            self._kept.execute("DELETE FROM pinned WHERE id=?", (key,))
