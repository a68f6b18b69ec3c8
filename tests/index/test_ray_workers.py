"""Adding by the workers of a real Ray cluster: all that `add` does, whoever is killed. One cluster for the file."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pyarrow
import pytest

from onrecord.index import ray_workers
from onrecord.index.errors import ModelMissing, WorkersError
from onrecord.index.library import Library
from onrecord.index.ray_workers import LOCAL, Job, Load, Workers, _begin, _connected, _Making, _table
from onrecord.index.reading.files import ReadLimits
from onrecord.index.settings import IndexSettings
from onrecord.index.types import SyncReport
from tests.index.ray_embedder import SentEmbedder
from tests.postgres import Server

pytestmark = pytest.mark.slow  # a cluster
ROOT = Path(__file__).parents[2]
TABLES = {  # all that adding writes, but when
    "articles": "number, id, title, text, source, published, url, language, place, words, signature",
    **dict.fromkeys(("sentences", "passages", "embeddings", "copies", "origins"), "*"),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """That of the cluster that `local` starts, with two workers; it stays for the whole file."""
    with ExitStack() as stack:
        assert stack.enter_context(_connected(Workers(LOCAL, 2))) == 2
        import ray

        yield ray.get_runtime_context().gcs_address


def everything(library: Library) -> dict[str, list[tuple[object, ...]]]:
    with library.parts() as parts, parts.catalogue.snapshot() as connection:
        return {
            table: sorted(tuple(map(_plain, row)) for row in connection.execute(f"SELECT {columns} FROM {table}"))
            for table, columns in TABLES.items()
        }


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def opened(folder: Path | str, embedder: SentEmbedder, url: str = "") -> Library:
    return Library(folder, embedder=embedder, settings=IndexSettings(catalogue_url=url))


def story(n: int) -> str:
    said = " ".join(
        f"On day {d} of year {n} the council of town {n * d % 97} heard {d * 7 + n} people." for d in range(24)
    )
    return f"Council number {n} met again\n\n{said}"


def written(folder: Path) -> Path:
    """Files of several kinds: plain ones, bad ones, copies, and one with more articles than one worker takes."""
    folder.mkdir()
    for n in range(20):
        (folder / f"{n:02}.txt").write_text(story(n))
    (folder / "03 again.txt").write_text(f"A new lead.\n{story(3)}")
    (folder / "05 bad.pdf").write_bytes(b"%PDF-1.7 and then nothing of the kind")
    (folder / "06 empty.txt").write_text(" ")
    (folder / "07 picture.png").write_bytes(b"\x89PNG")
    rows = [{"title": f"Row {n}", "text": f"{story(100 + n)}\n{'It rained in the hills. ' * 150}"} for n in range(40)]
    lines = [json.dumps(row) for row in rows]
    (folder / "11 many.jsonl").write_text("\n".join([*lines[:20], "no row", *lines[20:]]))
    return folder


DRIVER = """
import os, signal, sys
from pathlib import Path
from onrecord.index.ray_workers import Workers
from tests.index.ray_embedder import SentEmbedder
from tests.index.test_ray_workers import opened

files, data, url, seen, address = sys.argv[1:]
def told(done, total):
    if done >= 6:
        os.kill(os.getpid(), signal.SIGKILL)
with opened(data, SentEmbedder(Path(seen)), url) as library:
    library.add_by_workers([files], Workers(address), on_progress=told)
