"""The collection that a command works on: opened by the command, or asked for at the server that has it open.

Both are behind one protocol, so that no command knows which it has.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from onrecord.index import doctor
from onrecord.index.errors import LibraryBusy
from onrecord.qa.build import build_assistant
from onrecord.qa.differences.finder import Differences
from onrecord.qa.names.index import AT_ONCE, Names
from onrecord.qa.people.index import People
from onrecord.qa.settings import NO_MODEL
from onrecord.qa.types import Event, Finished
from onrecord.ui.cli import opening
from onrecord.ui.cli.group import complain
from onrecord.ui.cli.protocol import CollectionCommands, Examined, Progress
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.feedback import Feedback, Suite
from onrecord.ui.desk.forgetting import ArticleLookup
from onrecord.ui.desk.saved import SavedQuestions
from onrecord.ui.desk.searching import found, scope_warnings
from onrecord.ui.desk.tidying import tidy

if TYPE_CHECKING:
    from onrecord.index.fetching.values import Visit
    from onrecord.index.library import Library
    from onrecord.index.ray_workers import Workers
    from onrecord.index.store.folder_notes import Folder
    from onrecord.index.store.web_notes import Feed
    from onrecord.index.types import Article, ArticleInfo, Filter, SyncReport
    from onrecord.qa.briefing.values import Brief
    from onrecord.qa.differences.values import Difference
    from onrecord.qa.names.values import Mention, NameEntry, NameKind
    from onrecord.qa.people.values import Person, Statement
    from onrecord.qa.settings import Settings
    from onrecord.qa.types import Turn
    from onrecord.ui.desk.saved import SavedQuestion

Result = TypeVar("Result")
NOBODY = ""  # whose the questions are where nobody has to log in, as on the page


def open_collection(settings: "Settings") -> CollectionCommands:
    """The collection in the settings' folder. Raises `LibraryBusy` where another process has it and serves nothing."""
    try:
        return OpenedCollection(settings, opening.open_library(settings))
    except LibraryBusy:
        from onrecord.ui.cli.served import ServedCollection
        from onrecord.ui.http.client import place_of

        if place := place_of(settings.data):
            return ServedCollection(settings, place)
        raise


def found_in(settings: "Settings", ask: Callable[[CollectionCommands], tuple[Result, Sequence[str]]]) -> Result:
    """What ``ask`` finds in the collection; what else is to be said of it is told when it is closed again."""
    with closing(open_collection(settings)) as collection:
        result, warnings = ask(collection)
    for warning in warnings:
        complain(warning)
    return result


