"""Work as those see it who trace it: spans, each a part of another. Where nobody does, nothing of this is kept.

Where spans go to is not known here; what makes them is brought from above (`onrecord.ui.server.traces`).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

Kind = Literal["internal", "server", "client"]  # the last two: one end of a call from a process to another
Piece = TypeVar("Piece")
NO_HEADERS: Mapping[str, str] = {}


class Span(Protocol):
    """Work under way. Safe to use from several threads."""

    @property
    def headers(self) -> Mapping[str, str]:
        """With these another server that is asked goes on with the trace; none where nobody traces."""

    def child(self, name: str, kind: Kind = "internal", *, parent: str = "") -> "Span":
        """A part of it, from now on. ``parent``: the ``traceparent`` of another process, whose part it is instead."""

    def note(self, facts: Mapping[str, str | int | float]) -> None:
        """Only names of the program's own and numbers: no text that a person or an article has."""

    def spent(self, what: str, seconds: float) -> None:
        """Adds to the calls of ``what`` within it, and to the seconds that they took."""

    def end(self, name: str = "") -> None:
        """``name``: a better one, known by now."""


class _Nobody:
    headers = NO_HEADERS

    def child(self, name: str, kind: Kind = "internal", *, parent: str = "") -> "Span":
        return self

    def note(self, facts: Mapping[str, str | int | float]) -> None:
        pass

    def spent(self, what: str, seconds: float) -> None:
        pass

    def end(self, name: str = "") -> None:
        pass


NOBODY: Span = _Nobody()


@dataclass(slots=True)
class _Place:
    """What is done in one thread or task is a part of ``span``."""

    span: Span


_here: ContextVar[_Place | None] = ContextVar("place", default=None)


def current() -> Span:
    """What is done here is a part of this."""
    place = _here.get()
    return place.span if place else NOBODY


@contextmanager
def under(span: Span) -> Iterator[None]:
    """Within, in this thread or task, what is done is a part of ``span``. Not to be entered in a generator's body."""
    token = _here.set(_Place(span))
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def ended(span: Span) -> Iterator[Span]:
    """Within, ``span`` is under way; of an error its class is noted, and not what it says."""
    try:
        yield span
    except Exception as error:
        span.note({"error.type": type(error).__name__})
        raise
    finally:
        span.end()


@contextmanager
def step(name: str) -> Iterator[Span]:
    """Within, what is done is a part of a span of its own. A generator may enter it: no context variable is set."""
    place = _here.get() or _Place(NOBODY)
    above = place.span
    with ended(above.child(name)) as span:
        place.span = span
        try:
            yield span
        finally:
            place.span = above


@contextmanager
def spent(what: str) -> Iterator[None]:
    """Within, a call of ``what`` is under way: it is added up, and is no span of its own."""
    start = time.perf_counter()
    try:
        yield
    finally:
        current().spent(what, time.perf_counter() - start)


def made_within(span: Span, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """``pieces``, the making of each a part of ``span``; what is done between two of them is none. Closes them."""
    try:
        while True:
            with under(span):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
