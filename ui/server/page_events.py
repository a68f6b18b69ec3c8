"""What a browser may ask of Gradio: the routes that the page uses, and events whose files were sent by this person.

Gradio takes a file's path, or an address, wherever an event's data name one, and reads it with the server's rights.
Here only the file field may name one, and only one that this server handed out for an upload of the same person.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.ui.http.bodies import json_body, replayed, whole_body
from onrecord.ui.http.problems import Problem
from onrecord.ui.server.page_language import refusal_for

READ = ("/", "/config", "/theme.css", "/favicon.ico", "/gradio_api/queue/data", "/gradio_api/upload_progress")
READ_BELOW = ("/assets/", "/static/", "/gradio_api/heartbeat/")
UPLOAD = "/gradio_api/upload"
SENT = ("/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/cancel", "/gradio_api/reset")
EVENT_BYTES = 4_000_000  # of one event: a pasted text is the largest
NAMES_A_FILE = frozenset({"path", "url", "meta"})
COOKIE = "onrecord_uploads"
NOT_SENT = "A file can only be given through the file field, by who sent it; choose it there again."


class Uploads:
    """Which person was given which path for a file that they sent. The oldest are forgotten beyond ``most``."""

    def __init__(self, *, most: int = 10_000) -> None:
        self._most = most
        self._owners: dict[str, set[str]] = {}

    def remember(self, owner: str, paths: Iterable[str]) -> None:
        for path in paths:
            self._owners[path] = self._owners.pop(path, set()) | {owner}
        while len(self._owners) > self._most:
            del self._owners[next(iter(self._owners))]

    def sent_by(self, owner: str, path: object) -> bool:
        return isinstance(path, str) and owner in self._owners.get(path, ())


class PageEvents:
    """ASGI middleware around the mounted page; ``page``: its ``gr.Blocks``."""

    def __init__(self, app: ASGIApp, *, page: Any) -> None:
        self.app, self.uploads = app, Uploads()
        self._fields: Mapping[int, tuple[int, ...]] = {
            number: tuple(n for n, block in enumerate(event.inputs) if isinstance(block, gr.File))
            for number, event in page.fns.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close"})
        elif scope["method"] == "POST" and scope["path"] == UPLOAD:
            await self._upload(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] in SENT:
            await self._event(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD") and _readable(scope["path"]):
            await self.app(scope, receive, send)
        else:
            text = refusal_for(scope, "Nothing is here; open the page itself.")
            await PlainTextResponse(text + "\n", 404)(scope, receive, send)

    async def _event(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            document = json_body(await whole_body(receive, most=EVENT_BYTES))
            body = json.dumps(self.vetted(document, _owner(scope))).encode()
        except Problem as error:
            refusal = {"detail": error.detail, "error": error.detail}
            await JSONResponse(refusal, error.status_code)(scope, receive, send)
            return
        await self.app(scope, replayed(body, receive), send)

    def vetted(self, document: Any, owner: str) -> Any:
        """The event as it may be carried out: of each file only the path is taken; raises a 422 for any other file."""
        if not isinstance(document, dict):
            raise Problem(422, "An event is a JSON object.")
        number, data = document.get("fn_index"), document.get("data")
        positions = self._fields.get(number, ()) if isinstance(number, int) else ()
        files: dict[int, Any] = {}
        if isinstance(data, list):
            files = {n: self._files(data[n], owner) for n in positions if n < len(data)}
            document = {**document, "data": [None if n in files else one for n, one in enumerate(data)]}
        if _names_a_file(document):
            raise Problem(422, NOT_SENT)
        for n, given in files.items():
            document["data"][n] = given
        return document

    def _files(self, given: Any, owner: str) -> Any:
        if given is None:
            return None
        return [self._file(one, owner) for one in given] if isinstance(given, list) else self._file(given, owner)

    def _file(self, given: Any, owner: str) -> dict[str, Any]:
        if not isinstance(given, dict) or not self.uploads.sent_by(owner, given.get("path")):
            raise Problem(422, NOT_SENT)
        return {"path": given["path"], "meta": {"_type": "gradio.FileData"}}

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remembers who was given which paths, before they are told them."""
        owner, cookie = _owner(scope), ""
        if not owner:
            cookie = secrets.token_urlsafe(24)
            owner = _browser(cookie)
        start: Message = {}
        body = bytearray()

        async def noting(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            if start["status"] == 200:
                self.uploads.remember(owner, json.loads(bytes(body)))
                if cookie:
                    header = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict"
                    start["headers"] = [*start["headers"], (b"set-cookie", header.encode())]
            await send(start)
            await send({"type": "http.response.body", "body": bytes(body)})

        await self.app(scope, receive, noting)


def _readable(path: str) -> bool:
    return path in READ or path.startswith(READ_BELOW)


def _owner(scope: Scope) -> str:
    """Who asks: the name that they logged in with, else the browser that sent files before; empty if neither."""
    user = str(scope.get("state", {}).get("user") or "")
    if user:
        return f"user {user}"
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                continue
            if found is not None:
                return _browser(found.value)
    return ""


def _browser(cookie: str) -> str:
    return f"browser {cookie}"


def _names_a_file(document: Any) -> bool:
    """Whether anything in it, however deep, could be taken for a file."""
    left = [document]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if not NAMES_A_FILE.isdisjoint(one):
                return True
            left += one.values()
        elif isinstance(one, list):
            left += one
    return False
