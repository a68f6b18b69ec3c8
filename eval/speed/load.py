"""Many programs at one server: searches at once, and questions at once beside the same questions in a row.

A closed loop: each of the clients sends its next call as soon as it has the answer to the last. The times are those of
the client, which shares the machine with the server unless ``url`` is elsewhere. Whether an answer belongs to another's
question is told by what the server echoes and by the passages found, held to those that the same question gets alone.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from onrecord.eval.speed.load_calls import Call, Caller

SPACING = 0.02  # seconds between two questions of a crowd, so that there is an order in which they were asked
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SearchLoad:
    """``mixed_up``: responses that echo another query or hold other passages than that query gets alone."""

    clients: int
    calls: int
    distinct: int
    seconds: float
    per_second: float
    p50_ms: float
    p95_ms: float
    slowest_ms: float
    alone_per_second: float
    alone_p50_ms: float
    alone_p95_ms: float
    errors: dict[str, int]
    mixed_up: int


@dataclass(frozen=True, slots=True)
class AskTime:
    """One question: seconds in a row and in the crowd. ``finished``: its place in the order of finishing."""

    asked: int
    finished: int
    in_a_row: float
    at_once: float
    evidence: float

    @property
    def waited(self) -> float:
        """What the others cost it."""
        return max(0.0, self.at_once - self.in_a_row)


@dataclass(frozen=True, slots=True)
class AskLoad:
    """``ratio``: the crowd's total time over that of the same questions in a row.

    ``overtaken``: pairs of questions that finished in another order than they were asked in; ``farthest``: how many
    places the one that moved most is from its own. ``other_text``: answers in other words than the same question's
    before; ``tokens_reused``: of the tokens read in both rounds, what the model had from earlier prompts.
    """

    model: str
    questions: int
    in_a_row: float
    at_once: float
    ratio: float
    overtaken: int
    pairs: int
    farthest: int
    errors: dict[str, int]
    mixed_up: int
    other_text: int
    tokens_reused: tuple[float, float]
    each: tuple[AskTime, ...]


async def measure_searches(caller: Caller, questions: Sequence[str], *, clients: int, calls: int) -> SearchLoad:
    """Each question once alone, which also warms the server up; then ``calls`` of them, ``clients`` at a time."""
    asked = questions[:calls]
    await caller.search(asked[0])  # loads the embedder
    alone = [await caller.search(question) for question in asked]
    waiting = iter(range(calls))
    done: list[Call] = []

    async def client() -> None:
        done.extend([await caller.search(asked[place % len(asked)], place) for place in waiting])

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(min(clients, calls))))
    seconds = time.perf_counter() - began
    p50, p95, slowest = _quantiles(done)
    alone_p50, alone_p95, _ = _quantiles(alone)
    return SearchLoad(
        clients=clients,
        calls=calls,
        distinct=len(set(asked)),
        seconds=seconds,
        per_second=sum(call.fine for call in done) / seconds,
        p50_ms=p50,
        p95_ms=p95,
        slowest_ms=slowest,
        alone_per_second=len(alone) / sum(call.seconds for call in alone),
        alone_p50_ms=alone_p50,
        alone_p95_ms=alone_p95,
        errors=_errors(done),
        mixed_up=_mixed_up(done, alone),
    )


async def measure_asks(caller: Caller, questions: Sequence[str], *, say: Say = lambda _: None) -> AskLoad:
    """The questions once, uncounted, so that both rounds find the same in the model's memory; in a row; at once."""
    rounds: list[list[Call]] = []
    for name in ("once before", "in a row"):
        rounds.append([await caller.ask(question, place) for place, question in enumerate(questions)])
        say(f"{len(questions)} questions {name}: {_span(rounds[-1]):.1f} s")
    before, row = rounds

    async def later(place: int, question: str) -> Call:
        await asyncio.sleep(place * SPACING)
        return await caller.ask(question, place)

    crowd = await asyncio.gather(*(later(place, question) for place, question in enumerate(questions)))
    say(f"{len(questions)} questions at once: {_span(crowd):.1f} s")
    return _asked(before, row, crowd)


def _asked(before: Sequence[Call], row: Sequence[Call], crowd: Sequence[Call]) -> AskLoad:
    finished = sorted((call for call in crowd if call.fine), key=lambda call: call.ended)
    order = [call.place for call in finished]
    wanted = {place: rank for rank, place in enumerate(sorted(order))}
    each = tuple(
        AskTime(place, rank, row[place].seconds, crowd[place].seconds, crowd[place].evidence)
        for rank, place in enumerate(order)
    )
    return AskLoad(
        model=next((call.model for call in row if call.model), ""),
        questions=len(crowd),
        in_a_row=_span(row),
        at_once=_span(crowd),
        ratio=_span(crowd) / _span(row),
        overtaken=sum(first > second for first, second in combinations(order, 2)),
        pairs=len(order) * (len(order) - 1) // 2,
        farthest=max((abs(rank - wanted[place]) for rank, place in enumerate(order)), default=0),
        errors=dict(Counter(_errors(row)) + Counter(_errors(crowd))),
        mixed_up=_mixed_up([*row, *crowd], before),
        other_text=sum(one.fine and one.text != before[one.place].text for one in [*row, *crowd]),
        tokens_reused=(_reused(row), _reused(crowd)),
        each=tuple(sorted(each, key=lambda one: one.asked)),
    )


def _mixed_up(calls: Sequence[Call], alone: Sequence[Call]) -> int:
    expected = {call.question: call.found for call in alone if call.fine}
    return sum(
        call.fine and (call.echoed != call.question or call.found != expected.get(call.question, call.found))
        for call in calls
    )


def _errors(calls: Sequence[Call]) -> dict[str, int]:
    return dict(Counter(call.status for call in calls if not call.fine))


def _quantiles(calls: Sequence[Call]) -> tuple[float, float, float]:
    """p50, p95 and the longest, in milliseconds, of those that were answered; nothing but zeros when none was."""
    times = np.asarray([call.seconds * 1000 for call in calls if call.fine] or [0.0])
    p50, p95, most = np.quantile(times, (0.5, 0.95, 1.0))
    return float(p50), float(p95), float(most)


def _span(calls: Sequence[Call]) -> float:
    return max(call.ended for call in calls) - min(call.began for call in calls)


def _reused(calls: Sequence[Call]) -> float:
    """The share of the prompts' tokens that the model did not have to read again."""
    read, reused = sum(call.tokens_read for call in calls), sum(call.tokens_reused for call in calls)
    return reused / (read + reused) if read + reused else 0.0
