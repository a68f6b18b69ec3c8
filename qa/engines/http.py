"""An OpenAI-compatible server as an `Engine`: chat completions, streamed as server-sent events over httpx."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from onrecord.index import tls
from onrecord.index.errors import InputError, ModelError
from onrecord.qa.engines.base import Messages, OnUsage, Usage, not_counted
from onrecord.qa.engines.stopping import go_on, stop_asked
from onrecord.qa.engines.tokens import estimate_tokens, token_mass, yes_share

TOP_LOGPROBS = 20
TIMEOUT = httpx.Timeout(10.0, read=300.0)  # a slow machine may read a long prompt for minutes
LOOK_UP = 0.25  # seconds between two looks at whether a stop is asked for while the server reads


class UrlEngine:
    """``base_url`` ends before ``/chat/completions`` (``http://127.0.0.1:8080/v1``). The key is only ever a header."""

    def __init__(self, base_url: str, *, model: str, api_key: str = "", context_tokens: int = 4096) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise InputError(f"{base_url!r} is not a server's address; it begins with http:// or https://.")
        self.name = model
        self.context_tokens = context_tokens
        self._base_url = base_url.rstrip("/")
        self._has_logprobs = True  # until the server refuses them or leaves them out
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # A connection for each call: hanging up is how a server hears that it may stop.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT, limits=limits, verify=tls.public())

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
        """See `Engine.first_tokens`; None from a server without logprobs, which is not asked again."""
        if not self._has_logprobs:
            return None
        body = {"messages": list(messages), "max_tokens": 1, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
        found: list[Mapping[str, Any]] = []
        try:
            for chunk in self._chunks(body, on_usage):
                for choice in (chunk.get("choices") or [])[:1]:
                    found = found or (choice.get("logprobs") or {}).get("content") or []
        except _Refused:
            found = []
        self._has_logprobs = bool(found)
        if not found:
            return None
        top = found[0].get("top_logprobs") or found[:1]
        return token_mass((token["token"], token["logprob"]) for token in top)

    def yes_probability(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> float | None:
        """See `Engine.yes_probability`."""
        return yes_share(self.first_tokens(messages, on_usage=on_usage))

    def close(self) -> None:
        self._http.close()

    def _chunks(self, body: Mapping[str, Any], on_usage: OnUsage) -> Iterator[dict[str, Any]]:
        """The reply's events. Raises `ModelError` that names the server."""
        request = {
            "model": self.name,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **body,
        }
        told: Mapping[str, Any] = {}
        pieces = 0
        try:
            with (
                _hung_up_when_stopped() as extensions,
                self._http.stream(
                    "POST", f"{self._base_url}/chat/completions", json=request, extensions=extensions
                ) as response,
            ):
                if response.status_code != 200:
                    response.read()
                    raise _refusal(self._base_url, response)
                for line in response.iter_lines():
                    go_on()
                    if not line.startswith("data:") or line[5:].strip() in ("", "[DONE]"):
                        continue
                    chunk = json.loads(line[5:])
                    if chunk.get("error"):
                        raise ModelError(f"The server at {self._base_url} failed: {_reason(chunk)}.")
                    told = chunk.get("usage") or told
                    pieces += bool(chunk.get("choices") and _content(chunk["choices"][0]))
                    yield chunk
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError, json.JSONDecodeError) as error:
            go_on()
            raise ModelError(
                f"The model server at {self._base_url} did not answer ({error}); check that it runs and the address."
            ) from error
        finally:
            on_usage(_usage(request["messages"], told, pieces))


@contextlib.contextmanager
def _hung_up_when_stopped() -> Iterator[dict[str, Callable[[str, Mapping[str, Any]], None]]]:
    """What a request is given, so that its connection ends when a stop is asked for while the server reads."""
    asked, over, sockets = stop_asked(), threading.Event(), list[socket.socket]()

    def note(event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            sockets.append(info["return_value"].get_extra_info("socket"))

    def watch() -> None:
        while not over.wait(LOOK_UP):
            if asked():
                for one in sockets:
                    with contextlib.suppress(OSError):  # it is closed already
                        socket.socket.shutdown(one, socket.SHUT_RDWR)  # of the connection, whatever wraps it
                return

    threading.Thread(target=watch, name="stopping", daemon=True).start()
    try:
        yield {"trace": note}
    finally:
        over.set()


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


def _content(choice: Mapping[str, Any]) -> str:
    return (choice.get("delta") or {}).get("content") or ""
