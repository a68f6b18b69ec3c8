"""The folder that a run writes: what was asked of which system, and one file of rows for each suite and system.

::

    OUT/run.json                    suites, systems, settings, machine: what makes the run this run
    OUT/<suite>/<system>.jsonl      one ResultRow per question
    OUT/<suite>/<system>.info.json  what the system said of itself: model, index, seconds to prepare, memory
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onrecord.eval.suites.records import ResultRow, read_rows
from onrecord.index.errors import InputError

RUN_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One suite of a run: where it lies, its fingerprint, and the ids of the questions that are asked, in order."""

    name: str
    path: str
    fingerprint: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What makes a run this run. Two runs with equal ``identity`` ask the same questions of the same systems."""

    suites: tuple[SuiteRun, ...]
    systems: tuple[str, ...]
    settings: Mapping[str, Any]
    commit: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""

    @property
    def identity(self) -> dict[str, Any]:
        """What must be equal for a run to be taken up again; where the suite lies does not matter."""
        return {
            "suites": [[s.name, s.fingerprint, list(s.questions)] for s in self.suites],
            "systems": list(self.systems),
            "settings": dict(self.settings),
        }

    def to_json(self) -> str:
        """The text of ``run.json``."""
        suites = [
            {"name": s.name, "path": s.path, "fingerprint": s.fingerprint, "questions": list(s.questions)}
            for s in self.suites
        ]
        content = {
            "schema_version": RUN_SCHEMA_VERSION,
            "suites": suites,
            "systems": list(self.systems),
            "settings": dict(self.settings),
            "commit": self.commit,
            "machine": dict(self.machine),
            "started": self.started,
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Cell:
    """One suite asked of one system: its rows, and what the system said of itself."""

    suite: SuiteRun
    system: str
    rows: tuple[ResultRow, ...]
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as read from its folder."""

    folder: Path
    info: RunInfo
    cells: tuple[Cell, ...]


def rows_path(folder: Path, suite: str, system: str) -> Path:
    """Where the rows of one suite and system lie."""
    return folder / _slug(suite) / f"{_slug(system)}.jsonl"


def info_path(folder: Path, suite: str, system: str) -> Path:
    """Where a system's word of itself lies."""
    return folder / _slug(suite) / f"{_slug(system)}.info.json"


def read_info(folder: Path | str) -> RunInfo:
    """The ``run.json`` of a folder.

    Raises:
        InputError: there is none, or it is not one that this program wrote.
    """
    path = Path(folder) / "run.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder}: is not the folder of a run (no run.json); give the --out of `eval run`") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); start the run again in a new folder") from error
    if not isinstance(raw, dict) or raw.get("schema_version") != RUN_SCHEMA_VERSION:
        raise InputError(
            f"{path}: is of another version than {RUN_SCHEMA_VERSION}; start the run again in a new folder"
        )
    try:
        return RunInfo(
            suites=tuple(
                SuiteRun(s["name"], s["path"], s["fingerprint"], tuple(s["questions"])) for s in raw["suites"]
            ),
            systems=tuple(raw["systems"]),
            settings=raw["settings"],
            commit=raw.get("commit", ""),
            machine=raw.get("machine", {}),
            started=raw.get("started", ""),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: lacks a field ({error}); start the run again in a new folder") from error


def load_run(folder: Path | str) -> Run:
    """A run with all its rows; a system that was never asked anything has an empty cell.

    Raises:
        InputError: the folder is not that of a run, or a file of it is damaged.
    """
    folder = Path(folder)
    info = read_info(folder)
    cells = []
    for suite in info.suites:
        for system in info.systems:
            path = rows_path(folder, suite.name, system)
            said = info_path(folder, suite.name, system)
            cells.append(
                Cell(
                    suite=suite,
                    system=system,
                    rows=read_rows(path) if path.exists() else (),
                    info=json.loads(said.read_text(encoding="utf-8")) if said.exists() else {},
                )
            )
    return Run(folder=folder, info=info, cells=tuple(cells))


def _slug(name: str) -> str:
    """A file name for any system, URLs included."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "system"
