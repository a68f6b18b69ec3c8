"""A run with every row scored anew: what every report shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onrecord.eval.metrics.names import HEADLINE, SEARCH_HEADLINE
from onrecord.eval.metrics.scoring import ScoredRow, Summary, score_rows, summarise
from onrecord.eval.runs.folder import Run, RunInfo, load_run
from onrecord.eval.suites.loading import Suite
from onrecord.eval.suites.records import ResultRow
from onrecord.eval.suites.stored import load_stored_suite
from onrecord.index.errors import InputError


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
