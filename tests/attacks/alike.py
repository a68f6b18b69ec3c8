"""The same questions put to a folder and to an archive of many parts: is every answer the same?

`python -m tests.attacks.alike SUITE [REPLIES [MINUTES]]` copies the suite's collection into PostgreSQL, which a Chroma
server follows, starts two servers over them behind nginx, and compares whole answers, all but seconds: by quotes, asked
by HTTP; the same with every search put to Chroma; and, where a file for the model's replies is named, by the model.
There a prompt that the folder's answer had not needed would be a new one for the model: how many there were is said.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from onrecord.eval.suites.loading import Question
from onrecord.eval.suites.stored import load_stored_suite
from onrecord.eval.systems.base import SystemOptions, default_index_folder
from onrecord.eval.systems.own import load_options, open_library
from onrecord.eval.systems.replies import KeptReplies
from onrecord.index import Library
from onrecord.index.moving import Place, move
from onrecord.index.settings import SearchOptions
from onrecord.qa.assistant import Assistant
from onrecord.qa.build import build_assistant, build_engine
from onrecord.ui.server.cluster import cluster
from tests.ports import free_port

BY_CHROMA = SearchOptions(exact_below=0, chroma_from=0)
WHEN = ("timings", "index_revision")  # say only when and how long
SERVERS = 2

Answered = dict[str, Any]
Ask = Callable[[str], Answered]


@dataclass
class Compared:
    """``unlike``: the questions whose two answers differ, and in what. ``new``: prompts of the archive alone."""

    kind: str
    asked: int = 0
    answered: int = 0
    new: int = 0
    seconds: float = 0.0
    unlike: list[str] = field(default_factory=list)

    def table(self) -> str:
        told = f"{self.kind}: {self.asked} questions, {self.answered} answered by the folder"
        end = f"{len(self.unlike)} otherwise by the archive, {self.new} new prompts, {self.seconds:.0f} s"
        return "\n".join([f"{told}, {end}", *self.unlike])


class CountedReplies(KeptReplies):
    """Kept replies that count what was asked of the model itself."""

    asked = 0

    def _keep(self, prompt: str, reply: Any) -> None:
        self.asked += 1
        super()._keep(prompt, reply)


def compare(
    kind: str,
    questions: Sequence[Question],
    folder: Ask,
    archive: Ask,
    *,
    asked: Callable[[], int] = lambda: 0,
    until: float = float("inf"),
) -> Compared:
    """Each question put to both, until the clock shows ``until``. ``asked``: how often the model has been, so far."""
    seen, began = Compared(kind), time.monotonic()
    for question in questions:
        if time.monotonic() > until:
            break
        one, before = folder(question.question), asked()
        other = archive(question.question)
        seen.asked += 1
        seen.answered += one["status"] == "answered"
        seen.new += asked() - before
        if differing := [name for name in one if name not in WHEN and one[name] != other.get(name)]:
            seen.unlike.append(f"{question.id} {', '.join(differing)}: {one['text']!r} and {other['text']!r}")
        print(f"\r{kind}: {seen.asked}", end="", file=sys.stderr, flush=True)
    seen.seconds = time.monotonic() - began
    return seen


def by(assistant: Assistant) -> Ask:
    return lambda question: assistant.ask(question).to_dict()


def tried(
    suite_folder: Path, replies: Path | None = None, minutes: float = 60.0, *, every: int = 1
) -> Iterator[Compared]:
    """All of it, or one of ``every`` questions; the folder is the cached collection that `onrecord eval run` makes."""
    suite = load_stored_suite(suite_folder)
    questions = suite.questions[::every]
    options = SystemOptions(default_index_folder())
    settings = load_options(options)
    with ExitStack() as ends:
        with closing(open_library(options, suite)) as made:
            at, embedder = made.path, made.embedder
        chroma = free_port()
        ports = [free_port() for _ in range(SERVERS)]
        started = ends.enter_context(cluster(free_port(), chroma, ports, ["--no-model"]))
        own = Path(ends.enter_context(TemporaryDirectory()))
        move(Place(at), Place(own / "moved", started.url))
        for server in started.servers:
            server.process.kill()  # what was moved in is made ready for searches by who opens it
            server.process.wait()
        assert len(list(started.ended())) == SERVERS
        folder = ends.enter_context(closing(Library(at, embedder=embedder, settings=settings.index)))
        index = replace(settings.index, catalogue_url=started.url, chroma_url=f"http://127.0.0.1:{chroma}")

        def library(name: str, search: SearchOptions | None = None) -> Library:
            return ends.enter_context(closing(Library(own / name, embedder=embedder, settings=index, search=search)))

        http = ends.enter_context(httpx.Client(base_url=started.address, timeout=300, trust_env=False))

        def by_http(question: str) -> Answered:
            return dict(http.post("/api/v1/ask", json={"question": question}).raise_for_status().json())

        quotes = by(build_assistant(settings, library=folder))
        by_chroma = by(build_assistant(settings, library=library("chroma", BY_CHROMA)))
        yield compare("quotes, by HTTP", questions, quotes, by_http)
        yield compare("quotes, every search by Chroma", questions, quotes, by_chroma)
        if replies is not None and (engine := build_engine(settings)) is not None:
            kept = ends.enter_context(closing(CountedReplies(engine, replies)))
            both = (by(build_assistant(settings, library=one, engine=kept)) for one in (folder, library("shipped")))
            until = time.monotonic() + minutes * 60
            yield compare("by the model", questions, *both, asked=lambda: kept.asked, until=until)


if __name__ == "__main__":
    suite, *more = sys.argv[1:]
    for one in tried(Path(suite), Path(more[0]) if more else None, float(more[1]) if len(more) > 1 else 60.0):
        print(one.table(), flush=True)
