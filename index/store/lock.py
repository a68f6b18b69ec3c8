"""One owner per data folder: a lock file, and beside it who holds it."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from onrecord.index.errors import LibraryBusy
from onrecord.index.store import modes
from onrecord.index.store.schema import told_plainly


class FolderLock:
    """Held from its making to ``release``; the system lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._owner = folder / "owner.json"
        with told_plainly(folder):
            modes.make_folder(folder)
            self._lock = FileLock(folder / "lock", timeout=0, thread_local=False, mode=modes.FILE)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise LibraryBusy(_sentence(folder, self._owner)) from error
        facts = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            modes.write_text(self._owner, json.dumps(facts))
        except OSError:  # a full disk: who holds the folder is then not told, but it is held
            self._owner.unlink(missing_ok=True)

    def release(self) -> None:
        self._owner.unlink(missing_ok=True)
        self._lock.release()


def _sentence(folder: Path, owner: Path) -> str:
    try:
        facts = json.loads(owner.read_text(encoding="utf-8"))
        who = f"process {facts['pid']} on {facts['host']} since {facts['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another process"
    return (
        f"The data folder {folder} is in use by {who}. Close that one, or share it: run `onrecord serve` there and use "
        "its address from here."
    )
