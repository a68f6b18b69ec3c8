"""Suites asked of systems: one row per question as it is done, taken up again after a kill without asking twice."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from onrecord.eval.runs.folder import RunInfo, SuiteRun, info_path, rows_path
from onrecord.eval.runs.machine import git_commit, machine
from onrecord.eval.runs.progress import Progress, SilentProgress
from onrecord.eval.runs.resume import mend_rows, open_folder
from onrecord.eval.suites.loading import Question, Suite, load_suite
from onrecord.eval.suites.records import ResultRow
from onrecord.eval.suites.sampling import stratified_sample
from onrecord.eval.systems.asker import Asker, SystemRefused
from onrecord.eval.systems.base import SystemOptions, default_index_folder
from onrecord.eval.systems.make import RETRIEVAL_ONLY, check_spec
from onrecord.index.errors import InputError

GIVE_UP_AFTER = 5  # failures in a row by hanging or dying: the system is broken, not the question


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run is made. ``time_limit``: seconds per question. ``retry_failed``: ask failed questions again."""

    sample: int | None = None
    seed: int = 0
    retrieval_only: bool = False
    top_k: int = 20
    time_limit: float = 300.0
    drafts: bool = False
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of a run. ``refused``: systems that could not be prepared or were given up, each with the reason."""

    folder: Path
    asked: int
    kept: int
    failed: int
    refused: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every question has a row that is not failed."""
        return not self.failed and not self.refused


def run(
    suites: Sequence[Path | str],
    systems: Sequence[str],
    *,
    out: Path | str,
    settings: RunSettings = RunSettings(),
    options: SystemOptions | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Asks every suite of every system; rows go to ``out`` as they come (see ``run_folder``).

    An ``out`` that holds the start of this same run is taken up where it stopped. All runs share one index folder, in
    the user's cache folder by default, so that the same articles are embedded once.

    Raises:
        InputError: a suite is bad or has drafts, a system is unknown, or ``out`` holds another run.
    """
    out = Path(out)
    options = options or SystemOptions(index_folder=default_index_folder())
    options = replace(options, top_k=settings.top_k, retrieval_only=settings.retrieval_only)
    loaded = [_load(path, settings) for path in suites]
    names = [check_spec(name) for name in dict.fromkeys(systems)]
    _check_modes(names, settings)
    chosen = {s.name: stratified_sample(s.questions, settings.sample, seed=settings.seed) for s in loaded}
    if len(chosen) < len(loaded):
        raise InputError("two of the suites have the same name; run them into folders of their own")
    open_folder(out, _run_info(loaded, chosen, names, settings, options))
    progress = progress or SilentProgress()
    progress.begin(sum(map(len, chosen.values())) * len(names))
    asked = kept = failed = 0
    refused: list[str] = []
    for suite in loaded:
        for name in names:
            cell = _Cell(suite, chosen[suite.name], name, out, settings, options, progress)
            done = cell.run()
            asked, kept, failed = asked + done.asked, kept + done.kept, failed + done.failed
            refused += [f"{suite.name}: {why}" for why in done.refused]
    progress.end()
    return RunResult(out, asked, kept, failed, tuple(refused))


@dataclass(frozen=True, slots=True)
class _Cell:
    """One suite asked of one system."""

    suite: Suite
    questions: Sequence[Question]
    system: str
    out: Path
    settings: RunSettings
    options: SystemOptions
    progress: Progress

    def run(self) -> RunResult:
        path = rows_path(self.out, self.suite.name, self.system)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = mend_rows(path, [q.id for q in self.questions], drop_failed=self.settings.retry_failed)
        done = {row.question_id for row in rows}
        todo = [question for question in self.questions if question.id not in done]
        self.progress.start(f"{self.suite.name} / {self.system}", done=len(done), total=len(self.questions))
        failed = sum(row.status == "failed" for row in rows)
        refused: list[str] = []
        asked = 0
        if todo:
            try:
                for row in self._asked(path, todo):
                    asked += 1
                    failed += row.status == "failed"
                    self.progress.advance(row)
            except SystemRefused as error:
                refused.append(str(error))
                self.progress.note(str(error))
        return RunResult(self.out, asked, len(done), failed, tuple(refused))

    def _asked(self, path: Path, todo: Sequence[Question]) -> Iterator[ResultRow]:
        retrieve = self.settings.top_k if self.settings.retrieval_only else 0
        lost = 0
        asker = Asker(
            self._order(),
            log=path.with_suffix(".log"),
            time_limit=self.settings.time_limit,
            on_indexed=self.progress.indexed,
        )
        with asker, path.open("a", encoding="utf-8") as file:
            asker.start()
            for question in todo:
                row = asker.ask(question, retrieve=retrieve)
                _append(file, row)
                yield row
                lost = lost + 1 if row.status == "failed" and not asker.is_alive else 0
                if lost >= GIVE_UP_AFTER:
                    raise SystemRefused(f"{self.system} was given up: it hung or died {lost} times in a row")
            info = info_path(self.out, self.suite.name, self.system)
            info.write_text(json.dumps(asker.info, indent=1) + "\n", encoding="utf-8")

    def _order(self) -> dict[str, Any]:
        return {
            "suite": str(self.suite.path.resolve()),
            "system": self.system,
            "options": asdict(self.options) | {"index_folder": str(self.options.index_folder.resolve())},
        }


def _append(file: IO[str], row: ResultRow) -> None:
    """One whole line, on the disk before the next question is asked."""
    file.write(row.to_json() + "\n")
    file.flush()
    os.fsync(file.fileno())


def _load(path: Path | str, settings: RunSettings) -> Suite:
    suite = load_suite(path)
    if suite.drafts and not settings.drafts:
        raise InputError(
            f"{path}: {len(suite.drafts)} of its questions are drafts that nobody has accepted yet; "
            "accept or remove them, or run with --drafts"
        )
    return suite


def _check_modes(names: Sequence[str], settings: RunSettings) -> None:
    if not names:
        raise InputError("no system was named; give at least one --system")
    only = [name for name in names if name in RETRIEVAL_ONLY]
    if only and not settings.retrieval_only:
        raise InputError(f"{', '.join(only)} can only search; add --retrieval-only or leave it out")


def _run_info(
    suites: Sequence[Suite],
    chosen: Mapping[str, Sequence[Question]],
    names: Sequence[str],
    settings: RunSettings,
    options: SystemOptions,
) -> RunInfo:
    asked = asdict(settings)
    for name in ("retry_failed", "drafts", "time_limit"):  # these change no answer that was given
        del asked[name]
    own = asdict(options)
    del own["index_folder"]
    del own["replies"]  # where they lie changes no answer; such rows have no timings
    if options.settings_file:
        own["settings_file"] = Path(options.settings_file).read_text(encoding="utf-8")
    return RunInfo(
        suites=tuple(
            SuiteRun(s.name, str(s.path.resolve()), s.fingerprint, tuple(q.id for q in chosen[s.name])) for s in suites
        ),
        systems=tuple(names),
        settings={**asked, **own},
        commit=git_commit(),
        machine=machine(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
