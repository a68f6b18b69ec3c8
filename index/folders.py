"""Watched folders: what appears in one or changes is added; what goes is noted, and removed only when that is asked."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from onrecord.index.ahead import ahead
from onrecord.index.errors import InputError
from onrecord.index.reading.files import OnReading, ReadResult, files_below, read_paths, shown_path
from onrecord.index.reading.process import ReadLimits
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.folder_notes import FileNote, Folder
from onrecord.index.sync import Progress, joined
from onrecord.index.types import SyncReport

SETTLED = 2.0  # seconds for which a file was not written to before it is read: it may still be on its way
_SHARE = 20  # a look that took a second is followed by twenty without one


class Folders:
    """Over one library. Any thread may call.

    Folders are looked through, not listened to: this works on every kind of disk, those of a network too, and finds
    what happened while nothing ran.
    """

    def __init__(
        self,
        catalogue: Callable[[], Catalogue],
        store: Callable[[Sequence[ReadResult]], SyncReport],
        remove: Callable[[Sequence[str]], SyncReport],
        limits: ReadLimits,
    ) -> None:
        self._open, self._store, self._remove, self._limits = catalogue, store, remove, limits
        self._looking = threading.Lock()
        self._next: dict[str, float] = {}  # when each is due, by the clock that runs evenly

    def watched(self) -> tuple[Folder, ...]:
        """Those that are watched."""
        return self._open().folders.folders()

    def watch(self, folder: Path | str) -> Folder:
        """Watches a folder from now on; ``look`` reads what is in it. Raises ``InputError`` where there is none."""
        path = Path(folder).expanduser().resolve()
        if not path.is_dir():
            raise InputError(f"There is no folder {shown_path(path)} on this machine; check the path.")
        self._open().folders.watch(str(path))
        return self._open().folders.folder(str(path))

    def unwatch(self, folder: Path | str) -> None:
        """Its articles stay. Raises ``InputError`` for one that is not watched."""
        self._open().folders.unwatch(self._named(folder).path)

    def look(
        self,
        folder: Path | str,
        *,
        on_progress: Progress | None = None,
        on_reading: OnReading | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> SyncReport:
        """Reads what is new in a watched folder or changed; notes what could not be read, and what is gone.

        A file that could not be read is tried again when it changes. Of a folder that is not there nothing is gone.
        """
        name = self._named(folder).path
        with self._looking:
            notes = self._open().folders
            if not Path(name).is_dir():
                notes.looked(name, said=f"{name} is not there; put it back, or watch it no longer.")
                return SyncReport()
            known, there = notes.stamps(name), {shown_path(path): path for path in files_below(Path(name))}
            stamps = {key: _stamp(path) for key, path in there.items()}
            new = [key for key, stamp in stamps.items() if stamp and stamp != known.get(key) and _settled(there[key])]
            notes.looked(name, gone=[key for key in known if key not in there])

            def read(key: str) -> tuple[FileNote, ReadResult]:
                result = next(read_paths([there[key]], limits=self._limits, on_reading=on_reading))
                return FileNote(key, stamps[key], result.error), result

            reports, done = [], 0
            for group in ahead(new, read, stopped=stopped):
                reports.append(self._store([result for _, result in group]))
                notes.read(name, [note for note, _ in group])
                done += len(group)
                if on_progress:
                    on_progress(done, len(new))
            return joined(reports)

    def look_due(self, *, stopped: Callable[[], bool] = lambda: False) -> SyncReport:
        """Looks through every folder, but seldom through one that takes long."""
        reports = []
        for folder in self.watched():
            begun = time.monotonic()
            if not stopped() and begun >= self._next.get(folder.path, 0.0):
                reports.append(self.look(folder.path, stopped=stopped))
                self._next[folder.path] = time.monotonic() + _SHARE * (time.monotonic() - begun)
        return joined(reports)

    def remove_gone(self, folder: Path | str) -> SyncReport:
        """Removes the articles of files that are gone, unless another file or page has them too."""
        watched = self._named(folder)
        catalogue = self._open()
        held = [one for path in watched.gone for one in catalogue.from_origin(path)]
        gone = set(watched.gone)
        report = self._remove([one for one in dict.fromkeys(held) if gone.issuperset(catalogue.origins_of(one))])
        catalogue.folders.forget(watched.path, watched.gone)
        return report

    def _named(self, folder: Path | str) -> Folder:
        given = str(folder).strip()
        found = next((one for one in self.watched() if one.path == given), None)
        return found or self._open().folders.folder(str(Path(given).expanduser().resolve()))


def _stamp(path: Path) -> str:
    """Changes whenever the file does; empty where it cannot be told, as when it has just gone."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"


def _settled(path: Path) -> bool:
    """Whether nothing was written to it just now; a time that lies ahead is a clock that is wrong."""
    try:
        return not 0 <= time.time() - path.stat().st_mtime < SETTLED
    except OSError:
        return False
