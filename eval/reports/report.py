"""A run -> its figures, and the files that show them: ``summary.json``, Markdown, JUnit, one HTML page."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onrecord.eval.metrics.names import COSTS, explanation, figure, interval, label
from onrecord.eval.metrics.scoring import Group
from onrecord.eval.reports.html import page
from onrecord.eval.reports.junit import junit_of_run
from onrecord.eval.reports.scored import ScoredCell, ScoredRun, headline_metrics
from onrecord.index.inert import code, one_line
from onrecord.index.inert import markdown as inert

SUMMARY_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written."""

    summary: Path
    markdown: Path
    junit: Path
    html: Path


def write_report(run: ScoredRun, out: Path | None = None) -> ReportFiles:
    """Writes every form of the report, into the run's own folder unless told otherwise."""
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
