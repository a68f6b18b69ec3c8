"""Saved questions: asked again when articles arrive, each with what has changed since its answer was last seen."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from onrecord.index.errors import InputError
from onrecord.index.text.quantities import share_quantity
from onrecord.index.text.words import Words, words_of
from onrecord.index.types import Filter
from onrecord.qa.types import Answer, Citation, Disagreement, Finished, Status
from onrecord.ui.desk.conversations import Conversations, new_record
from onrecord.ui.desk.forgetting import ArticleLookup, without_removed
from onrecord.ui.desk.protocols import AssistantLike
from onrecord.ui.desk.records import Record, finish, from_dict

MOST = 100  # questions of one owner
LEAST_SHARED = 2  # content words that make two sentences of one matter
_LOST = "This question is not saved any longer; `onrecord questions` and the tab Overview show those that are."


@dataclass(frozen=True, slots=True)
class Change:
    """What an answer has that the one before it had not.

    ``status``: the new one, where it went from no answer to one or back; else None. ``new``: sentences that are cited
    now and were not found before. ``differ``: where what such a sentence says differs from what another article says.
    ``values``: a sentence that was cited, and a new one of the same matter that gives another number. ``gone``:
    sentences that were cited, and that no article says any longer.
    """

    status: Status | None = None
    new: tuple[Citation, ...] = ()
    differ: tuple[Disagreement, ...] = ()
    values: tuple[tuple[Citation, Citation], ...] = ()
    gone: tuple[Citation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.status or self.new or self.gone)

    @property
    def lines(self) -> tuple[str, ...]:
        """What changed, in sentences."""
        statuses = {
            "answered": "The articles answer this now; before, they did not say.",
            "abstained": "The articles do not say this any longer.",
        }
        said = [statuses[self.status]] if self.status else []
        counts = (
            (self.new, "new sentence answers it", "new sentences answer it"),
            (self.differ, "new difference between articles", "new differences between articles"),
            (self.values, "number is another one now", "numbers are other ones now"),
            (self.gone, "sentence that it stood on is gone", "sentences that it stood on are gone"),
        )
        return (*said, *(f"{len(found)} {one if len(found) == 1 else many}." for found, one, many in counts if found))


@dataclass(frozen=True, slots=True)
class SavedQuestion:
    """A question with the answer as it is now, and what changed since it was last seen. ``asked``: when, in UTC."""

    id: str
    question: str
    scope: Filter
    asked: str
    change: Change
    lines: tuple[str, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class _Row:
    """``seen`` and ``now``: answers in quotes, made alike; ``written``: that of the model, where it was made anew."""

    id: str
    owner: str
    seen: Record
    now: Record
    written: Record | None


class SavedQuestions:
    """Those of a collection, in the file of its conversations, where a removal leaves what they cite and no more.

    Every method that takes an owner reads and changes what that one owns, and nothing else.
    """

    def __init__(self, kept: Conversations, lookup: Callable[[], ArticleLookup]) -> None:
        self._kept, self._lookup = kept, lookup

    def list(self, owner: str) -> tuple[SavedQuestion, ...]:
        """In the order in which they were saved."""
        lookup = self._lookup()
        return tuple(_shown(row, lookup) for row in self._rows("owner=?", owner))

    def save(self, owner: str, question: str, scope: Filter, assistant: AssistantLike) -> SavedQuestion:
        """Asks it and keeps it, once for the same filter. ``assistant``: one without a model."""
        question = " ".join(question.split())
        for row in self._rows("owner=?", owner):
            if (row.now.question, row.now.scope) == (question, scope):
                return self.again(owner, row.id, assistant)
        record = answered(assistant, question, scope)
        with self._kept.changing():
            rows = self._kept.execute("SELECT COUNT(*) FROM saved WHERE owner=?", (owner,))
            if rows[0][0] >= MOST:
                raise InputError(f"There are {MOST} saved questions, which is the most; remove some first.")
            data = self._json(record)
            key = uuid.uuid4().hex[:8]
            revision = str(record.answer.index_revision)
            self._kept.execute("INSERT INTO saved VALUES (?,?,?,?,?,'')", (key, owner, revision, data, data))
        return self._one(owner, key)

    def again(self, owner: str, key: str, assistant: AssistantLike) -> SavedQuestion:
        """Asks it now; raises `InputError` where there is none."""
        row = self._row(owner, key)
        record = answered(assistant, row.now.question, row.now.scope)
        with self._kept.changing(taking=True):
            self._kept.execute(
                "UPDATE saved SET now=?, written='', revision=? WHERE id=?",
                (self._json(record), str(record.answer.index_revision), key),
            )
        return self._one(owner, key)

    def write(self, owner: str, key: str, record: Record) -> None:
        """Keeps the answer that the model wrote to what changed."""
        with self._kept.changing():
            self._kept.execute("UPDATE saved SET written=? WHERE id=? AND owner=?", (self._json(record), key, owner))

    def seen(self, owner: str, key: str) -> SavedQuestion:
        """From now on, what changes is counted from the answer as it is."""
        self._row(owner, key)
        with self._kept.changing(taking=True):
            self._kept.execute("UPDATE saved SET seen=now WHERE id=?", (key,))
        return self._one(owner, key)

    def remove(self, owner: str, key: str) -> None:
        self._row(owner, key)
        with self._kept.changing(taking=True):
            self._kept.execute("DELETE FROM saved WHERE id=?", (key,))

    def due(self, revision: int) -> tuple[tuple[str, str], ...]:
        """Owner and id of each, whoever's, that was not asked of this state of the collection."""
        rows = self._kept.execute("SELECT owner, id FROM saved WHERE revision != ? ORDER BY rowid", (str(revision),))
        return tuple((owner, key) for owner, key in rows)

    def _one(self, owner: str, key: str) -> SavedQuestion:
        return _shown(self._row(owner, key), self._lookup())

    def _row(self, owner: str, key: str) -> _Row:
        for row in self._rows("owner=? AND id=?", owner, key):
            return row
        raise InputError(_LOST)

    def _rows(self, condition: str, *values: str) -> Iterator[_Row]:
        query = f"SELECT id, owner, seen, now, written FROM saved WHERE {condition} ORDER BY rowid"
        for key, owner, seen, now, written in self._kept.execute(query, values):
            yield _Row(key, owner, _read(seen), _read(now), _read(written) if written else None)

    def _json(self, record: Record) -> str:
        """As it is kept: an article may have been removed since it was found for this answer."""
        return json.dumps(without_removed(record, self._lookup()).to_dict(), ensure_ascii=False)


