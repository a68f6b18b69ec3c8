"""The fourth tab: pinned quotes, each with a line of the person's own, to read in their articles, export and remove."""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import InputError, OnRecordError, UnknownArticle
from onrecord.qa.types import Citation
from onrecord.ui.desk.collection import Collection, checked
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.desk.notebook import LINE, Note
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.chat import Chat, owner_of
from onrecord.ui.page.export import FORMATS
from onrecord.ui.page.sources import gone, reader
from onrecord.ui.page.thread import notice
from onrecord.ui.page.turns import CHANGED, byline, quoted

NONE = "No notes yet. “Pin” below an answer keeps its quotes here; “Pin this sentence” one from an article beside it."


def _item(collection: Collection, note: Note) -> str:
    quote, key = note.quote, e(note.id)
    how = CHANGED.get(checked(collection, note.record).staleness(quote), "")
    by = f" · {byline(quote)}" if byline(quote) else ""
    return (
        f'<li>{quoted(quote, None)}<p class="by"><button type="button" class="quiet" data-reopen="{key}">'
        f'{bdi(quote.title or "Article")}</button>{e(by)}<strong class="bad">{e(how)}</strong></p>'
        f'<div class="own"><label>Your line <input data-line="{key}" value="{e(note.line)}" dir="auto" '
        f'maxlength="{LINE}" autocomplete="off"></label><button type="button" class="quiet" data-unpin="{key}" '
        f'data-quote="{e(quote.quote)}" aria-label="Remove the note: {e(quote.quote)}">Remove</button></div></li>'
    )


def listed(collection: Collection, owner: str, said: str = "") -> dict[str, Any]:
    """The notebook for the page's script."""
    notes = collection.notebook.notes(owner)
    where = e(f"?{urlencode({'in': collection.name})}")
    links = " ".join(f'<a href="export/notes.{end}{where}" download>{kind}</a>' for kind, end in FORMATS.items())
    items = "".join(_item(collection, note) for note in notes)
    html = f'<p class="exports"><b>Export:</b> {links}</p><ol class="notes">{items}</ol>' if notes else f"<p>{NONE}</p>"
    return {"html": html, "said": said, "at": time.time()}


class NotesTab:
    """The handlers."""

    def __init__(self, collections: Collections, chat: Chat) -> None:
        self.collections, self.chat = collections, chat

    def show(self, session: Session, request: gr.Request) -> dict[str, Any]:
        return listed(self.collections.open(session.collection), owner_of(request))

    def pin(self, session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """notice: keeps the quotes of an answer, or the one sentence at which an article was opened."""
        owner, collection = owner_of(request), self.collections.open(session.collection)
        try:
            quotes = self._chosen(collection, session, owner, event._data)
            fresh = collection.notebook.pin(owner, quotes)
        except OnRecordError as error:
            return notice(str(error))
        many = f"{fresh} quotes are" if fresh > 1 else "The quote is"
        return notice(f"{many} in your notes{'' if fresh else ' already'}.")

    def _chosen(self, collection: Collection, session: Session, owner: str, data: dict[str, Any]) -> Sequence[Citation]:
        if not data.get("article"):
            return self.chat.record(session, owner, str(data.get("turn", ""))).citations
        if kept := self.chat.quoted(session, owner, data):
            return (kept,)
        article = collection.library.article(str(data["article"]))
        for sentence in collection.library.sentences(article.id):
            if sentence.start_char == data.get("start"):
                return (Citation(1, sentence, article.title, article.source, article.published, article.url),)
        raise InputError("The article has changed since it was opened; open it again.")

    def jot(self, session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """What was written beside a quote; the list stays as it is, so that nobody's focus is lost."""
        collection = self.collections.open(session.collection)
        try:
            collection.notebook.write(
                owner_of(request), str(event._data.get("id", "")), str(event._data.get("text", ""))
            )
        except OnRecordError as error:
            return {"said": str(error), "at": time.time()}
        return {"said": "Your line is kept.", "at": time.time()}

    def unpin(self, session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        collection, owner, said = self.collections.open(session.collection), owner_of(request), "Removed."
        try:
            collection.notebook.remove(owner, str(event._data.get("id", "")))
        except OnRecordError as error:
            said = str(error)
        return listed(collection, owner, said)

    def reopen(self, session: Session, event: gr.EventData, request: gr.Request) -> Any:
        """The article, at the quote."""
        collection = self.collections.open(session.collection)
        try:
            quote = collection.notebook.note(owner_of(request), str(event._data.get("id", ""))).quote
        except OnRecordError:  # removed in another tab
            return gr.skip()
        try:
            article, place = collection.library.article(quote.article_id), quote.sentence
        except UnknownArticle:
            return {"html": gone(quote.quote, quote.title), "at": time.time()}
        sentences = collection.library.sentences(article.id)
        html = reader(
            article,
            sentences,
            start=place.start_char,
            end=place.end_char,
            quote=quote.quote,
            changes=collection.library.changes(article.id),
        )
        return {"html": html, "at": time.time()}
