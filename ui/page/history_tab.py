"""The third tab: earlier conversations, to open, search, rename and delete."""

import time
from dataclasses import replace
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import OnRecordError
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.chat import Chat, owner_of
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.language import _, counted
from onrecord.ui.page.messages import said


def listed(collection: Collection, owner: str, search: str = "", note: str = "") -> dict[str, Any]:
    rows = collection.conversations.list(owner, search)
    items = "".join(
        f'<li><button type="button" class="title" data-open="{e(c.id)}">{bdi(c.title)}</button>'
        f'<span class="soft">{e(day_text(c.updated))} · '
        f"{counted(c.turns, '{count:,} question', '{count:,} questions')}</span>"
        f'<button type="button" class="quiet" data-rename="{e(c.id)}" data-title="{e(c.title)}" '
        f'aria-label="{_("Rename {title}", title=e(c.title))}">{_("Rename")}</button>'
        f'<button type="button" class="quiet" data-delete="{e(c.id)}" data-title="{e(c.title)}" '
        f'aria-label="{_("Delete {title}", title=e(c.title))}">{_("Delete")}</button></li>'
        for c in rows
    )
    empty = _("No conversation holds “{words}”.", words=e(search)) if search else _("What you ask is kept here.")
    body = f'<ul class="conversations">{items}</ul>' if rows else f'<p class="soft">{empty}</p>'
    return {"html": f'<p class="soft" role="status">{e(note)}</p>{body}', "at": time.time()}


class HistoryTab:
    """The handlers."""

    def __init__(self, collections: Collections, chat: Chat) -> None:
        self.collections, self.chat = collections, chat

    def show(self, session: Session, request: gr.Request) -> dict[str, Any]:
        return listed(self.collections.open(session.collection), owner_of(request))

    def look(self, session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        return listed(
            self.collections.open(session.collection), owner_of(request), str(event._data.get("search", ""))[:200]
        )

    def wake(self, session: Session, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """As `Chat.show`: the conversation, open."""
        try:
            return self.chat.show(replace(session, conversation=str(event._data.get("id", "")), editing=""), request)
        except OnRecordError:
            return self.chat.show(replace(session, conversation="", editing=""), request)

    def entitle(self, session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        collection, owner, note = self.collections.open(session.collection), owner_of(request), _("Renamed.")
        try:
            collection.conversations.rename(owner, str(event._data.get("id", "")), str(event._data.get("title", "")))
        except OnRecordError as error:
            note = said(str(error))
        return listed(collection, owner, note=note)

    def erase(self, session: Session, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """list, and as `Chat.show`: an open conversation that is deleted leaves the first view."""
        collection, owner, key = (
            self.collections.open(session.collection),
            owner_of(request),
            str(event._data.get("id", "")),
        )
        try:
            collection.conversations.delete(owner, key)
        except OnRecordError as error:
            return (listed(collection, owner, note=said(str(error))), *[gr.skip()] * 5)
        self.collections.answers.stop(key)
        shown = listed(collection, owner, note=_("Deleted."))
        if key != session.conversation:
            return (shown, *[gr.skip()] * 5)
        return (shown, *self.chat.show(replace(session, conversation="", editing=""), request))
