"""The load measurement as Markdown and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from onrecord.eval.runs.machine import git_commit, machine
from onrecord.eval.speed.fresh import FreshStart
from onrecord.eval.speed.load import SPACING, AskLoad, SearchLoad
from onrecord.index.inert import as_json


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What was measured; None or empty what was left out. ``server_mib``: its peak memory, 0 where not known."""

    server: dict[str, Any]
    searches: SearchLoad | None
    asks: AskLoad | None
    fresh: tuple[FreshStart, ...]
    server_mib: float = 0.0
    commit: str = field(default_factory=git_commit)
    machine: dict[str, Any] = field(default_factory=machine)

    def to_json(self) -> str:
        """Every figure, unrounded."""
        data = asdict(self)
        for one, times in zip(data["asks"]["each"], self.asks.each, strict=True) if self.asks else ():
            one["waited"] = times.waited
        return as_json(data, indent=1)

    @property
    def fine(self) -> bool:
        """No error but 503, and nothing mixed up."""
        parts = [part for part in (self.searches, self.asks) if part is not None]
        return not any(part.mixed_up or set(part.errors) - {"503"} for part in parts)


def load_text(result: LoadResult) -> str:
    """Markdown: a table for each part, and below it what is inside the figures."""
    facts = result.machine
    server = result.server
    about = f"{facts['cores']} cores, {facts['processor']}, commit {result.commit or 'unknown'}"
    if server:
        about += f"; OnRecord {server['version']} over {server['articles']:,} articles"
    if result.server_mib:
        about += f", its peak memory {result.server_mib:,.0f} MiB"
    parts = [f"# Load\n\n{about}."]
    if result.searches is not None:
        parts.append(_searches(result.searches))
    if result.asks is not None:
        parts.append(_asks(result.asks))
    if result.fresh:
        parts.append(_fresh(result.fresh))
    return "\n\n".join(parts) + "\n"


def _searches(s: SearchLoad) -> str:
    rows = [
        ("one at a time", f"{s.alone_per_second:.1f}", f"{s.alone_p50_ms:.0f}", f"{s.alone_p95_ms:.0f}", "", ""),
        (
            f"{s.clients} at a time",
            f"{s.per_second:.1f}",
            f"{s.p50_ms:.0f}",
            f"{s.p95_ms:.0f}",
            _counted(s.errors),
            str(s.mixed_up),
        ),
    ]
    table = _table(("searches", "per second", "p50 ms", "p95 ms", "errors", "mixed up"), rows)
    return (
        f"## {s.calls} searches, {s.clients} clients\n\n{table}\n\n{s.distinct} different queries, top 10; the slowest "
        f"call took {s.slowest_ms:.0f} ms. Inside: embedding the query, both searches, JSON, HTTP, and the clients on "
        "the same cores."
    )


def _asks(a: AskLoad) -> str:
    rows = [
        (
            str(one.asked + 1),
            str(one.finished + 1),
            *(f"{x:.2f}" for x in (one.in_a_row, one.at_once, one.waited, one.evidence)),
        )
        for one in a.each
    ]
    table = _table(("asked", "finished", "alone s", "at once s", "waited s", "evidence s"), rows)
    return (
        f"## {a.questions} questions at once, {a.model or 'without a model'}\n\nIn a row {a.in_a_row:.2f} s, at once "
        f"{a.at_once:.2f} s: {a.ratio:.2f} of it. Errors: {_counted(a.errors)}; mixed up: {a.mixed_up}; in other words "
        "than before: "
        f"{a.other_text}. {a.overtaken} of {a.pairs} pairs finished in another order than they were asked in, the "
        f"farthest {a.farthest} places away.\n\n{table}\n\nInside: everything from the request to the last "
        f"event; at once is {SPACING * 1000:.0f} ms apart. "
        "Every question was asked once before, so both rounds find the same prompts in the model's memory "
        f"({a.tokens_reused[0]:.0%} and {a.tokens_reused[1]:.0%} of the tokens)."
    )


def _fresh(starts: Sequence[FreshStart]) -> str:
    rows = [
        (
            f.program,
            *(f"{x:.2f}" for x in (f.importing, f.opening, f.searching, f.total, f.process)),
            f"{f.peak_mib:.0f}",
            f"{f.modules:,}",
            ", ".join(f.loaded) or "none",
        )
        for f in starts
    ]
    head = ("program", "import s", "open s", "search s", "together s", "process s", "peak MiB", "modules", "of these")
    return (
        f"## The first search of a fresh process\n\n{_table(head, rows)}\n\nMedians of {starts[0].rounds} rounds in "
        "turns. The same articles, indexed before; the same embedder, run the same way; the files in the system's "
        "cache. OnRecord loads the embedder within its first search, the other side was given it while opening: "
        "compare the sums."
    )


def _counted(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(errors.items())) or "0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
