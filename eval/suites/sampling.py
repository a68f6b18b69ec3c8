"""Which questions of a suite are asked: all, or a sample that keeps the mix of kinds."""

import random
from collections.abc import Sequence

from onrecord.eval.suites.loading import Question
from onrecord.index.errors import InputError


def stratified_sample(questions: Sequence[Question], size: int | None, *, seed: int = 0) -> tuple[Question, ...]:
    """``size`` of the questions, each kind (and answerable or not) by its share, in their own order.

    The same seed takes the same questions. What is left over from rounding goes to the largest remainders, so every
    kind is within one question of its share. None, or more than there are: all of them.

    Raises:
        InputError: ``size`` is not at least 1.
    """
    if size is None or size >= len(questions):
        return tuple(questions)
    if size < 1:
        raise InputError(f"a sample of {size} questions is none; give --sample 1 or more")
    strata: dict[tuple[str, bool], list[int]] = {}
    for index, question in enumerate(questions):
        strata.setdefault((question.kind, question.answerable), []).append(index)
    shares = {key: size * len(members) / len(questions) for key, members in strata.items()}
    counts = {key: int(share) for key, share in shares.items()}
    by_remainder = sorted(strata, key=lambda key: (counts[key] - shares[key], key))
    for key in by_remainder[: size - sum(counts.values())]:
        counts[key] += 1
    chosen: set[int] = set()
    for key in sorted(strata):
        chosen.update(random.Random(f"{seed}:{key}").sample(strata[key], counts[key]))
    return tuple(questions[index] for index in sorted(chosen))
