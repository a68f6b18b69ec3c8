"""Files are read, cut and embedded by the workers of a Ray cluster; what they made comes back in order, to be stored.

Two steps of Ray Data: files are read some at a time, each in the process for reading of the machine that reads it, and
what is new in them is made ready by workers that keep the embedder loaded. A worker that dies is replaced, and what it
had in hand is done again. The collection is written here alone, by the path of every other addition.
"""

import logging
import os
import pickle
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onrecord.index.batches import batched
from onrecord.index.errors import InputError, WorkersError
from onrecord.index.making import Made, cut, made
from onrecord.index.reading.files import NORMALISER_VERSION, NamedFile, Reading, ReadLimits, ReadResult
from onrecord.index.settings import IndexSettings
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.sync import Part, Plan, Progress, part_of, plan_parts
from onrecord.index.text.sentences import SPLITTER_VERSION
from onrecord.index.types import Article, Embedder

LOCAL = "local"
CLIENT = "ray://"
FILES = 64  # that one task reads, at most
CHARACTERS = 80_000  # of new text that are embedded together: some 130 passages
LOOKED_AT = 16  # articles that are there already weigh so much less than new ones
READING = 0.25  # of a processor is the reader's; the rest is the embedder's, so that each has one of both
SECONDS = 10.0  # for a cluster to answer
STORE_MIB = 512  # of memory that a cluster of one's own may take for what is under way

Found = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Workers:
    """Whose they are: ``address`` of a cluster ("auto": this machine's; HOST:PORT; ray://HOST:PORT), or "local" for one
    that lasts as long as it is used. ``number``: how many, at most; None: as many as it has processors.
    """

    address: str
    number: int | None = None

    def __post_init__(self) -> None:
        if not self.address.strip():
            raise InputError(f"No Ray cluster is named; give the address of one, or {LOCAL!r}.")


@dataclass(frozen=True, slots=True)
class Job:
    """What the workers have to know. ``load`` gives what they embed with; ``fingerprint``: of an index made here.

    ``stored``: of what is stored of these files, `digests`; ``edits``: what was set by hand.
    """

    limits: ReadLimits
    words: int
    load: Callable[[], Embedder]
    fingerprint: str
    stored: Found = field(default_factory=lambda: digests(()))
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """Articles of one file, all or some: ``number`` is its place among the files, ``share`` how much of it came by now.

    ``end``: with the last of them, what was read, without the articles.
    """

    number: int
    part: Part
    share: float
    end: ReadResult | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What one worker takes at once, and then what it gives: the articles to make ready, and those that are."""

    pieces: tuple[Piece, ...]
    new: tuple[Article, ...] = ()
    made: tuple[Made, ...] = ()


def digests(articles: Iterable[Article]) -> Found:
    """Of each article a number that changes with it, ascending."""
    return np.unique(np.fromiter(map(_digest, articles), dtype=np.uint64))


def _digest(article: Article) -> int:
    facts = (article.id, article.title, article.text, article.source, article.published, article.url)
    joined = "\0".join((*facts, article.language, article.place))
    return int.from_bytes(sha256(joined.encode("utf-8", "surrogatepass")).digest()[:8], "big")


class Adding:
    """One addition of files by workers. ``results``: of each file and of what is none, once ``plans`` is through."""

    def __init__(
        self,
        named: Sequence[NamedFile | ReadResult],
        workers: Workers,
        job: Job,
        catalogue: Catalogue,
        on_progress: Progress | None,
    ) -> None:
        self._files = [one for one in named if isinstance(one, NamedFile)]
        self._workers, self._job, self._catalogue, self._on_progress = workers, job, catalogue, on_progress
        self._named = named
        self._ends: list[ReadResult] = []

    @property
    def results(self) -> list[ReadResult]:
        ends = iter(self._ends)
        return [one if isinstance(one, ReadResult) else next(ends) for one in self._named]

    def plans(self) -> Iterator[Plan]:
        """What is to be stored, some articles at a time, in the order of the files."""
        stored = digests(self._catalogue.articles_from(one.origin for one in self._files))
        job = replace(self._job, stored=stored, edits=self._catalogue.edits())
        for load in loads(self._workers, self._files, job) if self._files else ():
            parts = (piece.part for piece in load.pieces if piece.part.articles)
            yield plan_parts(self._catalogue, parts, {one.article: one for one in load.made})
            self._ends += [piece.end for piece in load.pieces if piece.end]
            if self._on_progress:
                last = load.pieces[-1]
                self._on_progress(last.number + last.share, len(self._files))


def loads(workers: Workers, files: Sequence[NamedFile], job: Job) -> Iterator[Load]:
    """What the workers made of the files, in their order, each part of it as soon as those before it are there.

    Raises `WorkersError` for a cluster that is not there or fails, and for one whose workers would make something else
    than is made here.
    """
    with _connected(workers) as number:
        size = max(1, min(FILES, -(-len(files) // (4 * number))))
        given = list(batched(enumerate(files), size))
        given += [[]] * (number - len(given))  # Ray warns of workers that get none, but a long file may be for all
        for row in _asked(given, job, number) if workers.address.startswith(CLIENT) else _rows(given, job, number):
            load = pickle.loads(row)
            if isinstance(load, str):
                raise WorkersError(load)
            yield load


def _rows(given: Sequence[Sequence[tuple[int, NamedFile]]], job: Job, number: int) -> Iterator[bytes]:
    """The loads, or what went wrong as a sentence."""
    import pyarrow
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong comes as an error
    job_there = ray.put(job)
    data = ray.data.from_arrow([_table(pyarrow, some) for some in given])
    data.context.execution_options.preserve_order = True
    data.context.enable_progress_bars = False
    data.context.target_max_block_size = 1  # one load is one block, so that any worker may take it
    alike: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow"}
    data = data.map_batches(partial(_read, job_there), num_cpus=READING, **alike)
    pool = ray.data.ActorPoolStrategy(size=number)
    data = data.map_batches(_Making, fn_constructor_args=(job_there,), compute=pool, num_cpus=1 - READING, **alike)
    for table in data.iter_batches(**alike):
        yield from (row.as_py() for row in table.column("load"))


def _asked(given: Sequence[Sequence[tuple[int, NamedFile]]], job: Job, number: int) -> Iterator[bytes]:
    """The same over Ray's client, through which Ray Data does not run: there it runs in the cluster, and is asked."""
    import ray

    away = ray.remote(num_cpus=0)(_Away).remote(given, job, number)
    coming = away.row.remote()
    while row := ray.get(coming):
        coming = away.row.remote()  # on its way while this one is stored
        yield row


