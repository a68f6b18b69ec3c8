"""The second tab: what the collection holds, adding to it, removing from it, and whether its index is sound."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index import Library, doctor
from onrecord.index.errors import InputError, OnRecordError, UnknownArticle
from onrecord.index.store.folder_notes import Folder
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.page.adding import Step, add_addresses, add_files, add_folder, add_text, watch_folder
from onrecord.ui.page.article_table import fetched, health, overview, results, table
from onrecord.ui.page.scope import day
from onrecord.ui.page.sources import gone, reader

LONGEST_FACT = 300  # characters, as in the table's fields


def value(html: str) -> dict[str, Any]:
    return {"html": html, "at": time.time()}


def choices(collection: Collection) -> tuple[Any, Any]:
    """The filter's articles and sources, after the collection changed."""
    infos = collection.library.articles()
    articles = [(info.title, info.id) for info in infos]
    return gr.update(choices=articles), gr.update(choices=sorted({info.source for info in infos if info.source}))


def _folder(folder: Folder) -> str:
    """How a watched folder is listed."""
    parts = [f"{folder.files:,} files"]
    parts += [f"{len(folder.unread):,} unread"] if folder.unread else []
    parts += [f"{len(folder.gone):,} gone"] if folder.gone else []
    return f"{folder.path} ({folder.said or ', '.join(parts)})"


def _chosen(path: str | None) -> str:
    if not path:
        raise InputError("Choose the folder first.")
    return path


