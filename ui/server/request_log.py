"""A line for each request, and nothing of its text: no question, no article, no name of a file, no key."""

import json
import logging
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    """

    def __init__(self, app: ASGIApp, *, file: Path | None, other: str = "page") -> None:
        self.app, self.other = app, other
        self._file = logging.Logger("onrecord.requests", logging.INFO)  # of this server alone: it has no parent
        if file is not None:
            self._file.addHandler(_File(file))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, sent = time.perf_counter(), 499, 0  # 499: the client went before there was a response
        method = method_of(scope)
        scope.setdefault("state", {})

        async def noting(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            who = json.dumps(scope["state"].get("who", self.other))
            took = (time.perf_counter() - started) * 1000
            line = (who, method, template_of(scope), status, took, sent)
            for logger in (log, self._file):
                logger.info("%s %s %s %d %.0fms %dB", *line)


def method_of(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else OTHER


def template_of(scope: Scope) -> str:
    """The route that a request went to, as it is written in the code: ``/api/v1/articles/{article_id:path}``."""
    path = getattr(scope.get("route"), "path", "")
    return f"{scope.get('root_path', '')}{path}" if path else OTHER


class _File(RotatingFileHandler):
    """Open only while a line is written, so that it holds no folder; its owner's alone."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8", delay=True)
        self.setFormatter(LINE)
        self._failed = False

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
            print(f"Requests cannot be logged in {self.baseFilename} ({sys.exc_info()[1]}).", file=sys.stderr)