class _Away:
    """In the cluster: gives one row after the other, and nothing after the last."""

    def __init__(self, given: Sequence[Sequence[tuple[int, NamedFile]]], job: Job, number: int) -> None:
        self._coming = _rows(given, job, number)

    def row(self) -> bytes | None:
        return next(self._coming, None)


def _table(pyarrow: Any, value: object) -> Any:
    """One row that holds it."""
    return pyarrow.table({"load": pyarrow.array([pickle.dumps(value)], pyarrow.large_binary())})


def _read(job_there: Any, table: Any) -> Iterator[Any]:
    """In a worker: some files, as loads for those that make them ready."""
    import pyarrow
    import ray

    job: Job = ray.get(job_there)
    (row,) = table.column("load")
    for load in _loads(pickle.loads(row.as_py()), job):
        yield _table(pyarrow, load)


def _loads(files: Sequence[tuple[int, NamedFile]], job: Job) -> Iterator[Load]:
    reading = Reading(job.limits)
    pieces: list[Piece] = []
    new: list[Article] = []
    weight = 0
    for number, file in files:
        result = reading.read(file)
        whole = part_of(result)
        first = 0
        for n, article in enumerate(result.articles, start=1):
            edited = replace(article, **job.edits.get(article.id, {}))
            there = _is_in(_digest(edited), job.stored)
            if not there:
                new.append(edited)
            weight += len(article.text) // (LOOKED_AT if there else 1)
            if weight >= CHARACTERS and n < len(result.articles):
                part = Part(whole.origin, result.articles[first:n])
                yield Load((*pieces, Piece(number, part, n / len(result.articles))), tuple(new))
                pieces, new, weight, first = [], [], 0, n
        rest = replace(whole, articles=result.articles[first:])
        pieces.append(Piece(number, rest, 1.0, end=replace(result, articles=())))
        if weight >= CHARACTERS:
            yield Load(tuple(pieces), tuple(new))
            pieces, new, weight = [], [], 0
    if pieces:
        yield Load(tuple(pieces), tuple(new))


def _is_in(digest: int, stored: Found) -> bool:
    place = np.searchsorted(stored, np.uint64(digest))
    return bool(place < len(stored) and stored[place] == digest)


class _Making:
    """In a worker: keeps the embedder, and makes articles ready. What goes wrong with either is a sentence."""

    def __init__(self, job_there: Any) -> None:
        import ray

        job: Job = ray.get(job_there)
        self._words, self._trouble = job.words, ""
        try:
            self._embedder = job.load()
            made_here = IndexSettings(passage_words=job.words).fingerprint(
                embedder=self._embedder.fingerprint, splitter=SPLITTER_VERSION, normaliser=NORMALISER_VERSION
            )
            if made_here != job.fingerprint:
                self._trouble = "its model or its OnRecord is another than here; install the same"
        except Exception as error:  # noqa: BLE001  the outermost layer there
            self._trouble = _line(error)

    def __call__(self, table: Any) -> Any:
        import pyarrow

        (row,) = table.column("load")
        load: Load = pickle.loads(row.as_py())
        try:
            if not self._trouble:
                cuts = [cut(article, words=self._words) for article in load.new]
                return _table(pyarrow, replace(load, new=(), made=tuple(made(cuts, self._embedder.embed_passages))))
        except Exception as error:  # noqa: BLE001  as above
            self._trouble = f"{type(error).__name__}: {_line(error)}"
        told = f"A worker on {socket.gethostname()} cannot embed ({self._trouble}); mend that, and the same command"
        return _table(pyarrow, f"{told} goes on from what is stored.")


