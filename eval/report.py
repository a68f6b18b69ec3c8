"""A run -> its figures, and the files that show them: ``summary.json``, Markdown, JUnit, one HTML page."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onrecord.eval.metric_names import COSTS, HEADLINE, SEARCH_HEADLINE, explanation, figure, interval, label
from onrecord.eval.records import ResultRow
from onrecord.eval.run_folder import Run, RunInfo, load_run
from onrecord.eval.scoring import Group, ScoredRow, Summary, score_rows, summarise
from onrecord.eval.stored import load_stored_suite
from onrecord.eval.suites import Suite
from onrecord.index.errors import InputError
from onrecord.index.inert import code, one_line
from onrecord.index.inert import markdown as inert

SUMMARY_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ScoredCell:
    """One suite and one system with everything that a report shows of it."""

    suite: Suite
    system: str
    rows: tuple[ResultRow, ...]
    scored: tuple[ScoredRow, ...]
    summary: Summary
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run, scored. Cells without a row (a system that could not be prepared) are left out."""

    folder: Path
    info: RunInfo
    cells: tuple[ScoredCell, ...]

    def of_suite(self, name: str) -> tuple[ScoredCell, ...]:
        """The cells of one suite, in the order in which the systems were named."""
        return tuple(cell for cell in self.cells if cell.suite.name == name)

    @property
    def suites(self) -> tuple[Suite, ...]:
        """Every suite that has rows, once."""
        return tuple({cell.suite.name: cell.suite for cell in self.cells}.values())


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written."""

    summary: Path
    markdown: Path
    junit: Path
    html: Path


def score_run(folder: Path | str, *, suites: Mapping[str, Path] | None = None) -> ScoredRun:
    """Every row of a run scored anew from the suites. ``suites``: where one lies now, if it was moved.

    Raises:
        InputError: the folder is not that of a run, has no rows, or a suite has changed since.
    """
    run: Run = load_run(folder)
    loaded: dict[str, Suite] = {}
    cells = []
    for cell in run.cells:
        if not cell.rows:
            continue
        name = cell.suite.name
        if name not in loaded:
            loaded[name] = load_stored_suite((suites or {}).get(name, Path(cell.suite.path)))
            if loaded[name].fingerprint != cell.suite.fingerprint:
                raise InputError(
                    f"suite {name!r} at {loaded[name].path} has changed since {folder} was run; run it again"
                )
        scored = score_rows(loaded[name], cell.rows)
        summary = summarise(scored, seed=int(run.info.settings.get("seed", 0)))
        cells.append(ScoredCell(loaded[name], cell.system, cell.rows, scored, summary, cell.info))
    if not cells:
        raise InputError(f"{folder}: holds no answer yet; finish `onrecord eval run` first")
    return ScoredRun(Path(folder), run.info, tuple(cells))


def write_report(run: ScoredRun, out: Path | None = None) -> ReportFiles:
    """Writes every form of the report, into the run's own folder unless told otherwise."""
    from onrecord.eval.html_report import page
    from onrecord.eval.junit import junit_of_run

    folder = out or run.folder
    folder.mkdir(parents=True, exist_ok=True)
    files = ReportFiles(folder / "summary.json", folder / "report.md", folder / "junit.xml", folder / "report.html")
    files.summary.write_text(json.dumps(summary_dict(run), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    files.markdown.write_text(markdown(run), encoding="utf-8")
    files.junit.write_text(junit_of_run(run), encoding="utf-8")
    files.html.write_text(page(run), encoding="utf-8")
    return files


def summary_dict(run: ScoredRun) -> dict[str, Any]:
    """The figures as plain data; ``schema_version`` changes whenever a reader would have to."""
    return {
        "schema_version": SUMMARY_SCHEMA_VERSION,
        "commit": run.info.commit,
        "started": run.info.started,
        "machine": dict(run.info.machine),
        "settings": dict(run.info.settings),
        "suites": [
            {"name": s.name, "fingerprint": s.fingerprint, "questions": len(s.questions), "articles": len(s.articles)}
            for s in run.suites
        ],
        "results": [_cell_dict(cell) for cell in run.cells],
    }


def markdown(run: ScoredRun) -> str:
    """The headline figures as tables for a pull request."""
    parts = [f"### Evaluation{f' of {code(run.info.commit)}' if run.info.commit else ''}\n"]
    for suite in run.suites:
        cells = run.of_suite(suite.name)
        parts += [f"**{inert(suite.name)}**, {len(cells[0].rows)} questions\n", results_table(cells), ""]
        failed = [f"{inert(c.system)}: {n} failed" for c in cells if (n := c.summary.overall.outcomes.get("failed", 0))]
        if failed:
            parts.append("; ".join(failed) + "\n")
    parts.append(about_run(run))
    return "\n".join(parts) + "\n"


def results_table(cells: tuple[ScoredCell, ...]) -> str:
    """One row per system, one column per headline figure, in per cent with 95 % intervals."""
    shown = headline_metrics(cells)
    head = ["system", *(label(m) for m in shown), "median s"]
    lines = [_line(head), _line(["---"] + ["---:"] * (len(head) - 1))]
    for cell in cells:
        figures = []
        for metric in shown:
            estimate = cell.summary.overall.metrics.get(metric)
            figures.append(f"{figure(metric, estimate.value)} ({interval(metric, estimate)})" if estimate else "")
        seconds = cell.summary.costs.get("time_to_answer")
        lines.append(_line([code(cell.system), *figures, f"{seconds.p50:.2f}" if seconds else ""]))
    return "\n".join(lines)


def headline_metrics(cells: tuple[ScoredCell, ...]) -> list[str]:
    """The headline figures that at least one of the systems has; of a run that only searched, those of searching.

    ROUGE-L only where answers are too long to be judged right or wrong, everything named only where that is asked.
    """
    found = {name: e.n for cell in cells for name, e in cell.summary.overall.metrics.items()}
    if not any(name in found for name in HEADLINE):
        return [name for name in SEARCH_HEADLINE if name in found]
    most = max(found.values())
    left_out = {"rouge_l"} if "answered_right" in found else set()
    left_out |= {name for name in ("all_named_none_wrong",) if found.get(name, 0) < most / 2}
    return [name for name in HEADLINE if name in found and name not in left_out]


def about_run(run: ScoredRun) -> str:
    """One line on what the figures were made with."""
    machine = run.info.machine
    build = f", xllamacpp {machine['engine_build']} build" if machine.get("engine_build") else ""
    return inert(
        f"In per cent, with 95 % intervals. Model {run.info.settings.get('model', '')}, "
        f"embedder {run.info.settings.get('embedder', '')}, seed {run.info.settings.get('seed', 0)}; "
        f"{machine.get('cores', '?')} cores, {machine.get('processor', 'unknown processor')}{build}; "
        f"{run.info.started[:10]}."
    )


def explanations(cells: tuple[ScoredCell, ...]) -> dict[str, str]:
    """What each headline figure that is shown means, by its label."""
    return {label(metric): explanation(metric) for metric in headline_metrics(cells)}


def _line(values: list[str]) -> str:
    return "| " + " | ".join(one_line(value).replace("|", "\\|") for value in values) + " |"


def _cell_dict(cell: ScoredCell) -> dict[str, Any]:
    return {
        "suite": cell.suite.name,
        "system": cell.system,
        "info": dict(cell.info),
        "questions": len(cell.rows),
        "overall": _group_dict(cell.summary.overall),
        "kinds": {kind: _group_dict(group) for kind, group in cell.summary.kinds.items()},
        "costs": {name: asdict(cost) for name, cost in cell.summary.costs.items() if name in COSTS},
    }


def _group_dict(group: Group) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and math.isnan(value) else value

    return {
        "n": group.n,
        "outcomes": dict(group.outcomes),
        "metrics": {
            name: {key: plain(value) for key, value in asdict(estimate).items()}
            for name, estimate in group.metrics.items()
        },
    }
