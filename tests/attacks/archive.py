"""An archive of many parts: articles come in while ten clients search and ask, and one part after the other is killed.

`python -m tests.attacks.archive ARTICLES [PAUSE]` runs it by itself; PAUSE: seconds between a client's requests.
PostgreSQL, a Chroma server, two servers behind nginx, two llama.cpp servers and the workers of a Ray cluster, all of
this machine; what is killed is the addition, which is begun anew, a worker, a server, Chroma, and a model server.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from onrecord.index.models.catalogue import models_folder
from onrecord.ui.server.cluster import Cluster, cluster
from tests.ports import free_port

CLIENTS, SERVERS, MODELS, WORKERS = 10, 2, 2, 2
MODEL, KEY = "smollm2-135m", "secret"
BUSY = 503
ADDITION = "the addition"
WORKER = "a worker"
PARTS = (ADDITION, WORKER, "a server", "Chroma", "a model server")
ASKING = 2  # of the clients; the others search
PAUSE = 0.5  # seconds
_PLAIN = "council bridge river mayor repairs Monday harbour museum ferry budget school drivers market police".split()
_LLAMA = f"""
import sys, xllamacpp
from onrecord.index.models.catalogue import model_path
from onrecord.qa.engines.llamacpp import _parameters
params = _parameters(xllamacpp, model_path({MODEL!r}), 4096, 1, 64, {KEY!r})
params.port = int(sys.argv[1])
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@dataclass
class Seen:
    """What came of it. ``answers``: how often which request was answered how; ``wrong``: what should not have been;
    ``killed``: which parts, in their order; ``listed``: how often each article is there; ``added`` and ``doctor``: the
    exit codes of the last addition and of the doctor, and ``report`` what they said.
    """

    articles: int
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    listed: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    report: list[str] = field(default_factory=list)
    seconds: float = 0.0
    added: int = -1
    doctor: int = -1

    def table(self) -> str:
        """Everything that was seen, as lines."""
        told = ", ".join(f"{kind} {how}: {n}" for (kind, how), n in sorted(self.answers.items()))
        twice = sum(n > 1 for n in self.listed.values())
        return "\n".join(
            [
                f"{self.articles} articles in {self.seconds:.0f} s, {CLIENTS} clients: {told}",
                f"killed: {', '.join(self.killed)}; {len(self.listed)} are there, {twice} of them twice, "
                f"{len(self.lost)} are not found, {len(self.wrong)} wrong answers",
                *self.wrong[:10],
                *self.report,
            ]
        )


def word_of(number: int) -> str:
    """A word that stands in this article alone."""
    return "zq" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:07d}") + "x"


def write(folder: Path, articles: int) -> None:
    """So many short stories, each a file, a thousand in a folder."""
    said = random.Random(1)
    for number in range(articles):
        at = folder / f"{number // 1000:03d}"
        at.mkdir(parents=True, exist_ok=True)
        plain = " ".join(said.choices(_PLAIN, k=9))
        text = f"The plan called {word_of(number)} was opened on Monday. The {plain} number {number}."
        (at / f"story{number:07d}.txt").write_text(text)


class Clients:
    """Each searches and asks, again and again."""

    def __init__(self, address: str, articles: int, seen: Seen, pause: float) -> None:
        self._address, self._articles, self._seen, self._pause = address, articles, seen, pause
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(CLIENTS)]
        for one in self._threads:
            one.start()

    def _work(self, number: int) -> None:
        chosen = random.Random(number)
        with httpx.Client(base_url=self._address, timeout=300, trust_env=False) as http:
            while not self._over.is_set():
                word = word_of(chosen.randrange(self._articles))
                if number < ASKING:
                    self._count("ask", http, {"question": f"When was the plan called {word} opened?"})
                else:
                    self._count("search", http, {"query": word, "top_k": 5})
                self._over.wait(self._pause)

    def _count(self, kind: str, http: httpx.Client, body: Mapping[str, Any]) -> None:
        try:
            answer = http.post(f"/api/v1/{kind}", json=body)
        except httpx.HTTPError as error:
            how, said, fine = type(error).__name__, str(error), False
        else:
            how, said = str(answer.status_code), answer.text[:300]
            fine = answer.status_code == 200 or (answer.status_code == BUSY and "retry-after" in answer.headers)
        self._seen.answers[kind, how] += 1
        if not fine:
            self._seen.wrong.append(f"{kind}: {how} {said}")

    def leave(self) -> None:
        self._over.set()
        for one in self._threads:
            one.join()


@contextmanager
def _model(port: int) -> Iterator[subprocess.Popen[bytes]]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", _LLAMA, str(port)], **pipes) as process:
        try:
            assert process.stdout and process.stdout.readline()
            yield process
        finally:
            process.kill()


