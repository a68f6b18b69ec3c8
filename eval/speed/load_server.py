"""A server of one's own for a measurement: ``onrecord serve`` in a process of its own, stopped at the end."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from onrecord.eval.speed.fresh import peak_mib
from onrecord.index import tls
from onrecord.index.errors import InputError

SERVE = (sys.executable, "-m", "onrecord.ui.cli.main", "serve")  # by name: this room imports nothing of that one
_START = 300.0  # seconds within which it must answer; a large model on a slow disk takes a while
_STOP = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and its process."""

    url: str
    pid: int

    @property
    def peak_mib(self) -> float:
        """The most memory that it has had so far, where the platform tells."""
        return peak_mib(self.pid)


@contextlib.contextmanager
def served(data: Path, *, options: Sequence[str] = (), command: Sequence[str] = SERVE) -> Iterator[Server]:
    """``command`` over a data folder, on a free port of this machine; raises `InputError` when it does not start."""
    url = f"http://127.0.0.1:{(port := _free_port())}"
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, "--data", str(data), "--port", str(port), "--no-access-log", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            end = time.monotonic() + _START
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > end:
                    said.seek(0)
                    lines = said.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
                    raise InputError(f"onrecord serve did not start over {data}: {lines[-1]}")
                time.sleep(0.1)
            yield Server(url, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, timeout=5, verify=tls.nobody()).status_code == 200
    except httpx.HTTPError:
        return False
