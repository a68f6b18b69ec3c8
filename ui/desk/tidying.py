"""Keeps what is beside a library in step with it: what was said by articles that are gone is kept nowhere."""

import logging
from contextlib import closing
from pathlib import Path

from onrecord.index.errors import OnRecordError
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.protocols import LibraryLike

log = logging.getLogger("onrecord")


def follow(library: LibraryLike, conversations: Conversations, folder: Path) -> None:
    """Now, and after each removal from now on. ``folder``: where the conversations are, unless in its database."""

    def step() -> None:
        _tidy(library, conversations, folder)

    step()
    library.when_purged(step)


def tidy(library: LibraryLike, folder: Path) -> None:
    """Once, where nobody has the conversations open."""
    try:
        if library.database or (folder / FILE).exists():
            with closing(Conversations(folder / FILE, library.database)) as conversations:
                _tidy(library, conversations, folder)
    except OnRecordError as error:
        log.warning("%s", error)


def _tidy(library: LibraryLike, conversations: Conversations, folder: Path) -> None:
    """What cannot be done now, as on a full disk, is done at the next start."""
    try:
        conversations.follow(library.article, library.revision)
    except (OnRecordError, OSError, ValueError) as error:
        log.warning("What answers keep of articles that are gone could not be taken out of %s: %s", folder, error)
