"""While a server runs: followed feeds are read, and articles that arrived are compared with the others."""

import logging
import threading
from collections.abc import Callable, Sequence

from onrecord.index.errors import LibraryClosed, OnRecordError
from onrecord.qa.differences.finder import AT_ONCE
from onrecord.ui.desk.collection import Collection

LOOK = 5.0  # seconds between two looks at what is due; each is one query of the catalogue
PAUSE = 60.0  # seconds after a failure of the store
log = logging.getLogger("onrecord")


class Following:
    """Over the collections that are open. Where no feed is followed nothing is ever fetched."""

    def __init__(self, opened: Callable[[], Sequence[Collection]]) -> None:
        self._opened = opened
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="following", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """No further page is begun; that which is under way is stored, if its collection is still open then."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK):
            for collection in self._opened():
                try:
                    collection.library.web.read_due(stopped=self._stopped.is_set)
                    collection.assistant.differences.refresh(most=AT_ONCE, stopped=self._stopped.is_set)
                except LibraryClosed:
                    continue
                except OnRecordError as error:  # a full disk, a missing model: the next look may fare better
                    log.warning(
                        "The feeds of %s could not be read, or its articles not compared: %s", collection.name, error
                    )
                    self._stopped.wait(PAUSE)
