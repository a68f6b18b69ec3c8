"""One model, many people: questions are answered in the order in which they came, and each sees its place."""

import threading
from collections import deque


class Ticket:
    """A place in the lane. Leave it when done or when the person has gone; leaving twice does no harm."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane

    @property
    def place(self) -> int:
        """0 when it is this ticket's turn, else how many turns are still to come before it."""
        return self._lane.place(self)

    def wait(self, seconds: float) -> bool:
        """True as soon as it is this ticket's turn, False after ``seconds``."""
        return self._lane.wait(self, seconds)

    def leave(self) -> None:
        self._lane.leave(self)


class Lane:
    """First come, first served, ``width`` at a time."""

    def __init__(self, width: int = 1) -> None:
        self._width = width
        self._tickets: deque[Ticket] = deque()
        self._changed = threading.Condition()

    def join(self) -> Ticket:
        ticket = Ticket(self)
        with self._changed:
            self._tickets.append(ticket)
        return ticket

    def place(self, ticket: Ticket) -> int:
        with self._changed:
            return self._place(ticket)

    def _place(self, ticket: Ticket) -> int:
        return max(0, self._tickets.index(ticket) - self._width + 1) if ticket in self._tickets else 0

    def wait(self, ticket: Ticket, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._place(ticket) == 0, timeout=seconds)

    def leave(self, ticket: Ticket) -> None:
        with self._changed:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._tickets)
