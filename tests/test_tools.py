"""`make test` gets what it needs beside Python by itself, and where it cannot, says in one sentence what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "tools"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script's commands are replaced by shell scripts")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of commands that is all there is: bash's own needs, and what a test puts beside them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "uname"):
        (folder / name).symlink_to(str(shutil.which(name)))
    command(folder, "id", "echo 0")
    return folder


def command(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f'#!{shutil.which("sh")}\necho "{name} $*" >> "{folder}/asked"\n{body}\n')
    path.chmod(0o755)


def asked(folder: Path) -> list[str]:
    noted = folder / "asked"
    return [line for line in noted.read_text().splitlines() if line[:2] != "id"] if noted.exists() else []


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PATH": str(folder)}
    return subprocess.run([SCRIPT, folder / "python"], capture_output=True, text=True, env=environment, timeout=60)


def test_what_is_here_is_left_as_it_is(machine: Path) -> None:
    for name in ("chromium", "strace", "nginx", "ip", "pg_ctlcluster", "apt-get"):
        command(machine, name, "")
    done = run(machine)
    assert (done.returncode, done.stdout, asked(machine)) == (0, "", [])


def test_root_on_debian_gets_all_that_is_missing_by_apt_get(machine: Path) -> None:
    command(machine, "strace", "")
    command(machine, "python", "exit 1")  # Playwright has none either
    command(machine, "apt-get", f'[ "$1" = update ] || : > "{machine}/chromium"; /bin/chmod +x "{machine}"/*')
    done = run(machine)
    assert done.returncode == 0, done.stderr
    assert "apt-get install -y -qq chromium nginx-light iproute2 postgresql" in asked(machine)


@pytest.mark.parametrize("apt", [True, False], ids=["apt-get fails", "no apt-get"])
def test_else_playwright_fetches_its_own(machine: Path, apt: bool) -> None:
    if apt:
        command(machine, "apt-get", "exit 100")
    command(machine, "python", '[ "$1" = -m ]')  # no browser yet, and fetching one works
    done = run(machine)
    assert done.returncode == 0, done.stderr
    assert asked(machine)[-1] == "python -m playwright install chromium"


def test_who_is_not_root_is_not_asked_for_apt_get(machine: Path) -> None:
    command(machine, "id", "echo 1000")
    command(machine, "apt-get", "exit 100")
    command(machine, "python", '[ "$1" = -m ]')
    assert run(machine).returncode == 0
    assert not any(line.startswith("apt-get") for line in asked(machine))


def test_where_nothing_works_one_sentence_says_what_to_do(machine: Path) -> None:
    command(machine, "python", "exit 1")
    done = run(machine)
    assert done.returncode == 1
    assert "install your system's chromium, or run" in done.stderr and len(done.stderr.splitlines()) == 1
