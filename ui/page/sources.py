"""The panel beside the answer: the evidence found, and an article opened at the cited sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onrecord.index.text.changes import Changed, Edit
from onrecord.index.types import Article, Sentence
from onrecord.qa.render import with_who
from onrecord.qa.types import Citation
from onrecord.ui.desk.records import Found, Record
from onrecord.ui.escape import bdi, e, link, named, shorten
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.language import _, counted, later, number
from onrecord.ui.page.turns import byline

Place = tuple[str, int]
EMPTY = later(
    "The sentences that an answer rests on appear here. Choose a number in an answer to read its sentence in the "
    "article."
)
# By whether the answer was finished: of one that was stopped, or that failed, nobody knows more than what was seen.
NOTHING = {True: later("Nothing was found."), False: later("The search was not finished.")}
NEAR = {
    True: later("Near the question, but they do not answer it."),
    False: later("Near the question; whether they answer it was not checked."),
}


@dataclass(frozen=True, slots=True)
class _Source:
    """An article with the cards of its sentences."""

    title: str
    by: str
    cards: list[str] = field(default_factory=list)


def _card(quote: Citation, turn: str, numbers: Mapping[Place, int]) -> str:
    """``numbers``: of the quotes that have one beside the answer."""
    n = numbers.get(quote.place, 0)
    number = f'<span class="n">{n}</span>' if n else ""
    return (
        f'<li><button type="button" class="card" data-cite="{e(quote.article_id)}" '
        f'data-start="{quote.sentence.start_char}" data-turn="{e(turn)}" data-n="{n}">'
        f'{number}<span class="card-quote" dir="auto">{named(with_who(shorten(quote.quote, 280), [quote]))}</span>'
        "</button></li>"
    )


def _passage(found: Found, turn: str) -> str:
    return (
        f'<li><button type="button" class="card" data-cite="{e(found.article_id)}" data-index="{found.index}" '
        f'data-turn="{e(turn)}" data-n="0"><span class="card-quote" dir="auto">{e(shorten(found.preview, 180))}</span>'
        "</button></li>"
    )


def _by_article(
    quotes: Sequence[Citation], found: Sequence[Found], turn: str, numbers: Mapping[Place, int]
) -> list[_Source]:
    """The cards under their articles, each article once, in the order in which it comes first."""
    sources: dict[str, _Source] = {}
    for quote in quotes:
        others = len(quote.also_in)
        copies = counted(others, "also in {count:,} other", "also in {count:,} others") if others else ""
        by = " · ".join(part for part in (byline(quote), copies) if part)
        source = sources.setdefault(quote.article_id, _Source(quote.title, by))
        source.cards.append(_card(quote, turn, numbers))
    for one in found:
        by = " · ".join(part for part in (one.source, day_text(one.published)) if part)
        sources.setdefault(one.article_id, _Source(one.title, by)).cards.append(_passage(one, turn))
    return list(sources.values())


def _list(title: str, note: str, sources: Sequence[_Source], *, folded: bool = False) -> str:
    if not sources:
        return ""
    head = f'<h3>{e(title)} <span class="count">{number(sum(len(one.cards) for one in sources))}</span></h3>'
    items = "".join(
        f'<div class="source"><h4 class="card-title">{bdi(one.title)}</h4><p class="card-by">{e(one.by)}</p>'
        f"<ol>{''.join(one.cards)}</ol></div>"
        for one in sources
    )
    body = f"<p>{e(note)}</p>{items}"
    shown = f"<details><summary>{head}</summary>{body}</details>" if folded else head + body
    return f"<section>{shown}</section>"


def panel(record: Record) -> str:
    """What was found for ``record``, by article; once it is answered, what it used, and the rest folded away."""
    written = record.answer.sentences or record.answer.disagreements
    numbers = {quote.place: quote.number for quote in (*record.citations, *record.nearest)}
    used = _by_article(record.citations if written else (), (), record.id, numbers)
    seen = {quote.article_id for quote in record.answer.evidence}
    found = [hit for hit in _once(record.found) if hit.article_id not in seen]
    near = record.uncited if written else sorted(record.answer.evidence, key=lambda quote: quote.place not in numbers)
    rest = _by_article(near, found, record.id, numbers)
    if not used and not rest:
        return empty(EMPTY if record.live else NOTHING[record.state == "done"])
    if not used:
        note = _("The answer is not written yet.") if record.live else _(NEAR[record.state == "done"])
        lists = _list(_("Found"), note, rest)
    else:
        lists = _list(_("Used in this answer"), _("Each number in the answer is one of these sentences."), used)
        lists += _list(_("Also found"), _("Near the question, but the answer does not rest on it."), rest, folded=True)
    return f"<h2>{_('Sources')}</h2>{lists}"


def empty(text: str = EMPTY) -> str:
    """The panel where it has nothing to list."""
    return f'<div class="panel-empty"><h2>{_("Sources")}</h2><p>{_(text)}</p></div>'


def _once(hits: Sequence[Found]) -> list[Found]:
    """The first passage of each article."""
    return list({hit.article_id: hit for hit in reversed(hits)}.values())[::-1]


def _facts(article: Article) -> str:
    facts = " · ".join(e(part) for part in (article.source, day_text(article.published), article.place) if part)
    address = link(article.url)
    where = f' <a href="{address}" target="_blank" rel="noopener noreferrer">{_("Original")}</a>' if address else ""
    return f'<p class="by">{facts}{where}</p>'


def body(article: Article, sentences: Sequence[Sentence], start: int = -1, end: int = -1) -> str:
    """The article's paragraphs; the sentences that overlap ``start:end`` are marked, the first takes the focus."""
    out, at, marked = ['<p dir="auto">'], 0, False
    for s in sentences:
        gap = article.text[at : s.start_char]
        out.append('</p><p dir="auto">' if "\n" in gap and at else e(gap))
        if s.start_char < end and start < s.end_char:
            focus = "" if marked else ' class="hit" tabindex="-1"'
            out.append(f"<mark{focus}>{e(s.text)}</mark>")
            marked = True
        else:
            out.append(e(s.text))
        at = s.end_char
    out.append(e(article.text[at:]) + "</p>")
    return "".join(out)


