"""An engine that remembers what it was asked, so that the same can be asked of the bare engine again."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from onrecord.eval.systems.wrapped import WrappedEngine
from onrecord.qa.engines.base import Engine, Messages, OnUsage, not_counted

_NOISE = [{"role": "user", "content": "Count from one to three."}]


@dataclass(slots=True)
class Call:
    """One call: how to make it again, how many pieces were read of it, and when the first one came."""

    again: Callable[[Engine], Iterator[str]]
    pieces: int = 0
    first_piece_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Replay:
    """Seconds from the start to the first piece of each call (its end, when it has no pieces), and to the end."""

    first_piece: tuple[float, ...]
    total: float


class RecordingEngine(WrappedEngine):
    """``bare`` with a memory of its calls; to a caller it is the same engine."""

    def __init__(self, bare: Engine) -> None:
        super().__init__(bare)
        self._calls: list[Call] = []

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        call = Call(lambda engine: engine.generate(messages, max_tokens=max_tokens))
        self._calls.append(call)
        return _counted(self.bare.generate(messages, max_tokens=max_tokens, on_usage=on_usage), call)

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        self._calls.append(Call(lambda engine: _no_pieces(engine.first_tokens(messages))))
        return self.bare.first_tokens(messages, on_usage=on_usage)

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        self._calls.append(Call(lambda engine: _no_pieces(engine.yes_probability(messages, adapter=adapter))))
        return self.bare.yes_probability(messages, adapter=adapter, on_usage=on_usage)

    def take_calls(self) -> list[Call]:
        """The calls so far; the memory is empty afterwards."""
        calls, self._calls = self._calls, []
        return calls

    def forget(self) -> None:
        """Puts another prompt into the engine's cache, so that the next one starts without a common beginning."""
        for _ in self.bare.generate(_NOISE, max_tokens=1):
            pass


def replayed(engine: Engine, calls: Sequence[Call]) -> Replay:
    """The same calls in the same order, each read as far as it was read before."""
    started = time.perf_counter()
    first: list[float] = []
    for call in calls:
        pieces = call.again(engine)
        at = 0.0
        for count, _ in enumerate(pieces, start=1):
            at = at or time.perf_counter() - started
            if count >= call.pieces:
                break
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
        first.append(at or time.perf_counter() - started)
    return Replay(tuple(first), time.perf_counter() - started)


def _counted(pieces: Iterator[str], call: Call) -> Iterator[str]:
    try:
        for piece in pieces:
            call.first_piece_at = call.first_piece_at or time.perf_counter()
            call.pieces += 1
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _no_pieces(_: object) -> Iterator[str]:
    """The call was made when its argument was: there is nothing to read."""
    return iter(())
