"""A disk that is full to the last byte: one still lists, searches and removes, and what was removed makes room."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZE = 24 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, unmounted afterwards."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        why = done.stderr.strip() if done else "only root may mount a small disk"
        if os.environ.get("CI") == "true" and done is not None:
            pytest.fail(why)
        pytest.skip(why)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def do(folder: Path, work: str) -> tuple[int, str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(Path(__file__).with_name("full_disk.py")), str(folder / "data"), work]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120)
    return done.returncode, (done.stdout + done.stderr).strip()


def fill(disk: Path) -> None:
    """To the last byte."""
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        for block in (1 << 20, 4096, 1):
            try:
                while ballast.write(bytes(block)) == block:
                    pass
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0


def used(disk: Path) -> int:
    """Bytes of what is stored; the room that is kept is not."""
    files = [one for one in (disk / "data").rglob("*") if one.is_file() and one.name != "reserve"]
    return sum(one.stat().st_blocks * 512 for one in files)


@pytest.mark.slow
def test_on_a_full_disk_one_lists_searches_and_removes(disk: Path) -> None:
    assert do(disk, "prepare") == (0, "")
    fill(disk)
    code, said = do(disk, "list")
    assert (code, len(said.split())) == (0, 40), said
    fill(disk)
    code, said = do(disk, "search")
    assert (code, said.splitlines()[0]) == (0, "a7"), said
    fill(disk)
    code, said = do(disk, "add")
    assert code == 1 and "The disk is full; make room for" in said and str(disk / "data") in said, said
    assert "onrecord remove" in said
    fill(disk)
    before = used(disk)
    code, said = do(disk, "remove")
    assert (code, said.splitlines()[0]) == (0, "a3 a4 a5"), said
    assert used(disk) < before - 20_000, "removing three articles, each twice 3.6 kB with its sentences, made no room"
    code, said = do(disk, "list")
    assert (code, len(said.split())) == (0, 37), said
    code, said = do(disk, "search")
    assert (code, said.splitlines()[0]) == (0, "a7"), said


@pytest.mark.slow
def test_a_disk_that_is_full_again_and_again_can_still_be_freed(disk: Path) -> None:
    """Filled after each step, too: the room that was kept is used up by then."""
    assert do(disk, "prepare") == (0, "")
    for _ in range(3):
        fill(disk)
        assert do(disk, "list")[0] == 0
    fill(disk)
    code, said = do(disk, "remove")
    assert (code, said.splitlines()[0]) == (0, "a3 a4 a5"), said
    fill(disk)
    assert len(do(disk, "list")[1].split()) == 37
