"""A claim compared with evidence: words in one form, the nearest sentences, the claim read off them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from onrecord.index.text.quantities import Quantity, same_day, same_quantity
from onrecord.index.text.words import LONG_NAMES, Token, Words, stem, words_of

CHOSEN = 4  # sentences that a score looks at

# Words that news uses for one another; a claim's word that the evidence lacks is read as the one it has.
_ALIKE = """resign step quit; kill die slay; dismiss fire sack oust; buy purchase acquire; dispatch deploy send;
begin start launch commence open; end finish conclude; win victory triumph; defeat beat; injure wound hurt;
car vehicle; child kid; film movie; doctor physician; try attempt; help aid assist; show reveal; speech address;
commencement graduation; increase rise raise hike; fall drop decline decrease; price cost; area region;
approve pass ratify; ban prohibit outlaw bar; allow permit let; arrest detain; prison jail; close shut shutter;
build construct; huge massive; big large; near almost; company firm; author writer; found establish create;
name call dub; choose pick select; marry wed; year annual yearly; day daily; get receive obtain; use utilise;
need require; halt stop suspend; attack assault; troops soldiers; police officers; lawyer attorney;
student pupil; employee worker staff; find discover; make produce; home house; deliver give; run operate; hold host;
type kind; country nation; tell say; test trial; storm hurricane; talk negotiate; vote ballot; virus covid""".split(";")
_GROUPS: dict[str, frozenset[str]] = {}
for _group in _ALIKE:
    _stems = frozenset(stem(word) for word in _group.split())
    for _word in _stems:
        _GROUPS[_word] = _GROUPS.get(_word, frozenset()) | _stems
_ORDINALS = {
    word: n
    for n, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
}


Place = tuple[int, int]  # a sentence of the evidence, and a word of it
Run = tuple[int, int, int]  # a sentence of the evidence, the first of some words of it, and the one behind them
Sources = dict[Place, Place | None]  # where the reading came from


class Term(NamedTuple):
    """A word as it is compared: its form, whether it is content, where it stands, and the word itself."""

    form: str
    content: bool
    start: int
    end: int
    text: str


@lru_cache(maxsize=8192)
def terms(words: Words) -> tuple[Term, ...]:
    """The words as they are compared, each number and each long name ("United States") one word."""
    spans: dict[tuple[int, int], str] = {}
    for quantity in words.quantities:
        span = (quantity.start, quantity.end)
        spans[span] = f"{spans[span]}-{quantity.value:g}" if span in spans else f"#{quantity.value:g}"
    widest = sorted(spans, key=lambda span: span[0] - span[1])
    found: list[Term] = []
    seen: set[tuple[int, int]] = set()
    for token in words.tokens:
        inside = next((s for s in widest if s[0] <= token.start < s[1]), None)
        if inside is not None:
            if inside not in seen:
                seen.add(inside)
                found.append(Term(spans[inside], True, *inside, "#"))
        elif found and (found[-1].form, token.stem) in LONG_NAMES and token.text[0].isupper():
            found[-1] = Term(LONG_NAMES[found[-1].form, token.stem], True, found[-1].start, token.end, token.text)
        else:
            found.append(_term(token))
    return tuple(found)


def _term(token: Token) -> Term:
    lowered = token.text.lower()
    form = f"#{_ORDINALS[lowered]}" if lowered in _ORDINALS else token.stem
    return Term(form, token.content or token.text == "US", token.start, token.end, lowered)


def forms_of(words: Words) -> list[str]:
    return [term.form for term in terms(words)]


def reworded(claim: Words, evidence: Sequence[Words]) -> list[Term]:
    """The claim's terms, those that the evidence words otherwise in its form: a like word, or one derived from it."""
    present = frozenset().union(*(forms_of(e) for e in evidence))
    found = []
    for term in terms(claim):
        form = term.form
        if term.content and form not in present and not form.startswith("#"):
            like = _GROUPS.get(form, frozenset()) & present
            name = claim.text[term.start].isupper()
            derived = [] if name else [other for other in present if _derived(form, other)]
            form = min(like or derived, default=form)
        found.append(term._replace(form=form))
    return found


