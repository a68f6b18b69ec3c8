"""A server that is told to stop closes what it opened, whichever signal tells it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port

pytestmark = pytest.mark.slow
COMMANDS = {"serve": ["serve"], "mcp": ["mcp", "--http"], "page": ["chat", "--no-browser"]}


@pytest.fixture
def begun() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """What a test has started; none of it outlives the test."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait(30)


def started(
    command: list[str], data: Path, begun: list["subprocess.Popen[bytes]"]
) -> tuple["subprocess.Popen[bytes]", str]:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    environment |= {"ONRECORD_MODELS": str(data.with_name("models")), "ONRECORD_DATA": str(data)}
    whole = [sys.executable, "-m", "onrecord.ui.cli.main", *command, "--no-model", "--port", str(port)]
    process = subprocess.Popen(
        whole, env=environment, cwd=data.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    begun.append(process)
    return process, f"http://127.0.0.1:{port}"


def until_up(process: "subprocess.Popen[bytes]", address: str) -> None:
    end = time.monotonic() + 200  # loading what the page needs takes long on a machine that has other work
    while process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(address)
            return
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.1)
    raise AssertionError(f"the server ended with {process.returncode}")


@pytest.mark.parametrize("name", COMMANDS)
def test_both_signals_close_everything_and_are_no_failure(
    tmp_path: Path, begun: list["subprocess.Popen[bytes]"], name: str
) -> None:
    codes = {}
    runs = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        data = tmp_path / number.name / "data"
        data.parent.mkdir()
        runs[number] = (data, *started(COMMANDS[name], data, begun))
    for number, (data, process, address) in runs.items():
        until_up(process, address)
        assert (data / "owner.json").exists()
        process.send_signal(number)
        codes[number] = process.wait(30)
        left = sorted(path.name for path in data.iterdir())
        assert "catalogue.sqlite3" in left
        assert [one for one in left if one.endswith(("-wal", "-shm")) or one == "owner.json"] == []
    assert codes == {signal.SIGTERM: 0, signal.SIGINT: 0}


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once_although_a_request_is_under_way(
    tmp_path: Path, begun: list["subprocess.Popen[bytes]"], second: signal.Signals
) -> None:
    data = tmp_path / "data"
    process, address = started(["serve"], data, begun)
    until_up(process, address)
    host, port = address.removeprefix("http://").split(":")
    head = "POST /api/v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000\r\n\r\n"
    with contextlib.closing(socket.create_connection((host, int(port)))) as connection:
        connection.sendall(head.encode())
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert process.poll() is None, "nothing was under way"
        sent = time.monotonic()
        process.send_signal(second)
        process.wait(30)
        assert time.monotonic() - sent < 5
