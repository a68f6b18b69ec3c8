"""The wheel where there is neither a checkout nor a compiler: installed, then `onrecord` typed in a terminal.

In CI everything is installed from the package index into an empty environment, and the model that finds is pulled: a
minute and a half of processor time. Elsewhere the environment borrows this one's packages and models.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest

from onrecord.index.models.catalogue import models_folder
from tests.ports import free_port

pty = pytest.importorskip("pty")

ROOT = Path(__file__).resolve().parent.parent
EMPTY = bool(os.environ.get("CI"))
EMBEDDER, WRITER = "all-minilm-l6-v2", "qwen2.5-coder-1.5b"
NETWORK = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_", "http_proxy", "https_proxy", "no_proxy")
PATIENCE = 240.0

pytestmark = [pytest.mark.model, pytest.mark.waits, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Somebody new, on whose PATH there is what the wheel brings and nothing else."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    network = {key: value for key, value in os.environ.items() if key.startswith(NETWORK)}
    own = {"HOME": str(home), "PATH": str(home / "venv" / "bin"), "ONRECORD_SERVER_PORT": str(port)}
    return {**network, **own, "LANG": "C.UTF-8", "TERM": "dumb", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def installed(wheel: Path, person: Mapping[str, str]) -> Path:
    """The environment's folder of commands, with the extra ``app`` installed without building anything."""
    environment = Path(person["PATH"]).parent
    venv.create(environment, with_pip=EMPTY, symlinks=True)
    python = str(environment / "bin" / "python")
    if EMPTY:
        install = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary", ":all:", f"{wheel}[app]"]
    else:
        site = next((environment / "lib").glob("python*")) / "site-packages"
        (site / "borrowed.pth").write_text(str(Path(numpy.__file__).parent.parent) + "\n")
        install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", str(wheel)]
        models = Path(person["HOME"]) / ".cache" / "onrecord" / "models"
        (models / WRITER).mkdir(parents=True)  # as a pull leaves it that was interrupted: it is asked about again
        (models / EMBEDDER).symlink_to(models_folder() / EMBEDDER)
    done = subprocess.run(install, capture_output=True, text=True, env=person if EMPTY else None)
    assert done.returncode == 0, done.stderr
    return environment / "bin"


@dataclass
class Terminal:
    process: "subprocess.Popen[bytes]"
    master: int
    said: str = ""

    def until(self, words: str) -> None:
        """Waits until the words are on the screen."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.said:
            assert self.process.poll() is None and time.monotonic() < deadline, self.said
            if select.select([self.master], [], [], 0.5)[0]:
                self.said += os.read(self.master, 65536).decode(errors="replace")

    def types(self, line: str) -> None:
        os.write(self.master, f"{line}\n".encode())


@contextmanager
def terminal(command: Path, person: Mapping[str, str]) -> Iterator[Terminal]:
    """The command in a terminal of its own; Ctrl-C at the end."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [command], stdin=slave, stdout=slave, stderr=slave, env=person, cwd=person["HOME"], start_new_session=True
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        os.close(master)


def test_onrecord_alone_leads_from_an_empty_environment_to_the_first_answer(
    installed: Path, person: Mapping[str, str]
) -> None:
    home = Path(person["HOME"])
    (home / "My news").mkdir()
    (home / "My news" / "bridge.txt").write_text(
        "The city closed the Old Mill Bridge on Monday. Mayor Ilse Brandt said the repair of the bridge would cost 2.4 "
        "million euros."
    )
    with terminal(installed / "onrecord", person) as shown:
        shown.until("Number [")
        assert WRITER in shown.said and "1.1 GB" in shown.said
        shown.types("0")
        shown.until("Your articles")
        shown.types("'My news'")
        shown.until("The collection has 1 article.")
        shown.until(address := f"http://127.0.0.1:{person['ONRECORD_SERVER_PORT']}")
        with closing(urllib.request.urlopen(address, timeout=60)) as page:
            assert page.status == 200
    question = ["ask", "How much will the repair of the bridge cost?", "--no-model", "--json"]
    asked = subprocess.run(
        [installed / "onrecord", *question],
        capture_output=True,
        text=True,
        env=person,
        cwd=home,
        stdin=subprocess.DEVNULL,
    )
    assert asked.returncode == 0, asked.stderr
    assert "2.4 million" in json.loads(asked.stdout)["sentences"][0]["text"]


def test_where_nobody_can_answer_it_prints_its_help(installed: Path, person: Mapping[str, str]) -> None:
    done = subprocess.run(
        [installed / "onrecord"], capture_output=True, text=True, env=person, stdin=subprocess.DEVNULL, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert re.search(r"\bchat\b", done.stdout)


@pytest.mark.skipif(not EMPTY, reason="elsewhere the packages are borrowed")
def test_what_a_person_installs_brings_the_model_and_no_pytorch(installed: Path, person: Mapping[str, str]) -> None:
    from importlib.metadata import distributions

    names = {
        one.name.lower() for one in distributions(path=[str(next(installed.parent.glob("lib/python*/site-packages")))])
    }
    assert {"gradio", "xllamacpp", "pip"} <= names
    assert not {"torch", "transformers", "sentence-transformers"} & names
