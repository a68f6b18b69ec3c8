"""Who may talk to the server, and what it may send back: hosts, origins, passwords, sizes, and the page's policy."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.ui.server.page_language import refusal_for

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-resource-policy": "same-origin",
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READING = ("GET", "HEAD", "OPTIONS")


def host_name(value: str) -> str:
    """The host of a ``Host`` header, without its port.

    >>> host_name("[::1]:7860"), host_name("localhost:7860")
    ('::1', 'localhost')
    """
    try:
        return (urlsplit("//" + value).hostname or "").lower()
    except ValueError:
        return ""


def named_user(authorization: str, users: Mapping[str, str]) -> str | None:
    """Who of ``users`` (name -> password) logs in with this header of Basic authentication; None: nobody."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(token, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    right = hmac.compare_digest(users.get(name, "").encode(), password.encode())
    return name if right and name in users else None


class Guard:
    """ASGI middleware. ``users``: name -> password, empty when none is asked for. Sizes in bytes."""

    def __init__(
        self, app: ASGIApp, *, hosts: tuple[str, ...], users: Mapping[str, str] | None = None, max_body: int
    ) -> None:
        self.app, self.hosts, self.users, self.max_body = app, hosts, dict(users or {}), max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal:
            status, text, extra = refusal
            text = refusal_for(scope, text)
            await PlainTextResponse(text + "\n", status, {**HEADERS, **extra})(scope, receive, send)
            return
        scope.setdefault("state", {})["user"] = self._user(headers)
        await self.app(scope, self._counted(receive), _with_headers(send))

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str, dict[str, str]] | None:
        host = headers.get("host", "")
        if "*" not in self.hosts and host_name(host) not in self.hosts:
            return 400, f"“{host_name(host)}” is not an address of this server; open it as {self.hosts[0]}.", {}
        if scope["method"] not in _READING and self._foreign(headers, host):
            return 403, "Another site asked for this; open the page itself.", {}
        if self.users and scope["path"] != "/healthz" and self._user(headers) is None:
            return 401, "A name and a password are needed here.", {"www-authenticate": 'Basic realm="OnRecord"'}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.max_body:
            return 413, f"More than {self.max_body // 1_000_000} MB at once; send less.", {}
        return None

    @staticmethod
    def _foreign(headers: Mapping[str, str], host: str) -> bool:
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return True
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).netloc.lower() != host.lower()

    def _user(self, headers: Mapping[str, str]) -> str | None:
        return named_user(headers.get("authorization", ""), self.users)

    def _counted(self, receive: Receive) -> Receive:
        """Ends a body that grows over the limit without having said so."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return {"type": "http.disconnect"} if taken > self.max_body else message

        return counted


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Any) -> None:
        if message["type"] == "http.response.start":
            have = {key.lower() for key, _ in message["headers"]}
            extra = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in have]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return wrapped
