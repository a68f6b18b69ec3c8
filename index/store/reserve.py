"""Some room of the disk that is kept for the day when it is full, so that one can still look, and take things away."""

import errno
import logging
import shutil
from pathlib import Path

from onrecord.index.store import modes

NAME = "reserve"
BYTES = 2 << 20
_PLENTY = 6 * BYTES  # kept only where this much is free besides
_NOTHING = 256 << 10  # less room than this is none: SQLite needs more for a change
FULL = (errno.ENOSPC, errno.EDQUOT)

_released: set[Path] = set()  # by this process

log = logging.getLogger(__name__)


def hold(folder: Path) -> None:
    """Keeps the room where the disk has plenty to spare; what was given up is taken back as soon as it is free."""
    file = folder / NAME
    try:
        size = file.stat().st_size if file.exists() else 0
        spare = _free(folder) - (_NOTHING if folder in _released else _PLENTY)
        more = min(BYTES - size, spare)
        if more < _NOTHING:
            return
        modes.make_file(file)
        with file.open("ab") as opened:
            opened.write(bytes(more))
        _released.discard(folder)
    except OSError as error:
        log.info("No room could be kept in %s: %s", folder, error)
        file.unlink(missing_ok=True)


def release(folder: Path) -> bool:
    """Gives the room up, or the keywords, which are built anew when they are needed; whether there was anything."""
    _released.add(folder)
    for given in (folder / NAME, folder / "keywords"):
        if given.exists():
            shutil.rmtree(given) if given.is_dir() else given.unlink()
            return True
    return False


def is_full(folder: Path) -> bool:
    """Whether the disk has no room for another change."""
    try:
        return _free(folder) < _NOTHING
    except OSError:
        return False


def sentence(folder: Path) -> str:
    """What is said of a full disk."""
    return (
        f"The disk is full; make room for {folder}, or take articles out with `onrecord remove ID`, and try again: "
        "what was stored before is intact."
    )


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
