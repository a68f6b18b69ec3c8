"""Before the password: what a connection sends, or does not send, takes neither memory nor the others' places."""

import base64
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.attacks.guarded_server import LIMITS
from tests.ports import free_port

SECRET = base64.b64encode(b"ann:secret").decode()
LATE = 20.0  # seconds that a busy machine may be late: what is never closed is late by more
MIB = 1 << 20
pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory from /proc")


@dataclass
class Served:
    port: int
    pid: int

    @property
    def resident(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(sent)
        return connection

    def answers(self) -> bool:
        """Others are served, soon."""
        return bool(httpx.get(f"{self.address}/healthz", timeout=5).json() == {"status": "ok"})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port, script = free_port(), Path(__file__).with_name("guarded_server.py")
    command = [sys.executable, str(script), str(port), str(tmp_path_factory.mktemp("guarded"))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Served(port, process.pid)
    end = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            if server.answers():
                break
        assert time.monotonic() < end and process.poll() is None, "the server did not start"
        time.sleep(0.1)
    httpx.get(server.address, auth=("ann", "secret"))  # what the first request loads is no part of an attack
    yield server
    process.terminate()
    process.wait(20)


@contextlib.contextmanager
def no_more_memory(server: Served) -> Iterator[None]:
    before = server.resident
    yield
    grown = server.resident - before
    assert grown < 100 * MIB, f"{grown / MIB:.0f} MiB more than before"
    assert server.answers()


def pour(connection: socket.socket, piece: bytes, total: int) -> int:
    """Sends until ``total`` or until the other side has enough; how much went."""
    gone = 0
    with contextlib.suppress(OSError):
        while gone < total:
            connection.sendall(piece)
            gone += len(piece)
    return gone


def closed_within(connection: socket.socket, seconds: float) -> bool:
    """Whether the server ends the connection in that time, whatever it says before."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            connection.settimeout(max(0.01, end - time.monotonic()))
            if not connection.recv(65_536):
                return True
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize(
    "piece", [b"x" * 65_536, b"a: b\r\n" * 10_000, b"GET /" + b"x" * 65_531], ids=["endless", "many", "path"]
)
def test_a_header_without_end_is_cut_off(served: Served, piece: bytes) -> None:
    with no_more_memory(served), served.connect(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ") as connection:
        assert pour(connection, piece, 60 * MIB) < 20 * MIB  # what the kernel holds counts as sent
        assert served.resident


def test_many_endless_headers_at_once_take_no_memory(served: Served) -> None:
    with no_more_memory(served), contextlib.ExitStack() as opened:
        half = b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * (LIMITS.header_bytes - 1000)
        for _ in range(LIMITS.connections):
            opened.enter_context(served.connect(half))
        assert served.answers()


def test_idle_and_half_requests_make_room_for_others_and_are_closed_in_time(served: Served) -> None:
    with no_more_memory(served), contextlib.ExitStack() as opened:
        begun = time.monotonic()
        connections = []
        for number in range(300):
            sent = (b"", b"GET / HTTP/1.1\r\nhost: local", b"POST /gradio_api/upload HTTP/1.1\r\n")[number % 3]
            connections.append(opened.enter_context(served.connect(sent)))
            if number % 50 == 0:
                assert served.answers()
        assert served.answers()
        left = begun + LIMITS.header_seconds + LATE - time.monotonic()
        end = time.monotonic() + left
        still = [one for one in connections if not closed_within(one, max(0.05, end - time.monotonic()))]
        assert not still, f"{len(still)} are open"


def test_a_header_that_trickles_gets_no_more_time(served: Served) -> None:
    with served.connect(b"GET / HTTP/1.1\r\n") as connection:
        begun = time.monotonic()
        gone = 0
        with contextlib.suppress(OSError):
            while time.monotonic() < begun + 60:
                connection.sendall(b"x: y\r\n")
                gone += 1
                time.sleep(0.25)
        assert time.monotonic() - begun < LIMITS.header_seconds + LATE
        assert gone > 4


@pytest.mark.parametrize("credentials", ["", f"authorization: Basic {SECRET}\r\n"], ids=["before", "after"])
def test_a_body_that_trickles_is_cut_off(served: Served, credentials: str) -> None:
    head = f"POST /gradio_api/queue/join HTTP/1.1\r\nhost: localhost\r\n{credentials}content-length: 90000\r\n\r\n"
    with served.connect(head.encode()) as connection:
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < begun + 60:
                connection.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - begun < LIMITS.body_seconds + LIMITS.header_seconds + LATE


def test_a_body_that_comes_steadily_is_taken_however_long_it_is(served: Served) -> None:
    pieces = 40

    def slowly() -> Iterator[bytes]:
        for _ in range(pieces):
            yield b" " * 16_000
            time.sleep(0.1)

    begun = time.monotonic()
    answer = httpx.post(f"{served.address}/gradio_api/queue/join", content=slowly(), auth=("ann", "secret"), timeout=30)
    assert time.monotonic() - begun > LIMITS.body_seconds
    assert answer.status_code == 400 and "not JSON" in answer.text


def test_a_connection_that_is_kept_is_closed_when_no_request_follows(served: Served) -> None:
    with served.connect(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n") as connection:
        assert b"200 OK" in connection.recv(65_536)
        assert closed_within(connection, LIMITS.idle_seconds + LATE)


def test_requests_one_after_the_other_on_one_connection_are_answered(served: Served) -> None:
    request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    with served.connect(request * 3) as connection:  # three at once
        told = b""
        while told.count(b'"ok"') < 3:
            piece = connection.recv(65_536)
            assert piece, told
            told += piece
        time.sleep(LIMITS.idle_seconds / 2)
        connection.sendall(request)
        assert b"200 OK" in connection.recv(65_536)


def test_a_stream_may_last_longer_than_every_limit(served: Served) -> None:
    times = int(2 * (LIMITS.body_seconds + LIMITS.idle_seconds)) + 4
    answer = httpx.get(f"{served.address}/stream?times={times}", auth=("ann", "secret"), timeout=10)
    assert answer.text.count("beat") == times


def test_who_reads_nothing_of_an_answer_is_cut_off(served: Served) -> None:
    head = f"GET /flood HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {SECRET}\r\n\r\n"
    with no_more_memory(served), served.connect(head.encode()) as connection:
        time.sleep(LIMITS.body_seconds + 2.5)
        taken = 0
        with contextlib.suppress(OSError):
            while piece := connection.recv(1 << 20):
                taken += len(piece)
                assert taken < 50 * MIB, "it goes on"


def test_when_every_place_is_in_use_the_next_is_told_so(served: Served) -> None:
    head = f"GET /stream?times=20 HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {SECRET}\r\n\r\n".encode()
    with contextlib.ExitStack() as opened:
        streams = [opened.enter_context(served.connect(head)) for _ in range(LIMITS.connections)]
        for one in streams:
            assert b"200 OK" in one.recv(65_536)
        answer = httpx.get(f"{served.address}/healthz")
        assert answer.status_code == 503 and "try again" in answer.text
        assert b"beat" in streams[0].recv(65_536)
    time.sleep(1)
    assert served.answers()
