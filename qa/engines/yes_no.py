"""From the first token's log-probabilities to p(yes)."""

import math
from collections.abc import Iterable, Mapping


def token_mass(logprobs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Token text -> probability. Two tokens that read the same are added up.

    >>> token_mass([("yes", 0.0)])
    {'yes': 1.0}
    """
    mass: dict[str, float] = {}
    for token, logprob in logprobs:
        mass[token] = mass.get(token, 0.0) + math.exp(logprob)
    return mass


def yes_share(first_tokens: Mapping[str, float] | None) -> float | None:
    """p(yes) / (p(yes) + p(no)) over the likeliest tokens, whatever their case and spacing; None where neither is one.

    >>> round(yes_share({"Yes": 0.6, " yes": 0.15, "No": 0.25}), 2)
    0.75
    """
    mass = {"yes": 0.0, "no": 0.0}
    for token, probability in (first_tokens or {}).items():
        word = token.strip().lower()
        if word in mass:
            mass[word] += probability
    total = mass["yes"] + mass["no"]
    return mass["yes"] / total if total > 0 else None
