"""One call of a running server over HTTP, timed: a search, or a question answered as events."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from onrecord.eval.suites.jsonl import read_jsonl
from onrecord.index import tls
from onrecord.index.errors import InputError

FINE = "200"
TOP_K = 10
_PATIENCE = 1800.0  # seconds that one call may take; what takes longer is an error here, too


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its place in the order of asking, when it began and ended, and what came back.

    ``status``: the HTTP status, or the name of what went wrong before there was one. Times in seconds on one clock.
    """

    place: int
    question: str
    began: float
    ended: float
    status: str
    echoed: str = ""
    found: tuple[str, ...] = ()
    text: str = ""
    model: str = ""
    evidence: float = 0.0  # seconds after ``began`` at which the passages were there
    tokens_read: float = 0.0
    tokens_reused: float = 0.0

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def fine(self) -> bool:
        return self.status == FINE


def questions_of(path: Path) -> tuple[str, ...]:
    """The ``question`` of each line of a JSON Lines file; raises `InputError` when there is none."""
    found = tuple(row.text("question", required=True) for row in read_jsonl(path))
    if not found:
        raise InputError(f'{path}: holds no question; write one JSON object with a "question" per line')
    return found


class Caller:
    """Calls one server; ``key`` is sent where it is not empty. ``transport`` is for tests."""

    def __init__(self, url: str, *, key: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=_PATIENCE,
            limits=httpx.Limits(max_connections=None),
            transport=transport,
            verify=tls.public(),
            trust_env=False,  # a proxy that is set for the web must not see calls to a server that may be local
        )

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def about(self) -> dict[str, Any]:
        """The server's version and how many articles it holds; raises `InputError` when no OnRecord answers."""
        try:
            health = await self._client.get("/api/v1/health")
            articles = await self._client.get("/api/v1/articles", params={"limit": 1})
            if articles.status_code != 200:
                raise ValueError(f"status {articles.status_code}")
            return {"version": health.json()["version"], "articles": articles.json()["total"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._url}: no OnRecord server answers there ({error}); start one with `onrecord serve`, and give "
                "--key where it asks for one"
            ) from error

    async def search(self, question: str, place: int = 0) -> Call:
        """One search."""
        began = time.perf_counter()
        try:
            response = await self._client.post("/api/v1/search", json={"query": question, "top_k": TOP_K})
            body = response.json() if response.status_code == 200 else {}
        except (httpx.HTTPError, ValueError) as error:
            return Call(place, question, began, time.perf_counter(), type(error).__name__)
        ended = time.perf_counter()
        found = tuple(str(hit["id"]) for hit in body.get("hits", ()))
        return Call(place, question, began, ended, str(response.status_code), str(body.get("query", "")), found)

    async def ask(self, question: str, place: int = 0) -> Call:
        """One question, as events."""
        began = time.perf_counter()
        status, evidence, answer = "no answer", 0.0, {}
        try:
            request = self._client.stream("POST", "/api/v1/ask?stream=true", json={"question": question})
            async with request as response:
                if response.status_code != 200:
                    status = str(response.status_code)
                async for name, data in _events(response):
                    match name:
                        case "evidence":
                            evidence = time.perf_counter() - began
                        case "finished":
                            status, answer = FINE, data
                        case "error":
                            status = str(data.get("status", name))
        except (httpx.HTTPError, ValueError) as error:
            status = type(error).__name__
        timings: Mapping[str, float] = answer.get("timings", {})
        return Call(
            place,
            question,
            began,
            time.perf_counter(),
            status,
            echoed=str(answer.get("question", "")),
            found=tuple(str(hit["id"]) for hit in answer.get("hits", ())),
            text=str(answer.get("text", "")),
            model=str(answer.get("model", "")),
            evidence=evidence,
            tokens_read=timings.get("evaluated_tokens", 0.0),
            tokens_reused=timings.get("reused_tokens", 0.0),
        )


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The Server-Sent Events of a response."""
    name = ""
    async for line in response.aiter_lines():
        kind, _, value = line.partition(": ")
        if kind == "event":
            name = value
        elif kind == "data":
            yield name, json.loads(value)
