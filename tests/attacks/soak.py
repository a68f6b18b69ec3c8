"""Ten clients at a real server for some minutes; `python -m tests.attacks.soak MINUTES` runs it by itself.

Each client holds articles of its own, with words that stand nowhere else: whether a search finds them is known.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from onrecord.eval.speed.load_server import served
from onrecord.index.models.catalogue import find_entry

CLIENTS, HELD, THINKING = 10, 10, 0.05
MODEL = "smollm2-135m"
SEEDS = Path(__file__).parents[2] / "seeds"
ALLOWED = {"search": {200}, "list": {200}, "read": {200, 304}, "add": {201}, "file": {201}, "remove": {200}}
ALLOWED |= {"ask": {200}, "health": {200}, "conversations": {200}}
SHARES = {"search": 34, "read": 16, "list": 8, "add": 12, "file": 8, "remove": 10, "ask": 3, "health": 6}
SHARES |= {"conversations": 3}
_PLAIN = "council bridge river mayor repairs Monday harbour museum ferry budget school drivers market police".split()


@dataclass
class Soak:
    """``misses``: what a search did not find though it was acknowledged, or found though its removal was.

    ``memory``: seconds since the start, and the server's resident MiB then.
    """

    minutes: float
    model: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)
    checks: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    articles: int = 0

    @property
    def wrong(self) -> dict[str, dict[str, int]]:
        """Statuses that none of these requests should have had; 503 says that the server is busy, which it may be."""
        found = {
            kind: {s: n for s, n in counts.items() if s != "503" and s not in map(str, ALLOWED[kind])}
            for kind, counts in self.statuses.items()
        }
        return {kind: counts for kind, counts in found.items() if counts}

    @property
    def growth(self) -> float:
        """How much the memory varies over the last two thirds: the highest over the lowest of ten medians, less one."""
        late = [mib for at, mib in self.memory if at >= self.minutes * 20]
        tenths = [float(np.median(part)) for part in np.array_split(late, 10) if len(part)]
        return max(tenths) / min(tenths) - 1 if tenths else 0.0

    def table(self) -> str:
        """Everything that was measured, as lines."""
        lines = [f"{self.minutes:g} minutes, {CLIENTS} clients, model {self.model or 'none'}, {self.articles} articles"]
        lines.append(f"{'request':14}{'count':>7}{'p50 ms':>9}{'p95 ms':>9}  statuses")
        for kind in SHARES:
            times = np.asarray(self.seconds.get(kind) or [0.0]) * 1000
            p50, p95 = np.quantile(times, (0.5, 0.95))
            counts = self.statuses.get(kind, Counter())
            told = ", ".join(f"{n} x {status}" for status, n in counts.most_common())
            lines.append(f"{kind:14}{sum(counts.values()):7}{p50:9.0f}{p95:9.0f}  {told}")
        total = sum(sum(counts.values()) for counts in self.statuses.values())
        lines.append(f"{total} requests, {self.checks} searches for what is known, {len(self.misses)} misses")
        lines += self.misses[:10]
        step = max(1, len(self.memory) // 12)
        lines.append("RSS MiB: " + ", ".join(f"{at:.0f} s {mib:.0f}" for at, mib in self.memory[::step]))
        lines.append(f"RSS over the last two thirds varies by {self.growth:.1%}")
        return "\n".join(lines)


class Client:
    """One program. It waits for each answer, so what it was told is true of its own articles from then on.

    Beside a first article each begins with another kind of request, so that even a short soak has every kind.
    """

    def __init__(self, number: int, http: httpx.AsyncClient, soak: Soak) -> None:
        self.number, self.http, self.soak = number, http, soak
        self.random = random.Random(number)
        self.made = 0
        self.held: dict[str, str] = {}  # article id -> the words that it alone has
        self.kept: list[str] = []  # conversations

    async def work(self, until: float) -> None:
        kinds, weights = list(SHARES), list(SHARES.values())
        first = ["add", kinds[self.number % len(kinds)]]
        while first or time.monotonic() < until:
            kind = first.pop(0) if first else self.random.choices(kinds, weights)[0]
            if not self.held and kind in ("search", "read", "remove", "ask", "conversations"):
                kind = "add"
            elif len(self.held) >= HELD and kind in ("add", "file"):
                kind = "remove"
            await getattr(self, kind)()
            await asyncio.sleep(THINKING)

    async def add(self) -> None:
        words, text = self._text()
        self._added(words, await self._call("add", "POST", "articles", json={"articles": [{"text": text}]}))
        await self.search(words)

    async def file(self) -> None:
        words, text = self._text()
        files = {"files": (f"client{self.number}-{self.made}.txt", text.encode())}
        self._added(words, await self._call("file", "POST", "articles/files", files=files))
        await self.search(words)

    async def remove(self) -> None:
        article_id = self.random.choice(list(self.held))
        words = self.held.pop(article_id)
        answer = await self._call("remove", "DELETE", f"articles/{article_id}")
        if answer is None or answer.status_code != 200:
            self.held[article_id] = words
            return
        found = await self._found(words)
        if found is not None and article_id in found:
            self.soak.misses.append(f"{time.monotonic():.1f}: {article_id} was removed, and is found by {words!r}")

    async def search(self, words: str = "") -> None:
        """For an article of one's own: the one that these words stand in, or any."""
        article_id = next((one for one, own in self.held.items() if own == words), "")
        article_id = article_id or self.random.choice(list(self.held) or [""])
        if not article_id:
            return
        found = await self._found(self.held[article_id])
        if found is not None and article_id not in found:
            self.soak.misses.append(f"{time.monotonic():.1f}: {article_id} is not found by {self.held[article_id]!r}")

    async def settled(self) -> None:
        """Once all is quiet, every article that one holds is found."""
        for article_id, words in self.held.items():
            if article_id not in (await self._found(words) or ()):
                self.soak.misses.append(f"in the end: {article_id} is not found by {words!r}")

    async def read(self) -> None:
        article_id = self.random.choice(list(self.held))
        answer = await self._call("read", "GET", f"articles/{article_id}")
        if answer is not None and answer.status_code == 200 and self.held[article_id] not in answer.json()["text"]:
            self.soak.misses.append(f"{article_id} has another text than it was given")

    async def list(self) -> None:
        await self._call("list", "GET", "articles", params={"limit": 100})

    async def health(self) -> None:
        await self._call("health", "GET", "health")

    async def ask(self, **more: Any) -> httpx.Response | None:
        words = self.random.choice(list(self.held.values()))
        return await self._call("ask", "POST", "ask", json={"question": f"What is {words} about?", **more})

    async def conversations(self) -> None:
        """Keeps an answer, lists, reads and deletes it."""
        asked = await self.ask(conversation="new")
        await self._call("conversations", "GET", "conversations")
        if asked is not None and asked.status_code == 200:
            path = f"conversations/{asked.json()['conversation']}"
            await self._call("conversations", "GET", path)

    async def _found(self, words: str) -> set[str] | None:
        answer = await self._call("search", "POST", "search", json={"query": words, "top_k": 10})
        if answer is None or answer.status_code != 200:
            return None
        self.soak.checks += 1
        return {hit["article_id"] for hit in answer.json()["hits"]}

    def _added(self, words: str, answer: httpx.Response | None) -> None:
        if answer is not None and answer.status_code == 201:
            (article_id,) = answer.json()["added"]
            self.held[article_id] = words

    def _text(self) -> tuple[str, str]:
        self.made += 1
        letters = "bcdfghjklmnpqrstvwxz"
        words = " ".join("".join(self.random.choices(letters, k=9)) for _ in range(2))
        sentences = [
            f"The {' '.join(self.random.choices(_PLAIN, k=9))} number {self.made} of {self.number}."
            for _ in range(self.random.randint(3, 25))
        ]
        sentences.insert(self.random.randrange(len(sentences)), f"The plan called {words} was opened on Monday.")
        return words, " ".join(sentences)

    async def _call(self, kind: str, method: str, path: str, **more: Any) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = await self.http.request(method, f"/api/v1/{path}", **more)
        except httpx.HTTPError as error:
            self.soak.statuses.setdefault(kind, Counter())[type(error).__name__] += 1
            return None
        self.soak.seconds.setdefault(kind, []).append(time.monotonic() - began)
        self.soak.statuses.setdefault(kind, Counter())[str(answer.status_code)] += 1
        return answer


