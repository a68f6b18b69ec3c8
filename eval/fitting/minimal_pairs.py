"""How well a verifier tells a true rewording from a false near-copy of the same source: where copying cannot help.

``eval/contrast/`` holds such pairs, with the phenomenon that each turns on and the half that it belongs to. Many have
a false claim too that is as far from the source as the true one, so that to distrust copies does not help either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onrecord.eval.fitting.grounding import Rouge2Verifier, sentences_of
from onrecord.eval.metrics.intervals import Estimate, estimate_mean
from onrecord.eval.suites.jsonl import read_jsonl, read_text
from onrecord.eval.suites.loading import GroundingItem
from onrecord.index.errors import InputError
from onrecord.qa.judges.verify import Verifier

CONTRAST_PAIRS = Path(__file__).resolve().parents[1] / "contrast" / "pairs.jsonl"
HALVES = ("tune", "test")
_TITLES = {
    "true_above_false": "true above false",
    "balanced_accuracy": "balanced accuracy",
    "true_refused": "true refused",
    "false_accepted": "false accepted",
    "true_above_reworded": "true above reworded",
    "reworded_accepted": "reworded accepted",
}


@dataclass(frozen=True, slots=True)
class MinimalPair:
    """A source, a claim that it supports and a near-copy that it does not. Nothing is fitted on the half ``test``.

    ``false_reworded``, where it is given, is as false as ``false``, and worded as freely as ``true``.
    """

    id: str
    phenomenon: str
    source: str
    true: str
    false: str
    half: str
    false_reworded: str = ""

    @property
    def claims(self) -> tuple[str, ...]:
        """The true claim, the false one and, where there is one, the reworded false one."""
        return tuple(claim for claim in (self.true, self.false, self.false_reworded) if claim)


@dataclass(frozen=True, slots=True)
class PairFigures:
    """Figures over some pairs: means over pairs, so their intervals are as well.

    ``true_above_false``: the true claim scored higher, ties counting half. ``balanced_accuracy``: of the verdict
    "supported" on these two. ``true_refused`` and ``false_accepted``: the two ways in which that verdict is wrong.
    ``true_above_reworded`` and ``reworded_accepted`` are over the pairs that have a reworded false claim, if any do.
    """

    true_above_false: Estimate
    balanced_accuracy: Estimate
    true_refused: Estimate
    false_accepted: Estimate
    true_above_reworded: Estimate | None
    reworded_accepted: Estimate | None


@dataclass(frozen=True, slots=True)
class PairReport:
    """``overall`` by half and ``all``; ``phenomena`` the same for each. ``scores``: of every pair's claims in turn."""

    overall: Mapping[str, PairFigures]
    phenomena: Mapping[str, Mapping[str, PairFigures]]
    scores: tuple[tuple[float, ...], ...]


def holds_pairs(path: Path) -> bool:
    """Whether the file's first row is a minimal pair, and not a claim with a label."""
    if not any(line.strip() for line in read_text(path).split("\n")):
        return False
    return "phenomenon" in next(read_jsonl(path)).data


def load_pairs(path: Path) -> tuple[MinimalPair, ...]:
    """The pairs of a file.

    Raises:
        InputError: the file is missing or a row breaks a rule; the message names file, line and cure.
    """
    pairs: dict[str, MinimalPair] = {}
    fields = ("id", "phenomenon", "source", "true", "false", "half")
    for row in read_jsonl(path):
        row.only({*fields, "false_reworded"})
        texts = {name: row.text(name, required=True) for name in fields}
        pair = MinimalPair(**texts, false_reworded=row.text("false_reworded"))
        if pair.half not in HALVES:
            raise row.fail(f"'half' must be tune or test, found {pair.half!r}")
        if pair.id in pairs:
            raise row.fail("this id is used twice; give each pair its own")
        pairs[pair.id] = pair
    if not pairs:
        raise InputError(f"{path}: holds no pair; write at least one")
    return tuple(pairs.values())


