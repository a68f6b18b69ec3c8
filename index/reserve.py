"""Some room of the disk that is kept for the day when it is full, so that one can still look, and take things away."""

import errno
import logging
import shutil
from pathlib import Path

from onrecord.index import private

NAME = "reserve"
BYTES = 2 << 20
_ENOUGH = 8 * BYTES  # kept only where the disk has this much to spare
_NOTHING = 64 << 10  # less room than this is none: SQLite needs more for a change
FULL = (errno.ENOSPC, errno.EDQUOT)

log = logging.getLogger(__name__)


def hold(folder: Path) -> None:
    """Keeps the room, unless it is kept already or is not there."""
    file = folder / NAME
    try:
        if (file.exists() and file.stat().st_size == BYTES) or _free(folder) < _ENOUGH:
            return
        private.make_file(file)
        with file.open("r+b") as opened:
            opened.write(bytes(BYTES))
    except OSError as error:
        log.info("No room could be kept in %s: %s", folder, error)
        file.unlink(missing_ok=True)


def release(folder: Path) -> bool:
    """Gives the room up; whether there was any."""
    try:
        (folder / NAME).unlink()
    except OSError:
        return False
    return True


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
