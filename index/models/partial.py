"""A file of a model while it is fetched: it grows as ``NAME.partial`` beside its place."""

import shutil
from pathlib import Path

from onrecord.index.errors import ModelError
from onrecord.index.models.catalogue import ModelEntry, ModelFile, readable

SPARE_BYTES = 64 * 2**20  # kept free beside what is fetched


class SourceFailed(ModelError):
    """One source could not give the model; the next one is tried."""


def partial_of(folder: Path, file: ModelFile) -> Path:
    """Where the file grows, beside its place."""
    return folder / f"{file.path}.partial"


def note_of(partial: Path) -> Path:
    """Where it is noted how many parts ``partial`` holds."""
    return partial.with_name(f"{partial.name}.json")


def length(path: Path) -> int:
    """The file's size, 0 when it is not there."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # pip moved it in the meantime
        return 0


def check_space(entry: ModelEntry, needed: int) -> None:
    """Raises `ModelError` where the disk of the model's folder lacks room for ``needed`` bytes, and some to spare."""
    needed += SPARE_BYTES
    free = shutil.disk_usage(entry.folder).free
    if free < needed:
        raise ModelError(
            f"The model {entry.name} needs {readable(needed)} on the disk of {entry.folder}, and {readable(free)} are "
            "free; free some or set ONRECORD_MODELS to a folder on another disk."
        )
