"""The first view of a collection: what is in it, and questions to begin with."""

from collections.abc import Sequence

from onrecord.ui.desk.collection import ArticleFacts, Collection
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.dates import day_text


def span(infos: Sequence[ArticleFacts]) -> str:
    """From when to when the articles are, as far as they are dated."""
    days = sorted(info.published[:10] for info in infos if info.published)
    if not days:
        return ""
    first, last = day_text(days[0]), day_text(days[-1])
    return first if first == last else f"{first} to {last}"


def contents(infos: Sequence[ArticleFacts]) -> str:
    """One line on what the collection holds."""
    sources = sorted({info.source for info in infos if info.source})
    parts = [f"{len(infos):,} article{'' if len(infos) == 1 else 's'}"]
    if sources:
        parts.append(", ".join(sources) if len(sources) <= 3 else f"{len(sources)} sources")
    if dated := span(infos):
        parts.append(dated)
    return " · ".join(parts)


def home(collection: Collection, questions: Sequence[str]) -> str:
    infos = collection.library.articles()
    if not infos:
        return (
            '<div class="home"><h2>No articles yet</h2><p>Add articles to this collection, then ask about them.</p>'
            '<p><button type="button" class="primary" data-act="collection">Add articles</button></p></div>'
        )
    items = "".join(
        f'<li><button type="button" class="suggestion" data-act="suggest" data-text="{e(q)}">{bdi(q)}</button></li>'
        for q in questions
    )
    begin = f'<h3>Questions these articles answer</h3><ul class="suggestions">{items}</ul>' if items else ""
    return (
        f'<div class="home"><h2>Ask your articles</h2><p class="contents">{e(contents(infos))}</p>'
        "<p>Every sentence of an answer cites the sentence in an article that says it. "
        f"What the articles do not say is not answered.</p>{begin}</div>"
    )