def evaluate_pairs(
    pairs: Sequence[MinimalPair], verifier: Verifier, *, threshold: Callable[[int], float], seed: int = 0
) -> PairReport:
    """The claims of every pair against their source.

    ``threshold``: the least score of a supported claim, by how many sentences its source has.
    """
    sources = [sentences_of(GroundingItem(pair.id, pair.true, True, source=pair.source)) for pair in pairs]
    scores = [
        tuple(verifier.verify(claim, source) for claim in pair.claims)
        for pair, source in zip(pairs, sources, strict=True)
    ]
    return _report(pairs, scores, [threshold(len(source)) for source in sources], seed)


def evaluate_pairs_by_copying(pairs: Sequence[MinimalPair], *, seed: int = 0) -> PairReport:
    """ROUGE-2 over the same pairs, at the threshold that suits it best on these very pairs: it is favoured."""
    plain = evaluate_pairs(pairs, Rouge2Verifier(), threshold=lambda sentences: 0.0, seed=seed)

    def right(least: float) -> int:
        return sum((true >= least) - (false >= least) for true, false, *_ in plain.scores)

    best = max(sorted({score for each in plain.scores for score in each}), key=right)
    return _report(pairs, plain.scores, [best] * len(pairs), seed)


def pair_lines(name: str, report: PairReport) -> list[str]:
    """The report as lines of text: every half, then each phenomenon with its figures as tune / test."""
    lines = [f"  {name}"]
    for half, figures in report.overall.items():
        lines.append(f"    {half}")
        lines += [f"      {title:20} {getattr(figures, field) or '-'}" for field, title in _TITLES.items()]
    header = " ".join(f"{title:20}" for title in _TITLES.values())
    lines.append(f"    {'tune / test':16} {'pairs':9} {header}".rstrip())
    for phenomenon, by_half in report.phenomena.items():
        halves = [by_half.get(half) for half in HALVES]
        counts = " / ".join(str(figures.true_above_false.n if figures else 0) for figures in halves)
        cells = " ".join(f"{' / '.join(_short(figures, field) for figures in halves):20}" for field in _TITLES)
        lines.append(f"    {phenomenon:16} {counts:9} {cells}".rstrip())
    return lines


def _short(figures: PairFigures | None, field: str) -> str:
    estimate = getattr(figures, field, None)
    return f"{estimate.value:.2f}" if estimate else "-"


def _report(
    pairs: Sequence[MinimalPair], scores: Sequence[tuple[float, ...]], thresholds: Sequence[float], seed: int
) -> PairReport:
    def over(chosen: Sequence[int]) -> dict[str, PairFigures]:
        groups = {"all": list(chosen)} | {half: [i for i in chosen if pairs[i].half == half] for half in HALVES}
        return {
            name: _figures([scores[i] for i in group], [thresholds[i] for i in group], seed)
            for name, group in groups.items()
            if group
        }

    phenomena = dict.fromkeys(pair.phenomenon for pair in pairs)
    return PairReport(
        overall=over(range(len(pairs))),
        phenomena={name: over([i for i, pair in enumerate(pairs) if pair.phenomenon == name]) for name in phenomena},
        scores=tuple(scores),
    )


def _figures(scores: Sequence[tuple[float, ...]], thresholds: Sequence[float], seed: int) -> PairFigures:
    cases = list(zip(scores, thresholds, strict=True))
    reworded = [(each[0], each[2], least) for each, least in cases if len(each) > 2]
    refused = [float(each[0] < least) for each, least in cases]
    accepted = [float(each[1] >= least) for each, least in cases]

    def estimate(values: Sequence[float]) -> Estimate | None:
        return estimate_mean(values, seed=seed) if values else None

    return PairFigures(
        true_above_false=estimate_mean([_above(each[0], each[1]) for each in scores], seed=seed),
        balanced_accuracy=estimate_mean([1 - (r + a) / 2 for r, a in zip(refused, accepted, strict=True)], seed=seed),
        true_refused=estimate_mean(refused, seed=seed),
        false_accepted=estimate_mean(accepted, seed=seed),
        true_above_reworded=estimate([_above(true, false) for true, false, _ in reworded]),
        reworded_accepted=estimate([float(false >= least) for _, false, least in reworded]),
    )


def _above(true: float, false: float) -> float:
    return 0.5 if true == false else float(true > false)