"""


@dataclass
class Run:
    """What was there before, the report, the collection after it, the progress, the processes that embedded ("died":
    one was killed by it), and what was written to the terminal."""

    before: set[str]
    report: SyncReport
    stored: dict[str, list[tuple[object, ...]]]
    progress: list[tuple[float, int]]
    workers: set[str]
    said: str


@pytest.fixture(scope="module")
def runs(address: str, postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, Run]:
    """A plain addition. One by workers into PostgreSQL, after one that was killed in the middle, and in the middle of
    it a worker is killed. And once more the same, after an article was edited, asked for as over Ray's client.
    """
    base = tmp_path_factory.mktemp("ray")
    files, url = written(base / "files"), postgresql.new()

    def run(name: str, *, url: str = "", kill: bool = False, edit: bool = False) -> Run:
        seen: list[tuple[float, int]] = []
        workers = base / f"{name} workers"
        workers.mkdir()

        def told(done: float, total: int) -> None:
            seen.append((done, total))

        embedder, said = SentEmbedder(workers, one_dies=kill), StringIO()
        with redirect_stdout(said), redirect_stderr(said), opened(base / f"{name} data", embedder, url) as library:
            before = {info.id for info in library.articles()}
            if edit:
                library.edit(min(before), title="Another title")
            if url:
                report = library.add_by_workers([files], Workers(address), on_progress=told)
            else:
                report = library.add_paths([files], on_progress=told)
            names = {one.name for one in workers.iterdir()}
            return Run(before, report, everything(library), seen, names, said.getvalue())

    plain = run("plain")
    path = os.pathsep.join([str(ROOT), *sys.path])
    arguments = [str(one) for one in (files, base / "killed data", url, base, address)]
    command, environment = [sys.executable, "-c", DRIVER, *arguments], {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")
    second = run("second", url=url, kill=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ray_workers, "CLIENT", "")
        return plain, second, run("third", url=url, edit=True)


def test_who_ever_is_killed_the_collection_is_that_of_a_plain_addition(runs: tuple[Run, Run, Run]) -> None:
    plain, second, _ = runs
    assert 0 < len(second.before) < 61  # the command was killed, and went on
    assert "died" in second.workers and len(second.workers) > 2  # a worker was killed, and replaced
    assert len(plain.stored["articles"]) == 61 and plain.stored["copies"]
    assert second.stored == plain.stored


def test_the_report_is_that_of_a_plain_addition_bad_files_included(runs: tuple[Run, Run, Run]) -> None:
    plain, second, _ = runs
    new = tuple(one for one in plain.report.added if one not in second.before)
    assert second.report == replace(plain.report, added=new, unchanged=plain.report.added[: len(second.before)])
    assert [Path(path).name for path, _ in plain.report.failed] == ["05 bad.pdf", "06 empty.txt", "11 many.jsonl"]
    assert [Path(path).name for path, _ in plain.report.passed_over] == ["07 picture.png"]


def test_a_second_addition_changes_nothing_and_what_was_set_by_hand_holds(runs: tuple[Run, Run, Run]) -> None:
    plain, _, third = runs
    assert third.report == replace(plain.report, added=(), unchanged=plain.report.added)
    titles = {str(row[1]): row[2] for row in third.stored["articles"]}
    assert titles.pop(min(titles)) == "Another title"
    assert titles.items() <= {(row[1], row[2]) for row in plain.stored["articles"]}


def test_nothing_is_said_of_it_on_the_terminal(runs: tuple[Run, Run, Run]) -> None:
    assert [run.said for run in runs] == ["", "", ""]


@pytest.mark.parametrize(
    ("fails", "said"),
    [("", "its model or its OnRecord is another than here; install the same"), ("loading", "no such model")],
)
def test_a_worker_that_would_make_something_else_says_why(address: str, tmp_path: Path, fails: str, said: str) -> None:
    import ray

    def load() -> SentEmbedder:
        if fails:
            raise ModelMissing("no such model")
        return SentEmbedder(tmp_path)

    there = ray.put(Job(ReadLimits(), 110, load, "another fingerprint"))
    (row,) = _Making(there)(_table(pyarrow, Load(()))).column("load")
    assert re.fullmatch(rf"A worker on \S+ cannot embed \({said}\); mend that, .*", pickle.loads(row.as_py()))


def test_a_cluster_that_does_not_start_in_time_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def late(*args: object, **how: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", late)
    with pytest.raises(WorkersError, match=r"^A Ray cluster cannot be started on this machine \(.*timed out"):
        _begin(ray, LOCAL)


def test_progress_goes_through_the_files_a_long_one_part_by_part(runs: tuple[Run, Run, Run]) -> None:
    progress = runs[1].progress
    assert progress == sorted(progress) and progress[-1] == (24, 24)
    assert any(done % 1 for done, _ in progress)
