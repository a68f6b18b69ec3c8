"""Speed and memory in one run, each beside what it can be at best on this machine at this moment.

Wall times on a busy machine mean little, so each figure that matters is a ratio of two things measured in turns:
indexing against the embedder alone on the same passages, and an answer against its own prompts on the bare engine.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from onrecord.eval.runs.machine import machine
from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.sampling import stratified_sample
from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.own import load_options, open_library, scope_of, standalone_text, turns_of
from onrecord.eval.systems.recording import RecordingEngine, replayed
from onrecord.index.inert import as_json
from onrecord.index.text.passages import build_passages, passage_text_for_search
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Embedder
from onrecord.qa.types import EvidenceFound, Finished

if TYPE_CHECKING:
    from onrecord.index import Library
    from onrecord.qa.assistant import Assistant
    from onrecord.qa.engines.base import Engine

_FEW_PASSAGES = 300  # below this, opening the stores outweighs the embedding
_WARM_UP = 3  # searches that are not timed: the first ones load files
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Indexing:
    """Adding articles, beside embedding their passages alone. ``share``: of the embedder's own throughput."""

    articles: int
    passages: int
    seconds: float
    embedding_seconds: float

    @property
    def share(self) -> float:
        return self.embedding_seconds / self.seconds


@dataclass(frozen=True, slots=True)
class Searching:
    """Searches with the embedding of their query, in milliseconds."""

    suite: str
    articles: int
    passages: int
    queries: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers beside their own prompts on the bare engine: medians in seconds, and the median of the ratios.

    A ratio of 1.05 means that all of OnRecord's own work adds 5 % to what the model needs.
    """

    questions: int
    evidence: float
    first_token: float
    bare_first_token: float
    first_token_ratio: float
    answer: float
    bare_answer: float
    answer_ratio: float


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Everything that ``make bench`` prints. ``answering`` is None without a model."""

    indexing: Indexing
    searching: Searching
    answering: Answering | None
    memory_mib: float
    machine: dict[str, Any] = field(default_factory=machine)

    def to_json(self) -> str:
        """The figures as JSON, ratios included."""
        data = asdict(self)
        data["indexing"]["share"] = self.indexing.share
        return as_json(data, indent=1)


def bench(
    suite: Suite,
    options: SystemOptions,
    *,
    engine: "Engine | None" = None,
    articles: int = 60,
    questions: int = 8,
    say: Say = lambda _: None,
) -> BenchResult:
    """The whole benchmark over one suite. ``engine`` None leaves the answers out.

    ``articles``: how many are indexed anew for the throughput; searches go over all of the suite's.
    """
    from onrecord.qa.build import build_assistant

    say(f"indexing {min(articles, len(suite.articles))} articles, and embedding their passages alone")
    with open_library(options, suite, on_progress=_every_tenth(say)) as library:
        indexing = bench_indexing(suite.articles[:articles], library.embedder)
        say(f"searching {len(suite.articles)} articles")
        searching = bench_searching(library, suite)
        answering = None
        if engine is not None:
            recording = RecordingEngine(engine)
            assistant = build_assistant(load_options(options), library=library, engine=recording)
            asked = stratified_sample([q for q in suite.questions if q.answerable], questions)
            answering = bench_answering(assistant, recording, asked, say=say)
        return BenchResult(indexing, searching, answering, memory_mib())


def bench_indexing(articles: Sequence[Article], embedder: Embedder) -> Indexing:
    """Half of the raw embedding before the indexing and half after, so that a drift of the machine evens out."""
    from onrecord.index import Library

    texts = [
        passage_text_for_search(article.title, passage)
        for article in articles
        for passage in build_passages(article, split_sentences(article))
    ]
    half = len(texts) // 2
    embedder.embed_passages(texts[:8])  # loads the model
    raw = _seconds(lambda: embedder.embed_passages(texts[:half]))
    with tempfile.TemporaryDirectory(prefix="onrecord-bench-") as folder, Library(folder, embedder=embedder) as library:
        indexing = _seconds(lambda: library.add(articles))
        passages = library.passage_count
    raw += _seconds(lambda: embedder.embed_passages(texts[half:]))
    return Indexing(len(articles), passages, indexing, raw)


