"""Reads files in a process of its own, within limits, so that no file can do more than fail.

A reading process is started when it is first needed, kept for the next files, and ended when nobody asked for a while.
A `subprocess` with pipes: an app that embeds this needs no ``if __name__ == "__main__"``.
"""

import atexit
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from onrecord.index.reading.framing import TOO_MUCH_MEMORY, packed, receive, send, unpacked
from onrecord.index.reading.parsing import Content
from onrecord.index.types import Article

if TYPE_CHECKING:
    from onrecord.index.settings import IndexSettings

SLOW = 2.0  # seconds after which a person wants to know which file is being read
_CLOCK = 4  # a busy machine may take so many times the seconds of processor
_START = 60.0  # seconds by the clock for the process to start
_MODULE = "onrecord.index.reading.worker"


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one file may take: ``seconds`` of processor (and four times that by the clock), ``memory_mib`` of memory."""

    seconds: int = 60
    memory_mib: int = 1024

    @classmethod
    def of(cls, settings: "IndexSettings") -> "ReadLimits":
        """Those that are set."""
        return cls(settings.read_seconds, settings.read_memory_mib)


class Readers:
    """The reading processes of this one: as many at once as there are cores, at least two."""

    def __init__(self) -> None:
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))

    def read(
        self, data: bytes, name: str, suffix: str, limits: ReadLimits, on_slow: Callable[[], None] | None = None
    ) -> Content:
        """The articles of one file's bytes. Never raises for what is in them; ``on_slow`` is called after 2 s."""
        with self._places:
            while True:
                process, kept = self._taken()
                try:
                    answer = process.ask(data, name, suffix, limits, on_slow)
                except BaseException:  # also Ctrl-C: what it is doing now is nobody's any more
                    process.kill()
                    raise
                if answer is not None:
                    with self._lock:
                        self._idle.append(process)
                    return answer
                process.settle()
                if not (kept and process.retired):
                    return Content(error=process.reason(name, limits))

    def close(self) -> None:
        """Ends the processes that wait; the next file starts one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()

    def _taken(self) -> "tuple[_Process, bool]":
        """A process, and whether it read a file before: then it may just have ended of its own will."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return _Process(), False
            if process.alive:
                return process, True
            process.settle()


class _Process:
    """One reading process. It may have failed to start: then it answers nothing, and `reason` says why."""

    def __init__(self) -> None:
        self._ready = self._late = False
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._popen: subprocess.Popen[bytes] | None = None
        try:
            self._popen = _started()
        except OSError as error:  # no more processes, no memory
            self._failure = error.strerror or str(error)
            return
        threading.Thread(target=self._listen, name="reading", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def retired(self) -> bool:
        """It ended as it should, without an answer: nobody had asked for a while, or its memory was used up."""
        return self._popen is not None and self._popen.returncode == 0

    def ask(
        self, data: bytes, name: str, suffix: str, limits: ReadLimits, on_slow: Callable[[], None] | None
    ) -> Content | None:
        """The answer, or None when the process died of it or took too long."""
        if self._popen is None or self._popen.stdin is None:
            return None
        if not self._ready:
            self._ready = self._awaited(_START) is not None
        request = {"name": name, "suffix": suffix, "seconds": limits.seconds, "memory_mib": limits.memory_mib}
        try:
            send(self._popen.stdin, packed(request), data)
        except OSError:
            return None
        answer = self._awaited(_CLOCK * limits.seconds, on_slow)
        if answer is None:
            return None
        found = unpacked(answer)
        return Content(tuple(Article(**one) for one in found["articles"]), found["error"], found["note"])

    def _awaited(self, seconds: float, on_slow: Callable[[], None] | None = None) -> bytes | None:
        end = time.monotonic() + seconds
        try:
            return self._answers.get(timeout=min(SLOW, seconds))
        except queue.Empty:
            if on_slow:
                on_slow()
        try:
            return self._answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            self._late = True
            return None

    def _listen(self) -> None:
        if self._popen is None or self._popen.stdout is None:
            return
        with self._popen.stdout as stream:
            answer: bytes | None = b""
            while answer is not None:
                answer = receive(stream)
                self._answers.put(answer)

    def settle(self) -> None:
        """Waits for a process that answers no more, until it can be said of what it ended."""
        if self._popen is None:
            return
        try:
            self._popen.wait(timeout=0.0 if self._late else 5.0)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._end(self._popen)

    def kill(self) -> None:
        if self._popen is not None:
            self._popen.kill()
            self._end(self._popen)

    @staticmethod
    def _end(popen: "subprocess.Popen[bytes]") -> None:
        """Waits for what ends, and closes the pipe to it; the one from it is closed by who listens there."""
        popen.wait()
        if popen.stdin:
            with contextlib.suppress(OSError):  # what it was not told any more
                popen.stdin.close()

    def reason(self, name: str, limits: ReadLimits) -> str:
        """Why there was no answer, in one sentence; for a process that has ended."""
        code = self._popen.returncode if self._popen else self._failure
        if not self._ready:
            return f"{name} could not be read: the process for it did not start ({code}); try again, or restart."
        if self._late or (os.name == "posix" and code == -signal.SIGXCPU):
            return (
                f"{name} took more than {limits.seconds} seconds to read; split it into smaller files, or raise "
                "index.read_seconds."
            )
        if code == TOO_MUCH_MEMORY:
            return (
                f"{name} needs more than {limits.memory_mib} MB of memory to be read; split it into smaller files, or "
                "raise index.read_memory_mib."
            )
        return f"{name} made the program that reads it fail (code {code}); save its text as .txt and add that."


def _started() -> subprocess.Popen[bytes]:
    """The process finds the modules where this one does, but never in the folder that it happens to be in (``-P``)."""
    here = str(Path(__file__).parents[3])
    path = os.pathsep.join(dict.fromkeys([here, *(entry for entry in sys.path if entry)]))
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("ONRECORD_DEBUG") else subprocess.DEVNULL,
        env={**os.environ, **one_thread, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "1"},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


readers = Readers()
atexit.register(readers.close)
if hasattr(os, "register_at_fork"):  # two processes that talk to one reader would get each other's articles
    os.register_at_fork(after_in_child=readers.__init__)  # type: ignore[misc]
