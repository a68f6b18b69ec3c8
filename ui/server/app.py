"""The server: the page at ``/``, ``/healthz``, downloads, and whatever routers are passed in, behind one guard."""

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware

from onrecord.index import tracing
from onrecord.index.errors import InputError
from onrecord.ui.desk import uploads
from onrecord.ui.desk.collections import Collections, Limits, Opener, closing, collection_in
from onrecord.ui.desk.protocols import AssistantLike, LibraryLike
from onrecord.ui.desk.writer import Writer
from onrecord.ui.page.downloads import downloads
from onrecord.ui.page.layout import build_page
from onrecord.ui.page.style import head, theme
from onrecord.ui.server.connections import Config, ConnectionLimits
from onrecord.ui.server.guard import LOOPBACK, Guard
from onrecord.ui.server.page_events import PageEvents
from onrecord.ui.server.page_language import PageLanguage
from onrecord.ui.server.serving import Server

GRACE = 5  # seconds that what is under way has to end, once the server is told to stop


def check_address(host: str, users: Mapping[str, str]) -> None:
    """Refuses to be reachable from other machines without a password."""
    if host not in LOOPBACK and not users:
        raise InputError(f"{host} can be reached from other machines; give --auth NAME:PASSWORD, or use 127.0.0.1.")


def create_app(
    library: LibraryLike,
    assistant: AssistantLike,
    *,
    host: str = "127.0.0.1",
    users: Mapping[str, str] | None = None,
    allowed_hosts: Sequence[str] = (),
    limits: Limits | None = None,
    opener: Opener | None = None,
    folder: Path | None = None,
    routers: Sequence[APIRouter] = (),
    writer: Writer | None = None,
    traces: tracing.Span = tracing.NOBODY,
) -> FastAPI:
    """The application. ``users``: name -> password; ``allowed_hosts``: further names under which it is reached.

    ``folder`` is where conversations are kept, the library's own unless given. ``opener`` opens the collection in a
    folder, so that several can be used; when the server stops, those are closed. With a ``writer`` another model can be
    chosen on the page. ``routers`` are mounted as they are, before the page. At ``app.state.collections``:
    the `Collections`, whose queue to the model all that asks questions shares.
    """
    check_address(host, users or {})
    limits = limits or Limits()
    where = Path(folder if folder is not None else library.path)
    collections = Collections(
        collection_in(where, library, assistant),
        opener,
        limits,
        folders_allowed=host in LOOPBACK,
        writer=writer,
        traces=traces,
    )
    uploads.hold(collections)  # before the page is built, which notes where sent files go

    app = FastAPI(
        title="OnRecord",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=closing(collections),
    )
    app.state.collections = collections

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    for router in (downloads(collections), *routers):
        app.include_router(router)
    _mount(app, collections, bool(users), limits)
    collections.warm()
    hosts = (*dict.fromkeys([*([] if host in ("0.0.0.0", "::") else [host]), *LOOPBACK, *allowed_hosts]),)
    app.add_middleware(Guard, hosts=hosts, users=users, max_body=limits.file_bytes + 1_000_000)
    return app


def _mount(app: FastAPI, collections: Collections, guarded: bool, limits: Limits) -> None:
    def user(request: Request) -> str:
        return str(request.scope.get("state", {}).get("user") or "")

    page = build_page(collections)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        app_kwargs={
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
            "middleware": [Middleware(PageEvents, page=page), Middleware(PageLanguage)],
        },
        auth_dependency=user if guarded else None,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        ssr_mode=False,
        show_error=False,
        max_file_size=limits.file_bytes,
        theme=theme(),
        head=head(),
    )


def port_is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class PageServer(Server):
    """Stops although pages are open."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """An open page holds a stream open; without this, stopping would wait until the last page is closed."""
        for connection in list(self.server_state.connections):
            if (transport := getattr(connection, "transport", None)) is not None:
                transport.close()
        await super().shutdown(sockets)


def serve(app: Any, host: str = "127.0.0.1", port: int = 7860, *, limits: ConnectionLimits | None = None) -> None:
    """Serves until it is interrupted; prints the address once it can be opened. A port in use: one sentence, exit 1."""
    if not port_is_free(host, port):
        print(f"Port {port} on {host} is in use; stop what uses it, or choose another with --port.", file=sys.stderr)
        raise SystemExit(1)

    config = Config(app, limits=limits or ConnectionLimits(), host=host, port=port, timeout_graceful_shutdown=GRACE)
    try:
        PageServer(config, collections=app.state.collections).run()
    finally:
        app.state.collections.close()  # a second Ctrl-C leaves out what an app does when it stops