def bench_searching(library: "Library", suite: Suite, *, top_k: int = 10) -> Searching:
    """Every question of the suite as a search."""
    queries = [(standalone_text(q), scope_of(q)) for q in suite.questions]
    for query, scope in queries[:_WARM_UP]:
        library.search(query, top_k=top_k, where=scope)
    times = [_seconds(partial(library.search, query, top_k=top_k, where=scope)) for query, scope in queries]
    p50, p95 = np.quantile(np.asarray(times) * 1000, (0.5, 0.95))
    return Searching(
        suite.name, len(suite.articles), library.passage_count, len(queries), round(float(p50), 1), round(float(p95), 1)
    )


def bench_answering(
    assistant: "Assistant", engine: RecordingEngine, questions: Sequence[Question], *, say: Say = lambda _: None
) -> Answering | None:
    """Asks each question, then sends the very same prompts to the bare engine, which has forgotten them meanwhile.

    Questions that were turned away are left out: nothing was written. None when all were.
    """
    measured = []
    for question in questions:
        engine.forget()
        started = time.perf_counter()
        evidence = done = 0.0
        answered = False
        for event in assistant.stream(question.question, history=turns_of(question), scope=scope_of(question)):
            now = time.perf_counter() - started
            if isinstance(event, EvidenceFound):
                evidence = evidence or now
            elif isinstance(event, Finished):
                done, answered = now, event.answer.status == "answered"
        calls = engine.take_calls()
        written = next((place for place, call in enumerate(calls) if call.first_piece_at), None)
        if not answered or written is None:
            continue
        first = calls[written].first_piece_at - started
        engine.forget()
        bare = replayed(engine.bare, calls)
        measured.append((evidence, first, bare.first_piece[written], done, bare.total))
        say(f"answer {len(measured)}: {done:.1f} s, the bare engine {bare.total:.1f} s")
    if not measured:
        return None
    columns = list(zip(*measured, strict=True))
    return Answering(
        questions=len(measured),
        evidence=median(columns[0]),
        first_token=median(columns[1]),
        bare_first_token=median(columns[2]),
        first_token_ratio=median(first / bare for first, bare in zip(columns[1], columns[2], strict=True)),
        answer=median(columns[3]),
        bare_answer=median(columns[4]),
        answer_ratio=median(done / bare for done, bare in zip(columns[3], columns[4], strict=True)),
    )


def bench_table(result: BenchResult) -> str:
    """The figures as lines for people, each with its goal."""
    i, s, a = result.indexing, result.searching, result.answering
    build = result.machine.get("engine_build") or "not installed"
    lines = [
        f"machine     {result.machine['cores']} cores, {result.machine['processor']}; xllamacpp: {build} build",
        f"indexing    {i.articles} articles, {i.passages} passages in {i.seconds:.1f} s, {i.passages / i.seconds:.0f} "
        f"passages/s: {i.share:.2f} of the raw encoder's (goal 0.9 or more"
        f"{', over hundreds of passages' if i.passages < _FEW_PASSAGES else ''})",
        f"searching   {s.queries} queries over {s.articles:,} articles ({s.passages:,} passages) of {s.suite}: "
        f"p50 {s.p50_ms} ms, p95 {s.p95_ms} ms (goal p95 under 150 ms)",
    ]
    if a is None:
        lines.append("answering   not measured: no model, or every question was turned away")
    else:
        lines += [
            f"answering   {a.questions} answers, medians; the bare engine got the same prompts",
            f"  evidence     {a.evidence:.2f} s",
            f"  first token  {a.first_token:.2f} s, bare {a.bare_first_token:.2f} s, ratio {a.first_token_ratio:.2f} "
            "(goal 1.05 or less)",
            f"  whole answer {a.answer:.2f} s, bare {a.bare_answer:.2f} s, ratio {a.answer_ratio:.2f} "
            "(goal 1.05 or less)",
        ]
    lines.append(f"memory      {result.memory_mib:,.0f} MiB resident (goal under 3,500 with the 1.5B model)")
    return "\n".join(lines)


def memory_mib() -> float:
    """The memory that this process has resident now, in MiB; its peak where the platform tells no more."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _every_tenth(say: Say) -> Callable[[float, int], None]:
    last = [0.0]

    def on_progress(done: float, total: int) -> None:
        if done == total or done - last[0] >= total / 10:
            last[0] = done
            say(f"indexed {done:.0f} of {total} articles")

    return on_progress
