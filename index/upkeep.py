"""What is owed to the stores after a change: what was taken out is gone from every file, and Chroma is filled again.

The catalogue notes with each removal that a purge is due, in the same transaction; whoever opens the folder next
finishes what a process that was cut off, or had no room, has left.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onrecord.index.errors import DiskFull, StoreError
from onrecord.index.search.searcher import Searcher
from onrecord.index.store import modes, reserve
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.entries import Change
from onrecord.index.store.faults import point
from onrecord.index.store.keywords import Kept
from onrecord.index.store.vectors import VectorStore

UNFINISHED = '{"embedder": "a rebuild that did not finish"}'  # in place of the fingerprint while all is embedded anew
FILLED_AT_ONCE = 1000  # passages that a call waits for, a second or two; more are filled in behind it
SLICE = 250  # so many at a time
LATER = 2.0  # seconds without a change after which that begins, so that a short command need not wait for it
IDLE = 10.0  # the same where no search looks there: commands have ended by then, and servers have their page up
PAUSE = 0.05  # between two slices, so that others may write; three times as long as a slice where no search looks there

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a library is made of."""

    catalogue: Catalogue
    vectors: VectorStore
    keywords: Kept[Any]
    searcher: Searcher


class Upkeep:
    """Over one library's parts. ``writing`` is the library's lock, held by whoever calls anything here but ``stop`` and
    ``follow_others``."""

    def __init__(self, parts: Parts, writing: threading.RLock) -> None:
        self._folder = parts.catalogue.folder
        self._catalogue, self._vectors = parts.catalogue, parts.vectors
        self._keywords, self._searcher = parts.keywords, parts.searcher
        self._writing = writing
        self._stopped = threading.Event()
        self._filling: threading.Thread | None = None
        self.listeners: list[Callable[[], None]] = []

    def settle(self) -> None:
        """What is owed at the opening. Where that fails, as on a full disk, one can still look and take things out."""
        try:
            self._searcher.prune()
            self._vectors.prune()
            if self._catalogue.purge_due:
                self.purge()
            elif not self._vectors.in_step:
                self._vectors.distrust()
                self._fill()
            modes.tighten(self._folder)
        except StoreError as error:
            log.warning("%s", error)
        reserve.hold(self._folder)

    def remove(self, ids: Sequence[str]) -> Change:
        """Takes articles out of every store, and makes room for that where there is none."""
        try:
            change = self._catalogue.remove(ids)
        except DiskFull:  # what was kept for this is given up, and what can be built anew
            reserve.release(self._folder)
            self._keywords.forget()
            self._vectors.renew()
            change = self._catalogue.remove(ids)
        self._searcher.note(change)
        self.purge()
        reserve.hold(self._folder)
        return change

    def purge(self, *, fill: bool = True) -> None:
        """Takes what was removed or replaced out of the files of every store, and tells those who wait for it."""
        upto = self._catalogue.revision
        point("keywords.purge.before")
        self._searcher.purge()
        point("keywords.purge.after")
        self._vectors.renew()
        self._catalogue.settle_purge(upto)
        point("purge.settled")
        for tell in self.listeners:
            tell()
        if fill:
            self._fill()

    def follow(self, *, grown: bool) -> None:
        """After an addition. ``grown``: with it the collection became one that is searched in Chroma, so it waits."""
        if grown:
            self.finish()
        elif not self._vectors.in_step:
            self._fill()

    def follow_others(self, change: Change | None, foreign: int) -> None:
        """After changes by other processes, which the searcher has followed; None: it is not known what they were."""
        with self._writing:
            if self._stopped.is_set():
                return
            try:
                if self._catalogue.purge_due:
                    self.purge()
                    return
                self._vectors.follow_others(change, foreign)
                if not self._vectors.in_step:
                    self._fill()
            except StoreError as error:
                log.warning("%s", error)

    def finish(self) -> None:
        """Fills Chroma to the end, now."""
        while not self._vectors.refill(FILLED_AT_ONCE):
            pass

    def leave(self) -> None:
        """Chroma is closed, and what a reader had held on to is gone as well."""
        self._vectors.close()
        try:
            if self._catalogue.purge_due:
                self._catalogue.settle_purge(0)  # what others took out is purged from these caches at the next opening
        except StoreError as error:
            log.warning("%s", error)
        modes.tighten(self._folder)

    def begin_stop(self) -> None:
        """Nothing more is filled in after the slice that is under way."""
        self._stopped.set()

    def stop(self) -> None:
        """Waits for that; not to be called by who holds the lock."""
        self.begin_stop()
        if (filling := self._filling) is not None:
            filling.join()

    def _fill(self) -> None:
        """Fills Chroma from the catalogue; a large one, or one that no search needs, behind the caller.

        Searches do without one that is not full.
        """
        if self._catalogue.note("fingerprint") == UNFINISHED:  # vectors of two kinds
            return
        at_once = self._vectors.at_once
        if at_once and self._catalogue.passage_count() <= FILLED_AT_ONCE:
            try:
                self._vectors.repair()
            except StoreError as error:
                log.warning("%s", error)
        elif self._filling is None or not self._filling.is_alive():
            pause = LATER if at_once else IDLE
            self._filling = threading.Thread(target=self._fill_slowly, args=(pause,), name="filling", daemon=True)
            self._filling.start()

    def _fill_slowly(self, idle: float) -> None:
        """Begins when nothing was changed for so many seconds, and stops for as long when something is."""
        pause, seen, gently = idle, self._catalogue.revision, not self._vectors.at_once
        while not self._stopped.wait(pause):
            if seen != (seen := self._catalogue.revision):
                pause = idle
                continue
            began = time.monotonic()
            try:
                with self._writing:
                    if self._stopped.is_set() or self._vectors.refill(SLICE):
                        self._filling = None
                        return
            except StoreError as error:
                log.warning("%s", error)
                self._filling = None
                return
            pause = max(PAUSE, 3 * (time.monotonic() - began)) if gently else PAUSE
