"""The table of articles and what is said about the collection, as HTML."""

from collections.abc import Sequence

from onrecord.index.fetching.values import Visit
from onrecord.index.types import ArticleInfo
from onrecord.ui.desk.collection import Collection
from onrecord.ui.escape import bdi, e
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.home import contents
from onrecord.ui.page.language import _, counted, later, number
from onrecord.ui.page.messages import said
from onrecord.ui.page.timeline import timeline

PAGE = 50
COLUMNS = {
    "title": later("Title"),
    "source": later("Source"),
    "published": later("Date"),
    "words": later("Words"),
    "added": later("Added"),
}
ADD = {"source": later("Add source"), "published": later("Add date")}
ADD_TO = {"source": later("Add the source of {title}"), "published": later("Add the date of {title}")}


def chosen(infos: Sequence[ArticleInfo], search: str, sort: str, down: bool) -> list[ArticleInfo]:
    """The articles whose title, source or date hold every word of ``search``, in order."""
    words = search.lower().split()
    rows = [i for i in infos if all(w in f"{i.title} {i.source} {i.published}".lower() for w in words)]
    key = sort if sort in COLUMNS else "added"
    return sorted(rows, key=lambda info: _key(getattr(info, key)), reverse=down)


def _key(value: object) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value).lower())


def table(collection: Collection, *, search: str = "", sort: str = "added", down: bool = True, page: int = 0) -> str:
    """One page of the table, with the ways to the other pages."""
    infos = collection.library.articles()
    rows = chosen(infos, search, sort, down)
    page = max(0, min(page, (len(rows) - 1) // PAGE))
    shown = rows[page * PAGE : (page + 1) * PAGE]
    if not infos:
        none = _("There are no articles yet. Add some: files, pasted text, or a folder.")
        return f'<p class="soft">{none}</p>'
    if not rows:
        none = _("No article has “{words}” in its title, source or date.", words=e(search))
        return f'<p class="soft">{none}</p>'
    head = "".join(_heading(key, name, sort, down) for key, name in COLUMNS.items())
    count = counted(len(rows), "{count:,} article", "{count:,} articles")
    first = page * PAGE + 1
    span = _(", {first:,} to {last:,} shown", first=first, last=first + len(shown) - 1) if len(rows) > PAGE else ""
    return (
        f'<p class="soft" role="status">{count}{span}</p><div class="scroll" tabindex="0" '
        f'role="region" aria-label="{_("Articles")}"><table><thead><tr>'
        f'<th scope="col"><span class="sr">{_("Choose")}</span></th>'
        f'{head}<th scope="col"><span class="sr">{_("Edit")}</span></th></tr></thead>'
        f"<tbody>{''.join(_row(info) for info in shown)}</tbody></table></div>{_pages(page, len(rows))}"
    )


def _heading(key: str, name: str, sort: str, down: bool) -> str:
    state = f' aria-sort="{"descending" if down else "ascending"}"' if key == sort else ""
    arrow = (" ↓" if down else " ↑") if key == sort else ""
    return (
        f'<th scope="col"{state}><button type="button" class="quiet" data-sort="{key}">{_(name)}{arrow}</button></th>'
    )


def _row(info: ArticleInfo) -> str:
    choose, edit = _("Choose {title}", title=e(info.title)), _("Edit {title}", title=e(info.title))
    return (
        f'<tr><td><input type="checkbox" data-id="{e(info.id)}" aria-label="{choose}"></td>'
        f'<td><button type="button" class="title" data-read="{e(info.id)}">{bdi(info.title)}</button></td>'
        f'<td>{_fact(info, "source")}</td><td>{_fact(info, "published")}</td><td class="num">{number(info.words)}</td>'
        f'<td>{e(day_text(info.added))}</td><td><button type="button" class="quiet" data-edit="{e(info.id)}" '
        f'aria-label="{edit}" data-title="{e(info.title)}" data-source="{e(info.source)}" '
        f'data-published="{e(info.published[:10])}">{_("Edit")}</button></td></tr>'
    )


def _fact(info: ArticleInfo, fact: str) -> str:
    """Source or date; where there is none, the way to set it: filters pass over the article until then."""
    stated = getattr(info, fact)
    if stated:
        return bdi(stated) if fact == "source" else e(day_text(stated))
    label = _(ADD_TO[fact], title=info.title)
    return f'<button type="button" class="quiet" data-set="{fact}" aria-label="{e(label)}">{_(ADD[fact])}</button>'


def _pages(page: int, total: int) -> str:
    if total <= PAGE:
        return ""
    earlier = f'<button type="button" class="quiet" data-page="{page - 1}">{_("Earlier")}</button>' if page else ""
    later = (
        f'<button type="button" class="quiet" data-page="{page + 1}">{_("Later")}</button>'
        if (page + 1) * PAGE < total
        else ""
    )
    return f'<nav class="pages" aria-label="{_("Pages of the table")}">{earlier}{later}</nav>'


def overview(collection: Collection) -> str:
    """What the collection holds, over time."""
    infos = collection.library.articles()
    name = _("Articles") if collection.name == "default" else collection.name
    return f'<h2>{bdi(name)}</h2><p class="soft">{e(contents(infos))}</p>{timeline(infos)}'


def results(rows: Sequence[tuple[str, str, bool]], note: str = "") -> str:
    """What became of each file: its name, what happened, and whether it went well."""
    items = "".join(
        # What is said of a file may begin with its name.
        f'<li class="{"fine" if fine else "bad"}"><strong>{bdi(name)}</strong>'
        f"{e(text.removeprefix(name) if text.startswith(name) else f' {text}')}</li>"
        for name, text, fine in rows
    )
    return f'<p role="status">{e(note)}</p><ul class="results">{items}</ul>'


def fetched(visits: Sequence[Visit]) -> str:
    """The log of what was fetched: when, which address, and what became of it."""
    if not visits:
        return f'<p class="soft">{_("Nothing was ever fetched for this collection.")}</p>'
    items = "".join(
        f"<li><strong>{bdi(one.address)}</strong> {e(one.at[:16].replace('T', ' '))} UTC, {e(said(one.outcome))}"
        f"{_(', {count:,} bytes', count=one.bytes) if one.bytes else ''}</li>"
        for one in visits
    )
    return f'<ul class="results">{items}</ul>'


def health(findings: Sequence[tuple[str, str]], passages: int | None) -> str:
    """What the doctor found: message and cure of each finding."""
    if not findings:
        checked = counted(passages or 0, "{count:,} passage was checked.", "{count:,} passages were checked.")
        whole = checked if passages is not None else ""
        return f'<p class="fine" role="status">{_("The index is sound.")} {whole}</p>'
    items = "".join(f'<li class="bad">{e(message)} <em>{e(cure)}</em></li>' for message, cure in findings)
    return f'<ul class="results" role="status">{items}</ul>'
