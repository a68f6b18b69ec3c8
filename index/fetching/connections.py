"""Connections to addresses that may be fetched: the very number that was looked up and allowed is connected to."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from onrecord.index.errors import FetchError
from onrecord.index.fetching.addresses import is_public

LookUp = Callable[[str, int], Sequence[str]]


def look_up(host: str, port: int) -> list[str]:
    """The numbers of a host, as the system knows them; raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Backend(httpcore.NetworkBackend):
    """For one request: ``public`` numbers alone unless it is False, and nothing after so many seconds."""

    def __init__(self, *, public: bool, seconds: float, look_up: LookUp = look_up) -> None:
        self._public, self._look_up = public, look_up
        self._end = time.monotonic() + seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception | None = None
        for number in self._allowed(host, port):
            try:
                return _Timed(httpcore.SyncBackend().connect_tcp(number, port, self.left()), self.left)
            except httpcore.ConnectError as error:
                failed = error
        raise failed or httpcore.ConnectError("no address")

    def _allowed(self, host: str, port: int) -> Sequence[str]:
        try:
            found = self._look_up(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchError(
                f"{host} cannot be found; check the address, and that this machine is online.", passing=True
            ) from error
        allowed = [one for one in found if not self._public or is_public(one)]
        if found and not allowed:
            raise FetchError(
                f"{host} is an address of this machine or its network ({found[0]}), which is not fetched; where that "
                "is meant, set fetch.reach to all."
            )
        return allowed

    def left(self) -> float:
        """Seconds until the end."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is up")
        return left


class _Timed(httpcore.NetworkStream):
    """A stream whose every step ends when the whole request must: a server that sends a byte now and then, too."""

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[], float]) -> None:
        self._stream, self._left = stream, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
