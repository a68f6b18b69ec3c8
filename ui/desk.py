"""Everything that the page's handlers share: the open collections, the lane to the model, and who is asking."""

import contextlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from onrecord.index.errors import InputError, OnRecordError
from onrecord.ui.conversations import Conversations
from onrecord.ui.lane import Lane
from onrecord.ui.room import Answers, LibraryLike, Room
from onrecord.ui.suggest import suggestions
from onrecord.ui.tuning import Style, tuned

Opener = Callable[[Path], tuple[LibraryLike, Answers]]
_NAME = re.compile(r"[^\W_][\w .-]{0,39}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one upload may hold. ``kinds``: the endings of files that can be read as articles."""

    files: int = 200
    file_bytes: int = 50_000_000
    kinds: tuple[str, ...] = (".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".jsonl", ".csv")
    question_chars: int = 2_000


@dataclass(frozen=True, slots=True)
class Session:
    """What one browser tab has open. ``editing``: the turn that the next question replaces."""

    room: str = ""
    conversation: str = ""
    editing: str = ""
    style: Style = Style()  # noqa: RUF009  (frozen)


@dataclass(slots=True)
class Desk:
    """The first collection and those in folders beside it. Without ``opener`` there is only the first."""

    first: Room
    opener: Opener | None = None
    limits: Limits = Limits()
    folders_allowed: bool = True  # whether a person may name a folder on the server to read articles from
    lane: Lane = field(default_factory=Lane)
    _rooms: dict[str, Room] = field(default_factory=dict)
    _suggested: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    _tuned: dict[tuple[str, Style], Answers] = field(default_factory=dict)
    _finding: threading.Lock = field(default_factory=threading.Lock)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def names(self) -> tuple[str, ...]:
        """The collections, the first one first."""
        others: list[str] = []
        if self.opener and self.first.folder.parent.is_dir():
            others = sorted(
                p.name
                for p in self.first.folder.parent.iterdir()
                if p.is_dir() and p.name != self.first.name and (p / "conversations.sqlite").exists()
            )
        return (self.first.name, *others)

    def room(self, name: str = "") -> Room:
        """The collection of this name, opened when it is not yet."""
        if name in ("", self.first.name):
            return self.first
        if name not in self.names() or self.opener is None:
            raise InputError(f"There is no collection named “{name}”; choose one of: {', '.join(self.names())}.")
        with self._lock:
            if name not in self._rooms:
                self._rooms[name] = open_room(
                    self.first.folder.parent / name, *self.opener(self.first.folder.parent / name)
                )
            return self._rooms[name]

    def create(self, name: str) -> Room:
        """A new, empty collection beside the first."""
        name = " ".join(name.split())
        if self.opener is None:
            raise InputError("This server was started with one collection; more cannot be made here.")
        if not _NAME.fullmatch(name) or name.endswith("."):
            raise InputError(
                f"“{name}” cannot name a collection; use up to 40 letters, digits, spaces, dots or dashes."
            )
        if name in self.names() or (self.first.folder.parent / name).exists():
            raise InputError(f"“{name}” is taken; choose another name.")
        folder = self.first.folder.parent / name
        with self._lock:
            self._rooms[name] = open_room(folder, *self.opener(folder))
            return self._rooms[name]

    def assistant(self, room: Room, style: Style) -> Answers:
        """The room's assistant in this style; one for each style, because it keeps what it learns of the articles."""
        key = (room.name, style)
        if key not in self._tuned:
            self._tuned[key] = tuned(room.assistant, style)
        return self._tuned[key]

    def suggestions(self, room: Room, *, wait: bool = True) -> tuple[str, ...]:
        """Questions to begin with; found once for each state of the collection. Without ``wait``: those known now."""
        key = (room.name, room.library.revision)
        if key not in self._suggested and wait:
            with self._finding:
                if key not in self._suggested:
                    self._suggested[key] = suggestions(room)
        return self._suggested.get(key, ())

    def warm(self) -> None:
        """Finds the first questions beside the server's start; that loads the embedder, too."""

        def find() -> None:
            with contextlib.suppress(OnRecordError):  # a question asked now will say what is wrong
                self.suggestions(self.first)

        threading.Thread(target=find, name="warming", daemon=True).start()


def open_room(folder: Path, library: LibraryLike, assistant: Answers) -> Room:
    """A collection with what is kept beside it in ``folder``."""
    return Room(folder.name, library, assistant, Conversations(folder / "conversations.sqlite"), folder)
