"""What stands before every request of another program: its key, and its limits."""

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.index.errors import OnRecordError
from onrecord.ui.http.allowance import EVERYTHING, HEADER, READING, Allowance, allowing, from_header
from onrecord.ui.http.bodies import check_text, replayed, whole_body
from onrecord.ui.http.metrics import Metrics
from onrecord.ui.http.problems import Problem, described
from onrecord.ui.server.guard import LOOPBACK, named_user
from onrecord.ui.server.keys import Key, Keys, Rate
from onrecord.ui.server.request_log import OTHER, method_of

Refusal = Callable[[int, str, Mapping[str, str]], Response]
COMMAND = "command"  # who asks, where it is one of this account's commands
PAGE, NOBODY = "page", "-"


class Gate:
    """ASGI middleware around one door. ``refusal`` makes the response of a refused request, in that door's format.

    With ``required`` a request needs a key, or the name and password of one of ``users``; else a key that is shown
    must still be right. Paths in ``open_paths`` need none. ``token`` lets this account's own commands in, from this
    machine alone; they may do what no key allows (``state["command"]``), unless they ask in a key's place. What a key
    allows holds within (`allowing`); ``rate`` is shared by the doors of a server. Who asks is in ``state["who"]``.
    Limits in bytes and seconds; ``seconds`` is for the sending of the body.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refusal: Refusal,
        metrics: Metrics,
        keys: Keys | None,
        required: bool,
        rate: Rate | None = None,
        users: Mapping[str, str] | None = None,
        token: str = "",
        open_paths: tuple[str, ...] = (),
        max_body: int = 50_000_000,
        seconds: float = 60.0,
    ) -> None:
        self.app, self.refusal, self.metrics, self.keys = app, refusal, metrics, keys
        self.token = token
        self.required, self.users, self.open_paths = required, dict(users or {}), open_paths
        self.max_body, self.seconds, self.rate = max_body, seconds, rate or Rate()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 499  # 499: the client went before there was a response
        scope.setdefault("state", {})["who"] = NOBODY

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with allowing(self._admit(scope)):
                body = await self._checked(scope, _Body(receive, self.max_body, self.seconds))
                await self.app(scope, body, noting)
        except (HTTPException, OnRecordError) as error:
            code, detail, headers, _ = described(error)
            await self.refusal(code, detail, headers)(scope, receive, noting)
        finally:
            route = str(getattr(scope.get("route"), "path", "") or OTHER)
            self.metrics.requested(method_of(scope), route, status, time.perf_counter() - started)

    def _admit(self, scope: Scope) -> Allowance:
        """What who asks may do; raises `Problem` when it is nothing."""
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.max_body:
            raise Problem(413, f"{length} bytes are more than the {self.max_body} that one request may have.")
        kind, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        name = named_user(headers.get("authorization", ""), self.users)
        state = scope["state"]
        if self.token and hmac.compare_digest(token.encode(), self.token.encode()) and _from_here(scope):
            may = _in_the_place_of(headers.get(HEADER, ""))
            state["user"] = COMMAND
            state["who"], state["command"] = may.name or COMMAND, may == EVERYTHING
            return may
        if token.startswith("or_") or (self.token and token.startswith("run_")) or (token and self.required):
            return self._with_key(scope, token)
        if name:
            state["user"], state["who"] = name, PAGE
            return EVERYTHING
        if self.required and scope["path"] not in self.open_paths:
            raise Problem(
                401,
                "Send a key as `Authorization: Bearer or_…`; `onrecord keys add NAME` makes one.",
                {"WWW-Authenticate": 'Bearer realm="OnRecord"'},
            )
        return EVERYTHING

    @staticmethod
    async def _checked(scope: Scope, body: "_Body") -> Receive:
        """The body to read; raises a 422 for JSON with half a character. Files are checked by who reads them."""
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if scope["method"] in READING or kind.lower().startswith(b"multipart/form-data"):
            return body.receive
        whole = await whole_body(body.receive, most=body.most)
        check_text(whole)
        return replayed(whole, body.receive)

    def _with_key(self, scope: Scope, token: str) -> Allowance:
        key = self.keys.find(token) if self.keys else None
        if key is None:
            raise Problem(
                401,
                "This key is unknown or was revoked; `onrecord keys add NAME` makes a new one.",
                {"WWW-Authenticate": 'Bearer realm="OnRecord", error="invalid_token"'},
            )
        scope["state"]["who"] = key.name
        wait = self.rate.wait(key.id, key.per_minute)
        if wait:
            raise Problem(
                429,
                f"The key {key.name} may make {key.per_minute} requests a minute; wait {wait:.0f} seconds.",
                {"Retry-After": str(max(1, round(wait)))},
            )
        scope["state"]["user"] = owner_of(key)
        return key.allowance


def _from_here(scope: Scope) -> bool:
    """Whether the other end is this machine: loopback, or the very address that this server listens on."""
    there = (scope.get("client") or ("",))[0]
    return there in LOOPBACK or there == (scope.get("server") or (None,))[0]


def owner_of(key: Key) -> str:
    """Under which name a key's conversations are kept: not one that a person could log in with."""
    return f"key:{key.id}"


def _in_the_place_of(header: str) -> Allowance:
    """What the key may do for which a command asks; all, if it asks for itself."""
    try:
        return from_header(header)
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem(400, f"The header {HEADER} cannot be read; leave it out.") from error


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
