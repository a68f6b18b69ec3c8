"""Several servers as one engine: which is asked, and what becomes of a call when one refuses, breaks off or hangs."""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from onrecord.index.errors import InputError, ModelError, Stopped
from onrecord.qa.engines import http
from onrecord.qa.engines.base import Usage, at_once
from onrecord.qa.engines.http import UrlEngine
from onrecord.qa.engines.stopping import stops_when
from tests.conftest import FakeEngine
from tests.qa.engines.test_load import ASK, REPLY, FakeServer

LLAMA = """
import sys, xllamacpp
from onrecord.index.models.catalogue import model_path
from onrecord.qa.engines.llamacpp import _parameters
server = xllamacpp.Server(_parameters(xllamacpp, model_path("smollm2-135m"), 1024, 1, 64, "secret"))
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeServer, FakeServer]]:
    """Two; who looks after them looks often."""
    for name, seconds in (("LOOK_UP", 0.02), ("HEALTH_EVERY", 0.05), ("HEALTH_WITHIN", 0.5)):
        monkeypatch.setattr(http, name, seconds)
    with ExitStack() as stack:
        made = [stack.enter_context(FakeServer()) for _ in range(2)]
        yield made[0], made[1]
        for server in made:
            server.lives = True
            server.read.set()
            server.shutdown()


@pytest.fixture
def engine(servers: tuple[FakeServer, FakeServer]) -> Iterator[UrlEngine]:
    made = UrlEngine([server.url for server in servers], model="served", api_key="secret", wait_seconds=60)
    yield made
    made.close()


def said(engine: UrlEngine) -> str:
    return "".join(engine.generate(ASK, max_tokens=50)).strip()


def asked(*servers: FakeServer) -> list[int]:
    return [len(server.requests) for server in servers]


def test_the_least_busy_is_asked_and_of_two_alike_the_first(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer]
) -> None:
    assert said(engine) == said(engine) == REPLY
    assert asked(*servers) == [2, 0]
    busy = engine.generate(ASK, max_tokens=50)
    next(busy)
    assert said(engine) == REPLY
    assert asked(*servers) == [3, 1]
    busy.close()  # type: ignore[attr-defined]
    said(engine)
    assert asked(*servers) == [4, 1]


def test_many_calls_are_shared_out(engine: UrlEngine, servers: tuple[FakeServer, FakeServer]) -> None:
    for server in servers:
        server.read.clear()
    threads = [threading.Thread(target=said, args=(engine,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: sum(asked(*servers)) == 6)
    assert asked(*servers) == [3, 3]
    for server in servers:
        server.read.set()
    for thread in threads:
        thread.join(20)


@pytest.mark.parametrize("how", ["refuses", "is gone", "breaks off", "is loading"])
def test_one_that_fails_before_the_first_token_is_left_for_another(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer], caplog: pytest.LogCaptureFixture, how: str
) -> None:
    first, second = servers
    match how:
        case "refuses":
            first.status = 500
        case "is loading":
            first.status = 503
        case "is gone":
            first.shutdown()
            first.server_close()
        case "breaks off":
            first.breaks_after = 0
    told: list[Usage] = []
    with caplog.at_level(logging.WARNING, "onrecord"):
        pieces = list(engine.generate(ASK, max_tokens=50, on_usage=told.append))
    assert "".join(pieces).strip() == REPLY
    assert len(told) == 1 and told[0].generated_tokens == 9
    assert len(second.requests) == 1
    assert f"{first.url} " in caplog.text and "left out until it answers again" in caplog.text


def test_one_that_failed_is_not_asked_until_it_answers_again(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer]
) -> None:
    first, second = servers
    first.status, first.lives = 500, False
    assert said(engine) == said(engine) == said(engine) == REPLY
    assert asked(first, second) == [1, 3]
    first.status, first.lives = 200, True
    until(lambda: first.looked_at and engine._servers[0].lives)
    said(engine)
    assert asked(first, second) == [2, 3]


@pytest.mark.slow
def test_one_that_hangs_is_left_for_another(engine: UrlEngine, servers: tuple[FakeServer, FakeServer]) -> None:
    first, second = servers
    first.read.clear()
    first.lives = False
    assert said(engine) == REPLY
    assert asked(first, second) == [1, 1]
    assert first.looked_at >= http.SILENT
    assert first.hung_up.wait(20)


@pytest.mark.slow
def test_one_that_is_slow_but_lives_is_waited_for(engine: UrlEngine, servers: tuple[FakeServer, FakeServer]) -> None:
    first, second = servers
    first.read.clear()
    threading.Timer(1.0, first.read.set).start()
    assert said(engine) == REPLY
    assert asked(first, second) == [1, 0]
    assert first.looked_at > http.SILENT


@pytest.mark.slow
def test_the_last_one_is_waited_for_although_it_is_silent(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer]
) -> None:
    first, second = servers
    first.status = 500
    second.read.clear()
    second.lives = False
    threading.Timer(1.5, second.read.set).start()
    assert said(engine) == REPLY


def test_an_answer_that_breaks_off_in_the_middle_fails_and_is_not_begun_again(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer]
) -> None:
    first, second = servers
    first.breaks_after = 2
    pieces: list[str] = []
    with pytest.raises(ModelError, match=f"{first.url} did not answer .it broke off"):
        pieces.extend(engine.generate(ASK, max_tokens=50))
    assert asked(first, second) == [1, 0]
    assert said(engine) == REPLY, "the other is asked from now on"


def test_a_request_that_cannot_be_served_is_not_tried_elsewhere(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer]
) -> None:
    servers[0].status = 400
    with pytest.raises(ModelError, match="answered 400"):
        said(engine)
    assert asked(*servers) == [1, 0]


def test_when_all_fail_each_is_named_with_its_reason(engine: UrlEngine, servers: tuple[FakeServer, FakeServer]) -> None:
    servers[0].status, servers[1].status = 500, 404
    with pytest.raises(ModelError, match="None of 2 model servers answered") as raised:
        said(engine)
    for server, status in zip(servers, (500, 404), strict=True):
        assert f"{server.url} answered {status} (out of order)" in str(raised.value)
    servers[0].status = servers[1].status = 200
    assert said(engine) == REPLY, "none lives as far as is known, so they are tried"


@pytest.mark.slow
def test_the_wait_for_the_first_token_ends_in_time_whatever_is_tried(servers: tuple[FakeServer, FakeServer]) -> None:
    for server in servers:
        server.read.clear()
    engine = UrlEngine([server.url for server in servers], model="served", api_key="secret", wait_seconds=1)
    started = time.monotonic()
    with pytest.raises(ModelError, match="nothing within 1 seconds"):
        said(engine)
    assert 1 <= time.monotonic() - started < 10
    engine.close()


@pytest.mark.slow
def test_the_wait_is_for_the_first_token_alone(servers: tuple[FakeServer, FakeServer]) -> None:
    engine = UrlEngine(servers[0].url, model="served", api_key="secret", wait_seconds=1)
    pieces = engine.generate(ASK, max_tokens=50)
    first = next(iter(pieces))
    time.sleep(1.3)
    assert (first + "".join(pieces)).strip() == REPLY
    engine.close()


def test_a_stop_reaches_whichever_is_asked(engine: UrlEngine, servers: tuple[FakeServer, FakeServer]) -> None:
    first, second = servers
    first.status = 500
    second.read.clear()
    with stops_when(second.reading.is_set), pytest.raises(Stopped):
        said(engine)
    assert second.hung_up.wait(20)


def test_probabilities_come_from_a_server_that_tells_them(
    engine: UrlEngine, servers: tuple[FakeServer, FakeServer]
) -> None:
    first, second = servers
    first.logprobs = False
    assert [engine.yes_probability(ASK) for _ in range(3)] == [pytest.approx(0.731, abs=0.001)] * 3
    assert asked(first, second) == [1, 3]
    assert said(engine) == REPLY
    assert asked(first, second) == [2, 3], "it is asked for text as before"
    second.logprobs = False
    assert engine.yes_probability(ASK) is None and engine.yes_probability(ASK) is None
    assert asked(first, second) == [2, 4]


def test_as_many_calls_are_served_at_once_as_there_are_servers(
    engine: UrlEngine, servers: tuple[FakeServer, ...]
) -> None:
    assert at_once(engine) == 2
    assert at_once(UrlEngine([servers[0].url, servers[0].url], model="served")) == 1
    assert at_once(FakeEngine()) == at_once(None) == 1


@pytest.mark.parametrize("urls", [[], ["http://127.0.0.1:1/v1", "localhost:8080"]])
def test_no_address_and_one_without_a_scheme_are_refused(urls: list[str]) -> None:
    with pytest.raises(InputError, match="http://"):
        UrlEngine(urls, model="served")


@pytest.mark.model
@pytest.mark.slow
def test_two_servers_of_llama_cpp_are_one_engine_while_one_hangs_and_one_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEALTH_EVERY", 0.5)
    with ExitStack() as stack:
        servers = []
        for _ in range(2):
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            servers.append(stack.enter_context(subprocess.Popen([sys.executable, "-c", LLAMA], text=True, **pipes)))
            stack.callback(servers[-1].kill)
        urls = [f"{server.stdout.readline().strip()}/v1" for server in servers if server.stdout]
        engine = UrlEngine(urls, model="smollm2-135m", api_key="secret")
        stack.callback(engine.close)
        reply = said(engine)
        assert reply and engine.yes_probability(ASK) is not None
        servers[0].send_signal(signal.SIGSTOP)
        assert said(engine) == reply
        assert [server.lives for server in engine._servers] == [False, True]
        servers[0].send_signal(signal.SIGCONT)
        until(lambda: engine._servers[0].lives, 60)
        servers[1].kill()
        assert said(engine) == said(engine) == reply
