"""Several servers over one database behind nginx, set up as the guide has it: one goes away, and nobody notices."""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from onrecord.index.models.catalogue import models_folder
from tests.conftest import ARTICLES
from tests.postgres import Server
from tests.ui.site import free_port
from tests.ui.test_stopping import begun, started, until_up

__all__ = ["begun"]
GUIDE = Path(__file__).parents[2] / "docs" / "archive.md"
PEOPLE = 3
QUESTION = {"question": "How much will the repairs of the bridge cost?"}
pytestmark = [pytest.mark.model, pytest.mark.waits, pytest.mark.slow]


@contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[str]:
    """The guide's lines, with ports of our own."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx must be installed for CI: apt-get install nginx-light")
        pytest.skip("nginx is not installed here: apt-get install nginx-light")
    (lines,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    own = free_port()
    for there, here in zip(("127.0.0.1:7861", "127.0.0.1:7862"), ports, strict=True):
        assert there in lines
        lines = lines.replace(there, f"127.0.0.1:{here}")
    lines = lines.replace("listen 8080", f"listen 127.0.0.1:{own}")
    kept = "".join(f"{one}_temp_path {folder}/{one};\n" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; {'user root;' if os.geteuid() == 0 else ''}\n"
        f"events {{}}\nhttp {{ access_log off;\n{kept}{lines}}}\n"
    )
    process = subprocess.Popen([program, "-c", str(config), "-e", str(folder / "errors")])
    try:
        until_up(process, f"http://127.0.0.1:{own}")
        yield f"http://127.0.0.1:{own}"
    finally:
        process.terminate()
        process.wait(30)


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


def test_a_server_is_killed_and_another_stopped_and_started_while_people_ask(
    tmp_path: Path, postgresql: Server, begun: list["subprocess.Popen[bytes]"]
) -> None:
    ports = [free_port(), free_port()]
    own = {"ONRECORD_INDEX_CATALOGUE_URL": postgresql.new(), "ONRECORD_MODELS": str(models_folder())}

    def serve(n: int) -> "subprocess.Popen[bytes]":
        process, address = started(["serve"], tmp_path / f"server{n}", begun, port=ports[n], **own)
        until_up(process, address)
        return process

    servers = [serve(0), serve(1)]
    with nginx(tmp_path, ports) as address:
        given = [{"title": one.title, "text": one.text, "source": one.source} for one in ARTICLES]
        assert httpx.post(f"{address}/api/v1/articles", json={"articles": given}, timeout=60).status_code == 201
        people = People(address)
        try:
            people.until(6)
            servers[0].kill()
            servers[0].wait(30)
            people.until(6)
            servers[0] = serve(0)
            people.until(6)
            servers[1].send_signal(signal.SIGTERM)
            assert servers[1].wait(60) == 0
            people.until(6)
        finally:
            people.leave()
        assert set(people.seen) <= {"right", "503"} and people.seen["503"] <= 1, people.seen
        listed = httpx.get(f"{address}/api/v1/articles", timeout=60).json()
        assert len(listed["articles"]) == len(ARTICLES)
