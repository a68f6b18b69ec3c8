"""How well evidence bears out a claim: the words that they share, their order, and what in the claim is strange."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from onrecord.index.text.quantities import Quantity, same_day, same_quantity
from onrecord.index.text.words import Words, stem
from onrecord.qa.judges.claim_matching import ORDINALS, forms_of, reworded, terms

FEATURES = ("covered", "pairs", "ending", "jumps", "strange_name", "strange_number", "lost")
LONG = 25  # sentences of evidence from which a claim condenses a page rather than repeats what it cites
_SKIP = 3  # words left out at a time, up to which the claim still follows the sentence
_HEDGES = frozenset(  # of allegations the rules take care
    stem(word)
    for word in """former formerly ex possible possibly may might could would should expected plan planned try attempt
    likely unlikely almost nearly suggested proposed hope believe thought understood if whether failed refused
    threatened wait potential potentially probably perhaps unless appear seem""".split()
)
_OPENERS = frozenset("the a an of in to at on for from by with".split())  # an adjective may follow, left out or not
_TELLING = frozenset(stem(word) for word in "said claimed reported announced told stated added".split())
_JOINTS = frozenset(",;:—–()-`\"'“”.")

Place = tuple[int, int]  # a sentence of the evidence, and a word of it
Run = tuple[int, int, int]  # a sentence of the evidence, the first of some words of it, and the one behind them
Sources = dict[Place, Place | None]  # which place came before


def measure(
    claim: Words, evidence: Sequence[Words], *, context: Sequence[Words] = (), dated: Sequence[Words] = ()
) -> dict[str, float]:
    """The measures named in ``FEATURES``, 0 to 1, for a claim against evidence that ``choose`` has narrowed down.

    ``covered``: share of content words that the evidence has. ``pairs``: share of neighbouring content words that stand
    together. ``ending``: the last word is there (details are added at the end). ``jumps``: reading cost per word.
    ``lost``: reading it off passes over a doubt, or a verb inside a phrase; a claim that condenses a page does so by
    nature, and is not blamed. ``context`` may bear out names and dates; ``dated``, the rest of the evidence, dates.
    """
    mine = reworded(claim, evidence)
    forms, content = [term.form for term in mine], [term.form for term in mine if term.content]
    theirs = forms_of(evidence)
    everything = frozenset().union(*theirs)
    aligned = align_words(forms, theirs)
    lost = len(dated) <= LONG and any(_loses(frozenset(forms), evidence[run[0]], run) for run in aligned.skipped)
    return {
        "covered": sum(s in everything for s in content) / max(1, len(content)),
        "pairs": content_pairs(content, theirs),
        "ending": float(bool(forms) and forms[-1] in everything),
        "jumps": aligned.cost / max(1, aligned.matched),
        "strange_name": float(strange_name(claim, [*evidence, *context])),
        "strange_number": float(strange_number(claim, evidence) or strange_day(claim, [*evidence, *context, *dated])),
        "lost": float(lost),
    }


def _loses(claim: frozenset[str], sentence: Words, run: Run) -> bool:
    """Whether leaving out these words loses a doubt ("formerly", "may") or what was done ("failed to win" -> "win").

    What stands between commas may be left out; a verb in the middle of a phrase may not.
    """
    _, first, end = run
    if end - first > _SKIP:
        return False
    around = terms(sentence)[first - 1 : end + 1]
    before, gap, after = around[0], around[1:-1], around[-1]
    if any(term.form in _HEDGES and term.form not in claim for term in gap):
        return True
    joints = [sentence.text[a.end : b.start] for a, b in pairwise(around)]
    within = before.text not in _OPENERS and (before.content or after.content)
    if not within or any(_JOINTS & set(joint) for joint in joints):
        return False
    return any(t.content and t.form not in claim | _TELLING and t.text.endswith(("ed", "ing")) for t in gap)


@dataclass(frozen=True, slots=True)
class WordAlignment:
    """The claim found in the evidence word by word: at what cost, how many words, and the runs that it leaves out."""

    cost: float
    matched: int
    skipped: tuple[Run, ...]


def align_words(claim: Sequence[str], evidence: Sequence[Sequence[str]]) -> WordAlignment:
    """The cheapest way to read the claim off the evidence word by word.

    Reading on costs nothing, leaving out a few words .3, more .6; going back or to another sentence 1. A claim copied
    from one sentence costs 0, one that is patched together or turned round costs much. Words not there are passed over.
    """
    places: dict[str, list[Place]] = {}
    for number, stems in enumerate(evidence):
        for at, form in enumerate(stems):
            places.setdefault(form, []).append((number, at))
    costs: dict[Place, float] = {}
    came: list[tuple[int, Sources]] = []
    for position, form in enumerate(claim):
        if form not in places:
            continue
        cheapest = min(costs, key=lambda place: costs[place], default=None)
        reached: dict[Place, float] = {}
        before: Sources = {}
        for number, at in places[form]:
            best, source = (costs[cheapest] + 1.0, cheapest) if cheapest else (0.0, None)
            for (other, last), cost in costs.items():
                if other == number and last < at:
                    price = cost + (0.0 if at - last == 1 else 0.3 if at - last <= 4 else 0.6)
                    if price < best:
                        best, source = price, (other, last)
            reached[number, at], before[number, at] = best, source
        costs = reached
        came.append((position, before))
    end = min(costs, key=lambda place: costs[place], default=None)
    return WordAlignment(costs[end] if end else 0.0, len(came), _skipped(end, came))


def _skipped(place: Place | None, came: Sequence[tuple[int, Sources]]) -> tuple[Run, ...]:
    found = []
    for at in range(len(came) - 1, 0, -1):
        position, before = came[at]
        source = before[place] if place else None
        neighbours = position == came[at - 1][0] + 1  # else the claim has words of its own there
        if place and source and neighbours and source[0] == place[0] and source[1] + 1 < place[1]:
            found.append((place[0], source[1] + 1, place[1]))
        place = source
    return tuple(reversed(found))


def content_pairs(order: Sequence[str], evidence: Sequence[Sequence[str]]) -> float:
    """The share of neighbouring content words that stand in one evidence sentence, in that order and not far apart."""
    wanted = list(pairwise(order))
    if not wanted:
        return 1.0
    places = [_places(e) for e in evidence]
    found = sum(max((_pair_weight(p.get(a, ()), p.get(b, ())) for p in places), default=0.0) for a, b in wanted)
    return found / len(wanted)


def _places(forms: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, form in enumerate(forms):
        places.setdefault(form, []).append(at)
    return places


def _pair_weight(first: Sequence[int], second: Sequence[int]) -> float:
    gaps = [b - a for a in first for b in second]
    if not gaps:
        return 0.0
    return 1.0 if any(0 < gap <= 5 for gap in gaps) else 0.7 if any(gap > 0 for gap in gaps) else 0.4


def strange_name(claim: Words, evidence: Sequence[Words], *, first_names: bool = True) -> bool:
    """Whether a part of a name in the claim is nowhere in the evidence.

    ``first_names`` False: "John Kerry" may stand for "Kerry", where the evidence gives no Kerry another first name.
    """
    known = frozenset().union(*(e.stems for e in evidence))
    for name in claim.names:
        if all(part in known for part in name):
            continue
        fuller = any(len(other) > 1 and other[-1] == name[-1] for e in evidence for other in e.names)
        if first_names or name[-1] not in known or fuller:
            return True
    return False


def strange_number(claim: Words, evidence: Sequence[Words], *, in_digits: bool = False) -> bool:
    """Whether no number of the evidence bears out a number of the claim; ``in_digits``: one that it has in digits."""
    numbers = [(q, counted_after(e, q)) for e in evidence for q in e.quantities]
    other = {float(d.year) for e in evidence for d in e.days}
    ordinals = {float(ORDINALS[t.text]) for e in evidence for t in terms(e) if t.text in ORDINALS}
    for mine in claim.quantities:
        if mine.value in other or (mine.kind == "ordinal" and mine.value in ordinals):
            continue
        if in_digits and not any(letter.isdigit() for letter in claim.text[mine.start : mine.end]):
            continue
        alike = [q for q, _ in numbers if same_quantity(mine, q)]
        if not alike:
            return True
        noun = counted_after(claim, mine)
        counted = [q.value for q, other_noun in numbers if noun and other_noun == noun]
        rounded = mine.bound == "about" and all(q.value != mine.value for q in alike)
        # "about 3.7 million babies" is not the 3.75 million of another year where the babies are 3.6 million
        if rounded and counted and not any(rounds(value, mine.value) for value in counted):
            return True
    return False


def rounds(value: float, to: float) -> bool:
    """Whether a number, with as many digits as the other has, is the other: 2,950 is about 3,000."""
    digits = len(f"{to:.15g}".replace(".", "").strip("0"))
    return float(f"{value:.{max(1, digits)}g}") == to


def counted_after(words: Words, quantity: Quantity) -> str:
    """The form of the content word that a number stands right before; empty where it stands before none."""
    following = next((t for t in terms(words) if t.start >= quantity.end), None)
    near = following is not None and not words.text[quantity.end : following.start].strip()
    return following.form if near and following is not None and following.content else ""


def strange_day(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether no date of the evidence bears out a date of the claim."""
    stated = [d for e in evidence for d in e.days]
    numbers = {q.value for e in evidence for q in e.quantities}
    return any(not same_day(d, stated) and not (d.year and not d.month and d.year in numbers) for d in claim.days)
