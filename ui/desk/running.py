"""Answers under way. Each belongs to the server, not to a tab: it is written to its end, and kept, whoever leaves."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace

from onrecord.index import tracing
from onrecord.index.errors import InputError, OnRecordError
from onrecord.qa.engines.stopping import stops_when
from onrecord.ui.desk.records import Record

Keep = Callable[[Record], None]
BUSY = "The answer before this one is still being written; press Stop, or wait for its end."


class Running:
    """One answer as far as it is written. Safe to be followed and stopped from any thread."""

    def __init__(self, conversation: str, record: Record, keep: Keep) -> None:
        self.conversation = conversation
        self._record, self._keep = record, keep
        self._changed = threading.Condition()
        self._stop = threading.Event()
        keep(record)

    @property
    def record(self) -> Record:
        return self._record

    def stop_asked(self) -> bool:
        """Whether nobody waits for its model any longer."""
        return self._stop.is_set()

    def follow(self, *, every: float = 0.5) -> Iterator[Record | None]:
        """The answer as it is, and whenever it has grown, to its end; None after ``every`` seconds without news.

        That is where a follower who has left is noticed.
        """
        seen: Record | None = None
        while seen is None or seen.live:
            news = self._after(seen, every)
            yield news
            seen = news or seen

    def _after(self, seen: Record | None, seconds: float) -> Record | None:
        with self._changed:
            news = self._changed.wait_for(lambda: self._record is not seen, timeout=seconds)
            return self._record if news else None

    def stop(self) -> None:
        """It ends here, with what was checked until now; the model is left as soon as its engine lets it be."""
        with self._changed:
            self._stop.set()
            self._grow(replace(self._record, state="stopped", place=0))

    def write(self, records: Generator[Record, None, None]) -> None:
        """Takes over each of ``records``, the states of its answer, in the thread that calls this."""
        try:
            with stops_when(self.stop_asked), closing(records):
                for record in records:
                    self._grow(record)
                    if self.stop_asked():
                        return
        finally:
            self.stop()  # whatever happened, those who follow see an end

    def _grow(self, record: Record) -> None:
        """What is no news, or comes after the end, is dropped."""
        with self._changed:
            if not self._record.live or record == self._record:
                return
            try:
                self._keep(record)
            except OnRecordError as error:  # its conversation was deleted, or the disk is full
                self._stop.set()
                record = replace(record, state="failed", error=str(error))
            self._record = record
            self._changed.notify_all()


Write = Callable[[Running], Generator[Record, None, None]]


class Answers:
    """The answers under way: one in a conversation, and ``most`` in all. Each begins a trace below ``traces``."""

    def __init__(self, most: int = 32) -> None:
        self._most, self.traces = most, tracing.NOBODY
        self._under_way: list[Running] = []  # also those that were stopped, while their model is not free
        self._lock = threading.Lock()

    def of(self, conversation: str) -> Running | None:
        """The newest of a conversation, while it is under way."""
        with self._lock:
            return self._of(conversation)

    def _of(self, conversation: str) -> Running | None:
        return next((one for one in reversed(self._under_way) if one.conversation == conversation), None)

    def refuse_one_too_many(self, conversation: str) -> None:
        """Raises `InputError` where `begin` would."""
        with self._lock:
            self._refuse_one_too_many(conversation)

    def _refuse_one_too_many(self, conversation: str) -> None:
        before = self._of(conversation)
        if before and before.record.live:
            raise InputError(BUSY)
        if len(self._under_way) >= self._most:
            raise InputError(f"{self._most} questions are being answered already; ask again in a minute.")

    def begin(self, conversation: str, record: Record, keep: Keep, write: Write) -> Running:
        """Begins an answer, which ``write`` gives the states of. Raises `InputError` where it is one too many."""
        with self._lock:
            self._refuse_one_too_many(conversation)
            running = Running(conversation, record, keep)
            self._under_way.append(running)
        threading.Thread(target=self._run, args=(running, write), name="answer", daemon=True).start()
        return running

    def _run(self, running: Running, write: Write) -> None:
        try:
            with tracing.ended(self.traces.child("answer")) as span, tracing.under(span):
                running.write(write(running))
        finally:
            with self._lock:
                self._under_way.remove(running)

    def stop(self, conversation: str) -> None:
        """Stops the answer of a conversation, if there is one."""
        if running := self.of(conversation):
            running.stop()

    def close(self) -> None:
        """Stops them all."""
        with self._lock:
            under_way = tuple(self._under_way)
        for running in under_way:
            running.stop()
