"""The README typed from top to bottom in a fresh clone by a script: real models, a real server, real answers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy
import pytest

from onrecord.index.models.catalogue import models_folder
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
START = "make chat"
SILENT = 3  # the exit code where the articles do not say
MARK = "-- typed:"

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]


def typed(readme: str) -> list[str]:
    """Every line of every console block, and every Python block as one command, in the README's order."""
    commands = []
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE):
        assert language in ("console", "python"), language
        if language == "python":
            commands.append(f"python - <<'END'\n{code}END")
        else:
            commands += [line.removeprefix("$ ") for line in code.splitlines()]
    return commands


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the repository has, in a fresh folder; this environment's packages stand in for the ones `make` installs."""
    folder = tmp_path / "onrecord"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    environment = folder / ".venv"
    venv.create(environment, with_pip=False, symlinks=True)
    (folder / ".dev" / "onrecord").mkdir(parents=True)
    for room in ("index", "qa", "ui", "eval"):
        (folder / ".dev" / "onrecord" / room).symlink_to(folder / room)
    site = next((environment / "lib").glob("python*")) / "site-packages"
    (site / "packages.pth").write_text(f"{folder / '.dev'}\n{Path(numpy.__file__).parent.parent}\n")
    command = environment / "bin" / "onrecord"
    command.write_text(f"#!{environment / 'bin' / 'python'}\nfrom onrecord.ui.cli.main import main\nmain()\n")
    command.chmod(0o755)
    (environment / ".installed").touch()
    return folder


@pytest.fixture
def person(tmp_path: Path) -> Mapping[str, str]:
    """Somebody with the models, without settings or data; a free port, as others may run here at the same time."""
    port = free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ONRECORD_", "PYTHON", "XDG_"))}
    own = {"HOME": str(tmp_path), "ONRECORD_MODELS": str(models_folder()), "ONRECORD_SERVER_PORT": str(port)}
    return {**kept, **own, "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}


@contextmanager
def chatting(clone: Path, person: Mapping[str, str]) -> Iterator[None]:
    """`make chat` in a terminal of its own, until the page answers; Ctrl-C at the end."""
    log = clone.parent / "chat.log"
    with log.open("w") as out:
        terminal = subprocess.Popen(
            START.split(),
            cwd=clone,
            env=person,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 300
        while not answers(f"http://127.0.0.1:{person['ONRECORD_SERVER_PORT']}/"):
            assert terminal.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.5)
        yield
    finally:
        if terminal.poll() is None:
            os.killpg(terminal.pid, signal.SIGINT)
        terminal.wait(60)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_every_line_of_the_readme_does_what_it_says(clone: Path, person: Mapping[str, str]) -> None:
    first, *commands = typed((clone / "README.md").read_text(encoding="utf-8"))
    assert first == START
    script = "\n".join(f'{command}\necho "{MARK} $?"' for command in commands)
    with chatting(clone, person):
        done = subprocess.run(
            ["bash", "-c", script], cwd=clone, env=person, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    pieces = re.split(rf"{MARK} (\d+)\n", done.stdout)
    results = list(zip(commands, map(int, pieces[1::2]), pieces[0::2], strict=False))
    assert len(results) == len(commands), done.stderr
    failed = [
        (command, code)
        for command, code, _ in results
        if code != 0 and not (code == SILENT and command.startswith("onrecord ask"))
    ]
    assert failed == [], done.stderr
    said = {command: output for command, _, output in results}
    assert "bridge" in said["onrecord list"].lower()
    assert "Old Mill Bridge" in said['onrecord search "bridge repair"']
    assert "2.4 million" in said['onrecord ask "How much will the repair of the bridge cost?"']
    assert all("bridge" in output for command, output in said.items() if command.startswith("python"))
