"""The runner's side of a worker: start it, ask it with a time limit, kill it when it hangs, start it again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from onrecord.eval.suites.loading import Question
from onrecord.eval.suites.records import ResultRow
from onrecord.index.errors import OnRecordError


class SystemRefused(OnRecordError):
    """A system could not be prepared; nothing can be asked of it."""


class Asker:
    """One system, in a process that can be killed. Not for use from several threads."""

    def __init__(
        self,
        order: Mapping[str, Any],
        *,
        log: Path,
        time_limit: float,
        prepare_limit: float = 4 * 3600.0,
        on_indexed: Callable[[int, int], None] | None = None,
    ) -> None:
        self.info: dict[str, Any] = {}
        self._order = order
        self._log = log
        self._time_limit = time_limit
        self._prepare_limit = prepare_limit
        self._on_indexed = on_indexed
        self._process: subprocess.Popen[str] | None = None
        self._said: SimpleQueue[str | None] = SimpleQueue()

    @property
    def is_alive(self) -> bool:
        """Whether the worker runs; one that hung or died does not, until it is asked again."""
        return self._process is not None

    def start(self) -> None:
        """Starts the worker and waits until its system is ready; does nothing when it is.

        Raises:
            SystemRefused: the system raised, died, or took longer than the limit to get ready.
        """
        if self._process is not None:
            return
        started = time.monotonic()
        self._spawn()
        self._send(self._order)
        while True:
            message = self._read(self._prepare_limit - (time.monotonic() - started))
            if message is None:
                self._kill()
                raise SystemRefused(f"{self._order['system']} did not get ready; {self._last_words()}")
            if "refused" in message:
                self._kill()
                raise SystemRefused(f"{self._order['system']}: {message['refused']}")
            if "ready" in message:
                self.info = {**message["ready"], "prepare_seconds": round(time.monotonic() - started, 2)}
                return
            if "indexed" in message and self._on_indexed is not None:
                self._on_indexed(*message["indexed"])

    def ask(self, question: Question, *, retrieve: int = 0) -> ResultRow:
        """The system's row, or a failed one that says why: it raised, hung, died or returned nonsense.

        ``retrieve``: search only, for so many places. A worker that hung or died is started again by the next call.

        Raises:
            SystemRefused: the worker had to be started and could not.
        """
        self.start()
        name = str(self._order["system"])
        started = time.monotonic()
        self._send({"ask": question.id, "name": name, "retrieve": retrieve})
        message = self._read(self._time_limit)
        seconds = {"time_to_answer": time.monotonic() - started}
        if message is not None and "row" in message:
            self.info |= message.get("info", {})
            return ResultRow.from_json(json.dumps(message["row"]))
        if message is not None:
            error = str(message.get("error", f"said {message!r}, which is no row"))
        elif time.monotonic() - started >= self._time_limit:
            error = f"no answer within {self._time_limit:g} s; it was stopped"
            self._kill()
        else:
            self._kill()
            error = f"the system's process ended; {self._last_words()}"
        return ResultRow(question.id, name, question.question, "failed", error=error, timings=seconds)

    def close(self) -> None:
        """Ends the worker: by the end of its input, and if it does not heed that, by force."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        self._kill()

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "onrecord.eval.runs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=os.name == "posix",  # Ctrl-C reaches the runner, which ends the worker itself
            )
        self._said = SimpleQueue()
        assert self._process.stdout is not None
        threading.Thread(target=_forward, args=(self._process.stdout, self._said), daemon=True).start()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message, ensure_ascii=False) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, OSError):
            pass  # it died; the read that follows says so

    def _read(self, limit: float) -> dict[str, Any] | None:
        """The next message; None when the worker ended or the time is up."""
        try:
            line = self._said.get(timeout=max(0.0, limit))
        except Empty:
            return None
        if line is None:
            return None
        message = json.loads(line)
        return message if isinstance(message, dict) else {"error": f"said {line!r}"}

    def _kill(self) -> None:
        """Ends the worker and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        except ProcessLookupError:
            pass
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _last_words(self) -> str:
        lines = (
            self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if self._log.exists() else []
        )
        return f"its last words: {lines[-1]}" if lines else "it said nothing"


def _forward(pipe: IO[str], said: "SimpleQueue[str | None]") -> None:
    """Lines of the worker into the queue, then None: a read with a time limit works the same on every platform."""
    try:
        for line in pipe:
            said.put(line)
    except ValueError:
        pass  # the pipe was closed by a kill
    said.put(None)
