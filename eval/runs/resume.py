"""Taking up a run where it stopped: the folder must be that of the same run, and a torn last row is cut off."""

from collections.abc import Sequence
from pathlib import Path

from onrecord.eval.runs.folder import RunInfo, read_info
from onrecord.eval.suites.records import ResultRow, read_rows
from onrecord.index.errors import InputError


def open_folder(out: Path, info: RunInfo) -> None:
    """Makes the run's folder, or checks that what is there is the same run."""
    if (out / "run.json").exists():
        before = read_info(out)
        for name, value in info.identity.items():
            if before.identity[name] != value:
                raise InputError(
                    f"{out}: holds a run with other {name}; give another --out, or the {name} of that run to go on"
                )
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is not empty and holds no run; give a new or empty folder as --out")
    out.mkdir(parents=True, exist_ok=True)
    (out / "run.json").write_text(info.to_json(), encoding="utf-8")


def mend_rows(path: Path, questions: Sequence[str], *, drop_failed: bool = False) -> tuple[ResultRow, ...]:
    """The rows that a results file holds already; a last line that a kill tore is cut from the file.

    Raises:
        InputError: a row belongs to no question of this run, or a question has two.
    """
    if not path.exists():
        return ()
    rows = read_rows(path)
    known, seen = set(questions), set()
    for row in rows:
        if row.question_id not in known or row.question_id in seen:
            what = "two rows" if row.question_id in seen else "a row, but is not asked in this run"
            raise InputError(f"{path}: question {row.question_id!r} has {what}; use a new --out")
        seen.add(row.question_id)
    kept = tuple(row for row in rows if not (drop_failed and row.status == "failed"))
    whole = "".join(row.to_json() + "\n" for row in kept).encode()
    if whole != path.read_bytes():
        fresh = path.with_suffix(".mending")
        fresh.write_bytes(whole)
        fresh.replace(path)
    return kept
