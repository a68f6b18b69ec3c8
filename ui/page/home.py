"""The first view of a collection: what is in it, and questions to begin with."""

from collections.abc import Sequence

from onrecord.index.types import ArticleInfo
from onrecord.ui.desk.collection import Collection
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.dates import span_text
from onrecord.ui.page.language import _, counted


def span(infos: Sequence[ArticleInfo]) -> str:
    """From when to when the articles are, as far as they are dated."""
    days = sorted(info.published[:10] for info in infos if info.published)
    return span_text(days[0], days[-1]) if days else ""


def contents(infos: Sequence[ArticleInfo]) -> str:
    """One line on what the collection holds."""
    sources = sorted({info.source for info in infos if info.source})
    parts = [counted(len(infos), "{count:,} article", "{count:,} articles")]
    if sources:
        parts.append(", ".join(sources) if len(sources) <= 3 else _("{count:,} sources", count=len(sources)))
    if dated := span(infos):
        parts.append(dated)
    return " · ".join(parts)


def home(collection: Collection, questions: Sequence[str]) -> str:
    infos = collection.library.articles()
    if not infos:
        return (
            f'<div class="home"><h2>{_("No articles yet")}</h2>'
            f"<p>{_('Add articles to this collection, then ask about them.')}</p>"
            f'<p><button type="button" class="primary" data-act="collection">{_("Add articles")}</button></p></div>'
        )
    items = "".join(
        f'<li><button type="button" class="suggestion" data-act="suggest" data-text="{e(q)}">{bdi(q)}</button></li>'
        for q in questions
    )
    begin = f'<h3>{_("Questions these articles answer")}</h3><ul class="suggestions">{items}</ul>' if items else ""
    return (
        f'<div class="home"><h2>{_("Ask your articles")}</h2><p class="contents">{e(contents(infos))}</p>'
        f"<p>{_('Every sentence of an answer cites the sentence in an article that says it.')} "
        f"{_('What the articles do not say is not answered.')}</p>{begin}</div>"
    )
