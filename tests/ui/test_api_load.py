"""Many at once, clients that go away, clients that are slow: over real sockets."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from onrecord.index import Article, Embedder
from onrecord.ui.http.problems import Problem
from onrecord.ui.http.service import DoorLimits
from tests.ui.behind_doors import Behind, until


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Behind]:
    made = Behind(tmp_path / "data", embedder, articles, limits=DoorLimits(questions=10, body_seconds=1.0))
    yield made
    made.close()


@pytest.mark.slow
def test_fifty_searches_at_once_get_each_its_own_hits(behind: Behind) -> None:
    new = [
        Article(f"n{n}", f"Story {n}", f"The council of village{n} voted for tax{n}.", published="2024-01-01")
        for n in range(50)
    ]
    behind.library.add(new)
    with behind.served() as address, httpx.Client(base_url=address, timeout=60) as client:

        def search(n: int) -> str:
            response = client.post("/api/v1/search", json={"query": f"village{n} tax{n}", "top_k": 1})
            assert response.status_code == 200, response.text
            assert response.json()["query"] == f"village{n} tax{n}"
            return str(response.json()["hits"][0]["article_id"])

        with ThreadPoolExecutor(50) as pool:
            assert list(pool.map(search, range(50))) == [f"n{n}" for n in range(50)]


def test_eight_questions_at_once_get_each_its_own_answer_and_the_model_one_at_a_time(behind: Behind) -> None:
    behind.assistant.pause = 0.05
    with behind.served() as address, httpx.Client(base_url=address, timeout=60) as client:

        def ask(n: int) -> str:
            return str(client.post("/api/v1/ask", json={"question": f"Bridge {n}?"}).json()["text"])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))
    assert answers == [f"Asked: Bridge {n}? [1]" for n in range(8)]
    assert behind.assistant.most_writing == 1


@pytest.mark.slow
def test_beyond_the_queue_there_is_a_503_that_says_when_to_come_back(behind: Behind) -> None:
    with behind.served() as address, httpx.Client(base_url=address, timeout=60) as client:

        def ask(n: int) -> httpx.Response:
            return client.post("/api/v1/ask", json={"question": f"A slow one about bridge {n}?"})

        with ThreadPoolExecutor(16) as pool:
            responses = list(pool.map(ask, range(16)))
    refused = [one for one in responses if one.status_code == 503]
    assert len(refused) == 6 and all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert all(one.status_code == 200 for one in responses if one not in refused)


def test_who_waits_is_told_how_many_come_first(behind: Behind) -> None:
    with (
        behind.served() as address,
        httpx.Client(base_url=address, timeout=60) as client,
        client.stream("POST", "/api/v1/ask?stream=1", json={"question": "forever bridge"}) as first,
    ):
        until(lambda: behind.assistant.writing)
        with client.stream("POST", "/api/v1/ask?stream=1", json={"question": "bridge"}) as second:
            lines = (line for line in second.iter_lines() if line.startswith("event: "))
            assert [next(lines), next(lines)] == ["event: evidence", "event: waiting"]
            first.close()
            assert next(lines) == "event: started"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_stops_the_model(behind: Behind, stream: bool) -> None:
    with behind.served() as address, httpx.Client(base_url=address, timeout=60) as client:
        if stream:
            with client.stream("POST", "/api/v1/ask?stream=1", json={"question": "forever bridge"}) as response:
                next(response.iter_lines())
                until(lambda: behind.assistant.writing)
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post("/api/v1/ask", json={"question": "forever bridge"}, timeout=1.0)
        until(lambda: behind.assistant.stopped.is_set() and not behind.assistant.writing)
        until(lambda: behind.app.state.service.asking.under_way == 0)
        assert client.post("/api/v1/ask", json={"question": "And now the bridge?"}).status_code == 200


def test_a_client_that_reads_slowly_delays_only_itself(behind: Behind) -> None:
    with (
        behind.served() as address,
        httpx.Client(base_url=address, timeout=60) as client,
        client.stream("POST", "/api/v1/ask?stream=1", json={"question": "bridge"}) as slow,
    ):
        lines = slow.iter_lines()
        next(lines)
        assert client.post("/api/v1/ask", json={"question": "ferry"}).json()["text"].startswith("Asked: ferry")
        assert any(line == "event: finished" for line in lines)


@pytest.mark.slow
def test_a_body_that_does_not_arrive_is_not_waited_for(behind: Behind) -> None:
    with behind.served() as address:
        where = urlsplit(address)
        with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=20) as raw:
            head = f"POST /api/v1/search HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
            raw.sendall(f"{head}Content-Length: 100\r\n\r\n".encode() + b'{"query": ')
            started = time.monotonic()
            answer = raw.recv(4096)
    assert b" 408 " in answer.splitlines()[0] and time.monotonic() - started < 10


def test_an_answer_that_takes_too_long_ends_with_a_504(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    behind = closed_at_end(Behind(tmp_path / "other", embedder, articles, limits=DoorLimits(answer_seconds=0.3)))
    response = behind.client.post("/api/v1/ask", json={"question": "forever bridge"})
    assert response.status_code == 504 and json.loads(response.text)["title"]
    until(lambda: not behind.assistant.writing)


def test_a_server_that_is_stopped_cancels_what_is_under_way(behind: Behind) -> None:
    with httpx.Client(timeout=60) as client, contextlib.ExitStack() as stack:
        with behind.served() as address:
            question = {"question": "forever bridge"}
            response = stack.enter_context(client.stream("POST", f"{address}/api/v1/ask?stream=1", json=question))
            next(response.iter_lines())
            until(lambda: behind.assistant.writing)
        until(lambda: not behind.assistant.writing)


@pytest.mark.slow
def test_fifty_questions_at_two_doors_get_their_own_answer_or_a_503(behind: Behind) -> None:
    behind.assistant.pause = 0.02
    with behind.served() as address, httpx.Client(base_url=address, timeout=120) as client:

        def ask(n: int) -> tuple[int, str]:
            question = f"Bridge {n}?"
            if n % 2:
                response = client.post("/api/v1/ask", json={"question": question})
                return response.status_code, str(response.json().get("text"))
            messages = [{"role": "user", "content": question}]
            response = client.post("/v1/chat/completions", json={"messages": messages})
            choices = response.json().get("choices") or [{"message": {"content": ""}}]
            return response.status_code, str(choices[0]["message"]["content"])

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(ask, range(50)))
    assert {status for status, _ in answers} <= {200, 503}
    answered = [(n, text) for n, (status, text) in enumerate(answers) if status == 200]
    assert len(answered) >= 10 and all(text.startswith(f"Asked: Bridge {n}? [1]") for n, text in answered)
    assert behind.assistant.most_writing == 1


def test_a_client_that_reads_nothing_does_not_keep_the_model_beyond_its_time(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    behind = closed_at_end(Behind(tmp_path / "other", embedder, articles, limits=DoorLimits(answer_seconds=0.5)))
    asking = behind.app.state.service.asking

    async def read_one_event_and_wait() -> None:
        events = asking.events("forever bridge")
        await anext(events)
        await asyncio.to_thread(until, lambda: behind.assistant.stopped.is_set() and not asking.under_way)
        with pytest.raises(Problem, match="No answer within"):
            async for _ in events:
                pass

    asyncio.run(read_one_event_and_wait())
