"""A page with a password, in a process of its own whose memory can be measured: ``guarded_server.py PORT FOLDER``.

Beside it two streams: ``/stream`` says something every half second, ``/flood`` as much as is taken.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import StreamingResponse

sys.path.insert(0, str(Path(__file__).parents[2]))

from onrecord.index.types import Article
from onrecord.ui.server.app import create_app, serve
from onrecord.ui.server.connections import ConnectionLimits
from tests.ui.fakes import FakeAssistant, FakeLibrary

LIMITS = ConnectionLimits(connections=100, header_seconds=2, body_seconds=2, idle_seconds=2)
router = APIRouter()


@router.get("/stream")
def stream(times: int) -> StreamingResponse:
    async def beats() -> AsyncIterator[bytes]:
        for _ in range(times):
            yield b"beat\n"
            await asyncio.sleep(0.5)

    return StreamingResponse(beats())


@router.get("/flood")
def flood() -> StreamingResponse:
    async def much() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(much())


def main(port: int, folder: Path) -> None:
    library = FakeLibrary(folder, [Article(id="a", title="Bridge", text="The bridge was closed on Monday.")])
    app = create_app(library, FakeAssistant(library), users={"ann": "secret"}, routers=[router])
    serve(app, "127.0.0.1", port, limits=LIMITS)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
