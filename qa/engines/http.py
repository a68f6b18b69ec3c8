"""OpenAI-compatible servers as an `Engine`: chat completions, streamed as server-sent events over httpx.

Of several servers the one with the fewest calls under way is asked. One that fails, or hangs, before the first token is
left for another, and not asked again until it says that it lives; so a call fails only when all of them do.
"""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from onrecord.index import tls, tracing
from onrecord.index.errors import InputError, ModelError
from onrecord.qa.engines.base import Messages, OnUsage, Usage, not_counted
from onrecord.qa.engines.stopping import go_on, stop_asked
from onrecord.qa.engines.tokens import estimate_tokens, token_mass, yes_share

log = logging.getLogger("onrecord")

TOP_LOGPROBS = 20
WAIT = 300.0  # seconds until the first token, all servers together: a slow machine may read a long prompt for minutes
TIMEOUT = httpx.Timeout(10.0, read=300.0)
LOOK_UP = 0.25  # seconds between two looks at whether a stop is asked for while the server reads
HEALTH_EVERY = 5.0  # seconds between two looks at whether a server lives that keeps somebody waiting, or has failed
HEALTH_WITHIN = 2.0  # seconds within which it says so
SILENT = 3  # so many looks without an answer, and it hangs: a server may be silent while it reads
TRY = "model server"  # what asking one of them is to who traces the call: another is a second of these
SELDOM = 60.0  # seconds between two looks, at most, at a server that failed long ago


@dataclass(slots=True, eq=False)
class _Server:
    """One address, and its number among them. ``has_logprobs``: until it refuses them or leaves them out."""

    url: str
    number: int
    has_logprobs: bool = True
    lives: bool = True
    under_way: int = 0


@dataclass(slots=True)
class _Wait:
    """For the first token of one call, at one server. ``over``: why it was ended."""

    until: float
    server: _Server
    others: bool
    begun: bool = False
    over: str = ""
    silent: int = 0
    look: float = field(default_factory=lambda: time.monotonic() + HEALTH_EVERY)


