"""What the pipeline needs of a language model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Usage:
    """Work done, in tokens. ``evaluated`` were read by the model, ``reused`` came from an earlier prompt's cache.

    >>> Usage(evaluated_tokens=400, calls=1) + Usage(reused_tokens=390, evaluated_tokens=12, calls=1)
    Usage(evaluated_tokens=412, reused_tokens=390, generated_tokens=0, calls=2)
    """

    evaluated_tokens: int = 0
    reused_tokens: int = 0
    generated_tokens: int = 0
    calls: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.evaluated_tokens + other.evaluated_tokens,
            self.reused_tokens + other.reused_tokens,
            self.generated_tokens + other.generated_tokens,
            self.calls + other.calls,
        )


OnUsage = Callable[[Usage], None]
"""Is told what one call cost, once it has ended, however it ended; perhaps from another thread, before it returns."""


def at_once(engine: Engine | None) -> int:
    """How many calls the engine serves without one waiting for another; 1 unless it says so itself."""
    return int(getattr(engine, "at_once", 1))


def not_counted(usage: Usage) -> None:
    """For callers that do not ask what a call cost."""


class Engine(Protocol):
    """A language model at temperature 0. Safe to call from several threads; callers are served in turn.

    A call inside `stopping.stops_when` raises `Stopped` when it is asked to stop: as soon as can be, at the latest when
    the model has read its prompt.
    """

    @property
    def name(self) -> str: ...

    @property
    def context_tokens(self) -> int: ...

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        """The assistant's message in pieces of text; closing the iterator stops the model within a token.

        ``messages`` have the keys ``role`` and ``content``.
        """
        ...

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        """The likeliest first tokens of the reply with their probabilities; None when the back end does not tell."""
        ...

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        """p(yes) / (p(yes) + p(no)) at the reply's first token; None when the back end does not tell.

        ``adapter``: the name of weights that are added to the model's own for this one reply; None where it has none
        of that name.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """The length of ``text`` in tokens: exact where the model is here, else estimated on the high side."""
        ...

    def close(self) -> None:
        """Free the model. May be called twice."""
        ...


class Asked(Protocol):
    """An engine, or one that counts what is asked of it."""

    def yes_probability(self, messages: Messages, *, adapter: str = "") -> float | None:
        """See `Engine.yes_probability`."""
        ...
