"""A comparison of two runs, as text for a terminal or a log."""

from onrecord.eval.metrics.names import HEADLINE, SEARCH_HEADLINE, figure, in_order, label
from onrecord.eval.reports.compare import Comparison, Difference
from onrecord.eval.reports.scored import ScoredCell, ScoredRun
from onrecord.index.errors import InputError
from onrecord.index.inert import one_line

_MOST_FLIPS = 20


def paired_cells(
    before: ScoredRun, after: ScoredRun, *, system: str = "", after_system: str = ""
) -> list[tuple[str, ScoredCell, ScoredCell]]:
    """The cells to compare: same suite and same system, or the two systems that are named.

    Two runs of one system each are compared even when the systems differ.

    Raises:
        InputError: nothing is in both runs.
    """
    first = {(c.suite.name, c.system): c for c in before.cells if not system or c.system == system}
    second = {(c.suite.name, c.system): c for c in after.cells if not after_system or c.system == after_system}
    pairs = []
    for (suite, name), cell in first.items():
        others = [c for (other_suite, _), c in second.items() if other_suite == suite]
        match = second.get((suite, name))
        alone = len(others) == 1 and sum(key[0] == suite for key in first) == 1
        other = match or (others[0] if alone else None)
        if other is not None:
            shown = name if name == other.system else f"{name} → {other.system}"
            pairs.append((f"{suite} / {shown}", cell, other))
    if not pairs:
        raise InputError(
            f"{before.folder} and {after.folder} share no suite and system; name the systems with --system and "
            "--after-system"
        )
    return pairs


def comparison_text(name: str, comparison: Comparison) -> str:
    """The headline metrics, whatever changed beyond chance, and the questions that flipped."""
    lines = [f"{one_line(name)}, {comparison.n} questions in both"]
    shown = [d for d in comparison.overall if d.metric in (*HEADLINE, *SEARCH_HEADLINE) or d.is_significant]
    places = {metric: place for place, metric in enumerate(in_order({d.metric for d in shown}))}
    lines += [_line(d) for d in sorted(shown, key=lambda d: places[d.metric])]
    lines += [_line(d) for d in comparison.by_kind if d.is_significant]
    if comparison.only_before or comparison.only_after:
        lines.append(
            f"  only before: {len(comparison.only_before)} questions, only after: {len(comparison.only_after)}"
        )
    flips = sorted(comparison.flipped, key=lambda flip: not flip.is_loss)
    if flips:
        lines.append(f"  flipped: {len(flips)}, of them {sum(f.is_loss for f in flips)} from right to wrong")
        lines += [
            f"    {one_line(f.question_id)} ({one_line(f.kind)}): {f.before} → {f.after}" for f in flips[:_MOST_FLIPS]
        ]
        if len(flips) > _MOST_FLIPS:
            lines.append(f"    … and {len(flips) - _MOST_FLIPS} more")
    losses = comparison.significant_losses
    lines.append(f"  {len(losses)} significant losses" if losses else "  no significant loss")
    return "\n".join(lines)


def _line(d: Difference) -> str:
    mark = ("LOSS" if d.is_loss else "gain") if d.is_significant else ""
    where = f"{label(d.metric)} ({one_line(d.kind)})" if d.kind else label(d.metric)
    return (
        f"  {where:34} {figure(d.metric, d.before):>6} → {figure(d.metric, d.after):>6}   "
        f"{_signed(d.metric, d.difference)} [{_signed(d.metric, d.low)}, {_signed(d.metric, d.high)}]  "
        f"p {d.adjusted:.3f}  n {d.n}  {mark}"
    ).rstrip()


def _signed(metric: str, value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{figure(metric, abs(value))}"
