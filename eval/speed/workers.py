"""Adding by the workers of a Ray cluster, beside as many bare encoders, in one run.

The articles are made of the suite's words (`Texts`), one file each. The bare encoders, one process and one thread each,
embed the passages of half of them before the addition and of the other half after it, so that a drift of the machine
evens out; the addition reads, splits, embeds and stores all of them, in the same number of workers. Where others use
the machine, too, seconds by the clock say little: processor seconds, of all that the addition starts, say more.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from onrecord.eval.runs.machine import machine
from onrecord.eval.speed.growth import Texts
from onrecord.eval.suites.types import Suite
from onrecord.index.batches import batched
from onrecord.index.inert import as_json
from onrecord.index.library import Library
from onrecord.index.making import TOGETHER, cut
from onrecord.index.ray_workers import LOCAL, Workers
from onrecord.index.reading.files import read_paths
from onrecord.index.settings import IndexSettings
from onrecord.index.types import Embedder

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds. ``starting``: from the command to the first articles in the collection; ``adding``: from there on, for
    ``added`` of the passages; ``bare``: of the bare encoders for all of them. ``where`` it was added to. The two with
    ``cpu`` are processor seconds, 0 where the platform does not tell; those of a database's server are not among them.
    """

    where: str
    workers: int
    articles: int
    passages: int
    added: int
    starting: float
    adding: float
    bare: float
    adding_cpu: float
    bare_cpu: float
    machine: dict[str, Any] = field(default_factory=machine)

    @property
    def share(self) -> float:
        """Of the bare encoders' throughput, once the workers are at work."""
        return (self.added / self.adding) / (self.passages / self.bare)

    @property
    def cpu_share(self) -> float:
        """As ``share``, by processor seconds."""
        return (self.added / self.adding_cpu) / (self.passages / self.bare_cpu) if self.adding_cpu else 0.0

    @property
    def whole_share(self) -> float:
        """The same of the whole command, with the start of the cluster and of its workers."""
        return self.bare / (self.starting + self.adding)

    def to_json(self) -> str:
        """The figures, with both shares."""
        return as_json(
            {**asdict(self), "share": self.share, "cpu_share": self.cpu_share, "whole_share": self.whole_share},
            indent=1,
        )

    def text(self) -> str:
        """For people, with the goal."""
        facts = self.machine
        return (
            f"machine   {facts['cores']} cores, {facts['processor']}\n"
            f"bare      {self.workers} encoders: {self.passages / self.bare:.1f} passages/s\n"
            f"workers   {self.workers} into {self.where}: {self.added / self.adding:.1f} passages/s, {self.share:.2f} "
            f"of the bare encoders' (goal 0.8 or more); by processor seconds {self.cpu_share:.2f}\n"
            f"command   {self.articles:,} articles, {self.passages:,} passages in {self.starting + self.adding:.0f} s, "
            f"the first after {self.starting:.0f} s: {self.whole_share:.2f} of the bare encoders' with that"
        )


def measure_workers(
    suite: Suite, articles: int, number: int, *, url: str = "", cluster: str = LOCAL, say: Say = lambda _: None
) -> Spread:
    """So many made articles by so many workers. ``url``: of an empty PostgreSQL; empty: into a folder."""
    with tempfile.TemporaryDirectory(prefix="onrecord-workers-") as folder, Meter() as meter:
        files = Path(folder, "articles")
        files.mkdir()
        texts = Texts(suite.articles)
        for n in range(articles):
            made = texts.article(n)
            Path(files, f"{n:06}.txt").write_text(f"{made.title}\n\n{made.text}", encoding="utf-8")
        passages = _passages(files)
        half = len(passages) // 2
        say(f"{len(passages):,} passages: half of them by the bare encoders")
        bare = _bare(passages[:half], number, meter)
        say("all of them by the workers")
        marks = []

        def mark(stored: int) -> None:
            marks.append((time.perf_counter(), meter.seconds(), stored))

        with Library(Path(folder, "data"), settings=IndexSettings(catalogue_url=url)) as library:

            def told(done: float, total: int) -> None:
                say(f"{done:.0f} of {total} files")
                if len(marks) == 1 or done == total:  # while the workers still are
                    mark(library.passage_count)

            mark(0)
            library.add_by_workers([files], Workers(cluster, number), on_progress=told)
            ended = time.perf_counter()
        (began, *_), (first, first_cpu, there), *_, (_, last_cpu, stored) = marks
        say("the other half by the bare encoders")
        seconds, cpu = (one + other for one, other in zip(bare, _bare(passages[half:], number, meter), strict=True))
        where = "PostgreSQL" if url else "a folder"
        starting, adding, adding_cpu = first - began, ended - first, last_cpu - first_cpu
        return Spread(where, number, articles, stored, stored - there, starting, adding, seconds, adding_cpu, cpu)


def _passages(files: Path) -> list[str]:
    """What is embedded of them, as the workers embed it."""
    words = IndexSettings().passage_words
    return [text for one in read_paths([files]) for each in one.articles for text in cut(each, words=words).texts]


def _bare(texts: Sequence[str], number: int, meter: "Meter") -> tuple[float, float]:
    """The seconds, by the clock and of processors, of as many processes as there are workers, all loaded before."""
    with ProcessPoolExecutor(number, get_context("spawn"), _load) as pool:
        list(pool.map(_embed, [texts[:8]] * 4 * number))
        began, cpu = time.perf_counter(), meter.seconds()
        list(pool.map(_embed, batched(texts, TOGETHER)))
        return time.perf_counter() - began, meter.seconds() - cpu


class Meter:
    """Processor seconds of this process and of all below it, looked at now and then, so that those that end count too.

    All zero but on Linux.
    """

    def __init__(self) -> None:
        self._spent: dict[int, float] = {}
        self._stopped = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def seconds(self) -> float:
        """Until now."""
        with self._looking:
            parents, spent = {}, {}
            for file in Path("/proc").glob("[0-9]*/stat"):
                with suppress(OSError):  # it ended
                    fields = file.read_text().rpartition(")")[2].split()
                    number = int(file.parent.name)
                    parents[number], spent[number] = int(fields[1]), sum(map(int, fields[11:13]))
            ours = {number for number in spent if os.getpid() in _line_of(number, parents)}
            self._spent |= {number: spent[number] for number in spent if number in ours or number in self._spent}
            return sum(self._spent.values()) / os.sysconf("SC_CLK_TCK") if self._spent else 0.0

    def _look(self) -> None:
        while not self._stopped.wait(0.25):
            self.seconds()


def _line_of(number: int, parents: Mapping[int, int]) -> Iterator[int]:
    """The process and those above it."""
    while number:
        yield number
        number = parents.get(number, 0)


_loaded: list[Embedder] = []


def _load() -> None:
    from onrecord.index.models.embedders import load_embedder

    _loaded.append(load_embedder(threads=1))


def _embed(texts: Sequence[str]) -> int:
    return len(_loaded[0].embed_passages(texts))
