"""The report as one HTML page: no request leaves it, and everything that a model or an article said is escaped."""

from collections.abc import Mapping
from importlib.resources import files

from onrecord.eval.metrics.intervals import Estimate
from onrecord.eval.metrics.names import COSTS, explanation, figure, in_order, interval, label
from onrecord.eval.metrics.scoring import LOWER_IS_BETTER, Summary
from onrecord.eval.reports.html_questions import questions_section
from onrecord.eval.reports.scored import ScoredCell, ScoredRun, headline_metrics
from onrecord.index.inert import as_html as escape

OUTCOMES = {
    "answered_right": "answered, right",
    "abstained_rightly": "refused, rightly",
    "answered_unjudged": "answered, not judged",
    "abstained_wrongly": "refused, wrongly",
    "answered_wrong": "answered, wrong",
    "failed": "failed",
}
_CSP = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def page(run: ScoredRun) -> str:
    """The whole page."""
    sections = "\n".join(_suite_section(run.of_suite(suite.name)) for suite in run.suites)
    title = "OnRecord evaluation"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_CSP}">
<title>{title}</title>
<style>{_asset("report.css")}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{_about(run)}
{sections}
</main>
<script>{_asset("report.js")}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return files("onrecord.eval.reports").joinpath("assets", name).read_text(encoding="utf-8")


def _about(run: ScoredRun) -> str:
    machine, settings = run.info.machine, run.info.settings
    facts = {
        "run": run.info.started.replace("T", " ").removesuffix("+00:00") + " UTC" if run.info.started else "",
        "commit": run.info.commit,
        "model": settings.get("model", ""),
        "embedder": settings.get("embedder", ""),
        "sample": settings.get("sample") or "all questions",
        "seed": settings.get("seed", 0),
        "machine": f"{machine.get('cores', '?')} cores, {machine.get('processor', '')}",
        "engine": f"xllamacpp {machine.get('xllamacpp', '')} ({machine.get('engine_build', '')})",
    }
    spans = " ".join(f"<span>{name} <b>{escape(str(value))}</b></span>" for name, value in facts.items() if value != "")
    return f'<p class="meta">{spans}</p>\n<p class="soft">Shares in per cent; small figures are 95 % intervals.</p>'


def _suite_section(cells: tuple[ScoredCell, ...]) -> str:
    suite = cells[0].suite
    asked = max(len(cell.rows) for cell in cells)
    parts = [
        f"<h2>{escape(suite.name)}</h2>",
        f'<p class="soft">{asked} questions over {len(suite.articles):,} articles. {escape(suite.about)}</p>',
        _table(cells, headline_metrics(cells), seconds=True),
        _outcomes(cells),
        _plots({cell.system: cell.summary for cell in cells}),
        _all_figures(cells),
        _kinds_table(cells),
        questions_section(cells),
    ]
    return f"<section>{''.join(parts)}</section>"


