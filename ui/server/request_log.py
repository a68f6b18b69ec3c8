"""A line and a span for each request, and nothing of its text: no question, no article, no name of a file, no key."""

import json
import logging
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.index import tracing
from onrecord.index.store import modes
from onrecord.ui.http.allowance import READING

log = logging.getLogger("onrecord.access")
METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE")
OTHER = "other"  # a method or a path that is not offered: either could be somebody's text
FILE_BYTES, OLDER_FILES = 2_000_000, 4
LINE = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
LINE.converter = time.gmtime


class RequestLog:
    """ASGI middleware around everything. A line: when, who, method, route, status, milliseconds, bytes sent.

    Who is a key's name, ``"command"``, ``"page"``, or ``other`` where nobody said. The route is the template that was
    matched, without what stood in its places. Lines go to the logger ``onrecord.access`` and to ``file``, if given.
    The span, a child of ``traces``, has the same, but not who; it goes on with the trace that a request comes with.
    """

    def __init__(
        self, app: ASGIApp, *, file: Path | None, other: str = "page", traces: tracing.Span = tracing.NOBODY
    ) -> None:
        self.app, self.other, self.traces = app, other, traces
        self._file = logging.Logger("onrecord.requests", logging.INFO)  # of this server alone: it has no parent
        if file is not None:
            self._file.addHandler(OwnFile(file))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, sent = time.perf_counter(), 499, 0  # 499: the client went before there was a response
        method = method_of(scope)
        span = self.traces.child(method, "server", parent=_parent_of(scope))
        scope.setdefault("state", {})

        async def noting(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        try:
            with tracing.under(span):
                await self.app(scope, receive, noting)
        finally:
            who, route = json.dumps(scope["state"].get("who", self.other)), template_of(scope)
            took = (time.perf_counter() - started) * 1000
            for logger in (log, self._file):
                logger.info("%s %s %s %d %.0fms %dB", who, method, route, status, took, sent)
            span.note({"http.request.method": method, "http.route": route, "http.response.status_code": status})
            if status >= 500:
                span.note({"error.type": str(status)})
            span.end(f"{method} {route}")


def method_of(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else OTHER


def template_of(scope: Scope) -> str:
    """The route that a request went to, as it is written in the code: ``/api/v1/articles/{article_id:path}``."""
    path = getattr(scope.get("route"), "path", "")
    return f"{scope.get('root_path', '')}{path}" if path else OTHER


def _parent_of(scope: Scope) -> str:
    """The span of another process that asks this, as a proxy passes it on."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
    return given[0] if len(given) == 1 else ""


class OwnFile(RotatingFileHandler):
    """Open only while a line is written, so that it holds no folder; its owner's alone."""

    def __init__(self, file: Path, line: logging.Formatter = LINE, *, of: str = "Requests") -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8", delay=True)
        self.setFormatter(line)
        self._of, self._failed = of, False

    def _open(self):  # type: ignore[no-untyped-def]  # the type is the library's
        modes.make_file(Path(self.baseFilename))
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if self.stream:
            self.stream.close()
            self.stream = None  # as FileHandler itself does

    def handleError(self, record: logging.LogRecord) -> None:
        """A disk that is full must not end a request; it is said once."""
        if not self._failed:
            self._failed = True
            print(f"{self._of} cannot be logged in {self.baseFilename} ({sys.exc_info()[1]}).", file=sys.stderr)
