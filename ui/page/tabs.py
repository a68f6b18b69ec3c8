"""The tabs after the first: what stands where in the collection, among the conversations and in the notebook."""

from dataclasses import dataclass
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.desk.collections import Collections
from onrecord.ui.page.chat import Chat
from onrecord.ui.page.collection_tab import CollectionTab
from onrecord.ui.page.day_field import calendar, day_field
from onrecord.ui.page.history_tab import HistoryTab
from onrecord.ui.page.language import _, later
from onrecord.ui.page.notes_tab import NotesTab
from onrecord.ui.page.style import drawn

ROWS = '<div class="rows"></div>'
_ASK = "() => document.querySelector('[role=tab][data-tab-id=ask]')?.click()"
DROP = later("Drop files here or anywhere on the page, or click to choose them")
HEALTH = later("What is searched is checked against the articles; where the two differ, it is built anew from them.")


def article_table() -> str:
    return (
        f'<div class="bench"><label>{_("Search the articles")} <input type="search" '
        f'placeholder="{_("Title, source or date")}" autocomplete="off"></label>'
        f'<button type="button" class="plain drop" disabled>{_("Remove")}</button></div>'
        f"{ROWS}<template>{calendar()}</template>"
        f'<dialog class="sure" aria-label="{_("Remove articles")}"><form method="dialog">'
        f"<h3>{_('Remove these articles?')}</h3><ul></ul>"
        f"<p>{_('They leave the index with every trace. Answers that cited them keep their quotes and say so.')}</p>"
        f'<div class="choice"><button class="plain" value="no">{_("Keep")}</button>'
        f'<button class="danger" value="yes">{_("Remove")}</button></div></form></dialog>'
    )


def reading() -> str:
    return (
        f'<dialog class="reading" aria-label="{_("Article")}"><div class="reader"><div class="top">'
        f'<button type="button" class="quiet back">{_("Close the article")}</button></div>'
        f'<div class="page" tabindex="0" role="region" aria-label="{_("Text of the article")}"></div></div></dialog>'
    )


def history() -> str:
    return (
        f'<div class="bench"><label>{_("Search the conversations")} <input type="search" '
        f'placeholder="{_("Words from a question, an answer or a quote")}" autocomplete="off"></label></div>{ROWS}'
        f'<dialog class="rename" aria-label="{_("Rename")}"><form method="dialog"><h3>{_("Rename")}</h3>'
        f'<label>{_("Name")} <input maxlength="120" required></label>'
        f'<div class="choice"><button class="plain" value="no" formnovalidate>{_("Cancel")}</button>'
        f'<button class="primary" value="yes">{_("Rename")}</button></div></form></dialog>'
        f'<dialog class="erase" aria-label="{_("Delete")}"><form method="dialog">'
        f'<h3>{_("Delete this conversation?")}</h3><p></p><div class="choice">'
        f'<button class="plain" value="no">{_("Keep")}</button>'
        f'<button class="danger" value="yes">{_("Delete")}</button></div></form></dialog>'
    )


def notes() -> str:
    return (
        f'<h2>{_("Notes")}</h2><p class="soft" role="status"></p>{ROWS}'
        f'<dialog aria-label="{_("Remove the note")}"><form method="dialog"><h3>{_("Remove this note?")}</h3>'
        f'<p dir="auto"></p><div class="choice"><button class="plain" value="no">{_("Keep")}</button>'
        f'<button class="danger" value="yes">{_("Remove")}</button></div></form></dialog>'
    )


QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
WORK: dict[str, Any] = {
    "concurrency_id": "index",
    "concurrency_limit": 1,
    "show_progress": "hidden",
    "api_visibility": "private",
}


@dataclass(slots=True)
class Parts:
    """What the tabs change of the first one.

    ``opened``: what `Chat.show` writes to, the conversation first; ``followers``: the events that draw an answer as it
    grows, which another conversation ends.
    """

    session: Any
    articles: Any
    sources: Any
    dates: list[Any]
    opened: list[Any]
    followers: list[Any]
    notice: Any


