"""What the tests of the doors share: an assistant that echoes, an app over a real library, a server on loopback."""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.testclient import TestClient

from onrecord.index import Article, Embedder, Filter, InputError, Library
from onrecord.qa.assistant import Assistant
from onrecord.qa.briefing.values import Brief
from onrecord.qa.differences.finder import Differences
from onrecord.qa.engines.base import Engine
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.types import (
    Answer,
    AnswerSentence,
    AnswerStarted,
    Citation,
    Event,
    EvidenceFound,
    Finished,
    SentenceDone,
    Turn,
)
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.protocols import AssistantLike, LibraryLike
from onrecord.ui.server.doors import create_api
from tests.conftest import FakeEmbedder, fill


class EchoAssistant:
    """Cites the best sentence found, behind the question itself. "slow" pauses, "forever" never ends by itself,
    "unknown" abstains, "break" fails in the middle. Counts how many answers are under way at once."""

    def __init__(self, library: Library, pause: float = 0.0) -> None:
        self.library, self.pause = library, pause
        self.asked: list[tuple[str, tuple[Turn, ...], Filter | None]] = []
        self.engine: Engine | None = None
        self.settings = AnswerSettings()
        self.differences = Differences(library)
        self.writing = 0
        self.most_writing = 0
        self.stopped = threading.Event()

    def stream(
        self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None
    ) -> Generator[Event, None, None]:
        self.asked.append((question, tuple(history), scope))
        hits = self.library.search(question, top_k=3, where=scope)
        yield EvidenceFound(question, hits, ())
        self.writing += 1
        self.most_writing = max(self.most_writing, self.writing)
        try:
            yield from self._written(question, hits)
        finally:
            self.writing -= 1
            self.stopped.set()

    def ask(self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None) -> Answer:
        return next(e.answer for e in self.stream(question, history, scope) if isinstance(e, Finished))

    def brief(self, about: str = "", scope: Filter | None = None) -> Brief:
        """The real one: it needs no model."""
        return Assistant(self.library, None).brief(about, scope)

    def _written(self, question: str, hits: Sequence[Any]) -> Iterator[Event]:
        if "unknown" in question or not hits:
            yield Finished(Answer(question, question, hits=tuple(hits), reason="not_answered", model="echo"))
            return
        yield AnswerStarted(0.9)
        article = self.library.article(hits[0].passage.article_id)
        first = hits[0].passage.sentences[0]
        cited = Citation(1, first, article.title, article.source, article.published, article.url)
        sentence = AnswerSentence(f"Asked: {question}", (cited,), "supported")
        time.sleep(0.3 if "slow" in question else self.pause)
        while "forever" in question:
            time.sleep(0.02)
            yield SentenceDone(sentence)
        yield SentenceDone(sentence)
        if "break" in question:
            raise RuntimeError("the secret of the machine")
        yield Finished(
            Answer(
                question,
                question,
                (sentence,),
                tuple(hits),
                "answered",
                model="echo",
                timings={"total": 0.1, "evaluated_tokens": 50.0, "generated_tokens": 7.0},
            )
        )


def filled(folder: Path, embedder: Embedder, articles: Sequence[Article]) -> None:
    """A closed collection in a folder of its own, as the page makes it."""
    fill(folder, embedder, articles)
    Conversations(folder / "conversations.sqlite").close()


class OtherEmbedder(FakeEmbedder):
    """Its vectors are another model's."""

    fingerprint = "another-embedder"


class Others:
    """Opens the collections beside the first, each with an echoing assistant of its own."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.opened: dict[str, EchoAssistant] = {}

    def __call__(self, folder: Path) -> tuple[LibraryLike, AssistantLike]:
        self.opened[folder.name] = EchoAssistant(Library(folder, embedder=self.embedder))
        return self.opened[folder.name].library, self.opened[folder.name]

    def close(self) -> None:
        for assistant in self.opened.values():
            assistant.library.close()


class Behind:
    """A library with articles, its echoing assistant, the app over both, and a client."""

    def __init__(self, folder: Path, embedder: Embedder, articles: Sequence[Article], **options: Any) -> None:
        if articles:
            fill(folder, embedder, articles)
        self.library = Library(folder, embedder=embedder)
        self.assistant = EchoAssistant(self.library)
        try:
            self.app = create_api(self.library, cast(Assistant, self.assistant), **options)
        except InputError:
            self.library.close()
            raise
        self.client = TestClient(self.app, base_url="http://127.0.0.1", raise_server_exceptions=False)

    def close(self) -> None:
        self.client.close()
        self.app.state.collections.close()
        self.library.close()

    @contextmanager
    def served(self) -> Iterator[str]:
        with serving(self.app) as address:
            yield address


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The app on a free port of this machine; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def until(condition: Any, seconds: float = 20.0) -> None:
    """Waits until it is so; fails the test when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
