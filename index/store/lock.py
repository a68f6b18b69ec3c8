"""One owner per data folder: a lock file, and beside it who holds it, for this account alone (mode 600)."""

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from onrecord.index.errors import LibraryBusy
from onrecord.index.store import modes
from onrecord.index.store.schema import plain_errors

OWNER = "owner.json"


class FolderLock:
    """Held from its making to ``release``; the system lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._owner = folder / OWNER
        with plain_errors(folder):
            modes.make_folder(folder)
            self._lock = FileLock(folder / "lock", timeout=0, thread_local=False, mode=modes.FILE)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise LibraryBusy(_sentence(folder)) from error
        self._facts = {
            "pid": str(os.getpid()),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.announce({})

    def announce(self, more: Mapping[str, str]) -> None:
        """Who holds the folder, and ``more``, for other processes of this account; in place of what was said before."""
        try:
            modes.write_text(self._owner, json.dumps({**self._facts, **more}))
        except OSError:  # a full disk: who holds the folder is then not told, but it is held
            self._owner.unlink(missing_ok=True)

    def release(self) -> None:
        self._owner.unlink(missing_ok=True)
        self._lock.release()


def owner_of(folder: Path) -> dict[str, str]:
    """What the owner of a folder says about itself. A killed one leaves it: it counts only while the lock is held.

    >>> owner_of(Path("nowhere"))
    {}
    """
    try:
        facts = json.loads((folder / OWNER).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in facts.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def holder_of(folder: Path) -> dict[str, str]:
    """What the owner says about itself now; empty where it was killed."""
    if owner := owner_of(folder):
        with contextlib.suppress(Timeout), FileLock(folder / "lock", timeout=0, mode=modes.FILE):
            return {}
    return owner


def _sentence(folder: Path) -> str:
    facts = owner_of(folder)
    who = f"process {facts['pid']} on {facts['host']} since {facts['since']}" if facts else "another process"
    if "address" in facts:
        return f"The data folder {folder} is in use by {who}, at {facts['address']}. Use it there, or stop that one."
    return (
        f"The data folder {folder} is in use by {who}. Close that one, or share it: run `onrecord serve` there and use "
        "its address from here."
    )