# -- the cluster -----------------------------------------------------------------------------------------------


@contextmanager
def _connected(workers: Workers) -> Iterator[int]:
    """How many workers there may be, as long as the cluster is held. One that the program had before stays."""
    with ExitStack() as stack:
        _knock(workers.address)
        if "ray" not in sys.modules:  # it reads this when it is imported
            os.environ.update(_QUIET | (_ALONE if workers.address == LOCAL else {}))
        import ray

        if not ray.is_initialized():
            if workers.address == LOCAL:
                stack.enter_context(_started(ray, workers.number))
            else:
                stack.callback(ray.shutdown)
                _begin(ray, workers.address)
        try:
            there = max(1, int(ray.cluster_resources().get("CPU", 1)))
            yield min(there, workers.number or there)
        except ray.exceptions.RayError as error:
            raise WorkersError(
                f"The Ray cluster {workers.address!r} failed ({_line(error)}); mend that, and the same command goes on "
                "from what is stored."
            ) from error


_QUIET = {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}  # else it writes to the terminal
# A cluster that is started here listens to this machine alone, and obeys none but this process and its own. Its workers
# stay for what comes next: they take longer to start than many a task.
_ALONE = {
    "RAY_idle_worker_killing_time_threshold_ms": "60000",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@contextmanager
def _started(ray: Any, number: int | None) -> Iterator[None]:
    """A cluster of this process alone, that ends with this."""
    import psutil  # Ray brings its own

    with _private_folder() as folder:
        try:
            _begin(
                ray,
                LOCAL,
                num_cpus=number or _cores(),
                include_dashboard=False,
                _temp_dir=f"{folder}/ray",
                object_store_memory=_store_bytes(),
            )
            yield
        finally:
            own = [one for each in _children(psutil, folder) for one in (each, *each.children(recursive=True))]
            ray.shutdown()
            for one in own:  # now and then a worker hangs while it ends
                with suppress(psutil.Error):
                    one.kill()


def _children(psutil: Any, folder: str) -> list[Any]:
    """Those of this process that were told of the folder."""
    found = []
    for one in psutil.Process().children():
        with suppress(psutil.Error):
            found += [one] if any(folder in word for word in one.cmdline()) else []
    return found


def _begin(ray: Any, address: str, **how: Any) -> None:
    """Joins the cluster, without a word on the terminal; Ctrl-C and SIGTERM do what they did."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with _silent():
            ray.init(address, **how, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:  # Ray raises it as it is where a node takes too long to start
        raise _unreached(address, error) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _knock(address: str) -> None:
    """Raises `WorkersError` where nobody listens at HOST:PORT: Ray itself would wait for minutes."""
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS).close()
        except (OSError, OverflowError) as error:
            raise _unreached(address, error) from error


def _unreached(address: str, error: Exception) -> WorkersError:
    if address == LOCAL:
        return WorkersError(
            f"A Ray cluster cannot be started on this machine ({_line(error)}); add without --ray, or name the address "
            "of a cluster."
        )
    return WorkersError(
        f"The Ray cluster {address!r} cannot be reached ({_line(error)}); start one with `ray start --head` and name "
        f"its address, or {LOCAL!r}."
    )


@contextmanager
def _silent() -> Iterator[None]:
    """What native code writes to the terminal within is lost."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


_RAISED = re.compile(r"^[\w.]+(?:Error|Exception): .*", re.MULTILINE)


def _line(error: BaseException) -> str:
    """One line of what was said: the first, or that of the error that was raised in a worker."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip()
    raised = _RAISED.search(said)
    return (raised[0] if raised else said.partition("\n")[0] or type(error).__name__).strip().rstrip(".")


@contextmanager
def _private_folder() -> Iterator[str]:
    """A folder that others cannot look into. Ray puts sockets there, whose paths must be short."""
    folder = tempfile.mkdtemp(prefix="onrecord-", dir="/tmp" if os.name == "posix" else None)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _store_bytes() -> int:
    """Memory for what is under way: less where the memory that processes share is small, as in a container."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        free = 2**40
    return max(80, min(STORE_MIB, free // 2 // 2**20)) * 2**20


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
