"""The second tab: what the collection holds, adding to it, removing from it, and whether its index is sound."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index import Library, doctor
from onrecord.index.errors import InputError, OnRecordError, UnknownArticle
from onrecord.index.reading.articles import iso_date
from onrecord.index.store.folder_notes import Folder
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.page.adding import Step, add_addresses, add_files, add_folder, add_text, watch_folder
from onrecord.ui.page.article_table import fetched, health, overview, results, table
from onrecord.ui.page.language import _, counted
from onrecord.ui.page.messages import said
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
    parts = [counted(folder.files, "{count:,} file", "{count:,} files")]
    parts += [_("{count:,} unread", count=len(folder.unread))] if folder.unread else []
    parts += [_("{count:,} gone", count=len(folder.gone))] if folder.gone else []
    return f"{folder.path} ({said(folder.said) or ', '.join(parts)})"


def _chosen(path: str | None) -> str:
    if not path:
        raise InputError(_("Choose the folder first."))
    return path


def _refused(facts: dict[str, str]) -> str:
    """Beside which field the reason belongs why the facts could not be stored."""
    stated = facts.get("published", "")
    return "published" if stated.strip() and not iso_date(stated) else "title"


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
            return ({"error": said(str(error)), "of": _refused(facts), "at": time.time()}, *[gr.skip()] * 3)
        return self.look(session, event), value(overview(collection)), *choices(collection)

    def remove(self, session: Session, event: gr.EventData) -> tuple[Any, ...]:
        collection = self.collections.open(session.collection)
        try:
            report = collection.library.remove([str(key) for key in event._data.get("ids", ())])
            note = counted(
                len(report.removed),
                "{count:,} article removed, from the index too.",
                "{count:,} articles removed, from the index too.",
            )
        except OnRecordError as error:
            note = said(str(error))
        return (value(results([], note)), *self.show(session))

    def upload(self, session: Session, files: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        """As the others, then the emptied file field."""
        collection = self.collections.open(session.collection)
        steps = add_files(collection, files or (), self.collections.limits)
        yield from self._followed(session, steps, lambda last: None)

    def paste(
        self, session: Session, text: str, title: str, source: str, published: str, url: str
    ) -> Iterator[tuple[Any, ...]]:
        """As the others, then the emptied text field."""
        collection = self.collections.open(session.collection)

        def steps() -> Iterator[Step]:
            yield from add_text(collection, text, title=title, source=source, published=day(published), url=url)

        yield from self._followed(session, steps(), lambda last: "" if last.stored else gr.skip())

    def folder(self, session: Session, path: str) -> Iterator[tuple[Any, ...]]:
        yield from self._followed(session, add_folder(self.collections.open(session.collection), path))

    def folders(self, session: Session) -> Any:
        """The folders that can be watched no longer."""
        watched = self.collections.open(session.collection).library.folders.watched()
        return gr.update(choices=[(_folder(one), one.path) for one in watched], value=None)

    def watch(self, session: Session, path: str) -> Iterator[tuple[Any, ...]]:
        """As the others, then the folders."""
        steps = watch_folder(self.collections.open(session.collection), path)
        yield from self._followed(session, steps, lambda last: self.folders(session))

    def unwatch(self, session: Session, path: str | None) -> tuple[Any, ...]:
        """results, the folders."""
        try:
            self.collections.open(session.collection).library.folders.unwatch(_chosen(path))
        except OnRecordError as error:
            return value(results([], said(str(error)))), gr.skip()
        note = _("{path} is watched no longer; its articles stay.", path=path)
        return value(results([], note)), self.folders(session)

    def remove_gone(self, session: Session, path: str | None) -> tuple[Any, ...]:
        """As the others, then the folders."""
        try:
            report = self.collections.open(session.collection).library.folders.remove_gone(_chosen(path))
        except OnRecordError as error:
            return value(results([], said(str(error)))), *[gr.skip()] * 5
        count = len(report.removed)
        note = counted(
            count,
            "{count:,} article of files that are gone removed, from the index too.",
            "{count:,} articles of files that are gone removed, from the index too.",
        )
        return value(results([], note)), *self.show(session), self.folders(session)

    def addresses(self, session: Session, text: str) -> Iterator[tuple[Any, ...]]:
        """As the others, then the text field, emptied unless one of them is to be mended."""
        steps = add_addresses(self.collections.open(session.collection), text, self.collections.limits)
        yield from self._followed(
            session, steps, lambda last: "" if last.stored and all(fine for *_, fine in last.rows) else gr.skip()
        )

    def feeds(self, session: Session) -> Any:
        """The feeds that can be followed no longer."""
        feeds = self.collections.open(session.collection).library.web.feeds()
        return gr.update(
            choices=[(f"{one.title} ({said(one.said) or one.address})", one.address) for one in feeds], value=None
        )

    def follow(self, session: Session, address: str, page: bool = False) -> tuple[Any, ...]:
        """results, the feeds, the emptied field."""
        try:
            feed = self.collections.open(session.collection).library.web.follow(address, page=page)
        except OnRecordError as error:
            return value(results([], said(str(error)))), gr.skip(), gr.skip()
        note = _("Following the page “{title}”; it is read again when it changes.", title=feed.title)
        if not page:
            note = counted(
                feed.waiting,
                "Following {feed}. Its {count:,} page is read now, and comes into the table then.",
                "Following {feed}. Its {count:,} pages are read now; they come into the table.",
                feed=feed.title,
            )
            note = f"{note} {said(feed.note)}"
        return value(results([], note)), self.feeds(session), ""

    def unfollow(self, session: Session, address: str | None) -> tuple[Any, ...]:
        """results, the feeds."""
        try:
            if not address:
                raise InputError(_("Choose the feed first."))
            self.collections.open(session.collection).library.web.unfollow(address)
        except OnRecordError as error:
            return value(results([], said(str(error)))), gr.skip()
        note = _("{address} is followed no longer; its articles stay.", address=address)
        return value(results([], note)), self.feeds(session)

    def fetched(self, session: Session) -> dict[str, Any]:
        """The newest requests that were made."""
        return value(fetched(self.collections.open(session.collection).library.web.visits(50)))

    def _followed(
        self, session: Session, steps: Iterator[Step], emptied: Callable[[Step], Any] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """The steps as they come; the table and the rest once, at the end, with the field as ``emptied`` has it."""
        step = Step([], "")
        unchanged = [gr.skip()] * (5 if emptied else 4)
        try:
            for step in steps:
                yield (value(results(step.rows, step.note)), *unchanged)
        except OnRecordError as error:
            step = Step(step.rows, said(str(error)))
        yield (value(results(step.rows, step.note)), *self.show(session), *([emptied(step)] if emptied else []))

    def check(self, session: Session) -> dict[str, Any]:
        """What the doctor says."""
        try:
            report = doctor.examine(self._library(session))
        except OnRecordError as error:
            return value(health([(said(str(error)), "")], None))
        findings = [(said(one.message), _("Cure: {cure}.", cure=said(one.cure))) for one in report.findings]
        return value(health(findings, report.passages))

    def rebuild(self, session: Session) -> dict[str, Any]:
        """Builds the index anew from the stored articles, then checks it."""
        try:
            self._library(session).rebuild()
        except OnRecordError as error:
            return value(health([(said(str(error)), "")], None))
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
            return value(results([], said(str(error)))), gr.skip()
        note = _("“{name}” is ready.", name=collection.name)
        return value(results([], note)), gr.update(choices=self.collections.names(), value=collection.name)