def collection_tab(page: Any, tab: Any, collections: Collections, parts: Parts) -> None:
    handlers = CollectionTab(collections)
    with gr.Row(elem_id="library"):
        with gr.Column(elem_id="holdings"):
            overview = drawn("overview", ROWS)
            table = drawn("article-table", article_table())
            opened = drawn("reading", reading())
        with gr.Column(elem_id="adding"):
            results, changed = _adding(collections, parts, handlers, table, overview)
            if collections.folders_allowed:
                _folders(tab, parts, handlers, results, changed)
            feeds = _feeds(parts, handlers, results)
            _several(collections, parts, handlers, results, changed)
            _health(parts, handlers)
    table.look(handlers.look, [parts.session], [table], **QUICK)
    table.edit(handlers.edit, [parts.session], changed, **WORK)
    table.discard(handlers.remove, [parts.session], [results, *changed], **WORK)
    table.read(handlers.read, [parts.session], [opened], **QUICK)
    spanned = overview.span(handlers.span, None, parts.dates, **QUICK)
    spanned.then(None, js=_ASK)
    tab.select(handlers.show, [parts.session], changed, **QUICK)
    tab.select(handlers.feeds, [parts.session], [feeds], **QUICK)


def _adding(
    collections: Collections, parts: Parts, handlers: CollectionTab, table: Any, overview: Any
) -> tuple[Any, list[Any]]:
    """The forms that add; gives what they write to: the results, and what shows the changed collection."""
    changed = [table, overview, parts.articles, parts.sources]
    gr.HTML(f"<h2>{_('Add articles')}</h2>", apply_default_css=False)
    # Of any kind: with `file_types` the browser drops the others, and nobody is told.
    files = gr.File(file_count="multiple", label=_(DROP), elem_id="files", height=110)
    with gr.Accordion(_("Paste a text"), open=False):
        text = gr.Textbox(label=_("Text"), lines=6, max_lines=12, elem_id="pasted")
        title = gr.Textbox(label=_("Title (its first sentence when empty)"))
        source = gr.Textbox(label=_("Source"))
        published = day_field(_("Date"), placeholder="2024-03-09")
        url = gr.Textbox(label=_("Address"))
        paste = gr.Button(_("Add this text"), elem_id="paste")
    with gr.Accordion(_("Read pages from the web"), open=False):
        pages = gr.Textbox(label=_("Addresses, one a line"), lines=3, max_lines=12, elem_id="addresses")
        fetch = gr.Button(_("Read these pages"), elem_id="fetch")
    results = drawn("results", ROWS)
    fetch.click(handlers.addresses, [parts.session, pages], [results, *changed, pages], **WORK)
    if collections.folders_allowed:
        with gr.Accordion(_("Read a folder on this machine"), open=False):
            folder = gr.Textbox(label=_("Path of the folder"), elem_id="folder")
            take = gr.Button(_("Add this folder"))
        gr.on([take.click, folder.submit], handlers.folder, [parts.session, folder], [results, *changed], **WORK)
    files.upload(handlers.upload, [parts.session, files], [results, *changed, files], **WORK)
    fields = [parts.session, text, title, source, published, url]
    paste.click(handlers.paste, fields, [results, *changed, text], **WORK)
    return results, changed


def _folders(tab: Any, parts: Parts, handlers: CollectionTab, results: Any, changed: list[Any]) -> None:
    """Watching folders of this machine."""
    with gr.Accordion(_("Watch a folder on this machine"), open=False):
        folder = gr.Textbox(label=_("Path of the folder to watch"), elem_id="watched-folder")
        begin = gr.Button(_("Watch this folder"), elem_id="watch")
        folders = gr.Dropdown([], label=_("Folders that are watched"), elem_id="folders")
        end = gr.Button(_("Watch it no longer"), elem_id="unwatch")
        gone = gr.Button(_("Remove the articles of files that are gone"), elem_id="remove-gone")
    shown = [results, *changed, folders]
    gr.on([begin.click, folder.submit], handlers.watch, [parts.session, folder], shown, **WORK)
    end.click(handlers.unwatch, [parts.session, folders], [results, folders], **WORK)
    gone.click(handlers.remove_gone, [parts.session, folders], shown, **WORK)
    tab.select(handlers.folders, [parts.session], [folders], **QUICK)


