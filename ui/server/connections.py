"""What one connection may take: a deadline for every stage of a request, and a place only while others need none.

uvicorn itself waits without end for a header or a body, and takes any number of connections.
"""

import asyncio
import enum
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from onrecord.ui.settings import ServerSettings

LEAST_RATE = 16_000  # bytes a second: a body may take longer than `body_seconds` if it comes at least as fast
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    b"content-length: 61\r\nconnection: close\r\n\r\nMore connections are open than can be; try again in seconds.\n"
)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may take, whoever made them. Sizes in bytes, times in seconds.

    ``connections``: open at once. ``header_seconds``: from the connection, or the first byte of a next request, to the
    end of the header. ``body_seconds``: for a body, and for a client that reads nothing of its answer.
    ``idle_seconds``: between two requests. An answer itself, such as a stream of events, may take as long as it does.
    """

    connections: int = 256
    header_bytes: int = 65_536
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: float = 30.0


class Stage(enum.Enum):
    ASKING = "the header is awaited"
    SENDING = "the body is awaited"
    ANSWERING = "the answer is awaited, however long it takes"
    IDLE = "a next request is awaited; uvicorn ends that itself"


class Config(uvicorn.Config):
    """A server's configuration with limits on its connections."""

    def __init__(self, app: Any, *, limits: ConnectionLimits, **options: Any) -> None:
        self.limits = limits
        super().__init__(
            app,
            http=LimitedProtocol,
            ws="none",
            h11_max_incomplete_event_size=limits.header_bytes,
            timeout_keep_alive=round(limits.idle_seconds),
            log_level="warning",
            access_log=False,  # it would hold query strings
            server_header=False,
            **options,
        )


class LimitedProtocol(H11Protocol):
    """HTTP/1.1 whose stages end in time. When all places are taken, who has waited longest without asking goes."""

    def __init__(self, config: uvicorn.Config, *rest: Any, **more: Any) -> None:
        super().__init__(config, *rest, **more)
        self.limits = cast(Config, config).limits
        self.stage, self.since, self._taken = Stage.ASKING, self.loop.time(), 0
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._enter(Stage.ASKING)
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._timer, self._stalled):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._taken += len(data)
        super().data_received(data)
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._enter(Stage.ASKING)
        else:
            self._enter(Stage.SENDING if cycle.more_body else Stage.ANSWERING)

    def on_response_complete(self) -> None:
        self._enter(Stage.IDLE)
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:  # the next one had come already
            self._enter(Stage.SENDING if self.cycle.more_body else Stage.ANSWERING)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def _enter(self, stage: Stage) -> None:
        """Another stage has a deadline of its own; more of the same has not."""
        if stage is self.stage and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.stage, self.since, self._taken = stage, self.loop.time(), 0
        seconds = {Stage.ASKING: self.limits.header_seconds, Stage.SENDING: self.limits.body_seconds}.get(stage)
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        if self.stage is Stage.SENDING:
            left = self.since + self.limits.body_seconds + self._taken / LEAST_RATE - self.loop.time()
            if left > 0:
                self._timer = self.loop.call_later(left, self._too_late)
                return
        self.transport.abort()

    def _make_room(self) -> None:
        waiting = [
            one
            for one in self.connections
            if one is not self
            and isinstance(one, LimitedProtocol)
            and one.stage in (Stage.ASKING, Stage.IDLE)
            and not one.transport.is_closing()
        ]
        if waiting:
            min(waiting, key=lambda one: one.since).transport.abort()
        else:
            self.transport.write(FULL)
            self.transport.close()


def limits_of(server: ServerSettings) -> ConnectionLimits:
    """As they are set."""
    return ConnectionLimits(
        server.connections,
        header_seconds=server.header_seconds,
        body_seconds=server.body_seconds,
        idle_seconds=server.idle_seconds,
    )