def answered(assistant: AssistantLike, question: str, scope: Filter) -> Record:
    """The answer to a question that stands alone, as it is kept."""
    record = new_record(question, scope)
    with closing(assistant.stream(question, (), scope or None)) as events:
        for event in events:
            if isinstance(event, Finished):
                return finish(record, event.answer)
    raise AssertionError("a stream ends with Finished")


def change_of(seen: Record, now: Record, lookup: ArticleLookup) -> Change:
    """What ``now`` has that ``seen`` had not."""
    before = {one.quote for one in (*seen.answer.citations, *seen.answer.evidence)}
    new = tuple(one for one in now.answer.citations if one.quote not in before)
    fresh = {one.place for one in new}
    differ = tuple(
        one for one in now.answer.disagreements if any(c.place in fresh for p in one.positions for c in p.citations)
    )
    cited = {one.quote for one in now.answer.citations}
    gone = tuple(one for one in seen.answer.citations if one.quote not in cited and not lookup.has_quote(one))
    values = tuple((old, one) for one in new for old in seen.answer.citations if other_number(old.quote, one.quote))
    status = now.answer.status if now.answer.status != seen.answer.status else None
    return Change(status, new, differ, values, gone)


def other_number(before: str, now: str) -> bool:
    """Whether two sentences are of one matter, and give numbers of one kind of which none is the same.

    >>> other_number("The bridge costs 2 million euros.", "The bridge costs 7 million euros.")
    True
    """
    old, new = words_of(before), words_of(now)
    counts = [[q for q in words.quantities if q.kind not in ("time", "ordinal")] for words in (old, new)]
    shared = _matter(old) & _matter(new)
    same_kind = {q.kind for q in counts[0]} & {q.kind for q in counts[1]}
    return bool(same_kind) and len(shared) >= LEAST_SHARED and not share_quantity(counts[1], counts[0])


def _matter(words: Words) -> set[str]:
    """Its content words without those of its numbers."""
    numbers = [(q.start, q.end) for q in words.quantities]
    return {
        token.stem
        for token in words.tokens
        if token.content and not any(start <= token.start < end for start, end in numbers)
    }


def _shown(row: _Row, lookup: ArticleLookup) -> SavedQuestion:
    change = change_of(row.seen, row.now, lookup)
    shown = row.written or row.now
    return SavedQuestion(row.id, row.now.question, row.now.scope, row.now.asked, change, change.lines, shown.answer)


def _read(data: str) -> Record:
    record = from_dict(json.loads(data))
    return replace(record, state="stopped") if record.live else record