def reader(
    article: Article,
    sentences: Sequence[Sentence],
    *,
    start: int = -1,
    end: int = -1,
    cited_as: int = 0,
    quote: str = "",
    copies: Sequence[str] = (),
    changes: Sequence[Changed] = (),
    turn: str | None = None,
) -> str:
    """An article to read. ``quote``: what was cited; when it no longer stands at its place, the page says so.

    ``turn``: of the answer from which it was opened; its sentence can then be pinned.
    """
    pin = _pin(article, start, turn) if start >= 0 and turn is not None else ""
    note = ""
    if quote and article.text[start:end] != quote:
        since = _("This article has changed since it was cited.")
        if changes:
            day = day_text(changes[-1].at)
            since = _("This article has changed since it was cited, last found on {day}.", day=day)
        note = _note(since, quote)
        start = end = -1
    titles = ", ".join(bdi(title) for title in copies)
    also = f'<p class="copies">{_("The same text is in: {titles}", titles=titles)}</p>' if copies else ""
    cited = _("Cited as {number}", number=f'<span class="n">{cited_as}</span>') if cited_as else ""
    top = f'<p class="cited-as">{cited} {pin}</p>' if cited or pin else ""
    return (
        f'{top}<h2 dir="auto">{e(article.title)}</h2>{_facts(article)}{also}{note}{_changes(changes)}'
        f'<div class="article-text" lang="{e(article.language)}">{body(article, sentences, start, end)}</div>'
    )


def _changes(changes: Sequence[Changed]) -> str:
    """What changed and when, the newest first, folded away."""
    if not changes:
        return ""
    days = "".join(
        f"<h3>{e(day_text(one.at))}</h3><ul>{''.join(map(_edit, one.edits))}</ul>" for one in reversed(changes)
    )
    head = counted(
        len(changes),
        "Changed once, found on {day}",
        "Changed {count:,} times, last found on {day}",
        day=e(day_text(changes[-1].at)),
    )
    return f'<details class="changes"><summary>{head}</summary>{days}</details>'


def _edit(edit: Edit) -> str:
    before = f'<p>{_("Before:")} <del dir="auto">{e(" ".join(edit.before))}</del></p>' if edit.before else ""
    after = f'<p>{_("Since:")} <ins dir="auto">{e(" ".join(edit.after))}</ins></p>' if edit.after else ""
    return f"<li>{before}{after}</li>"


def _pin(article: Article, start: int, turn: str) -> str:
    return (
        f'<button type="button" class="quiet" data-act="pin" data-article="{e(article.id)}" data-start="{start}" '
        f'data-turn="{e(turn)}">{_("Pin this sentence")}</button>'
    )


def _note(text: str, quote: str) -> str:
    cited = f'<blockquote dir="auto">{e(quote)}</blockquote>'
    return f'<div class="note hit" tabindex="-1" role="note"><p>{e(text)} {_("The answer cited:")}</p>{cited}</div>'


def gone(quote: str, title: str) -> str:
    """What stands in place of an article that was removed."""
    name = f'<h2 dir="auto">{e(title)}</h2>' if title else f"<h2>{_('Removed article')}</h2>"
    why = _("This article is no longer in the collection.")
    return name + (_note(why, quote) if quote else f"<p>{why}</p>")
