"""When the articles were published, and by whom, as a small chart that needs nothing from the network."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from onrecord.index.types import ArticleInfo
from onrecord.ui.escape import e
from onrecord.ui.page.dates import day_text

WIDTH, HEIGHT, FOOT = 720, 130, 22
SHOWN = 5  # sources with a colour of their own; the rest share one


def _day(published: str) -> date | None:
    try:
        return date.fromisoformat(published[:10])
    except ValueError:
        return None


def _spans(first: date, last: date) -> int:
    """How many columns: one per day in a short time, never more than fit."""
    return max(1, min((last - first).days + 1, 48))


def timeline(infos: Sequence[ArticleInfo]) -> str:
    """The chart; a sentence where fewer than two articles are dated."""
    dated = [(day, info.source or "No source") for info in infos if (day := _day(info.published))]
    if len(dated) < 2:
        return '<p class="soft">Articles with dates will be drawn here over time.</p>'
    first, last = min(day for day, _ in dated), max(day for day, _ in dated)
    columns = _spans(first, last)
    days = (last - first).days + 1
    ranked = [name for name, _ in Counter(source for _, source in dated).most_common()]
    named = ranked if len(ranked) <= SHOWN + 1 else ranked[:SHOWN]
    counts: Counter[tuple[int, int]] = Counter()
    for day, source in dated:
        colour = named.index(source) if source in named else SHOWN
        counts[(day - first).days * columns // days, colour] += 1
    return _svg(counts, columns, (day_text(first.isoformat()), day_text(last.isoformat())), len(dated)) + _legend(
        named, len(ranked) - len(named)
    )


def _svg(counts: Counter[tuple[int, int]], columns: int, ends: tuple[str, str], total: int) -> str:
    top = max(sum(n for (at, _), n in counts.items() if at == column) for column in range(columns))
    step, base = WIDTH / columns, HEIGHT - FOOT
    wide = min(step * 0.78, 40)
    bars = []
    for column in range(columns):
        y = float(base)
        for colour in range(SHOWN + 1):
            tall = counts[column, colour] / top * (base - 6)
            if tall:
                y -= tall
                x = column * step + (step - wide) / 2
                bars.append(
                    f'<rect class="c{colour}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="1.5"/>'
                )
    label = f"{total} dated articles from {ends[0]} to {ends[1]}, at most {top} in one column"
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{e(label)}">{"".join(bars)}'
        f'<line x1="0" x2="{WIDTH}" y1="{base}" y2="{base}"/><text x="0" y="{HEIGHT - 4}">{e(ends[0])}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">{e(ends[1])}</text></svg>'
    )


def _legend(named: Sequence[str], others: int) -> str:
    items = [f'<li><span class="key c{n}"></span>{e(name)}</li>' for n, name in enumerate(named)]
    if others:
        items.append(f'<li><span class="key c{SHOWN}"></span>{others} others</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'
