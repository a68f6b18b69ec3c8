"""Everything that the page's handlers share: the collections, the queue to the model, what a tab has open."""

import contextlib
import logging
import re
import secrets
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from onrecord.index import tracing
from onrecord.index.errors import InputError, OnRecordError
from onrecord.index.store.catalogue import FILE as CATALOGUE
from onrecord.qa.engines.base import Engine, at_once
from onrecord.ui.desk import uploads
from onrecord.ui.desk.asking_again import AskingAgain
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.following import Following
from onrecord.ui.desk.model_queue import ModelQueue
from onrecord.ui.desk.protocols import AssistantLike, LibraryLike
from onrecord.ui.desk.running import Answers
from onrecord.ui.desk.suggest import suggestions
from onrecord.ui.desk.tidying import follow
from onrecord.ui.desk.tuning import Style, tuned
from onrecord.ui.desk.writer import Writer

Opener = Callable[[Path], tuple[LibraryLike, AssistantLike]]
log = logging.getLogger("onrecord")
_NAME = re.compile(r"[^\W_][\w .-]{0,39}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one upload and one question may hold."""

    files: int = 200
    file_bytes: int = 50_000_000
    question_chars: int = 2_000


@dataclass(frozen=True, slots=True)
class Session:
    """What one browser tab has open. ``editing``: the turn that the next question replaces.

    ``arrived``: whether the page's address has been read. Before that nobody knows which conversation is open.
    """

    collection: str = ""
    conversation: str = ""
    editing: str = ""
    style: Style = Style()  # noqa: RUF009  (frozen)
    arrived: bool = False


@dataclass(slots=True)
class Collections:
    """The first collection and those in folders beside it. Without ``opener`` there is only the first.

    ``token``: lets this account's commands in at ``/api/v1`` for as long as this process runs.
    ``writer``: the model of all of them, where another can be chosen. ``traces``: what is traced is below it. `close`
    closes what was opened here: every conversation store, and the collections that ``opener`` gave. Who gave the first
    library and the model closes those.
    """

    first: Collection
    opener: Opener | None = None
    limits: Limits = Limits()
    folders_allowed: bool = True  # whether a person may name a folder on the server to read articles from
    queue: ModelQueue = field(default_factory=ModelQueue)
    answers: Answers = field(default_factory=Answers)
    writer: Writer | None = None
    traces: tracing.Span = tracing.NOBODY
    token: str = field(default_factory=lambda: f"run_{secrets.token_urlsafe(32)}")
    _address: str = ""
    _others: dict[str, Collection] = field(default_factory=dict)
    _suggested: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    _tuned: dict[tuple[str, Style], AssistantLike] = field(default_factory=dict)
    _finding: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)
    _warming: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.queue.width = at_once(self.first.assistant.engine)
        self.answers.traces = self.traces

    def names(self) -> tuple[str, ...]:
        """The collections, the first one first."""
        return names_from(self.first.folder) if self.opener else (self.first.name,)

    def open(self, name: str = "") -> Collection:
        """The collection of this name, opened when it is not yet."""
        if name in ("", self.first.name):
            return self.first
        if name not in self.names():
            raise InputError(f"There is no collection named “{name}”; choose one of: {', '.join(self.names())}.")
        return self._open(name)

    def opened(self) -> tuple[Collection, ...]:
        """Those that are open now."""
        with self._lock:
            return (self.first, *self._others.values())

    def create(self, name: str) -> Collection:
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
        return self._open(name)

    def announce(self, address: str) -> None:
        """Tells the commands of this account where the open collections are served, and the token; empty: nowhere."""
        with self._lock:
            self._address = address
            for collection in (self.first, *self._others.values()):
                self._announce(collection)

    def _announce(self, collection: Collection) -> None:
        here = {"address": self._address, "token": self.token, "collection": collection.name}
        collection.library.announce(here if self._address else {})

    def _open(self, name: str) -> Collection:
        with self._lock:
            if name not in self._others:
                if self.opener is None:
                    raise InputError("The server is being stopped; start it again to open another collection.")
                folder = self.first.folder.parent / name
                self._others[name] = collection_in(folder, *self.opener(folder))
                self._announce(self._others[name])
            return self._others[name]

    def assistant(self, collection: Collection, style: Style) -> AssistantLike:
        """The collection's assistant in this style, one each, because it keeps what it learns of the articles."""
        key = (collection.name, style)
        with self._lock:
            if key not in self._tuned:
                self._tuned[key] = tuned(collection.assistant, style)
            return self._tuned[key]

    def write_with(self, name: str) -> None:
        """Another model for every collection, between two questions: those asked before are finished first.

        Raises the `OnRecordError` that says why it cannot be loaded; then the model before it goes on writing.
        """
        if self.writer is None:
            raise InputError("This server was started with one model; another cannot be chosen here.")
        with self.queue.alone():
            if name == self.writer.chosen:
                return
            engine = self.writer.load(name)
            with self._lock:
                before = self.writer.take(name, engine)
                self.queue.width = at_once(engine)
                opened = (self.first, *self._others.values())
                for assistant in (*(collection.assistant for collection in opened), *self._tuned.values()):
                    assistant.engine = engine
            if before is not None:
                before.close()

    def close(self) -> None:
        """Closes what was opened here, each whatever became of the others; a second call does nothing.

        Answers under way are stopped and kept as far as they are. Waits for `warm`: at the process's end a thread
        in a library that is not Python would be torn out of it, which aborts the process.
        """
        self._closing.set()
        self.answers.close()
        if self._warming is not None:
            self._warming.join()
        with self._lock:
            opened, self._others = list(self._others.values()), {}
        self.opener = None
        for collection in opened:
            _close(collection.library)
            engine = collection.assistant.engine
            if engine is not None and engine not in (self.first.assistant.engine, self.writer and self.writer.engine):
                _close(engine)
        for collection in (self.first, *opened):
            collection.conversations.close()
        uploads.let_go(self)

    def suggestions(self, collection: Collection, *, wait: bool = True) -> tuple[str, ...]:
        """Questions to begin with; found once for each state of the collection. Without ``wait``: those known now."""
        key = (collection.name, collection.library.revision)
        if key not in self._suggested and wait:
            with self._finding:
                if key not in self._suggested:
                    found = suggestions(collection, stopped=self._ending)
                    if self._ending():
                        return ()
                    self._suggested[key] = found
        return self._suggested.get(key, ())

    def warm(self) -> None:
        """Finds the first questions beside the server's start; that loads the embedder, too."""

        def find() -> None:
            with contextlib.suppress(OnRecordError):  # a question asked now will say what is wrong
                self.suggestions(self.first)

        self._warming = threading.Thread(target=find, name="warming")
        self._warming.start()

    def _ending(self) -> bool:
        """Whether this is being closed, or the process ends without that."""
        return self._closing.is_set() or not threading.main_thread().is_alive()


