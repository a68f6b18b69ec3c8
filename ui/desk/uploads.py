"""Where sent files lie until they are read: a folder of this process in the temporary folder, and of nobody else.

It is held by a lock that ends with the process, so that whoever starts next can tell what a killed one has left.
"""

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from onrecord.index.reading.files import shown_path
from onrecord.index.store import modes

PREFIX = "onrecord-"
LOCK = "held"
CACHE = "GRADIO_TEMP_DIR"  # where Gradio puts what is sent to the page
UNKNOWN_AFTER = 3600  # seconds after which a folder without a lock is taken for one of an earlier version
_guard = threading.Lock()
_holders: set[int] = set()
_own: tuple[Path, FileLock, str | None] | None = None  # the last: what the variable said before


def sent_name(path: Path) -> str:
    """What a sent file is called: where it lies here is nobody's business."""
    return shown_path(path.name)


def begin() -> Path:
    """This process's folder, made now if it is not there; what ended processes have left is deleted then."""
    global _own
    with _guard:
        if _own is None:
            before = os.environ.get(CACHE)
            base = Path(before or tempfile.gettempdir())
            base.mkdir(parents=True, exist_ok=True)
            _sweep(base)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            lock = FileLock(folder / LOCK, timeout=0, thread_local=False, mode=modes.FILE)
            lock.acquire()
            _own = folder, lock, before
            os.environ[CACHE] = str(folder / "page")
        return _own[0]


def end() -> None:
    """Deletes this process's folder with all that was sent."""
    global _own
    with _guard:
        if _own is not None:
            folder, lock, before = _own
            _own = None
            os.environ.pop(CACHE, None)
            if before is not None:
                os.environ[CACHE] = before
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def hold(holder: object) -> None:
    """Makes the folder and keeps it until ``let_go``: a page goes on in the one that there was when it was built."""
    begin()
    _holders.add(id(holder))


def let_go(holder: object) -> None:
    """Deletes the folder when nobody holds it any longer."""
    _holders.discard(id(holder))
    if not _holders:
        end()


@contextlib.contextmanager
def place() -> Iterator[Path]:
    """A folder for one sent file, deleted with it afterwards."""
    with tempfile.TemporaryDirectory(dir=begin()) as folder:
        yield Path(folder)


def _sweep(base: Path) -> None:
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid() and _left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _left(folder: Path) -> bool:
    """Whether nobody holds it any longer."""
    if not (folder / LOCK).exists():
        return time.time() - folder.stat().st_mtime > UNKNOWN_AFTER
    try:
        with FileLock(folder / LOCK, timeout=0, thread_local=False):
            return True
    except Timeout:
        return False
