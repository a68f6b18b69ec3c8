"""The articles beside the chat: those that are ticked there are asked alone. They are the filter's articles."""

import time
from collections.abc import Sequence
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.types import ArticleInfo
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.article_table import chosen
from onrecord.ui.page.dates import day_text

SHOWN = 40  # articles at once, besides the ticked ones; the others are found by searching
OPENS = '<button type="button" class="quiet" data-act="articles">Choose articles</button>'
PICKING = (
    '<div class="panel"><div class="top"><button type="button" class="quiet back">Close the list</button></div>'
    '<div class="list" role="region" aria-label="Articles to ask" tabindex="0"><h2>Ask only these articles</h2>'
    '<label class="soft">Find articles <input type="search" placeholder="Title, source or date" '
    'autocomplete="off"></label><div class="note-line"><p class="soft" role="status"></p>'
    '<button type="button" class="quiet all" hidden>Ask all again</button></div><div class="rows"></div></div></div>'
)


def listed(collection: Collection, search: str, picked: Sequence[str]) -> str:
    """The ticked articles, then those that ``search`` finds, as far as they are shown."""
    infos = collection.library.articles()
    ticked = [info for info in infos if info.id in set(picked)]
    found = [info for info in chosen(infos, search, "title", False) if info.id not in set(picked)]
    if not infos:
        return '<p class="soft">There are no articles yet.</p>'
    items = "".join(_item(info, True) for info in ticked) + "".join(_item(info, False) for info in found[:SHOWN])
    return f'<ul class="picks">{items}</ul><p class="soft">{_rest(search, len(found))}</p>'


def _item(info: ArticleInfo, ticked: bool) -> str:
    by = " · ".join(part for part in (info.source, day_text(info.published)) if part)
    box = f'<input type="checkbox" data-pick="{e(info.id)}"{" checked" if ticked else ""}>'
    name = f'<span class="card-title">{bdi(info.title)}</span><span class="card-by">{e(by)}</span>'
    return f"<li><label>{box}<span>{name}</span></label></li>"


def _rest(search: str, found: int) -> str:
    if not found:
        return f"No article has “{e(search)}” in its title, source or date." if search.strip() else ""
    return f"{SHOWN} of {found:,} are shown; search for the others." if found > SHOWN else ""


def asked(picked: Sequence[str]) -> str:
    """What the ticks mean.

    >>> asked([]), asked(["a"])
    ('None is ticked: all are asked.', '1 article is ticked: it alone is asked.')
    """
    if not picked:
        return "None is ticked: all are asked."
    if len(picked) == 1:
        return "1 article is ticked: it alone is asked."
    return f"{len(picked):,} articles are ticked: they alone are asked."


class Picking:
    """The handlers. ``picked``: the filter's articles."""

    def __init__(self, collections: Collections) -> None:
        self.collections = collections

    def look(self, session: Session, picked: Sequence[str] | None, event: gr.EventData) -> dict[str, Any]:
        """The list, for what is searched."""
        search = str(event._data.get("search", ""))[:200]
        rows = listed(self.collections.open(session.collection), search, picked or ())
        return {**self.ticked(picked), "html": rows}

    def ticked(self, picked: Sequence[str] | None) -> dict[str, Any]:
        """What is ticked now, here or in the filter."""
        return {"picked": list(picked or ()), "note": asked(picked or ()), "at": time.time()}

    def pick(self, session: Session, event: gr.EventData) -> Any:
        """The filter's articles: those that exist of the ones that were ticked."""
        infos = self.collections.open(session.collection).library.articles()
        wanted = {str(key) for key in event._data.get("ids", ())}
        # The choices too: one that was added since the page was opened is not yet among them.
        return gr.update(
            choices=[(info.title, info.id) for info in infos], value=[info.id for info in infos if info.id in wanted]
        )
