"""The cluster to try: a server goes away while people ask, and nobody notices. Its nginx is the guide's."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from onrecord.index.errors import InputError
from onrecord.index.models.catalogue import models_folder
from onrecord.ui.cli.main import app
from onrecord.ui.cli.serving import check_port
from onrecord.ui.server import cluster
from onrecord.ui.settings import load_settings
from tests.conftest import ARTICLES
from tests.ports import free_port
from tests.postgres import need_all_parts

GUIDE = Path(__file__).parents[2] / "docs" / "archive.md"
PEOPLE = 3
QUESTION = {"question": "How much will the repairs of the bridge cost?"}


def test_the_guide_tells_nginx_what_the_command_tells_it() -> None:
    lines = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert "".join(lines) == cluster.nginx_lines("8080", [7861, 7862])


def test_the_compose_file_tells_nginx_the_same_and_the_servers_what_they_read() -> None:
    folder = GUIDE.parent / "compose"
    lines = cluster.NGINX.format(listen="8080", servers="  server server:7860 max_fails=0;\n")
    assert (folder / "nginx.conf").read_text(encoding="utf-8") == lines
    text = (folder / "compose.yaml").read_text(encoding="utf-8")
    given = dict(re.findall(r"^ +(ONRECORD_\w+): (\S+)$", text, re.MULTILINE))
    settings = load_settings(env=given)
    assert (
        settings.index.catalogue_url.startswith("postgresql://") and settings.index.chroma_url == "http://chroma:8000"
    )
    assert (GUIDE.parents[1] / re.findall(r"dockerfile: (\S+)", text)[0]).is_file()


def test_where_a_program_is_missing_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "nginx_program", lambda: None)
    done = CliRunner().invoke(app, ["cluster", "try", "--port", _four_ports()], prog_name="onrecord")
    assert done.exit_code == 1 and "apt-get install postgresql nginx-light" in done.stderr


@dataclass
class Tried:
    """The command in a process of its own, with what it has said."""

    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    def line(self, beginning: str) -> str:
        """The next line that has these words."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if beginning in line:
                return line
        raise AssertionError("".join(self.said))


@pytest.fixture
def tried(tmp_path: Path) -> Iterator[Tried]:
    need_all_parts()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    environment |= {"ONRECORD_MODELS": str(models_folder()), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "onrecord.ui.cli.main", "cluster", "try", "--no-model", "--port", _four_ports()]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=environment, cwd=tmp_path, **streams) as process:
        yield Tried(process)
        try:
            process.terminate()  # it ends what it has started
            process.wait(90)
        finally:
            process.kill()


def _four_ports() -> str:
    """The first of four in a row that nobody has."""
    for _ in range(100):
        port = free_port()
        try:
            for one in range(port, port + 4):
                check_port("127.0.0.1", one)
        except InputError:
            continue
        return str(port)
    raise AssertionError("no four ports in a row are free")


class People:
    """Each asks again and again, and counts how that went."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._over = threading.Event()
        self.seen: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._ask) for _ in range(PEOPLE)]
        for one in self._threads:
            one.start()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._address, timeout=60) as client:
            while not self._over.is_set():
                try:
                    answer = client.post("/api/v1/ask", json=QUESTION)
                except httpx.HTTPError as error:
                    self.seen[type(error).__name__] += 1
                    continue
                right = answer.status_code == 200 and "2.4 million" in answer.text
                self.seen["right" if right else str(answer.status_code)] += 1

    def until(self, more: int) -> None:
        """Waits until so many more were answered."""
        wanted = self.seen["right"] + more
        tick = threading.Event()
        for _ in range(600):
            if self.seen["right"] >= wanted:
                return
            tick.wait(0.1)
        raise AssertionError(f"no more than {self.seen['right']} of {wanted} were answered: {self.seen}")

    def leave(self) -> None:
        self._over.set()
        for one in self._threads:
            one.join()


@pytest.mark.model
@pytest.mark.waits
@pytest.mark.slow
def test_servers_are_killed_and_started_anew_while_people_ask(tried: Tried) -> None:
    answered = tried.line("is answered by 2 servers")
    address, first, second = re.findall(r"http://[\d.:]+|(?<=[( ])\d{3,}(?=[,)])", answered)
    (chroma,) = re.findall(r"(?<=process )\d+", tried.line("Chroma answers"))
    given = [{"title": one.title, "text": one.text, "source": one.source} for one in ARTICLES]
    assert httpx.post(f"{address}/api/v1/articles", json={"articles": given}, timeout=60).status_code == 201
    people = People(address)
    try:
        people.until(6)
        for process, how in ((first, signal.SIGKILL), (chroma, signal.SIGKILL), (second, signal.SIGTERM)):
            os.kill(int(process), how)
            tried.line("was started anew")
            people.until(6)
    finally:
        people.leave()
    assert set(people.seen) <= {"right", "503"} and people.seen["503"] <= 1, people.seen
    listed = httpx.get(f"{address}/api/v1/articles", timeout=60).json()
    assert len(listed["articles"]) == len(ARTICLES)
    tried.process.terminate()  # as Ctrl-C does, which whoever started this test may have switched off
    tried.line("Everything is stopped.")
    assert tried.process.wait(60) == 0
