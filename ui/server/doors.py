"""The doors for other programs in one server: ``/api/v1`` and ``/v1``, with or without the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.index import InputError, Library, tracing
from onrecord.qa.assistant import Assistant
from onrecord.ui.desk import uploads
from onrecord.ui.desk.collections import Collections, Opener, closing, collection_in
from onrecord.ui.http.client import Interface
from onrecord.ui.http.metrics import Metrics
from onrecord.ui.http.openai import openai_app, openai_refusal
from onrecord.ui.http.problems import problem
from onrecord.ui.http.router import api_app
from onrecord.ui.http.service import DoorLimits, Service
from onrecord.ui.server.gate import NOBODY, PAGE, Gate
from onrecord.ui.server.guard import LOOPBACK, Guard
from onrecord.ui.server.keys import FILE_NAME, Keys, Rate
from onrecord.ui.server.request_log import RequestLog

API, OPENAI = "/api", "/v1"


class Doors:
    """ASGI middleware: what goes to a door is served there, under the door's own guard; the rest by ``app``."""

    def __init__(self, app: ASGIApp, *, doors: ASGIApp) -> None:
        self.app, self.doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        to_door = scope["type"] == "http" and any(path == door or path.startswith(f"{door}/") for door in (API, OPENAI))
        if to_door:
            scope.setdefault("state", {})["who"] = NOBODY
        await (self.doors if to_door else self.app)(scope, receive, send)


def add_doors(
    app: FastAPI,
    *,
    host: str = "127.0.0.1",
    users: Mapping[str, str] | None = None,
    allowed_hosts: Sequence[str] = (),
    keys: Keys | None = None,
    keys_required: bool | None = None,
    limits: DoorLimits | None = None,
    request_log: Path | None = None,
    page: bool = True,
) -> None:
    """Opens both doors on an app with ``state.collections``, such as that of `onrecord.ui.server.app.create_app`.

    ``keys``: those of the first data folder unless given; ``keys_required`` None: wherever other machines can reach
    ``host``. One of the page's ``users`` may come in by name and password instead. ``request_log``: the file in which
    every request to the app is noted, without its text. ``page``: what goes to no door is the page's.
    """
    collections: Collections = app.state.collections
    limits = limits or DoorLimits()
    service = Service.of(collections, limits)
    keys = keys or keys_of(collections)
    required = host not in LOOPBACK if keys_required is None else keys_required
    rate = Rate()

    def gate(inner: ASGIApp, *, openai: bool = False) -> Gate:
        return Gate(
            inner,
            refusal=openai_refusal if openai else _problem,
            metrics=service.metrics,
            keys=keys,
            required=required,
            rate=rate,
            users=users,
            token="" if openai else collections.token,
            open_paths=("/api/v1/health",),
            max_body=limits.body_bytes,
            seconds=limits.body_seconds,
        )

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"{scope['path']} is not offered; /api/v1/openapi.json lists what is."
        await problem(404, detail, instance=scope["path"])(scope, receive, send)

    behind = {f"{API}/v1": api_app(service), OPENAI: openai_app(service)}
    routes = [Mount(path, gate(inner, openai=path == OPENAI)) for path, inner in behind.items()]
    hosts = _hosts(host, allowed_hosts)
    doors = InProblems(Guard(Router(routes, default=elsewhere), hosts=hosts, max_body=limits.body_bytes + 1_000_000))
    app.add_middleware(Doors, doors=doors)
    app.add_middleware(RequestLog, file=request_log, other=PAGE if page else NOBODY, traces=collections.traces)
    app.state.service, app.state.doors = service, {path: inner.app for path, inner in behind.items()}


def keys_of(collections: Collections) -> Keys:
    """Those of the first data folder, or of its database."""
    first = collections.first
    return Keys(first.folder / FILE_NAME, first.conversations.shared)


def create_api(
    library: Library,
    assistant: Assistant,
    *,
    host: str = "127.0.0.1",
    allowed_hosts: Sequence[str] = (),
    keys: Keys | None = None,
    keys_required: bool | None = None,
    limits: DoorLimits | None = None,
    folder: Path | None = None,
    opener: Opener | None = None,
    request_log: Path | None = None,
    traces: tracing.Span = tracing.NOBODY,
) -> FastAPI:
    """The doors without the page; with ``opener``, for the collections in folders beside ``folder`` too.

    Raises `InputError` when keys are required and there are none.
    """
    first = collection_in(folder or library.path, library, assistant)
    collections = Collections(first, opener, folders_allowed=False, traces=traces)
    try:
        keys = keys or keys_of(collections)
        required = _keys_wanted(host, keys, keys_required)
    except BaseException:
        collections.close()
        raise
    uploads.hold(collections)
    app = FastAPI(title="OnRecord", docs_url=None, redoc_url=None, openapi_url=None, lifespan=closing(collections))
    app.state.collections = collections

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    add_doors(
        app,
        host=host,
        allowed_hosts=allowed_hosts,
        keys=keys,
        keys_required=required,
        limits=limits,
        request_log=request_log,
        page=False,
    )
    return app


def create_mcp_app(
    api: Interface,
    *,
    keys: Keys,
    host: str = "127.0.0.1",
    allowed_hosts: Sequence[str] = (),
    keys_required: bool | None = None,
    limits: DoorLimits | None = None,
    request_log: Path | None = None,
    traces: tracing.Span = tracing.NOBODY,
) -> ASGIApp:
    """MCP over streamable HTTP at ``/mcp``, behind the same guard and keys; needs the extra ``mcp``."""
    from onrecord.ui.http.mcp import mcp_http_app

    limits = limits or DoorLimits()
    gate = Gate(
        mcp_http_app(api),
        refusal=_problem,
        metrics=Metrics(),
        keys=keys,
        required=_keys_wanted(host, keys, keys_required),
        max_body=limits.body_bytes,
        seconds=limits.body_seconds,
    )
    guarded = InProblems(Guard(gate, hosts=_hosts(host, allowed_hosts), max_body=limits.body_bytes + 1_000_000))
    return RequestLog(guarded, file=request_log, other=NOBODY, traces=traces)


def _keys_wanted(host: str, keys: Keys, required: bool | None) -> bool:
    """Whether a key is asked for; raises `InputError` when it is and there is none."""
    wanted = host not in LOOPBACK if required is None else required
    if wanted and not keys.list():
        raise InputError(f"{host} can be reached from other machines; make a key first: onrecord keys add NAME.")
    return wanted


def _hosts(host: str, allowed: Sequence[str]) -> tuple[str, ...]:
    return (*dict.fromkeys([*([] if host in ("0.0.0.0", "::") else [host]), *LOOPBACK, *allowed]),)


def _problem(status: int, detail: str, headers: Mapping[str, str]) -> Response:
    return problem(status, detail, headers=headers)


class InProblems:
    """ASGI middleware: the guard's refusals, which are lines of text for people, in the door's own format."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused: Message = {}

        async def translated(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and _is_line(message):
                refused = message
            elif refused:
                head, refused = refused, {}
                make = openai_refusal if scope["path"].startswith(f"{OPENAI}/") else _problem
                kept = {k.decode(): v.decode() for k, v in head["headers"] if not k.startswith(b"content-")}
                await make(head["status"], message.get("body", b"").decode().strip(), kept)(scope, receive, send)
            else:
                await send(message)

        await self.app(scope, receive, translated)


def _is_line(start: Message) -> bool:
    kind = dict(start["headers"]).get(b"content-type", b"")
    return start["status"] >= 400 and bytes(kind).startswith(b"text/plain")
