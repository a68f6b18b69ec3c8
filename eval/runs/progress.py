"""How a run tells how far it is: a bar with the time left at a terminal, else a line every ten questions."""

import time
from typing import IO, TYPE_CHECKING, Protocol

import typer

from onrecord.eval.suites.records import ResultRow
from onrecord.index.inert import one_line, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

LINE_EVERY = 10


def say(text: str, *, err: bool = False) -> None:
    """Lines for whoever runs a command; what a terminal would obey is left out of them."""
    typer.echo(plain(text), err=err)


class Progress(Protocol):
    """What the runner tells. ``begin`` and ``end`` once a run, ``start`` once for each suite and system."""

    def begin(self, total: int) -> None: ...

    def start(self, label: str, *, done: int, total: int) -> None: ...

    def indexed(self, done: int, total: int) -> None: ...

    def advance(self, row: ResultRow) -> None: ...

    def note(self, message: str) -> None: ...

    def end(self) -> None: ...


class SilentProgress:
    """Tells nothing."""

    def begin(self, total: int) -> None:
        pass

    def start(self, label: str, *, done: int, total: int) -> None:
        pass

    def indexed(self, done: int, total: int) -> None:
        pass

    def advance(self, row: ResultRow) -> None:
        pass

    def note(self, message: str) -> None:
        pass

    def end(self) -> None:
        pass


class LineProgress:
    """A line every ten questions and at the end of each suite and system: for logs."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._label, self._done, self._total = "", 0, 0
        self._started = self._shown = 0.0
        self._before = 0

    def begin(self, total: int) -> None:
        pass

    def start(self, label: str, *, done: int, total: int) -> None:
        self._label, self._done, self._total, self._before = label, done, total, done
        self._started = time.monotonic()
        kept = f", {done} done before" if done else ""
        self._say(f"{label}: {total} questions{kept}")

    def indexed(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._shown >= 10:
            self._shown = now
            self._say(f"{self._label}: indexed {done} of {total} articles")

    def advance(self, row: ResultRow) -> None:
        if self._done == self._before:  # getting ready is over; it says nothing of the pace to come
            self._started = time.monotonic() - row.timings.get("time_to_answer", 0.0)
        self._done += 1
        if row.status == "failed":
            self._say(f"{self._label}: question {row.question_id} failed: {row.error}")
        if self._done % LINE_EVERY == 0 or self._done == self._total:
            pace = (time.monotonic() - self._started) / (self._done - self._before)
            left = f", about {_clock(pace * (self._total - self._done))} left" if self._done < self._total else ""
            self._say(f"{self._label}: {self._done} of {self._total}, {pace:.1f} s each{left}")

    def note(self, message: str) -> None:
        self._say(message)

    def end(self) -> None:
        pass

    def _say(self, message: str) -> None:
        print(plain(message), file=self._out, flush=True)


class BarProgress:
    """One bar over the whole run, with the suite and system that is on, and the time left."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = console
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._index: TaskID | None = None

    def begin(self, total: int) -> None:
        self._bar.start()
        self._task = self._bar.add_task("questions", total=total)

    def start(self, label: str, *, done: int, total: int) -> None:
        if self._task is not None:
            self._bar.update(self._task, description=one_line(label), advance=done)

    def indexed(self, done: int, total: int) -> None:
        if self._index is None:
            self._index = self._bar.add_task("indexing articles", total=total)
        self._bar.update(self._index, completed=done)
        if done == total:
            self._bar.remove_task(self._index)
            self._index = None

    def advance(self, row: ResultRow) -> None:
        if self._task is not None:
            self._bar.advance(self._task)
        if row.status == "failed":
            self.note(f"question {row.question_id} failed: {row.error}")

    def note(self, message: str) -> None:
        self._console.print(plain(message), markup=False, highlight=False)

    def end(self) -> None:
        self._bar.stop()


def progress_for(console: "Console") -> Progress:
    """The bar where someone looks at a terminal, else lines."""
    return BarProgress(console) if console.is_terminal else LineProgress(console.file)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