def _typed(arguments: Sequence[str], folder: Path, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "onrecord.ui.cli.main", *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, **pipes, **more)


def tried(folder: Path, articles: int, pause: float = PAUSE) -> Seen:
    """All of it, in an empty folder. Each part is killed once more has been added since the last."""
    seen = Seen(articles)
    write(folder / "news", articles)
    models = [free_port() for _ in range(MODELS)]
    listen, chroma, *ports = [free_port() for _ in range(SERVERS + 2)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    urls = ",".join(f"http://127.0.0.1:{port}/v1" for port in models)
    own = {"MODELS": str(models_folder()), "MODEL_URL": urls, "MODEL_NAME": MODEL, "MODEL_API_KEY": KEY}
    own |= {"INDEX_CHROMA_URL": f"http://127.0.0.1:{chroma}"}
    before = os.environ.copy()
    os.environ.clear()
    os.environ.update(kept | {f"ONRECORD_{name}": value for name, value in own.items()} | {"HOME": str(folder)})
    try:
        with ExitStack() as ends:
            engines = [ends.enter_context(_model(port)) for port in models]
            started = ends.enter_context(cluster(listen, chroma, ports, []))
            _bring_in(started, engines, folder, seen, pause)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return seen


def _bring_in(
    started: Cluster, engines: Sequence[subprocess.Popen[bytes]], folder: Path, seen: Seen, pause: float
) -> None:
    def add() -> subprocess.Popen[str]:
        by = ["--ray", "local", "--workers", str(WORKERS)]
        return _typed(["add", "news", "--quiet", *by, "--data", started.url], folder)

    pid_of: dict[str, Callable[[], int]] = {
        ADDITION: lambda: adding.pid,
        WORKER: lambda: _worker(adding),
        "a server": lambda: started.servers[0].process.pid,
        "Chroma": lambda: started.chroma.process.pid,
        "a model server": lambda: engines[0].pid,
    }
    with httpx.Client(base_url=started.address, timeout=300, trust_env=False) as http:
        began = time.monotonic()
        adding = add()
        clients = Clients(started.address, seen.articles, seen, pause)
        try:
            for number, part in enumerate(PARTS, start=1):
                _until_there_are(seen.articles * number // (len(PARTS) + 2), http, adding)
                os.kill(pid_of[part](), signal.SIGKILL)
                seen.killed.append(part)
                if part == ADDITION:
                    adding.communicate()
                    adding = add()
                elif part != WORKER:  # whose cluster starts another
                    for _ in started.ended():
                        pass
            said = adding.communicate(timeout=7200)[0]
            seen.added = adding.returncode
            seen.report.append(f"the addition: {said.strip()[-300:] or 'no word'}")
        finally:
            adding.kill()
            clients.leave()
        seen.seconds = time.monotonic() - began
        _look(http, started, folder, seen)


def _count(http: httpx.Client) -> int:
    answer = http.get("/api/v1/articles", params={"limit": 1})
    return int(answer.json()["total"]) if answer.status_code == 200 else 0


def _until_there_are(articles: int, http: httpx.Client, adding: subprocess.Popen[str]) -> None:
    while adding.poll() is None and _count(http) < articles:
        time.sleep(0.5)


def _worker(adding: subprocess.Popen[str]) -> int:
    """One that embeds. Waits until there is one."""
    while adding.poll() is None:
        for one in psutil.Process(adding.pid).children(recursive=True):
            with suppress(psutil.Error):
                if "".join(one.cmdline()).startswith("ray::MapWorker"):
                    return int(one.pid)
        time.sleep(0.1)
    raise AssertionError(f"the addition ended before a worker began: {adding.communicate()[0].strip()[-1000:]}")


def _look(http: httpx.Client, started: Cluster, folder: Path, seen: Seen) -> None:
    """Every article is there once and found by its own word, and the doctor has no complaint."""
    while True:
        page = http.get("/api/v1/articles", params={"limit": 500, "offset": sum(seen.listed.values())}).json()
        seen.listed.update(one["title"] for one in page["articles"])
        if not page["articles"]:
            break
    for number in range(0, seen.articles, max(1, seen.articles // 500)):
        word = word_of(number)
        hits = http.post("/api/v1/search", json={"query": word, "top_k": 3}).json()["hits"]
        if not any(word in hit["quote"] for hit in hits):
            seen.lost.append(word)
    done = _typed(["doctor", "--data", started.url], folder)
    seen.report.append(f"the doctor: {done.communicate(timeout=600)[0].strip()[-600:]}")
    seen.doctor = done.returncode


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="archive-") as where:
        print(tried(Path(where), int(sys.argv[1]), *map(float, sys.argv[2:])).table())