class UrlEngine:
    """Each of ``base_urls`` ends before ``/chat/completions`` (``http://127.0.0.1:8080/v1``); all have the same model.

    The key, which all are sent, is only ever a header. ``wait_seconds`` bounds the wait for the first token, tries on
    other servers included.
    """

    def __init__(
        self,
        base_urls: str | Sequence[str],
        *,
        model: str,
        api_key: str = "",
        context_tokens: int = 4096,
        wait_seconds: float = WAIT,
    ) -> None:
        urls = [base_urls] if isinstance(base_urls, str) else list(dict.fromkeys(base_urls))
        for url in urls or [""]:
            if not url.startswith(("http://", "https://")):
                raise InputError(f"{url!r} is not a server's address; it begins with http:// or https://.")
        self.name = model
        self.context_tokens = context_tokens
        self._servers = [_Server(url.rstrip("/"), number) for number, url in enumerate(urls, start=1)]
        self._wait, self._choosing, self._closed = wait_seconds, threading.Lock(), threading.Event()
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # A connection for each call: hanging up is how a server hears that it may stop.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT, limits=limits, verify=tls.public())

    @property
    def at_once(self) -> int:
        """How many calls are served at the same time without waiting for each other."""
        return len(self._servers)

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        """See `Engine.generate`. Closing the iterator closes the connection."""
        chunks = self._chunks({"messages": list(messages), "max_tokens": max_tokens}, on_usage)
        said = (_content(choice) for chunk in chunks for choice in (chunk.get("choices") or [])[:1])
        try:
            yield from (piece for piece in said if piece)
        finally:
            chunks.close()  # type: ignore[attr-defined]

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        """See `Engine.first_tokens`; None without logprobs. A server that has none is not asked for them again."""
        if not any(server.has_logprobs for server in self._servers):
            return None
        body = {"messages": list(messages), "max_tokens": 1, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
        found = [one for chunk in self._chunks(body, on_usage) for one in _logprobs(chunk)]
        if not found:
            return None
        top = found[0].get("top_logprobs") or found[:1]
        return token_mass((token["token"], token["logprob"]) for token in top)

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        """See `Engine.yes_probability`; there are no adapters."""
        return None if adapter else yes_share(self.first_tokens(messages, on_usage=on_usage))

    def close(self) -> None:
        self._closed.set()
        self._http.close()

    def _chunks(self, body: Mapping[str, Any], on_usage: OnUsage) -> Iterator[dict[str, Any]]:
        """The reply's events, from the first server that begins to give one. Raises `ModelError` that names them.

        Where logprobs are asked for, a server without them is left for another, too.
        """
        request = {
            "model": self.name,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **body,
        }
        told: Mapping[str, Any] = {}
        pieces, wanted = 0, bool(body.get("logprobs"))
        failures: list[ModelError] = []
        tried: list[_Server] = []
        end = time.monotonic() + self._wait
        try:
            while time.monotonic() < end and (server := self._taken(tried, logprobs=wanted)):
                tried.append(server)
                wait = _Wait(end, server, others=self._others(tried, logprobs=wanted))
                has_logprobs = False
                try:
                    for chunk in self._stream(request, wait):
                        told = chunk.get("usage") or told
                        pieces += bool(chunk.get("choices") and _content(chunk["choices"][0]))
                        has_logprobs |= bool(_logprobs(chunk))
                        wait.begun = pieces > 0 or has_logprobs
                        yield chunk
                    if has_logprobs or not wanted:
                        return
                    server.has_logprobs = False
                except _Refused:
                    if not wanted:
                        raise
                    server.has_logprobs = False
                except ModelError as error:
                    self._failed(server, error)
                    if wait.begun:
                        raise
                    failures.append(error)
                finally:
                    self._left(server)
            if failures:
                raise _all_of(failures)
        finally:
            on_usage(_usage(request["messages"], told, pieces))

    def _taken(self, tried: Sequence[_Server], *, logprobs: bool) -> _Server | None:
        """The least busy of those that live and were not tried; of the others where none does."""
        with self._choosing:
            left = [one for one in self._servers if one not in tried and (one.has_logprobs or not logprobs)]
            if not left:
                return None
            server = min(left, key=lambda one: (not one.lives, one.under_way))
            server.under_way += 1
            return server

    def _left(self, server: _Server) -> None:
        with self._choosing:
            server.under_way -= 1

    def _others(self, tried: Sequence[_Server], *, logprobs: bool) -> bool:
        """Whether there is another to go to."""
        return any(one.lives and one not in tried and (one.has_logprobs or not logprobs) for one in self._servers)

    def _failed(self, server: _Server, error: ModelError) -> None:
        """Not asked before the others, until it says that it lives."""
        if len(self._servers) == 1:
            return
        with self._choosing:
            lived, server.lives = server.lives, False
        if lived:
            log.warning("%s It is left out until it answers again.", error)
            threading.Thread(target=self._until_it_lives, args=(server,), name="model server", daemon=True).start()

    def _until_it_lives(self, server: _Server) -> None:
        pause = HEALTH_EVERY
        while not self._closed.wait(pause):
            if self._answers(server):
                server.lives = True
                return
            pause = min(SELDOM, pause * 2)

    def _answers(self, server: _Server) -> bool:
        """Whether it says anything but that it cannot: also a server without a list of its models lives."""
        try:
            return self._http.get(f"{server.url}/models", timeout=HEALTH_WITHIN).status_code < 500
        except (httpx.HTTPError, RuntimeError):  # the second: the engine was closed
            return False

    def _stream(self, request: Mapping[str, Any], wait: _Wait) -> Iterator[dict[str, Any]]:
        """The events of one server. Raises `ModelError` that names it."""
        url = wait.server.url
        whole = False
        try:
            with (
                tracing.ended(tracing.current().child(TRY, "client")) as asked,
                _hung_up_when(self._why_over(wait)) as extensions,
                self._http.stream(
                    "POST",
                    f"{url}/chat/completions",
                    json=request,
                    headers=_noted(asked, wait.server),
                    extensions=extensions,
                ) as response,
            ):
                asked.note({"http.response.status_code": response.status_code})
                if response.status_code != 200:
                    response.read()
                    raise _refusal(url, response)
                for line in response.iter_lines():
                    go_on()
                    whole |= line[5:].strip() == "[DONE]"
                    if not line.startswith("data:") or line[5:].strip() in ("", "[DONE]"):
                        continue
                    chunk = json.loads(line[5:])
                    if chunk.get("error"):
                        raise ModelError(f"The server at {url} failed: {_reason(chunk)}.")
                    whole |= any(choice.get("finish_reason") for choice in chunk.get("choices") or [])
                    yield chunk
                if not whole:
                    raise httpx.RemoteProtocolError("it broke off")
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError, json.JSONDecodeError) as error:
            go_on()
            raise ModelError(
                f"The model server at {url} did not answer ({wait.over or error}); check that it runs and the address."
            ) from error

    def _why_over(self, wait: _Wait) -> Callable[[], bool]:
        """Whether the connection is to be ended: a stop is asked for, or the first token is waited for no longer."""
        asked = stop_asked()

        def over() -> bool:
            now = time.monotonic()
            if asked():
                wait.over = "stopped"
            elif wait.begun:
                return False
            elif now >= wait.until:
                wait.over = f"nothing within {self._wait:.0f} seconds"
            elif wait.others and now >= wait.look:
                wait.silent = 0 if self._answers(wait.server) else wait.silent + 1
                wait.look = now + HEALTH_EVERY
                if wait.silent >= SILENT:
                    wait.over = "it hangs"
            return bool(wait.over)

        return over


