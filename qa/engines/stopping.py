"""Stopping a model from another thread, also while it reads: engines look here between two pieces of their work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from onrecord.index.errors import Stopped

StopAsked = Callable[[], bool]
"""Whether a stop was asked for; it may be called from any thread."""


def never() -> bool:
    """For work that nobody stops."""
    return False


_asked: ContextVar[StopAsked] = ContextVar("stop_asked", default=never)


@contextmanager
def stops_when(asked: StopAsked) -> Iterator[None]:
    """Inside, in this thread, an engine raises `Stopped` soon after ``asked()`` has become true.

    As with any context variable, not to be entered in the body of a generator: it would reach its caller.

    >>> with stops_when(lambda: True):
    ...     go_on()
    Traceback (most recent call last):
    onrecord.index.errors.Stopped: The answer was stopped before it was finished.
    """
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def stop_asked() -> StopAsked:
    """What `stops_when` was given in this thread, for an engine that works in another."""
    return _asked.get()


def go_on() -> None:
    """Raises `Stopped` where the caller in this thread has been asked to stop."""
    if _asked.get()():
        raise Stopped("The answer was stopped before it was finished.")
