"""Shared fakes: small, readable, deterministic. State is built in the tests themselves."""

import atexit
import gc
import hashlib
import re
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from pytest_socket import enable_socket, socket_allow_hosts

from onrecord.index.library import Library
from onrecord.index.types import Article, Embedder, Vectors
from onrecord.qa.engines.base import Messages, OnUsage, Usage, not_counted
from onrecord.qa.engines.stopping import go_on
from onrecord.qa.engines.tokens import yes_share
from onrecord.qa.judges.pair_encoder import Logits, PairEncoder
from onrecord.qa.steps.prompts import PARTS
from tests import postgres

DEFAULT_TIMEOUT_CONFIG.read = 60.0  # a server of a test may have to wait for the cores that other tests have
gc.disable()  # until all is imported: what is imported stays


def pytest_collection_finish() -> None:
    """The collector need not look through modules again and again, seconds in all."""
    gc.freeze()
    gc.enable()


ARTICLES = (
    Article(
        id="bridge",
        title="Old bridge in Larnville closed after cracks are found",
        text=(
            "LARNVILLE — The city closed the Old Mill Bridge on Monday after inspectors found cracks in two of its "
            "supports.\nMayor Ilse Brandt said repairs would cost 2.4 million euros and take nine months. "
            '"Nobody should cross it, not even on foot," she said.\nAbout 11,000 drivers use the bridge every day, '
            "according to the transport office."
        ),
        source="Larnville Courier",
        published="2024-03-04",
        url="https://courier.example/bridge",
    ),
    Article(
        id="ferry",
        title="Ferry to replace closed bridge",
        text=(
            "A free ferry will carry pedestrians across the Larn while the Old Mill Bridge is shut. "
            "The boat holds 60 people and runs every 20 minutes.\n"
            "Opposition councillor Tom Addo called the repair estimate of 2.4 million euros far too low. "
            "He said the work would cost at least 5 million euros."
        ),
        source="River Herald",
        published="2024-03-09",
        url="https://herald.example/ferry",
    ),
    Article(
        id="museum",
        title="Museum shows coins from the harbour",
        text=(
            "Divers recovered 312 silver coins from the harbour of Port Asel last summer. "
            "The museum will show them from 2 May.\nCurator Nadia Roux said the coins were struck in 1643."
        ),
        source="Asel Weekly",
        published="2024-04-20",
        url="https://asel.example/coins",
    ),
)


class FakeEmbedder:
    """Hashed bag of words: texts that share words are near. No model is loaded."""

    dimension = 64
    fingerprint = "fake-embedder-1"

    def __init__(self) -> None:
        self.embedded: list[str] = []  # every passage text that was ever embedded, to count work

    def _embed(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()):
            vector[int(hashlib.md5(word.encode()).hexdigest(), 16) % self.dimension] += 1.0
        norm = float(np.linalg.norm(vector))
        return (vector / norm if norm else vector + self.dimension**-0.5).astype(np.float32)

    def embed_query(self, text: str) -> Vectors:
        return self._embed(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded.extend(texts)
        return np.stack([self._embed(text) for text in texts]) if texts else np.zeros((0, 64), dtype=np.float32)


class FakeEngine:
    """Says what it was told to say: ``enqueue`` the replies in order; ``yes`` is the check's outcome, or a list."""

    name = "fake-engine"
    context_tokens = 4096

    def __init__(self) -> None:
        self.yes: float | list[float | None] | None = 0.9
        self.prompts: list[list[dict[str, str]]] = []  # the messages of every call, checks included
        self.replies: list[str] = []
        self.parts: dict[str, Sequence[str]] = {}  # of what a question is made; any other is one
        self.cancelled = 0  # replies that were closed before their end
        self.closed = False
        self.usage = Usage()

    def enqueue(self, *replies: str) -> None:
        self.replies.extend(replies)

    def _read(self, messages: Messages) -> Usage:
        self.prompts.append([dict(message) for message in messages])
        tokens = sum(self.count_tokens(message["content"]) for message in messages)
        return Usage(evaluated_tokens=tokens, calls=1)

    def _count(self, usage: Usage, on_usage: OnUsage) -> None:
        self.usage += usage
        on_usage(usage)

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        if messages[0]["content"] == PARTS:
            asked = messages[-1]["content"]
            yield "\n".join(self.parts.get(asked, (asked,)))
            return
        read = self._read(messages)
        assert self.replies, "the engine was asked for more replies than the test enqueued"
        pieces = re.findall(r"\s*\S+|\s+$", self.replies.pop(0))
        written = 0
        try:
            for piece in pieces[:max_tokens]:
                go_on()
                written += 1
                yield piece
        except GeneratorExit:
            self.cancelled += written < len(pieces)
            raise
        finally:
            self._count(read + Usage(generated_tokens=written), on_usage)

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        """The set probability of "yes", the rest "no"; turned round where the task asks if it is impossible."""
        self._count(self._read(messages), on_usage)
        go_on()
        yes = self.yes.pop(0) if isinstance(self.yes, list) else self.yes
        if yes is None:
            return None
        asks_the_contrary = "impossible" in messages[-1]["content"].rsplit("\n", 1)[-1]
        return {"no": yes, "yes": 1 - yes} if asks_the_contrary else {"yes": yes, "no": 1 - yes}

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        return None if adapter else yes_share(self.first_tokens(messages, on_usage=on_usage))

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]", text))

    def close(self) -> None:
        self.closed = True


def _once_for_each_pair(encode: Callable[[PairEncoder, Sequence[tuple[str, str]]], Logits]) -> Any:
    """A logit is its pair's own, and the tests ask the same of the same few articles: each is computed once."""
    known: dict[tuple[PairEncoder, tuple[str, str]], np.float32] = {}

    def recalled(encoder: PairEncoder, pairs: Sequence[tuple[str, str]]) -> Logits:
        new = [pair for pair in dict.fromkeys(pairs) if (encoder, pair) not in known]
        known.update(((encoder, pair), logit) for pair, logit in zip(new, encode(encoder, new), strict=True))
        return np.array([known[encoder, pair] for pair in pairs], dtype=np.float32)

    return recalled


# Reading the public authorities takes 30 ms, for every client that a test makes; none changes what it is given.
ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]
PairEncoder.__call__ = _once_for_each_pair(PairEncoder.__call__)  # type: ignore[method-assign]


def fill(folder: Path, embedder: Embedder, articles: Sequence[Article] = ARTICLES) -> None:
    """A closed library with the articles in ``folder``: a copy of one that was made before, if one like it was."""
    assert not (folder / "catalogue.sqlite3").exists()
    shutil.copytree(_filled(type(embedder), tuple(articles)), folder, dirs_exist_ok=True)


@cache
def _filled(embedder: type[Embedder], articles: tuple[Article, ...]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="onrecord-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Library(folder / "data", embedder=embedder()) as library:
        library.add(articles)
    return folder / "data"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def catalogue_url(request: pytest.FixtureRequest) -> str:
    """Where a catalogue is: the same must hold in both."""
    server: postgres.Server | None = None if request.param == "sqlite" else request.getfixturevalue("postgresql")
    return server.new() if server else ""


@pytest.fixture
def articles() -> tuple[Article, ...]:
    return ARTICLES


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def closed_at_end() -> Iterator[Callable[[Any], Any]]:
    """Gives back what it is given, and closes it when the test ends: ``behind = closed_at_end(Behind(...))``."""
    with ExitStack() as stack:
        yield lambda made: stack.enter_context(closing(made))


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    """Only loopback and local sockets: a test that reaches out fails."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()