def _noted(asked: tracing.Span, server: _Server) -> Mapping[str, str]:
    """Which server a span is about; with what is returned, that server's own spans are parts of it."""
    where = httpx.URL(server.url)
    asked.note({"server.address": where.host, "onrecord.server": server.number})
    if where.port:
        asked.note({"server.port": where.port})
    return asked.headers


@contextlib.contextmanager
def _hung_up_when(over: Callable[[], bool]) -> Iterator[dict[str, Callable[[str, Mapping[str, Any]], None]]]:
    """What a request is given, so that its connection ends when ``over()``, which is asked every `LOOK_UP` seconds."""
    ended, sockets = threading.Event(), list[socket.socket]()

    def note(event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            sockets.append(info["return_value"].get_extra_info("socket"))

    def watch() -> None:
        while not ended.wait(LOOK_UP):
            if over():
                for one in sockets:
                    with contextlib.suppress(OSError):  # it is closed already
                        socket.socket.shutdown(one, socket.SHUT_RDWR)  # of the connection, whatever wraps it
                return

    threading.Thread(target=watch, name="stopping", daemon=True).start()
    try:
        yield {"trace": note}
    finally:
        ended.set()


def _all_of(failures: Sequence[ModelError]) -> ModelError:
    if len(failures) == 1:
        return failures[0]
    return ModelError(f"None of {len(failures)} model servers answered. {' '.join(map(str, failures))}")


def _usage(messages: Messages, told: Mapping[str, Any], pieces: int) -> Usage:
    """The server's own counts; estimates where it gives none."""
    read = told.get("prompt_tokens") or sum(estimate_tokens(message["content"]) for message in messages)
    reused = (told.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(
        evaluated_tokens=read - reused,
        reused_tokens=reused,
        generated_tokens=told.get("completion_tokens") or pieces,
        calls=1,
    )


class _Refused(ModelError):
    """The server understood the request and will not do it (status 400 or 422)."""


def _refusal(base_url: str, response: httpx.Response) -> ModelError:
    try:
        reason = _reason(response.json())
    except ValueError:
        reason = response.text[:200]
    kind = _Refused if response.status_code in (400, 422) else ModelError
    cure = "check the API key" if response.status_code in (401, 403) else "check the address and the model's name"
    return kind(f"The model server at {base_url} answered {response.status_code} ({reason}); {cure}.")


def _reason(data: Any) -> str:
    error = data.get("error") if isinstance(data, dict) else None
    return str(error.get("message") if isinstance(error, dict) else error or data)[:200]


def _logprobs(chunk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of the tokens in it; an empty list without any."""
    first = (chunk.get("choices") or [{}])[0]
    return (first.get("logprobs") or {}).get("content") or []


def _content(choice: Mapping[str, Any]) -> str:
    return (choice.get("delta") or {}).get("content") or ""
