"""What commands do with a collection, whoever has it open."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from onrecord.index.doctor import Finding
from onrecord.qa.types import Event

if TYPE_CHECKING:
    from onrecord.index.fetching.values import Visit
    from onrecord.index.ray_workers import Workers
    from onrecord.index.store.folder_notes import Folder
    from onrecord.index.store.web_notes import Feed
    from onrecord.index.types import Article, ArticleInfo, Filter, SyncReport
    from onrecord.qa.briefing.values import Brief
    from onrecord.qa.differences.values import Difference
    from onrecord.qa.names.values import Mention, NameEntry, NameKind
    from onrecord.qa.people.values import Person, Statement
    from onrecord.qa.types import Turn
    from onrecord.ui.desk.feedback import Suite
    from onrecord.ui.desk.saved import SavedQuestion

Progress = Callable[[float, int], None]


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a collection's stores, how much they hold, and the number of the catalogue's schema."""

    articles: int
    passages: int
    schema: str
    findings: tuple[Finding, ...]


class CollectionCommands(Protocol):
    """What commands do with a collection. A filter's warnings are sentences for the person who gave it."""

    def count(self) -> int:
        """How many articles there are."""
        ...

    def articles(self, scope: "Filter") -> "tuple[Sequence[ArticleInfo], Sequence[str]]":
        """The articles within the filter, and its warnings."""
        ...

    def add(
        self, paths: Sequence[Path | str], *, on_progress: Progress, on_reading: Callable[[str], None] | None
    ) -> "SyncReport":
        """Adds what this process can read of files and folders, as ``Library.add_paths``."""
        ...

    def add_by_workers(self, paths: Sequence[Path | str], workers: "Workers", *, on_progress: Progress) -> "SyncReport":
        """The same by the workers of a Ray cluster, as ``Library.add_by_workers``."""
        ...

    def add_addresses(
        self, addresses: Sequence[str], *, on_progress: Progress, on_reading: Callable[[str], None] | None
    ) -> "SyncReport":
        """Fetches the addresses and adds what is there, as ``Web.add``."""
        ...

    def follow(self, feed: str, *, page: bool) -> "Feed":
        """Follows a feed, or a page; raises where there is none."""
        ...

    def read_items(self, feed: "Feed", *, on_progress: Progress) -> "SyncReport | None":
        """Adds what the feed lists; None where a server does that."""
        ...

    def unfollow(self, feed: str) -> None:
        """Raises ``InputError`` for one that is not followed."""
        ...

    def feeds(self) -> "Sequence[Feed]":
        """Those that are followed."""
        ...

    def watch(self, folder: Path, *, on_progress: Progress) -> "SyncReport":
        """Watches a folder and adds what is new in it; raises ``InputError`` where there is none."""
        ...

    def unwatch(self, folder: Path) -> None:
        """Raises ``InputError`` for one that is not watched."""
        ...

    def watched(self) -> "Sequence[Folder]":
        """The folders that are watched."""
        ...

    def remove_gone(self, folder: Path) -> "SyncReport":
        """Removes the articles of files that are gone from a watched folder."""
        ...

    def visits(self, most: int) -> "Sequence[Visit]":
        """The newest lines of the log of what was fetched."""
        ...

    def remove(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Removes all of these, or raises `UnknownArticle`."""
        ...

    def edit(self, article_id: str, facts: "Mapping[str, str]") -> "Article":
        """Sets title, source or published of an article, as ``Library.edit``."""
        ...

    def search(
        self, query: str, *, top_k: int, scope: "Filter", min_score: float | None
    ) -> tuple[Sequence[dict[str, Any]], Sequence[str]]:
        """The hits as plain data, and the filter's warnings; as ``Library.search``."""
        ...

    def ask(
        self, question: str, history: "Sequence[Turn]", scope: "Filter", *, model: str, length: str
    ) -> Generator[Event, None, None]:
        """The events of one answer; its warnings begin with the filter's. ``model``, ``length``: empty unless given."""
        ...

    def people(self, scope: "Filter") -> "tuple[Sequence[Person], Sequence[str]]":
        """Everybody who is named as a speaker, and the filter's warnings."""
        ...

    def names(
        self, kind: "NameKind", scope: "Filter", *, on_progress: Progress
    ) -> "tuple[Sequence[NameEntry], Sequence[str]]":
        """The names of a kind, and what is to be said of the filter and of what is missing."""
        ...

    def named(
        self, name: str, kind: "NameKind | None", scope: "Filter", *, on_progress: Progress
    ) -> "tuple[Sequence[Mention], Sequence[str]]":
        """Every sentence that has the name, and the same."""
        ...

    def said(self, speaker: str, scope: "Filter") -> "tuple[Sequence[Statement], Sequence[str]]":
        """All that is by somebody of this name, by the day, and the filter's warnings."""
        ...

    def questions(self) -> "Sequence[SavedQuestion]":
        """The saved ones."""
        ...

    def save_question(self, question: str, scope: "Filter") -> "SavedQuestion":
        """Asks it now, in quotes, and keeps it."""
        ...

    def ask_question(self, question_id: str) -> "SavedQuestion":
        """Asks a saved one again."""
        ...

    def seen_question(self, question_id: str) -> "SavedQuestion":
        """From now on, changes are counted from its answer as it is."""
        ...

    def remove_question(self, question_id: str) -> None:
        """Raises ``InputError`` where there is none."""
        ...

    def feedback(self) -> "Suite":
        """What people said of answers on the page."""
        ...

    def differences(
        self, scope: "Filter", *, on_progress: Progress
    ) -> "tuple[Sequence[Difference], int, Sequence[str]]":
        """What the articles within the filter disagree on, how many are still to be compared, the filter's warnings."""
        ...

    def dismiss(self, difference_id: str) -> None:
        """Raises `InputError` for one that is not there."""
        ...

    def brief(self, about: str, scope: "Filter") -> "Brief":
        """The brief of the articles within the filter, or of those of them about a subject."""
        ...

    def examine(self) -> Examined:
        """Whether the stores agree."""
        ...

    def close(self) -> None:
        """Lets go of it."""
        ...
