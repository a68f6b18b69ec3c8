"""The server under every door: it says where it is, and stops when it is told to."""

import socket
import sys
from types import FrameType
from typing import TextIO

import uvicorn

from onrecord.ui.desk.collections import Collections


def reached(host: str) -> str:
    """The address at which this machine reaches a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def address_of(host: str, port: int) -> str:
    """
    >>> address_of("::1", 7860)
    'http://[::1]:7860'
    """
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Server(uvicorn.Server):
    """Says on ``to`` where it is once it can be reached. A second signal, of either kind, ends it without waiting.

    ``collections``: their folders say so too, to the commands of this account.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        path: str = "",
        to: TextIO | None = None,
        collections: Collections | None = None,
    ) -> None:
        super().__init__(config)
        self._path, self._to, self._desk = path, to, collections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.config.host, self.config.port
            if self._desk:
                self._desk.announce(address_of(reached(host), port))
            where = f"{address_of(host, port)}{self._path}"
            print(f"OnRecord is at {where}  (Ctrl-C stops it)", file=self._to or sys.stdout, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._desk:  # before the port is free for somebody else
            self._desk.announce("")
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)
