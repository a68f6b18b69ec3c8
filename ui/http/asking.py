"""One question asked over HTTP or MCP: its place in the queue, its events, its end when the client goes away."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from onrecord.index import Filter, tracing
from onrecord.qa.engines.stopping import stops_when
from onrecord.qa.types import Answer, AnswerStarted, Event, EvidenceFound, Finished, SentenceDone, Turn, Writing
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.model_queue import ModelQueue, Ticket
from onrecord.ui.desk.protocols import AssistantLike
from onrecord.ui.http.problems import RETRY_AFTER, Problem

_LOOK_UP = 0.25  # seconds between two looks at whether the client is still there


@dataclass(frozen=True, slots=True)
class Waiting:
    """``place`` questions come first; 0: one that was stopped, and whose model is not free yet."""

    place: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The thread that answered ended with this error."""

    error: Exception


Sign = EvidenceFound | Waiting | AnswerStarted | SentenceDone | Finished


@dataclass(slots=True)
class Places:
    """Questions under way in all collections of a server; one more than ``most`` gets a 503."""

    most: int = 16
    taken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> None:
        with self._lock:
            if self.taken >= self.most:
                raise Problem(
                    503,
                    f"{self.taken} questions are waiting already; ask again in {RETRY_AFTER} seconds.",
                    {"Retry-After": str(RETRY_AFTER)},
                )
            self.taken += 1

    def leave(self) -> None:
        with self._lock:
            self.taken -= 1


@dataclass(slots=True)
class Asking:
    """Asks the assistant of one collection for several clients at once.

    ``seconds``: how long one answer may take, its wait included.
    """

    collection: Collection  # its assistant is taken from it for each question, because it may be exchanged
    queue: ModelQueue
    places: Places
    seconds: float = 300.0

    @property
    def under_way(self) -> int:
        """Questions under way in all collections."""
        return self.places.taken

    async def events(
        self,
        question: str,
        history: Sequence[Turn] = (),
        scope: Filter | None = None,
        assistant: AssistantLike | None = None,
    ) -> AsyncIterator[Sign]:
        """The events of ``assistant`` (the collection's own unless given), and `Waiting` while others come first.

        Closing or cancelling this stops the model, also while it reads. A client that reads slowly delays only itself.
        """
        self.places.enter()
        loop = asyncio.get_running_loop()
        signs: asyncio.Queue[Sign | Failed | None] = asyncio.Queue()
        stop = threading.Event()

        def tell(sign: Sign | Failed | None) -> None:
            with contextlib.suppress(RuntimeError):  # the server has stopped, and its loop with it
                loop.call_soon_threadsafe(signs.put_nowait, sign)

        work = threading.Thread(
            target=self._work,
            args=(question, tuple(history), scope, assistant, stop, tell, tracing.current()),
            name="ask",
            daemon=True,
        )
        work.start()
        end = loop.time() + self.seconds
        try:
            while (sign := await _next(signs, end - loop.time())) is not None:
                if isinstance(sign, Failed):
                    raise sign.error
                yield sign
        except TimeoutError as error:
            raise self._too_late() from error
        finally:
            stop.set()

    def _too_late(self) -> Problem:
        return Problem(504, f"No answer within {self.seconds:.0f} seconds; ask for one fact at a time.")

    async def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        scope: Filter | None = None,
        assistant: AssistantLike | None = None,
    ) -> Answer:
        """The finished answer."""
        async with aclosing(self.events(question, history, scope, assistant)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, Finished):
                    return event.answer
        raise AssertionError("a stream ends with Finished")

    def _work(
        self,
        question: str,
        history: tuple[Turn, ...],
        scope: Filter | None,
        assistant: AssistantLike | None,
        stop: threading.Event,
        tell: Callable[[Sign | Failed | None], None],
        span: tracing.Span,
    ) -> None:
        """Runs in a thread of its own, to its end, until ``stop``, or until the time is over."""
        end = time.monotonic() + self.seconds  # here too: a client that reads nothing never asks what the time is
        ticket = self.queue.join(stopped=stop.is_set)
        try:
            stream = (assistant or self.collection.assistant).stream(question, history, scope)
            with stops_when(stop.is_set), tracing.under(span), contextlib.closing(stream) as events:
                self._follow(events, ticket, stop, end, tell)
        except Exception as error:  # noqa: BLE001  carried to the task that waits for it
            tell(Failed(error))
        finally:
            ticket.leave()
            self.places.leave()
            tell(None)

    def _follow(
        self, events: Iterator[Event], ticket: Ticket, stop: threading.Event, end: float, tell: Callable[[Sign], None]
    ) -> None:
        """The evidence comes before the wait for the queue.

        Most searches need no model. A follow-up that no rule can make whole, and a question in a language of no
        article, ask it first; its engine then serves that short call in turn with the answer that is being written.
        """
        for event in events:
            if stop.is_set():
                return
            if time.monotonic() > end and not isinstance(event, Finished):
                raise self._too_late()
            if isinstance(event, Writing):  # nothing to tell: a place to stop
                continue
            tell(event)
            if isinstance(event, EvidenceFound):
                shown_place = -1
                with tracing.step("wait"):
                    while not ticket.wait(_LOOK_UP):
                        if stop.is_set():
                            return
                        if ticket.place != shown_place:
                            shown_place = ticket.place
                            tell(Waiting(shown_place))


async def _next(signs: "asyncio.Queue[Sign | Failed | None]", seconds: float) -> Sign | Failed | None:
    """What is there already is never too late, however slowly the client took what came before it."""
    if not signs.empty():
        return signs.get_nowait()
    return await asyncio.wait_for(signs.get(), max(0.0, seconds))
