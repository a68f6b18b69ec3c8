"""Two runs over the same questions, question by question: what changed, and whether it could be chance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from onrecord.eval.metrics.intervals import bootstrap_interval, holm, permutation_p_value
from onrecord.eval.metrics.outcomes import Outcome
from onrecord.eval.metrics.scoring import LOWER_IS_BETTER, ScoredRow
from onrecord.index.errors import InputError

ALPHA = 0.05
_GOOD: tuple[Outcome, ...] = ("answered_right", "abstained_rightly")


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric in both runs, over the ``n`` questions that have it in both. ``kind`` is empty for all questions.

    ``difference`` is after minus before, with its 95 % bootstrap interval. ``p_value`` is that of the permutation
    test, ``adjusted`` the same after Holm's correction: over all metrics, and within one metric over the kinds.
    """

    metric: str
    kind: str
    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p_value: float
    adjusted: float = 1.0

    @property
    def is_significant(self) -> bool:
        return self.adjusted < ALPHA

    @property
    def is_loss(self) -> bool:
        """Whether the later run is worse in this metric, by chance or not."""
        return self.difference > 0 if self.metric in LOWER_IS_BETTER else self.difference < 0


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose outcome changed. ``is_loss``: from a right outcome to another."""

    question_id: str
    kind: str
    before: Outcome
    after: Outcome

    @property
    def is_loss(self) -> bool:
        return self.before in _GOOD and self.after not in _GOOD


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two runs. ``only_before``, ``only_after``: questions that one of them lacks.

    ``unpaired`` names metrics that are in one run only for the shared questions: nothing can be said about them.
    """

    n: int
    overall: tuple[Difference, ...]
    by_kind: tuple[Difference, ...]
    flipped: tuple[Flip, ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    unpaired: tuple[str, ...] = ()

    @property
    def significant_losses(self) -> tuple[Difference, ...]:
        """What got worse beyond chance, overall first."""
        return tuple(d for d in (*self.overall, *self.by_kind) if d.is_loss and d.is_significant)

    @property
    def significant_gains(self) -> tuple[Difference, ...]:
        """What got better beyond chance, overall first."""
        return tuple(d for d in (*self.overall, *self.by_kind) if d.difference and not d.is_loss and d.is_significant)


def compare(before: Iterable[ScoredRow], after: Iterable[ScoredRow], *, seed: int = 0) -> Comparison:
    """The paired comparison of two scored runs over the questions that both have.

    Raises:
        InputError: no question is in both runs, or a question is of another kind in one of them.
    """
    first = {row.question_id: row for row in before}
    second = {row.question_id: row for row in after}
    shared = [question_id for question_id in first if question_id in second]
    if not shared:
        raise InputError("the two runs share no question; compare runs over the same suite")
    pairs = [(first[question_id], second[question_id]) for question_id in shared]
    for one, other in pairs:
        if (one.kind, one.answerable) != (other.kind, other.answerable):
            raise InputError(
                f"question {one.question_id!r} differs between the runs; compare runs of one suite version"
            )
    metrics = sorted({name for one, other in pairs for row in (one, other) for name in row.scores})
    overall = [d for name in metrics if (d := _difference(pairs, name, "", seed)) is not None]
    in_both = {d.metric for d in overall}
    return Comparison(
        n=len(shared),
        overall=_adjusted(overall),
        by_kind=tuple(d for name in metrics for d in _adjusted(_per_kind(pairs, name, seed))),
        flipped=tuple(
            Flip(one.question_id, one.kind, one.outcome, other.outcome)
            for one, other in pairs
            if one.outcome != other.outcome
        ),
        only_before=tuple(question_id for question_id in first if question_id not in second),
        only_after=tuple(question_id for question_id in second if question_id not in first),
        unpaired=tuple(name for name in metrics if name not in in_both),
    )


Pair = tuple[ScoredRow, ScoredRow]


def _per_kind(pairs: Sequence[Pair], metric: str, seed: int) -> list[Difference]:
    kinds = sorted({one.kind for one, _ in pairs})
    if len(kinds) == 1:
        return []
    found = (_difference([pair for pair in pairs if pair[0].kind == kind], metric, kind, seed) for kind in kinds)
    return [difference for difference in found if difference is not None]


def _difference(pairs: Sequence[Pair], metric: str, kind: str, seed: int) -> Difference | None:
    scores = [(one.scores.get(metric), other.scores.get(metric)) for one, other in pairs]
    both = [(a, b) for a, b in scores if a is not None and b is not None]
    if not both:
        return None
    changes = [b - a for a, b in both]
    low, high = bootstrap_interval(changes, seed=seed) if any(changes) else (0.0, 0.0)
    return Difference(
        metric=metric,
        kind=kind,
        n=len(both),
        before=sum(a for a, _ in both) / len(both),
        after=sum(b for _, b in both) / len(both),
        difference=sum(changes) / len(both),
        low=low,
        high=high,
        p_value=permutation_p_value(changes, seed=seed),
    )


def _adjusted(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    corrected = holm([difference.p_value for difference in differences])
    return tuple(replace(d, adjusted=p) for d, p in zip(differences, corrected, strict=True))