def soaked(data: Path, minutes: float) -> Soak:
    """The server over an empty folder, some real articles, then the clients for that long."""
    for name in [name for name in os.environ if name.startswith("ONRECORD_") and name != "ONRECORD_MODELS"]:
        del os.environ[name]  # the server has its defaults
    soak = Soak(minutes, MODEL if find_entry(MODEL).here else "")
    with served(data, options=["--model", soak.model] if soak.model else ["--no-model"]) as server:
        asyncio.run(_clients(server.url, server.pid, soak))
    return soak


async def _clients(url: str, process: int, soak: Soak) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=300, trust_env=False, limits=limits) as http:
        seeds = [{"text": path.read_text("utf-8")} for path in sorted(SEEDS.glob("*.txt"))[:40]]
        (await http.post("/api/v1/articles", json={"articles": seeds})).raise_for_status()
        (await http.post("/api/v1/ask", json={"question": "What happened?"})).raise_for_status()  # loads every model
        began = time.monotonic()
        clients = [Client(number, http, soak) for number in range(CLIENTS)]
        watch = asyncio.create_task(_watch(process, began, soak))
        await _all([client.work for client in clients], began + soak.minutes * 60)
        watch.cancel()
        for client in clients:
            await client.settled()
        soak.articles = (await http.get("/api/v1/articles", params={"limit": 1})).json()["total"]


async def _all(works: list[Callable[[float], Awaitable[None]]], until: float) -> None:
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(_one(work, until))


async def _one(work: Callable[[float], Awaitable[None]], until: float) -> None:
    await work(until)


async def _watch(process: int, began: float, soak: Soak) -> None:
    while True:
        status = Path(f"/proc/{process}/status").read_text()
        kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        soak.memory.append((time.monotonic() - began, kib / 1024))
        await asyncio.sleep(1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        print(soaked(Path(folder) / "data", float(sys.argv[1])).table())