def _derived(one: str, other: str) -> bool:
    """Whether two stems differ only in their endings ("secular", "secularis")."""
    short, long = sorted((one, other), key=len)
    same = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return same >= 5 and len(short) - same <= 2 and len(long) - same <= 4


def _bigrams(stems: Sequence[str]) -> set[tuple[str, str]]:
    return set(pairwise(stems))


def choose(claim: Words, evidence: Sequence[Words], *, count: int = CHOSEN) -> list[int]:
    """Which sentences of long evidence to compare the claim with, in their order: the nearest, then what they lack."""
    if len(evidence) <= count:
        return list(range(len(evidence)))
    mine = reworded(claim, evidence)
    wanted, pairs = frozenset(term.form for term in mine if term.content), _bigrams([term.form for term in mine])
    matched = [wanted & frozenset(forms_of(words)) for words in evidence]
    weight = {form: (1.0 + sum(form in forms for forms in matched)) ** -0.5 for form in wanted}
    total = math.fsum(weight.values()) or 1.0
    near = [
        math.fsum(weight[form] for form in forms) / total + len(pairs & _bigrams(forms_of(words))) / max(1, len(pairs))
        for forms, words in zip(matched, evidence, strict=True)
    ]
    chosen: list[int] = []
    covered: frozenset[str] = frozenset()
    while len(chosen) < count:
        rest = [n for n in range(len(evidence)) if n not in chosen]
        gain = {n: math.fsum(weight[form] for form in matched[n] - covered) / total for n in rest}
        best = max(rest, key=lambda n: (near[n] + (2.0 * gain[n] if chosen else 0.0), -n))
        chosen.append(best)
        covered |= matched[best]
    return sorted(chosen)


@dataclass(frozen=True, slots=True)
class Reading:
    """The claim read off the evidence: the least cost, how many of its words are there, the runs it leaves out."""

    cost: float
    found: int
    skipped: tuple[Run, ...]


def read_off(claim: Sequence[str], evidence: Sequence[Sequence[str]]) -> Reading:
    """The cheapest reading of the claim off the evidence word by word.

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
    return Reading(costs[end] if end else 0.0, len(came), _skipped(end, came))


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


def content_pairs(order: Sequence[str], evidence: Sequence[Words]) -> float:
    """The share of neighbouring content words that stand in one evidence sentence, in that order and not far apart."""
    wanted = list(pairwise(order))
    if not wanted:
        return 1.0
    places = [_places(e) for e in evidence]
    found = sum(max((_pair_weight(p.get(a, ()), p.get(b, ())) for p in places), default=0.0) for a, b in wanted)
    return found / len(wanted)


def _places(words: Words) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, form in enumerate(forms_of(words)):
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


def strange_number(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether no number of the evidence bears out a number of the claim."""
    numbers = [(q, counted_after(e, q)) for e in evidence for q in e.quantities]
    other = {float(d.year) for e in evidence for d in e.days}
    ordinals = {float(_ORDINALS[t.text]) for e in evidence for t in terms(e) if t.text in _ORDINALS}
    for mine in claim.quantities:
        if mine.value in other or (mine.kind == "ordinal" and mine.value in ordinals):
            continue
        alike = [q for q, _ in numbers if same_quantity(mine, q)]
        if not alike:
            return True
        noun = counted_after(claim, mine)
        counted = [q.value for q, other_noun in numbers if noun and other_noun == noun]
        rounded = mine.bound == "about" and all(q.value != mine.value for q in alike)
        # "about 3.7 million babies" is not the 3.75 million of another year where the babies are 3.6 million
        if rounded and counted and not any(_rounds(value, mine.value) for value in counted):
            return True
    return False


def _rounds(value: float, to: float) -> bool:
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


def analyse(texts: Sequence[str]) -> list[Words]:
    """``words_of`` over several texts, empty ones left out; a number cut in two ("2." "4 million") is joined."""
    joined: list[str] = []
    for text in texts:
        if joined and re.search(r"\d\.$", joined[-1]) and re.match(r"\d", text):
            joined[-1] += f" {text}"
        elif text.strip():
            joined.append(text)
    return [words_of(text) for text in joined]