def names_from(folder: Path) -> tuple[str, ...]:
    """The collection in ``folder``, and after it those in the folders beside it."""
    beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
    others = (p for p in beside if p.is_dir() and any((p / file).exists() for file in (FILE, CATALOGUE)))
    return (folder.name, *sorted(p.name for p in others if p.name != folder.name))


def collection_in(folder: Path, library: LibraryLike, assistant: AssistantLike) -> Collection:
    """A collection with what is kept beside it in ``folder``."""
    conversations = Conversations(folder / FILE, library.database)
    follow(library, conversations, folder)
    return Collection(folder.name, library, assistant, conversations, folder)


def closing(collections: Collections) -> Callable[[object], contextlib.AbstractAsyncContextManager[None]]:
    """The lifespan of an app: feeds are read, saved questions asked; what was opened is closed at its end."""

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        workers = (Following(collections.opened), AskingAgain(collections.opened, collections.queue))
        for worker in workers:
            worker.start()
        yield
        for worker in workers:
            worker.stop()
        collections.close()

    return lifespan


def _close(part: LibraryLike | Engine) -> None:
    """What fails must not keep the next from being closed."""
    try:
        part.close()
    except (OnRecordError, OSError) as error:
        log.warning("%s could not be closed: %s", type(part).__name__, error)
