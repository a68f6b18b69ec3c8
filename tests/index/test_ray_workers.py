"""Adding by the workers of a real Ray cluster: what `add` does, whoever is killed meanwhile. One cluster for the file."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from onrecord.index.library import Library
from onrecord.index.ray_workers import LOCAL, Workers, _connected
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
    said = " ".join(f"On day {d} of year {n} the council of town {n * d % 97} heard {d * 7 + n} people." for d in range(24))
    return f"Council number {n} met again\n\n{said}"


def written(folder: Path) -> Path:
    """Files of several kinds: plain ones, some that are bad, copies, and one with more articles than one worker takes."""
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
    """What was there before, the report, the collection after it, the progress, and how many processes embedded."""

    before: set[str]
    report: SyncReport
    stored: dict[str, list[tuple[object, ...]]]
    progress: list[tuple[float, int]]
    workers: int


@pytest.fixture(scope="module")
def runs(address: str, postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, Run]:
    """A plain addition. One by workers into PostgreSQL, after one that was killed in the middle, and in the middle of it
    a worker is killed. And once more the same, after one article was edited.
    """
    base = tmp_path_factory.mktemp("ray")
    files, url = written(base / "files"), postgresql.new()

    def run(name: str, *, url: str = "", kill: bool = False, edit: bool = False) -> Run:
        seen: list[tuple[float, int]] = []
        workers = base / f"{name} workers"
        workers.mkdir()

        def told(done: float, total: int) -> None:
            if kill and not seen:
                os.kill(int(next(workers.iterdir()).name), signal.SIGKILL)
            seen.append((done, total))

        with opened(base / f"{name} data", SentEmbedder(workers, seconds=0.01 * kill), url) as library:
            before = {info.id for info in library.articles()}
            if edit:
                library.edit(min(before), title="Another title")
            if url:
                report = library.add_by_workers([files], Workers(address), on_progress=told)
            else:
                report = library.add_paths([files], on_progress=told)
            return Run(before, report, everything(library), seen, len(list(workers.iterdir())))

    plain = run("plain")
    path = os.pathsep.join([str(ROOT), *sys.path])
    arguments = [str(one) for one in (files, base / "killed data", url, base, address)]
    killed = subprocess.run(
        [sys.executable, "-c", DRIVER, *arguments], env={**os.environ, "PYTHONPATH": path}, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    return plain, run("second", url=url, kill=True), run("third", url=url, edit=True)


def test_who_ever_is_killed_the_collection_is_that_of_a_plain_addition(runs: tuple[Run, Run, Run]) -> None:
    plain, second, _ = runs
    assert 0 < len(second.before) < 61 and second.workers > 2  # the command was killed and went on, a worker was replaced
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


def test_progress_goes_through_the_files_a_long_one_part_by_part(runs: tuple[Run, Run, Run]) -> None:
    progress = runs[1].progress
    assert progress == sorted(progress) and progress[-1] == (24, 24)
    assert any(done % 1 for done, _ in progress)
