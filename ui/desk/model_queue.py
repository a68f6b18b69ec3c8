"""Many people, few models: questions are answered in the order in which they came, and each sees its place."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from onrecord.qa.engines.stopping import StopAsked, never


class Ticket:
    """A place in the queue. Leave it when done or when the person has gone; leaving twice does no harm.

    ``stopped``: whether it is only kept until its model is free.
    """

    def __init__(self, queue: "ModelQueue", stopped: StopAsked) -> None:
        self._queue, self.stopped = queue, stopped

    @property
    def place(self) -> int:
        """How many turns are still to come before it; those that were stopped, and still have the model, are none."""
        return self._queue.place(self)

    def begin(self, seconds: float) -> bool:
        """True as soon as nobody before it needs the queue alone, False after ``seconds``."""
        return self._queue.begin(self, seconds)

    def wait(self, seconds: float) -> bool:
        """True as soon as it is this ticket's turn, False after ``seconds``."""
        return self._queue.wait(self, seconds)

    def leave(self) -> None:
        self._queue.leave(self)


class ModelQueue:
    """First come, first served, ``width`` at a time."""

    def __init__(self, width: int = 1) -> None:
        self._width = width
        self._tickets: deque[Ticket] = deque()
        self._lone: set[Ticket] = set()  # those that need the queue for themselves
        self._changed = threading.Condition()

    @property
    def width(self) -> int:
        return self._width

    @width.setter
    def width(self, width: int) -> None:
        with self._changed:
            self._width = width
            self._changed.notify_all()

    def join(self, *, begin: bool = True, stopped: StopAsked = never) -> Ticket:
        """A place at the end. With ``begin`` this waits while somebody before it needs the queue alone."""
        ticket = self._join(stopped)
        if begin:
            ticket.begin(float("inf"))
        return ticket

    def _join(self, stopped: StopAsked = never, *, lone: bool = False) -> Ticket:
        ticket = Ticket(self, stopped)
        with self._changed:
            self._tickets.append(ticket)
            if lone:
                self._lone.add(ticket)
        return ticket

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, no question is under way: those that came before have ended, those that come after wait."""
        ticket = self._join(lone=True)
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._tickets[0] is ticket)
            yield
        finally:
            ticket.leave()

    def place(self, ticket: Ticket) -> int:
        with self._changed:
            waited_for = sum(not one.stopped() for one in self._before(ticket))
            return max(0, waited_for - self._width + 1)

    def _before(self, ticket: Ticket) -> list[Ticket]:
        return list(self._tickets)[: self._tickets.index(ticket)] if ticket in self._tickets else []

    def begin(self, ticket: Ticket, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._may_begin(ticket), timeout=min(seconds, threading.TIMEOUT_MAX))

    def _may_begin(self, ticket: Ticket) -> bool:
        return self._lone.isdisjoint(self._before(ticket))

    def wait(self, ticket: Ticket, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self._before(ticket)) < self._width, timeout=seconds)

    def leave(self, ticket: Ticket) -> None:
        with self._changed:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
                self._lone.discard(ticket)
                self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._tickets)
