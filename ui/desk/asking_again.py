"""Reads new articles for who says what and what is named, and asks saved questions again, while a server has time."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from onrecord.index.errors import InputError, LibraryClosed, OnRecordError
from onrecord.ui.desk.collection import Collection, answer
from onrecord.ui.desk.conversations import new_record
from onrecord.ui.desk.model_queue import ModelQueue
from onrecord.ui.desk.tuning import quoting

LOOK = 2.0  # seconds between two looks at the revisions
SETTLED = 10.0  # seconds for which nothing may have arrived: articles come in crowds
LEAVING = 10.0  # seconds that what is under way may take at the end
NICE = 10  # what the thread is put behind the others by, where the system can
log = logging.getLogger("onrecord")


class AskingAgain:
    """Over the collections that are open. Answers are quotes; where they change, a model that is idle writes one."""

    def __init__(self, opened: Callable[[], Sequence[Collection]], queue: ModelQueue) -> None:
        self._opened, self._queue = opened, queue
        self._stopped = threading.Event()
        self._since: dict[str, tuple[int, float]] = {}  # by collection: its revision, and since when
        self._done: dict[str, int] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="asking-again", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends after the article or the question that is under way, for which it waits a while."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(LEAVING)

    def _run(self) -> None:
        with contextlib.suppress(AttributeError, OSError):  # a thread has a priority of its own on Linux alone
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._stopped.wait(LOOK):
            for collection in self._opened():
                try:
                    if (revision := self._settled(collection)) is not None:
                        self.look(collection)
                        self._done[collection.name] = revision
                except LibraryClosed:
                    continue
                except OnRecordError as error:  # a full disk, a missing model: the next look may fare better
                    log.warning("The saved questions of %s could not be asked: %s", collection.name, error)
                    self._since.pop(collection.name, None)

    def _settled(self, collection: Collection) -> int | None:
        """Its revision, where that is new and has not changed for a while."""
        revision, now = collection.library.revision, time.monotonic()
        known, since = self._since.get(collection.name, (-1, now))
        if known != revision:
            self._since[collection.name] = (revision, now)
            return None
        return revision if now - since >= SETTLED and self._done.get(collection.name) != revision else None

    def look(self, collection: Collection) -> None:
        """Now: what is new is read, and what was saved is asked."""
        collection.people.refresh(self._stopped.is_set)
        collection.names.refresh(stopped=self._stopped.is_set)
        for owner, key in collection.saved.due(collection.library.revision):
            if self._stopped.is_set():
                return
            with contextlib.suppress(InputError):  # removed meanwhile
                self._ask(collection, owner, key)

    def _ask(self, collection: Collection, owner: str, key: str) -> None:
        found = collection.saved.again(owner, key, quoting(collection.assistant))
        if not found.change or collection.assistant.engine is None or len(self._queue):
            return
        begun = new_record(found.question, found.scope)
        for record in answer(collection, self._queue, begun, (), stopped=self._disturbed):
            if self._disturbed():
                return
            if record.state == "done":
                collection.saved.write(owner, key, record)

    def _disturbed(self) -> bool:
        """Whether somebody else waits for the model, or the server stops."""
        return self._stopped.is_set() or len(self._queue) > 1
