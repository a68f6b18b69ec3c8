"""How far evidence bears out a claim: a few general measures between 0 and 1."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from onrecord.qa.quantities import same_day, same_quantity
from onrecord.qa.words import Words, words_of

FEATURES = ("covered", "pairs", "ending", "jumps", "strange_name", "strange_number")
CHOSEN = 4  # sentences that a score looks at


@lru_cache(maxsize=8192)
def terms(words: Words) -> tuple[tuple[str, bool], ...]:
    """The words as they are compared: (form, is content), each number one word, however it is written."""
    spans: dict[tuple[int, int], str] = {}
    for quantity in words.quantities:
        span = (quantity.start, quantity.end)
        spans[span] = f"{spans[span]}-{quantity.value:g}" if span in spans else f"#{quantity.value:g}"
    widest = sorted(spans, key=lambda span: span[0] - span[1])
    found: list[tuple[str, bool]] = []
    seen: set[tuple[int, int]] = set()
    for token in words.tokens:
        inside = next((s for s in widest if s[0] <= token.start < s[1]), None)
        if inside is None:
            found.append((token.stem, token.content))
        elif inside not in seen:
            seen.add(inside)
            found.append((spans[inside], True))
    return tuple(found)


def _forms(words: Words) -> list[str]:
    return [form for form, _ in terms(words)]


def _content(words: Words) -> list[str]:
    return [form for form, content in terms(words) if content]


def _bigrams(stems: Sequence[str]) -> set[tuple[str, str]]:
    return set(pairwise(stems))


def choose(claim: Words, evidence: Sequence[Words], *, count: int = CHOSEN) -> list[int]:
    """Which sentences of long evidence to hold the claim against, in their order: the nearest, then what they lack."""
    if len(evidence) <= count:
        return list(range(len(evidence)))
    wanted, pairs = frozenset(_content(claim)), _bigrams(_forms(claim))
    held = [wanted & frozenset(_forms(words)) for words in evidence]
    weight = {form: (1.0 + sum(form in forms for forms in held)) ** -0.5 for form in wanted}
    total = sum(weight.values()) or 1.0
    near = [
        sum(weight[form] for form in forms) / total + len(pairs & _bigrams(_forms(words))) / max(1, len(pairs))
        for forms, words in zip(held, evidence, strict=True)
    ]
    chosen: list[int] = []
    covered: frozenset[str] = frozenset()
    while len(chosen) < count:
        rest = [n for n in range(len(evidence)) if n not in chosen]
        gain = {n: sum(weight[form] for form in held[n] - covered) / total for n in rest}
        best = max(rest, key=lambda n: (near[n] + (2.0 * gain[n] if chosen else 0.0), -n))
        chosen.append(best)
        covered |= held[best]
    return sorted(chosen)


def reading_cost(claim: Sequence[str], evidence: Sequence[Sequence[str]]) -> tuple[float, int]:
    """The least cost of reading the claim off the evidence word by word, and how many of its words are there.

    Reading on costs nothing, leaving out a few words .3, more .6; going back or to another sentence 1. A claim copied
    from one sentence costs 0, one that is patched together or turned round costs much. Words not there are passed over.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    for number, stems in enumerate(evidence):
        for at, stem in enumerate(stems):
            places.setdefault(stem, []).append((number, at))
    costs: dict[tuple[int, int], float] = {}
    held = 0
    for stem in claim:
        if stem not in places:
            continue
        held += 1
        jump = min(costs.values()) + 1.0 if costs else 0.0
        reached = {}
        for number, at in places[stem]:
            best = jump
            for (other, before), cost in costs.items():
                if other == number and before < at:
                    best = min(best, cost + (0.0 if at - before == 1 else 0.3 if at - before <= 4 else 0.6))
            reached[number, at] = best
        costs = reached
    return (min(costs.values()), held) if costs else (0.0, 0)


def _content_pairs(claim: Words, evidence: Sequence[Words]) -> float:
    """The share of neighbouring content words that stand in one evidence sentence, in that order and not far apart."""
    order = _content(claim)
    wanted = list(pairwise(order))
    if not wanted:
        return 1.0
    places = [_places(e) for e in evidence]
    found = sum(max((_pair_weight(p.get(a, ()), p.get(b, ())) for p in places), default=0.0) for a, b in wanted)
    return found / len(wanted)


def _places(words: Words) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, form in enumerate(_forms(words)):
        places.setdefault(form, []).append(at)
    return places


def _pair_weight(first: Sequence[int], second: Sequence[int]) -> float:
    gaps = [b - a for a in first for b in second]
    if not gaps:
        return 0.0
    return 1.0 if any(0 < gap <= 5 for gap in gaps) else 0.7 if any(gap > 0 for gap in gaps) else 0.4


def measure(
    claim: Words, evidence: Sequence[Words], *, context: Sequence[Words] = (), dated: Sequence[Words] = ()
) -> dict[str, float]:
    """The measures named in ``FEATURES``, 0 to 1, for a claim against evidence that ``choose`` has narrowed down.

    ``covered``: share of content words that the evidence has. ``pairs``: share of neighbouring content words that stand
    together. ``ending``: the last word is there (details are added at the end). ``jumps``: reading cost per word.
    ``context`` may bear out names and dates; ``dated``, the rest of the evidence, dates alone.
    """
    forms, content = _forms(claim), _content(claim)
    everything = frozenset().union(*(_forms(e) for e in evidence))
    cost, held = reading_cost(forms, [_forms(e) for e in evidence])
    return {
        "covered": sum(s in everything for s in content) / max(1, len(content)),
        "pairs": _content_pairs(claim, evidence),
        "ending": float(bool(forms) and forms[-1] in everything),
        "jumps": cost / max(1, held),
        "strange_name": float(strange_name(claim, [*evidence, *context])),
        "strange_number": float(strange_number(claim, evidence) or strange_day(claim, [*evidence, *context, *dated])),
    }


def strange_name(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether a part of a name in the claim is nowhere in the evidence."""
    known = frozenset().union(*(e.stems for e in evidence))
    return any(part not in known for name in claim.names for part in name)


def strange_number(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether no number of the evidence bears out a number of the claim."""
    numbers = [q for e in evidence for q in e.quantities]
    years = {float(d.year) for e in evidence for d in e.days}
    return any(q.value not in years and not any(same_quantity(q, n) for n in numbers) for q in claim.quantities)


def strange_day(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether no date of the evidence bears out a date of the claim."""
    stated = [d for e in evidence for d in e.days]
    numbers = {q.value for e in evidence for q in e.quantities}
    return any(not same_day(d, stated) and not (d.year and not d.month and d.year in numbers) for d in claim.days)


def analyse(texts: Sequence[str]) -> list[Words]:
    """``words_of`` over several texts, empty ones left out; a number cut in two ("2." "4 million") is joined."""
    joined: list[str] = []
    for text in texts:
        if joined and re.search(r"\d\.$", joined[-1]) and re.match(r"\d", text):
            joined[-1] += f" {text}"
        elif text.strip():
            joined.append(text)
    return [words_of(text) for text in joined]