class CollectionTab:
    """The handlers. Changing handlers give: results, table, overview, the filter's two choices."""

    def __init__(self, collections: Collections) -> None:
        self.collections = collections

    def show(self, session: Session) -> tuple[Any, ...]:
        """table, overview, the filter's articles and sources."""
        collection = self.collections.open(session.collection)
        return value(table(collection)), value(overview(collection)), *choices(collection)

    def look(self, session: Session, event: gr.EventData) -> dict[str, Any]:
        """Another page, order or search of the table."""
        data = event._data
        collection = self.collections.open(session.collection)
        shown = table(
            collection,
            search=str(data.get("search", ""))[:200],
            sort=str(data.get("sort", "added")),
            down=bool(data.get("down", True)),
            page=int(data.get("page", 0)),
        )
        return value(shown)

    def span(self, event: gr.EventData) -> tuple[str, str]:
        """The filter's two dates: those of a column of the timeline."""
        return day(str(event._data.get("first", ""))), day(str(event._data.get("last", "")))

    def read(self, session: Session, event: gr.EventData) -> dict[str, Any]:
        """An article to read."""
        collection, key = self.collections.open(session.collection), str(event._data.get("id", ""))
        try:
            changes = collection.library.changes(key)
            return value(reader(collection.library.article(key), collection.library.sentences(key), changes=changes))
        except UnknownArticle:
            return value(gone("", ""))

    def edit(self, session: Session, event: gr.EventData) -> tuple[Any, ...]:
        """table, overview, the filter's two choices; or, of what cannot be stored, the reason."""
        data, collection = event._data, self.collections.open(session.collection)
        given = dict(data.get("facts", {}))
        facts = {name: str(given[name])[:LONGEST_FACT] for name in ("title", "source", "published") if name in given}
        try:
            collection.library.edit(str(data.get("id", "")), **facts)
        except OnRecordError as error:
            return ({"error": str(error), "at": time.time()}, *[gr.skip()] * 3)
        return self.look(session, event), value(overview(collection)), *choices(collection)

    def remove(self, session: Session, event: gr.EventData) -> tuple[Any, ...]:
        collection = self.collections.open(session.collection)
        try:
            report = collection.library.remove([str(key) for key in event._data.get("ids", ())])
            count = len(report.removed)
            note = f"{count} article{'s' if count != 1 else ''} removed, from the index too."
        except OnRecordError as error:
            note = str(error)
        return (value(results([], note)), *self.show(session))

    def upload(self, session: Session, files: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        """As the others, then the emptied file field."""
        collection = self.collections.open(session.collection)
        for update in self._followed(session, add_files(collection, files or (), self.collections.limits)):
            yield (*update, gr.skip() if update[1] == gr.skip() else None)

    def paste(
        self, session: Session, text: str, title: str, source: str, published: str, url: str
    ) -> Iterator[tuple[Any, ...]]:
        """As the others, then the emptied text field."""
        collection = self.collections.open(session.collection)

        def steps() -> Iterator[Step]:
            yield from add_text(collection, text, title=title, source=source, published=day(published), url=url)

        for update in self._followed(session, steps()):
            yield (*update, gr.skip() if update[1] == gr.skip() or "added" not in str(update[0]) else "")

    def folder(self, session: Session, path: str) -> Iterator[tuple[Any, ...]]:
        yield from self._followed(session, add_folder(self.collections.open(session.collection), path))

    def folders(self, session: Session) -> Any:
        """The folders that can be watched no longer."""
        watched = self.collections.open(session.collection).library.folders.watched()
        return gr.update(choices=[(_folder(one), one.path) for one in watched], value=None)

    def watch(self, session: Session, path: str) -> Iterator[tuple[Any, ...]]:
        """As the others, then the folders."""
        for update in self._followed(session, watch_folder(self.collections.open(session.collection), path)):
            yield (*update, gr.skip() if update[1] == gr.skip() else self.folders(session))

    def unwatch(self, session: Session, path: str | None) -> tuple[Any, ...]:
        """results, the folders."""
        try:
            self.collections.open(session.collection).library.folders.unwatch(_chosen(path))
        except OnRecordError as error:
            return value(results([], str(error))), gr.skip()
        return value(results([], f"{path} is watched no longer; its articles stay.")), self.folders(session)

    def remove_gone(self, session: Session, path: str | None) -> tuple[Any, ...]:
        """As the others, then the folders."""
        try:
            report = self.collections.open(session.collection).library.folders.remove_gone(_chosen(path))
        except OnRecordError as error:
            return value(results([], str(error))), *[gr.skip()] * 5
        count = len(report.removed)
        note = f"{count} article{'s' if count != 1 else ''} of files that are gone removed, from the index too."
        return value(results([], note)), *self.show(session), self.folders(session)

    def addresses(self, session: Session, text: str) -> Iterator[tuple[Any, ...]]:
        """As the others, then the text field, emptied unless one of them is to be mended."""
        steps = add_addresses(self.collections.open(session.collection), text, self.collections.limits)
        for update in self._followed(session, steps):
            fine = update[1] != gr.skip() and 'class="bad"' not in str(update[0]) and "added" in str(update[0])
            yield (*update, "" if fine else gr.skip())

    def feeds(self, session: Session) -> Any:
        """The feeds that can be followed no longer."""
        feeds = self.collections.open(session.collection).library.web.feeds()
        return gr.update(
            choices=[(f"{one.title} ({one.said or one.address})", one.address) for one in feeds], value=None
        )

    def follow(self, session: Session, address: str, page: bool = False) -> tuple[Any, ...]:
        """results, the feeds, the emptied field."""
        try:
            feed = self.collections.open(session.collection).library.web.follow(address, page=page)
        except OnRecordError as error:
            return value(results([], str(error))), gr.skip(), gr.skip()
        note = f"Following {feed.title}. Its {feed.waiting:,} pages are read now; they come into the table. {feed.note}"
        if page:
            note = f"Following the page “{feed.title}”; it is read again when it changes."
        return value(results([], note)), self.feeds(session), ""

    def unfollow(self, session: Session, address: str | None) -> tuple[Any, ...]:
        """results, the feeds."""
        try:
            if not address:
                raise InputError("Choose the feed first.")
            self.collections.open(session.collection).library.web.unfollow(address)
        except OnRecordError as error:
            return value(results([], str(error))), gr.skip()
        return value(results([], f"{address} is followed no longer; its articles stay.")), self.feeds(session)

    def fetched(self, session: Session) -> dict[str, Any]:
        """The newest requests that were made."""
        return value(fetched(self.collections.open(session.collection).library.web.visits(50)))

    def _followed(self, session: Session, steps: Iterator[Step]) -> Iterator[tuple[Any, ...]]:
        """The steps as they come; the table and the rest once, at the end."""
        rows: list[tuple[str, str, bool]] = []
        note = ""
        try:
            for rows, note in steps:
                yield (value(results(rows, note)), *[gr.skip()] * 4)
        except OnRecordError as error:
            note = str(error)
        yield (value(results(rows, note)), *self.show(session))

    def check(self, session: Session) -> dict[str, Any]:
        """What the doctor says."""
        try:
            report = doctor.examine(self._library(session))
        except OnRecordError as error:
            return value(health([(str(error), "")], None))
        findings = [(finding.message, f"Cure: {finding.cure}.") for finding in report.findings]
        return value(health(findings, report.passages))

    def rebuild(self, session: Session) -> dict[str, Any]:
        """Builds the index anew from the stored articles, then checks it."""
        try:
            self._library(session).rebuild()
        except OnRecordError as error:
            return value(health([(str(error), "")], None))
        return self.check(session)

    def _library(self, session: Session) -> Library:
        return cast(Library, self.collections.open(session.collection).library)

    def switch(self, name: str, session: Session) -> Session:
        """The tab's session in another collection; the conversation there begins anew."""
        if name == self.collections.open(session.collection).name:
            return session
        return replace(session, collection=self.collections.open(name).name, conversation="", editing="")

    def create(self, name: str, session: Session) -> tuple[Any, ...]:
        """results, choice of collections."""
        try:
            collection = self.collections.create(name)
        except OnRecordError as error:
            return value(results([], str(error))), gr.skip()
        return value(results([], f"“{collection.name}” is ready.")), gr.update(
            choices=self.collections.names(), value=collection.name
        )
