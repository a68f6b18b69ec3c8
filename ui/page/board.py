"""What the parts of the tab Overview share: the selection of articles, and the article that a quote opens."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import UnknownArticle
from onrecord.qa.render import quote_text
from onrecord.qa.types import Citation
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.escape import bdi, e, shorten
from onrecord.ui.page.sources import gone, reader
from onrecord.ui.page.turns import byline, quoted

QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# One overview at a time: it reads every article of the selection.
SLOW: dict[str, Any] = {"concurrency_id": "overview", "concurrency_limit": 1, "api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class Board:
    """``chosen``: articles, sources, first and last day, of which `scope_of` makes a filter; ``make``: the button."""

    tab: Any
    session: Any
    chosen: list[Any]
    make: Any
    reading: Any

    def opens(self, part: Any, collections: Collections) -> None:
        """What `cited` drew in a part opens its article: its script sends what the button has with ``cite``."""

        def read(session: Session, event: gr.EventData) -> dict[str, Any]:
            return opened(collections, session, event._data)

        part.cite(read, [self.session], [self.reading], **QUICK)


def opened(collections: Collections, session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """The article, at the sentence that begins at a place."""
    library, key = collections.open(session.collection).library, str(data.get("article", ""))
    try:
        article, sentences = library.article(key), library.sentences(key)
    except UnknownArticle:
        return {"html": gone("", ""), "at": time.time()}
    here = next((one for one in sentences if str(one.start_char) == str(data.get("start"))), None)
    place = (here.start_char, here.end_char) if here else (-1, -1)
    return {"html": reader(article, sentences, start=place[0], end=place[1]), "at": time.time()}


def cited(quote: Citation) -> str:
    """The title and the byline of a quote, the title a button that opens the article there."""
    by = f" · {byline(quote)}" if byline(quote) else ""
    label = f"Open “{shorten(quote.title, 80)}” at: {shorten(quote_text(quote), 120)}"
    return (
        f'<p class="by"><button type="button" class="quiet" data-cite="{e(quote.article_id)}" '
        f'data-start="{quote.sentence.start_char}" aria-label="{e(label)}">{bdi(quote.title or "Article")}</button>'
        f"{e(by)}</p>"
    )


def quotes(citations: Sequence[Citation]) -> str:
    """Quotes with their titles, as a list."""
    return "".join(f"<li>{quoted(one, None)}{cited(one)}</li>" for one in citations)