def _table(cells: tuple[ScoredCell, ...], metrics: list[str], *, seconds: bool) -> str:
    heads = "".join(f'<th scope="col" title="{escape(explanation(m))}">{escape(label(m))}</th>' for m in metrics)
    if seconds:
        heads += '<th scope="col" title="median seconds from the question to the whole answer">seconds</th>'
    best = {metric: _best(cells, metric) for metric in metrics}
    lines = []
    for place, cell in enumerate(cells):
        found = cell.summary.overall.metrics
        values = "".join(_figure_cell(m, found.get(m), best[m]) for m in metrics)
        if seconds:
            cost = cell.summary.costs.get("time_to_answer")
            values += f"<td>{_number(cost.p50)}<small>p95 {_number(cost.p95)}</small></td>" if cost else "<td></td>"
        lines.append(f'<tr><th scope="row">{_swatch(place)}{escape(cell.system)}</th>{values}</tr>')
    return (
        f'<div class="wide"><table><thead><tr><th scope="col">system</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _figure_cell(metric: str, estimate: Estimate | None, best: float | None) -> str:
    if estimate is None:
        return "<td></td>"
    mark = ' class="best"' if best is not None and estimate.value == best else ""
    return (
        f'<td{mark} title="n = {estimate.n}">{figure(metric, estimate.value)}'
        f"<small>{interval(metric, estimate)}</small></td>"
    )


def _best(cells: tuple[ScoredCell, ...], metric: str) -> float | None:
    values = [e.value for cell in cells if (e := cell.summary.overall.metrics.get(metric)) is not None]
    if len(values) < 2 or min(values) == max(values):
        return None
    return min(values) if metric in LOWER_IS_BETTER else max(values)


def _outcomes(cells: tuple[ScoredCell, ...]) -> str:
    if all(cell.summary.overall.outcomes.keys() <= {"retrieved", "failed"} for cell in cells):
        return ""
    lines = []
    for place, cell in enumerate(cells):
        counts = cell.summary.overall.outcomes
        bars = "".join(
            f'<i class="{name}" style="flex:{counts[name]}" title="{text}: {counts[name]}">{counts[name]}</i>'
            for name, text in OUTCOMES.items()
            if counts.get(name)
        )
        lines.append(f'<span>{_swatch(place)}{escape(cell.system)}</span><div class="bar">{bars}</div>')
    used = {name for cell in cells for name in cell.summary.overall.outcomes}
    key = "".join(f'<span><i class="{name}"></i>{text}</span>' for name, text in OUTCOMES.items() if name in used)
    return (
        f'<h3>What became of the questions</h3><div class="outcomes">{"".join(lines)}</div><div class="key">{key}</div>'
    )


def _plots(summaries: Mapping[str, Summary]) -> str:
    try:
        from onrecord.eval.reports import plots

        drawn = [
            (
                "Risk and coverage",
                "answering only the surest: the curve that stays lower is better",
                plots.risk_coverage,
                "",
            ),
            ("Calibration", "on the dotted line the score means what it says", plots.calibration, ""),
            (
                "Right, by kind of question",
                "with 95 % intervals; number of questions in brackets",
                plots.kinds,
                "whole",
            ),
            ("Latency", "logarithmic scale", plots.latency, "whole"),
        ]
        figures = [
            f'<figure class="{name}"><figcaption>{title}<small>{note}</small></figcaption>{svg}</figure>'
            for title, note, draw, name in drawn
            if (svg := draw(summaries))
        ]
    except ModuleNotFoundError:
        return '<p class="soft">For plots, install the extra: pip install "onrecord[eval]".</p>'
    return f'<h3>Plots</h3><div class="plots">{"".join(figures)}</div>' if figures else ""


def _all_figures(cells: tuple[ScoredCell, ...]) -> str:
    """Every figure with its n: metrics down, systems across, so that many metrics fit."""
    metrics = in_order({name for cell in cells for name in cell.summary.overall.metrics})
    heads = "".join(f'<th scope="col">{escape(cell.system)}</th>' for cell in cells)
    lines = []
    for metric in metrics:
        best = _best(cells, metric)
        values = "".join(_figure_cell(metric, c.summary.overall.metrics.get(metric), best) for c in cells)
        name = f'<th scope="row" title="{escape(explanation(metric))}">{escape(label(metric))}</th>'
        lines.append(f"<tr>{name}{values}</tr>")
    for cost, text in COSTS.items():
        found = [cell.summary.costs.get(cost) for cell in cells]
        if any(found):
            values = "".join(
                f"<td>{_number(c.p50)}<small>p95 {_number(c.p95)}</small></td>" if c else "<td></td>" for c in found
            )
            lines.append(f'<tr><th scope="row">{text}</th>{values}</tr>')
    table = f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<details><summary><b>All figures</b></summary><div class="wide">{table}</div></details>'


def _kinds_table(cells: tuple[ScoredCell, ...]) -> str:
    kinds = sorted({kind for cell in cells for kind in cell.summary.kinds})
    metric = next((m for m in ("right", "recall@10", "article_found@10") if m in headline_metrics(cells)), "")
    if len(kinds) < 2 or not metric:
        return ""
    heads = "".join(f'<th scope="col">{escape(cell.system)}</th>' for cell in cells)
    lines = []
    for kind in kinds:
        groups = [cell.summary.kinds.get(kind) for cell in cells]
        n = max(group.n for group in groups if group)
        values = "".join(_figure_cell(metric, group.metrics.get(metric) if group else None, None) for group in groups)
        lines.append(f'<tr><th scope="row">{escape(kind)}</th><td>{n}</td>{values}</tr>')
    table = (
        f'<table><thead><tr><th scope="col">kind</th><th scope="col">n</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
    name = escape(label(metric))
    return f'<details><summary><b>By kind of question: {name}</b></summary><div class="wide">{table}</div></details>'


def _swatch(place: int) -> str:
    return f'<span class="swatch" style="background:var(--s{place % 8 + 1})"></span>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
