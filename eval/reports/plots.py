"""The report's plots, as SVG that takes its colours from the page: risk–coverage, calibration, kinds, latency.

The one file that imports matplotlib. Colours are drawn as placeholders and replaced by the page's CSS variables, so
one picture serves light and dark; text stays text, in the page's font.
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onrecord.eval.metrics.scoring import Summary
from onrecord.index.inert import one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SERIES = 8  # colours that the page defines: --s1 … --s8
_INK, _RULE = "#0a0b0c", "#0d0e0f"
_COLOURS = [f"#0{n}0{n}0{n}" for n in range(1, SERIES + 1)]
_WIDTH, _WIDE = 5.4, 11.0
# What matplotlib writes for a file of its own, and a page that holds several pictures cannot have.
_TIDY = (
    (re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL), ""),
    (re.compile(r"<defs>\s*<style.*?</style>\s*</defs>\s*", re.DOTALL), ""),
    (re.compile(r"font-family: [^;\"]*;?\s*"), ""),  # the fonts of this machine; the page has its own
    (re.compile(r'<g id="[^"]*"'), "<g"),
    (re.compile(r'(<svg[^>]*?) width="([\d.]+)pt" height="[\d.]+pt"'), r'\1 role="img" style="max-width: \2pt"'),
)
_STAGES = (
    ("time_to_evidence", "evidence", "o"),
    ("time_to_first_token", "first token", "D"),
    ("time_to_answer", "whole answer", "s"),
)


def risk_coverage(summaries: Mapping[str, Summary]) -> str:
    """Share of wrong answers over the share answered, surest first; empty unless a system gives a confidence."""
    curves = {name: s.curve for name, s in summaries.items() if len(s.curve) > 1}
    if not curves:
        return ""
    figure, axes = _figure(3.3)
    for name, curve in curves.items():
        colour = _colour(list(summaries).index(name))
        xs, ys = [p.coverage * 100 for p in curve], [p.risk * 100 for p in curve]
        axes.step(xs, ys, where="post", color=colour, linewidth=1.8, label=_name(name))
        axes.plot(xs[-1], ys[-1], "o", color=colour, markersize=5)
    axes.set(xlabel="answered, % of all questions", ylabel="wrong, % of the answered", xlim=(0, 100), ylim=(0, None))
    _legend(axes)
    return _svg(figure, "risk")


def calibration(summaries: Mapping[str, Summary]) -> str:
    """How often questions with a given answerability score are answerable; empty unless a system gives a score."""
    with_bins = {name: s.bins for name, s in summaries.items() if s.bins}
    if not with_bins:
        return ""
    figure, axes = _figure(3.3)
    axes.plot([0, 100], [0, 100], linestyle=(0, (3, 3)), color=_RULE, linewidth=1.2)
    for name, bins in with_bins.items():
        colour = _colour(list(summaries).index(name))
        most = max(one.n for one in bins)
        xs, ys = [b.mean_score * 100 for b in bins], [b.share_true * 100 for b in bins]
        axes.plot(xs, ys, color=colour, linewidth=1.2, label=_name(name))
        axes.scatter(xs, ys, s=[18 + 110 * b.n / most for b in bins], color=colour, alpha=0.85, linewidths=0)
    axes.set(xlabel="answerability score, %", ylabel="truly answerable, %", xlim=(0, 102), ylim=(-4, 104))
    _legend(axes)
    return _svg(figure, "calibration")


def kinds(summaries: Mapping[str, Summary], *, metric: str = "right") -> str:
    """One row per kind of question, one dot with its interval per system; empty when there is one kind or none."""
    # unjudged kinds (long answers only) have no share of right ones
    names = sorted({kind for s in summaries.values() for kind, group in s.kinds.items() if metric in group.metrics})
    if len(names) < 2:
        return ""
    figure, axes = _figure(0.9 + len(names) * max(0.26, 0.11 * len(summaries)), width=_WIDE)
    step = 0.74 / max(1, len(summaries))
    for place, (name, summary) in enumerate(summaries.items()):
        colour = _colour(place)
        offset = (place - (len(summaries) - 1) / 2) * step
        found = [(row, e) for row, kind in enumerate(names) if (e := _estimate(summary, kind, metric)) is not None]
        ys = [row + offset for row, _ in found]
        axes.hlines(ys, [e.low * 100 for _, e in found], [e.high * 100 for _, e in found], color=colour, alpha=0.45)
        axes.plot([e.value * 100 for _, e in found], ys, "o", color=colour, markersize=4.6, label=_name(name))
    axes.set_yticks(range(len(names)), [f"{_name(kind)} ({_cases(summaries, kind)})" for kind in names])
    for row in range(len(names) - 1):
        axes.axhline(row + 0.5, color=_RULE, linewidth=0.5)
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="right, %", xlim=(-1, 101), ylim=(len(names) - 0.5, -0.5))
    _legend(axes, outside=True)
    return _svg(figure, "kinds")


def latency(summaries: Mapping[str, Summary]) -> str:
    """Median to 95th percentile of each stage, per system, on a logarithmic scale; empty without timings."""
    timed = {name: s for name, s in summaries.items() if "time_to_answer" in s.costs}
    if not timed:
        return ""
    figure, axes = _figure(0.9 + 0.46 * len(timed), width=_WIDE)
    in_legend = set()
    for row, (name, summary) in enumerate(timed.items()):
        colour = _colour(list(summaries).index(name))
        for place, (cost, text, marker) in enumerate(_STAGES):
            if cost not in summary.costs:
                continue
            measured, y = summary.costs[cost], row + (place - 1) * 0.22
            axes.hlines(y, max(measured.p50, 1e-4), max(measured.p95, 1e-4), color=colour, alpha=0.45, linewidth=2)
            axes.plot(max(measured.p50, 1e-4), y, marker, color=colour, markersize=5)
            axes.plot(max(measured.p95, 1e-4), y, "|", color=colour, markersize=7)
            if text not in in_legend:
                in_legend.add(text)
                axes.plot([], [], marker, color=_INK, markersize=5, linestyle="", label=text)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks(range(len(timed)), [_name(name) for name in timed])
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="seconds: median, and the line to the 95th percentile", ylim=(len(timed) - 0.4, -0.6))
    _legend(axes, outside=True)
    return _svg(figure, "latency")


def _estimate(summary: Summary, kind: str, metric: str) -> Any:
    group = summary.kinds.get(kind)
    return group.metrics.get(metric) if group else None


def _cases(summaries: Mapping[str, Summary], kind: str) -> int:
    return max(s.kinds[kind].n for s in summaries.values() if kind in s.kinds)


def _name(name: str) -> str:
    """A name as matplotlib shows it to the letter: neither read as a formula nor left out of the legend."""
    shown = one_line(name).replace("$", r"\$")
    return f"\u2009{shown}" if shown.startswith("_") else shown


def _colour(place: int) -> str:
    return _COLOURS[place % SERIES]


def _figure(height: float, width: float = _WIDTH) -> tuple["Figure", Any]:
    # Figure, and not pyplot: no window system, no global state that other code could have set.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_RULE)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(_INK)
        axis.label.set_fontsize(9)
    return figure, axes


def _legend(axes: Any, *, outside: bool = False) -> None:
    place: dict[str, Any] = {"loc": "best"}
    if outside:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1.0), "ncols": 6, "borderaxespad": 0.2}
    legend = axes.legend(frameon=False, fontsize=8.5, labelcolor=_INK, handletextpad=0.5, **place)
    legend.set_in_layout(True)


def _svg(figure: "Figure", name: str) -> str:
    import matplotlib

    out = io.StringIO()
    # The salt keeps the ids of one picture from being those of another on the same page, and the same every time.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return _in_page_colours(text[text.index("<svg") :])


def _in_page_colours(svg: str) -> str:
    colours: Sequence[tuple[str, str]] = [
        (_INK, "var(--soft)"),
        (_RULE, "var(--rule)"),
        *((colour, f"var(--s{n})") for n, colour in enumerate(_COLOURS, start=1)),
    ]
    for placeholder, variable in colours:
        svg = svg.replace(placeholder, variable)
    for wanted, instead in _TIDY:
        svg = wanted.sub(instead, svg)
    return svg
