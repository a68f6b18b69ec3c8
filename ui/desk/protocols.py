"""What the page and the doors need of a library and of an assistant, so that tests may bring their own."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from onrecord.index.fetching.values import Visit
from onrecord.index.reading.files import Named, OnReading, ReadResult, shown_path
from onrecord.index.store.base import Database
from onrecord.index.store.folder_notes import Folder
from onrecord.index.store.web_notes import Feed
from onrecord.index.text.changes import Changed
from onrecord.index.types import Article, Filter, Hit, SyncReport
from onrecord.qa.briefing.values import Brief
from onrecord.qa.differences.values import Difference
from onrecord.qa.engines.base import Engine
from onrecord.qa.people.kept import Articles
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.types import Event, Turn


class DifferencesLike(Protocol):
    """What is needed of an ``onrecord.qa.differences.finder.Differences``."""

    def refresh(self, *, most: int | None = None, stopped: Callable[[], bool] = ...) -> int: ...
    def shown(self, scope: Filter | None = None) -> Sequence[Difference]: ...
    def dismiss(self, difference_id: str, /) -> None: ...


class AssistantLike(Protocol):
    """What is needed of an ``onrecord.qa.Assistant``. Engine and settings may be exchanged between questions."""

    engine: Engine | None
    settings: AnswerSettings

    def stream(
        self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None
    ) -> Generator[Event, None, None]: ...
    @property
    def differences(self) -> DifferencesLike: ...
    def brief(self, about: str = "", scope: Filter | None = None) -> Brief: ...


class WebLike(Protocol):
    """What is needed of an ``onrecord.index.web.Web``."""

    def add(
        self,
        addresses: Iterable[str],
        *,
        on_progress: Callable[[float, int], None] | None = None,
        on_reading: OnReading | None = None,
    ) -> SyncReport: ...
    def feeds(self) -> Sequence[Feed]: ...
    def follow(self, address: str, /, *, page: bool = False) -> Feed: ...
    def unfollow(self, address: str, /) -> None: ...
    def visits(self, most: int = 100) -> Sequence[Visit]: ...
    def read_due(self, minutes: float | None = None, *, stopped: Callable[[], bool] = ...) -> SyncReport: ...


class FoldersLike(Protocol):
    """What is needed of an ``onrecord.index.folders.Folders``."""

    def watched(self) -> Sequence[Folder]: ...
    def watch(self, folder: Path | str, /) -> Folder: ...
    def unwatch(self, folder: Path | str, /) -> None: ...
    def look(
        self,
        folder: Path | str,
        /,
        *,
        on_progress: Callable[[float, int], None] | None = None,
        on_reading: OnReading | None = None,
    ) -> SyncReport: ...
    def look_due(self, *, stopped: Callable[[], bool] = ...) -> SyncReport: ...
    def remove_gone(self, folder: Path | str, /) -> SyncReport: ...


class LibraryLike(Articles, Protocol):
    """What is needed of an ``onrecord.index.Library``."""

    @property
    def path(self) -> Path: ...
    @property
    def database(self) -> Database | None: ...
    @property
    def web(self) -> WebLike: ...
    @property
    def folders(self) -> FoldersLike: ...
    def search(self, query: str, *, top_k: int = 10) -> Sequence[Hit]: ...
    def copies(self, article_id: str, /) -> Sequence[str]: ...
    def changes(self, article_id: str, /) -> Sequence[Changed]: ...
    def add(
        self, articles: Iterable[Article], *, on_progress: Callable[[float, int], None] | None = None
    ) -> SyncReport: ...
    def read_paths(
        self, paths: Iterable[Path | str], *, on_reading: OnReading | None = None, named: Named = shown_path
    ) -> Iterator[ReadResult]: ...
    def add_paths(
        self,
        paths: Iterable[Path | str],
        *,
        on_progress: Callable[[float, int], None] | None = None,
        on_reading: Callable[[str], None] | None = None,
    ) -> SyncReport: ...
    def edit(
        self, article_id: str, /, *, title: str | None = None, source: str | None = None, published: str | None = None
    ) -> Article: ...
    def remove(self, ids: Sequence[str], /) -> SyncReport: ...
    def when_purged(self, tell: Callable[[], None], /) -> None: ...
    def announce(self, facts: Mapping[str, str], /) -> None: ...
    def close(self) -> None: ...
