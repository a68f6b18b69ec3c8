"""What stands before every request of another program: its key, its limits, and the access log."""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.index.errors import OnRecordError
from onrecord.ui.http.bodies import check_text, replayed, whole_body
from onrecord.ui.http.metrics import Metrics
from onrecord.ui.http.problems import Problem, described
from onrecord.ui.server.guard import LOOPBACK, named_user
from onrecord.ui.server.keys import Key, Keys, Rate

log = logging.getLogger("onrecord.access")

Refusal = Callable[[int, str, Mapping[str, str]], Response]
COMMAND = "command"  # who asks, where it is one of this account's commands
READING = ("GET", "HEAD", "OPTIONS")
ASKING = ("/search", "/ask", "/chat/completions", "/mcp")  # POST, and yet nothing is changed


class Gate:
    """ASGI middleware around one door. ``refusal`` makes the response of a refused request, in that door's format.

    With ``required`` a request needs a key, or the name and password of one of ``users``; else a key that is shown
    must still be right. Paths in ``open_paths`` need none. ``token`` lets this account's own commands in, from this
    machine alone; they may do what no key allows (``state["command"]``). Limits in bytes and seconds; ``seconds`` is
    for the sending of the body. The log has no query string and no body, so no question.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refusal: Refusal,
        metrics: Metrics,
        keys: Keys | None,
        required: bool,
        users: Mapping[str, str] | None = None,
        token: str = "",
        open_paths: tuple[str, ...] = (),
        max_body: int = 50_000_000,
        seconds: float = 60.0,
    ) -> None:
        self.app, self.refusal, self.metrics, self.keys = app, refusal, metrics, keys
        self.token = token
        self.required, self.users, self.open_paths = required, dict(users or {}), open_paths
        self.max_body, self.seconds, self.rate = max_body, seconds, Rate()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, who = time.perf_counter(), 499, "-"  # 499: the client went before there was a response

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            who = self._admit(scope)
            await self.app(scope, await self._checked(scope, _Body(receive, self.max_body, self.seconds)), noting)
        except (HTTPException, OnRecordError) as error:
            code, detail, headers, _ = described(error)
            await self.refusal(code, detail, headers)(scope, receive, noting)
        finally:
            self._note(scope, status, time.perf_counter() - started, who)

    def _admit(self, scope: Scope) -> str:
        """Who asks; raises `Problem` when they may not."""
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.max_body:
            raise Problem(413, f"{length} bytes are more than the {self.max_body} that one request may have.")
        kind, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        name = named_user(headers.get("authorization", ""), self.users)
        state = scope.setdefault("state", {})
        if self.token and hmac.compare_digest(token.encode(), self.token.encode()) and _from_here(scope):
            state["user"], state["command"] = COMMAND, True
            return COMMAND
        if token.startswith("or_") or (self.token and token.startswith("run_")) or (token and self.required):
            return self._with_key(scope, token)
        if name:
            state["user"] = name
            return name
        if self.required and scope["path"] not in self.open_paths:
            raise Problem(
                401,
                "Send a key as `Authorization: Bearer or_…`; `onrecord keys add NAME` makes one.",
                {"WWW-Authenticate": 'Bearer realm="OnRecord"'},
            )
        return "-"

    @staticmethod
    async def _checked(scope: Scope, body: "_Body") -> Receive:
        """The body to read; raises a 422 for JSON with half a character. Files are checked by who reads them."""
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if scope["method"] in READING or kind.lower().startswith(b"multipart/form-data"):
            return body.receive
        whole = await whole_body(body.receive, most=body.most)
        check_text(whole)
        return replayed(whole, body.receive)

    def _with_key(self, scope: Scope, token: str) -> str:
        key = self.keys.find(token) if self.keys else None
        if key is None:
            raise Problem(
                401,
                "This key is unknown or was revoked; `onrecord keys add NAME` makes a new one.",
                {"WWW-Authenticate": 'Bearer realm="OnRecord", error="invalid_token"'},
            )
        wait = self.rate.wait(key.id, key.per_minute)
        if wait:
            raise Problem(
                429,
                f"The key {key.name} may make {key.per_minute} requests a minute; wait {wait:.0f} seconds.",
                {"Retry-After": str(max(1, round(wait)))},
            )
        if key.read_only and _changes(scope):
            raise Problem(403, f"The key {key.name} may only read; make one without --read-only.")
        scope["state"]["user"] = owner_of(key)
        return f"key:{key.id}"

    def _note(self, scope: Scope, status: int, seconds: float, who: str) -> None:
        route = str(getattr(scope.get("route"), "path", "") or "other")
        method = scope["method"] if scope["method"] in (*READING, "POST", "PUT", "PATCH", "DELETE") else "other"
        self.metrics.requested(method, route, status, seconds)
        log.info("%s %s %d %.3fs %s", method, scope["path"].encode("unicode_escape").decode(), status, seconds, who)


def _from_here(scope: Scope) -> bool:
    """Whether the other end is this machine: loopback, or the very address that this server listens on."""
    there = (scope.get("client") or ("",))[0]
    return there in LOOPBACK or there == (scope.get("server") or (None,))[0]


def owner_of(key: Key) -> str:
    """Under which name a key's conversations are kept: not one that a person could log in with."""
    return f"key:{key.id}"


def _changes(scope: Scope) -> bool:
    return scope["method"] not in READING and not scope["path"].endswith(ASKING)


class _Body:
    """Counts and times the body of one request."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive, self.most, self._taken, self._done = receive, most, 0, False
        self._end = time.monotonic() + seconds

    async def receive(self) -> Any:
        if self._done:  # from here on this waits for the client to go away, which may take as long as it likes
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.01, self._end - time.monotonic()))
        except TimeoutError as error:
            raise Problem(408, "The request did not arrive in time; send it again.") from error
        self._taken += len(message.get("body", b""))
        if self._taken > self.most:
            raise Problem(413, f"More than {self.most} bytes are more than one request may have.")
        self._done = not message.get("more_body", False)
        return message
