"""The server under every door: it says where it is, and stops when it is told to."""

import socket
import sys
from types import FrameType
from typing import TextIO

import uvicorn


class Server(uvicorn.Server):
    """Says on ``to`` where it is once it can be reached. A second signal, of either kind, ends it without waiting."""

    def __init__(self, config: uvicorn.Config, *, path: str = "", to: TextIO | None = None) -> None:
        super().__init__(config)
        self._path, self._to = path, to

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host = self.config.host
            shown = f"[{host}]" if ":" in host else host
            where = f"http://{shown}:{self.config.port}{self._path}"
            print(f"OnRecord is at {where}  (Ctrl-C stops it)", file=self._to or sys.stdout, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)
