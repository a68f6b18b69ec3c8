"""When the articles were published, and by whom, as a small chart that needs nothing from the network."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from onrecord.index.types import ArticleInfo, day_of
from onrecord.ui.escape import e
from onrecord.ui.page.dates import day_text, span_text
from onrecord.ui.page.language import _, counted, number

WIDTH, HEIGHT, FOOT, ABOVE = 720, 130, 22, 18
SHOWN = 5  # sources with a colour of their own; the rest share one


def _spans(first: date, last: date) -> int:
    """How many columns: one per day in a short time, never more than fit."""
    return max(1, min((last - first).days + 1, 48))


def timeline(infos: Sequence[ArticleInfo]) -> str:
    """The chart, each column a button that chooses its days; a sentence where fewer than two articles are dated.

    Articles without a date are said to be missing in it.
    """
    dated = [(day, info.source or _("No source")) for info in infos if (day := day_of(info.published))]
    if len(dated) < 2:
        none = _("Articles with dates will be drawn here over time.")
        return f'<p class="soft">{none}</p>' + _undated(len(infos) - len(dated))
    first, last = min(dated)[0], max(dated)[0]
    columns = _spans(first, last)
    days = (last - first).days + 1
    ranked = [name for name, _ in Counter(source for __, source in dated).most_common()]
    named = ranked if len(ranked) <= SHOWN + 1 else ranked[:SHOWN]
    counts: Counter[tuple[int, int]] = Counter()
    for day, source in dated:
        colour = named.index(source) if source in named else SHOWN
        counts[(day - first).days * columns // days, colour] += 1
    ends = day_text(first.isoformat()), day_text(last.isoformat())
    heads = [first + timedelta(-(-column * days // columns)) for column in range(columns + 1)]
    chart = _svg(counts, columns, ends, len(dated)) + _buttons(counts, heads, [*named, _("others")])
    legend = _legend(named, len(ranked) - len(named))
    return f'<div class="when">{chart}</div>{legend}{_undated(len(infos) - len(dated))}'


def _svg(counts: Counter[tuple[int, int]], columns: int, ends: tuple[str, str], total: int) -> str:
    top = max(sum(n for (at, __), n in counts.items() if at == column) for column in range(columns))
    step, base = WIDTH / columns, HEIGHT - FOOT
    wide = min(step * 0.78, 40)
    bars = []
    for column in range(columns):
        y = float(base)
        for colour in range(SHOWN + 1):
            tall = counts[column, colour] / top * (base - ABOVE)
            if tall:
                y -= tall
                x = column * step + (step - wide) / 2
                bars.append(
                    f'<rect class="c{colour}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="1.5"/>'
                )
        held = number(sum(counts[column, colour] for colour in range(SHOWN + 1)))
        if y < base and len(held) * 7 < step:
            x = (column + 0.5) * step
            bars.append(f'<text x="{x:.1f}" y="{y - 4:.1f}" text-anchor="middle">{held}</text>')
    label = _(
        "{total:,} dated articles from {first} to {last}, at most {top:,} in one column",
        total=total,
        first=ends[0],
        last=ends[1],
        top=top,
    )
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{e(label)}">{"".join(bars)}'
        f'<line x1="0" x2="{WIDTH}" y1="{base}" y2="{base}"/><text x="0" y="{HEIGHT - 4}">{e(ends[0])}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">{e(ends[1])}</text></svg>'
    )


def _buttons(counts: Counter[tuple[int, int]], heads: Sequence[date], named: Sequence[str]) -> str:
    """Over the columns: what each holds, said when it is pointed at, and a click that asks of its days alone."""
    buttons = []
    for column, (first, after) in enumerate(pairwise(heads)):
        held = {name: counts[column, colour] for colour, name in enumerate(named) if counts[column, colour]}
        if not held:
            buttons.append("<span></span>")
            continue
        ends = first.isoformat(), (after - timedelta(1)).isoformat()
        by = ", ".join(f"{number(n)} {name}" for name, n in held.items())
        what = f"{span_text(*ends)}: {_articles(sum(held.values()))} ({by})"
        title = _("{what}. Click to ask about these days alone.", what=what)
        buttons.append(
            f'<button type="button" data-first="{ends[0]}" data-last="{ends[1]}" title="{e(title)}" '
            f'aria-label="{e(_("Ask about {what}", what=what))}"></button>'
        )
    return f'<div class="spans">{"".join(buttons)}</div>'


def _articles(count: int) -> str:
    return counted(count, "{count:,} article", "{count:,} articles")


def _undated(count: int) -> str:
    if not count:
        return ""
    text = counted(
        count, "{count:,} article without a date is not shown.", "{count:,} articles without a date are not shown."
    )
    return f'<p class="soft">{text}</p>'


def _legend(named: Sequence[str], others: int) -> str:
    items = [f'<li><span class="key c{n}"></span>{e(name)}</li>' for n, name in enumerate(named)]
    if others:
        items.append(
            f'<li><span class="key c{SHOWN}"></span>{counted(others, "{count:,} other", "{count:,} others")}</li>'
        )
    return f'<ul class="legend">{"".join(items)}</ul>'