def _feeds(parts: Parts, handlers: CollectionTab, results: Any) -> Any:
    """Following feeds, and the log of what was fetched; gives the choice of feeds."""
    with gr.Accordion(_("Follow feeds"), open=False):
        feed = gr.Textbox(label=_("Address of a feed (RSS or Atom) or sitemap"), elem_id="feed")
        page = gr.Checkbox(label=_("It is a page: add it, and read it again when it changes"), elem_id="feed-page")
        begin = gr.Button(_("Follow this feed"), elem_id="follow")
        feeds = gr.Dropdown([], label=_("Feeds that are followed"), elem_id="feeds")
        end = gr.Button(_("Follow it no longer"), elem_id="unfollow")
    with gr.Accordion(_("What was fetched"), open=False, elem_id="fetched-log") as drawer:
        log = drawn("fetched", ROWS, script="results")
    gr.on([begin.click, feed.submit], handlers.follow, [parts.session, feed, page], [results, feeds, feed], **WORK)
    end.click(handlers.unfollow, [parts.session, feeds], [results, feeds], **WORK)
    drawer.expand(handlers.fetched, [parts.session], [log], **QUICK)
    return feeds


def _several(collections: Collections, parts: Parts, handlers: CollectionTab, results: Any, changed: list[Any]) -> None:
    """Choosing and making collections, where the server can open more than one."""
    if collections.opener is None:
        return
    gr.HTML(f"<h2>{_('Collections')}</h2>", apply_default_css=False)
    which = gr.Dropdown(
        list(collections.names()), value=collections.first.name, label=_("Collection that is open"), elem_id="which"
    )
    with gr.Row():
        name = gr.Textbox(label=_("New collection"), placeholder=_("Its name"), elem_id="name")
        make = gr.Button(_("Make it"), elem_id="make")
    made = gr.on([make.click, name.submit], handlers.create, [name, parts.session], [results, which], **WORK)
    switched = which.change(handlers.switch, [which, parts.session], [parts.session], cancels=parts.followers, **QUICK)
    switched.then(handlers.show, [parts.session], changed, **QUICK)
    switched.then(Chat(collections).show, [parts.session], parts.opened, **QUICK)
    switched.then(lambda: ([], []), None, [parts.articles, parts.sources], **QUICK)  # they are of the one before
    made.then(lambda: "", None, [name], **QUICK)


def _health(parts: Parts, handlers: CollectionTab) -> None:
    with gr.Accordion(_("Health of the index"), open=False):
        gr.HTML(f'<p class="soft">{_(HEALTH)}</p>', apply_default_css=False)
        with gr.Row():
            check = gr.Button(_("Check"), elem_id="check", min_width=80)
            rebuild = gr.Button(_("Rebuild"), elem_id="rebuild", min_width=80)
        report = drawn("health", ROWS, script="results")
    check.click(handlers.check, [parts.session], [report], **WORK)
    rebuild.click(handlers.rebuild, [parts.session], [report], **WORK)


def conversations_tab(tab: Any, collections: Collections, chat: Any, parts: Parts) -> None:
    handlers = HistoryTab(collections, chat)
    listed = drawn("history", history())
    listed.seek(handlers.look, [parts.session], [listed], **QUICK)
    # The tab is chosen afterwards: choosing it draws the first view where no conversation is open yet.
    woken = listed.wake(handlers.wake, [parts.session], parts.opened, cancels=parts.followers, **QUICK)
    woken.then(None, js=_ASK)
    listed.entitle(handlers.entitle, [parts.session], [listed], **QUICK)
    listed.erase(handlers.erase, [parts.session], [listed, *parts.opened], **QUICK)
    tab.select(handlers.show, [parts.session], [listed], **QUICK)


def notes_tab(tab: Any, collections: Collections, chat: Chat, parts: Parts) -> None:
    handlers = NotesTab(collections, chat)
    listed = drawn("notes", notes())
    opened = drawn("note-reading", reading(), script="reading")
    parts.opened[0].pin(handlers.pin, [parts.session], [parts.notice], **QUICK)
    listed.jot(handlers.jot, [parts.session], [listed], **QUICK)
    listed.unpin(handlers.unpin, [parts.session], [listed], **QUICK)
    listed.reopen(handlers.reopen, [parts.session], [opened], **QUICK)
    tab.select(handlers.show, [parts.session], [listed], **QUICK)