class OpenedCollection:
    """A collection that nobody else has open."""

    def __init__(self, settings: "Settings", library: "Library") -> None:
        self._settings, self._library = settings, library

    def count(self) -> int:
        return self._library.article_count()

    def articles(self, scope: "Filter") -> "tuple[Sequence[ArticleInfo], Sequence[str]]":
        warnings = scope_warnings(self._library, scope)
        return self._library.articles(scope or None), warnings

    def add(
        self, paths: Sequence[Path | str], *, on_progress: Progress, on_reading: Callable[[str], None] | None
    ) -> "SyncReport":
        return self._tidied(self._library.add_paths(paths, on_progress=on_progress, on_reading=on_reading))

    def add_by_workers(self, paths: Sequence[Path | str], workers: "Workers", *, on_progress: Progress) -> "SyncReport":
        return self._tidied(self._library.add_by_workers(paths, workers, on_progress=on_progress))

    def add_addresses(
        self, addresses: Sequence[str], *, on_progress: Progress, on_reading: Callable[[str], None] | None
    ) -> "SyncReport":
        return self._tidied(self._library.web.add(addresses, on_progress=on_progress, on_reading=on_reading))

    def follow(self, feed: str, *, page: bool) -> "Feed":
        return self._library.web.follow(feed, page=page)

    def read_items(self, feed: "Feed", *, on_progress: Progress) -> "SyncReport | None":
        return self._tidied(self._library.web.read_items(feed.address, on_progress=on_progress))

    def unfollow(self, feed: str) -> None:
        self._library.web.unfollow(feed)

    def feeds(self) -> "Sequence[Feed]":
        return self._library.web.feeds()

    def watch(self, folder: Path, *, on_progress: Progress) -> "SyncReport":
        watched = self._library.folders.watch(folder)
        return self._tidied(self._library.folders.look(watched.path, on_progress=on_progress))

    def unwatch(self, folder: Path) -> None:
        self._library.folders.unwatch(folder)

    def watched(self) -> "Sequence[Folder]":
        return self._library.folders.watched()

    def remove_gone(self, folder: Path) -> "SyncReport":
        return self._tidied(self._library.folders.remove_gone(folder))

    def visits(self, most: int) -> "Sequence[Visit]":
        return self._library.web.visits(most)

    def _tidied(self, report: "SyncReport") -> "SyncReport":
        if report.changed or report.removed:
            tidy(self._library, self._library.path)
        return report

    def remove(self, ids: Sequence[str]) -> tuple[str, ...]:
        removed = self._library.remove(ids).removed
        tidy(self._library, self._library.path)
        return removed

    def edit(self, article_id: str, facts: Mapping[str, str]) -> "Article":
        edited = self._library.edit(article_id, **facts)
        tidy(self._library, self._library.path)
        return edited

    def search(
        self, query: str, *, top_k: int, scope: "Filter", min_score: float | None
    ) -> tuple[Sequence[dict[str, Any]], Sequence[str]]:
        warnings = scope_warnings(self._library, scope)
        hits = self._library.search(query, top_k=top_k, where=scope or None, min_score=min_score)
        return list(found(self._library, hits)), warnings

    def ask(
        self, question: str, history: "Sequence[Turn]", scope: "Filter", *, model: str, length: str
    ) -> Generator[Event, None, None]:
        warnings = scope_warnings(self._library, scope)
        engine = None if model == NO_MODEL else opening.open_engine(self._settings, required=bool(model))
        try:
            for event in build_assistant(self._settings, self._library, engine).stream(
                question, history, scope or None
            ):
                if isinstance(event, Finished):
                    event = Finished(replace(event.answer, warnings=(*warnings, *event.answer.warnings)))
                yield event
        finally:
            if engine is not None:
                engine.close()

    def people(self, scope: "Filter") -> "tuple[Sequence[Person], Sequence[str]]":
        warnings = scope_warnings(self._library, scope)
        return People(self._library).people(scope or None), warnings

    def names(
        self, kind: "NameKind", scope: "Filter", *, on_progress: Progress
    ) -> "tuple[Sequence[NameEntry], Sequence[str]]":
        warnings, names = scope_warnings(self._library, scope), self._names(kind, on_progress)
        return names.entries(kind, scope or None), [*warnings, *names.lacks(kind)]

    def named(
        self, name: str, kind: "NameKind | None", scope: "Filter", *, on_progress: Progress
    ) -> "tuple[Sequence[Mention], Sequence[str]]":
        warnings, names = scope_warnings(self._library, scope), self._names(kind, on_progress)
        return names.sentences(name, kind, scope or None), [*warnings, *names.lacks(kind)]

    def _names(self, kind: "NameKind | None", on_progress: Progress) -> Names:
        """With every article read, a few at a time."""
        names = Names(self._library)
        left = every = names.refresh(most=0, kind=kind)
        while left:
            left = names.refresh(most=AT_ONCE)
            on_progress(every - left, every)
        return names

    def said(self, speaker: str, scope: "Filter") -> "tuple[Sequence[Statement], Sequence[str]]":
        warnings = scope_warnings(self._library, scope)
        return People(self._library).said(speaker, scope or None), warnings

    def questions(self) -> "Sequence[SavedQuestion]":
        with self._saved() as saved:
            return saved.list(NOBODY)

    def save_question(self, question: str, scope: "Filter") -> "SavedQuestion":
        scope_warnings(self._library, scope)  # raises for an article that is not there
        with self._saved() as saved:
            return saved.save(NOBODY, question, scope, build_assistant(self._settings, self._library, None))

    def ask_question(self, question_id: str) -> "SavedQuestion":
        with self._saved() as saved:
            return saved.again(NOBODY, question_id, build_assistant(self._settings, self._library, None))

    def seen_question(self, question_id: str) -> "SavedQuestion":
        with self._saved() as saved:
            return saved.seen(NOBODY, question_id)

    def remove_question(self, question_id: str) -> None:
        with self._saved() as saved:
            saved.remove(NOBODY, question_id)

    def feedback(self) -> Suite:
        with self._kept() as kept:
            return Feedback(kept, lambda: ArticleLookup(self._library.article)).suite()

    @contextmanager
    def _saved(self) -> "Iterator[SavedQuestions]":
        with self._kept() as kept:
            yield SavedQuestions(kept, lambda: ArticleLookup(self._library.article))

    @contextmanager
    def _kept(self) -> Iterator[Conversations]:
        with closing(Conversations(self._settings.data / FILE, self._library.database)) as kept:
            kept.follow(self._library.article, self._library.revision)
            yield kept

    def differences(
        self, scope: "Filter", *, on_progress: Progress
    ) -> "tuple[Sequence[Difference], int, Sequence[str]]":
        warnings, made = scope_warnings(self._library, scope), Differences(self._library)
        pending = made.refresh(on_progress=on_progress)
        return made.shown(scope or None), pending, warnings

    def dismiss(self, difference_id: str) -> None:
        Differences(self._library).dismiss(difference_id)

    def brief(self, about: str, scope: "Filter") -> "Brief":
        warnings = scope_warnings(self._library, scope)
        told = build_assistant(self._settings, self._library, None).brief(about, scope or None)
        return replace(told, warnings=(*warnings, *told.warnings))

    def examine(self) -> Examined:
        report = doctor.examine(self._library)
        return Examined(self.count(), self._library.passage_count, report.schema, report.findings)

    def close(self) -> None:
        self._library.close()
