"""While a server runs: feeds and watched folders are read, and what arrived is compared with the other articles."""

import logging
import threading
from collections.abc import Callable, Sequence

from onrecord.index.errors import LibraryClosed, OnRecordError
from onrecord.qa.differences.finder import AT_ONCE
from onrecord.ui.desk.collection import Collection

LOOK = 5.0  # seconds between two looks at what is due; each is one query of the catalogue
LEAVING = 10.0  # seconds that what is under way may take at the end
PAUSE = 60.0  # seconds after a failure of the store
log = logging.getLogger("onrecord")

Stopped = Callable[[], bool]


class Following:
    """Over the collections that are open. Where no feed is followed nothing is ever fetched."""

    def __init__(self, opened: Callable[[], Sequence[Collection]]) -> None:
        self._opened = opened
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """A site that is slow keeps no folder waiting: each kind has a thread of its own."""
        if not self._threads:
            for name, read in _KINDS:
                thread = threading.Thread(target=self._run, args=(name, read), name=f"following {name}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """No further page is begun; waits a while for that which is under way. See `Collections.close` for why."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(LEAVING)

    def _run(self, what: str, read: Callable[[Collection, Stopped], None]) -> None:
        while not self._stopped.wait(LOOK):
            for collection in self._opened():
                try:
                    read(collection, self._stopped.is_set)
                except LibraryClosed:
                    continue
                except OnRecordError as error:  # a full disk, a missing model: the next look may fare better
                    log.warning("The %s of %s could not be read: %s", what, collection.name, error)
                    self._stopped.wait(PAUSE)


def _compare(collection: Collection, stopped: Stopped) -> None:
    collection.assistant.differences.refresh(most=AT_ONCE, stopped=stopped)


def _read_feeds(collection: Collection, stopped: Stopped) -> None:
    collection.library.web.read_due(stopped=stopped)


def _look_through_folders(collection: Collection, stopped: Stopped) -> None:
    collection.library.folders.look_due(stopped=stopped)


_KINDS = (("feeds", _read_feeds), ("folders", _look_through_folders), ("new articles", _compare))
