"""A claim beside its evidence: words in one form, like words as one, and the sentences that are nearest."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

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
ORDINALS = {
    word: n
    for n, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
}


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
    form = f"#{ORDINALS[lowered]}" if lowered in ORDINALS else token.stem
    return Term(form, token.content or token.text == "US", token.start, token.end, lowered)


def forms_of(texts: Sequence[Words]) -> list[list[str]]:
    """The form of each word of each text."""
    return [[term.form for term in terms(words)] for words in texts]


def reworded(claim: Words, evidence: Sequence[Words]) -> list[Term]:
    """The claim's terms, those that the evidence words otherwise in its form: a like word, or one derived from it."""
    known = frozenset().union(*forms_of(evidence))
    found = []
    for term in terms(claim):
        form = term.form
        if term.content and form not in known and not form.startswith("#"):
            like = _GROUPS.get(form, frozenset()) & known
            name = claim.text[term.start].isupper()
            derived = [] if name else [other for other in known if _derived(form, other)]
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
    theirs = forms_of(evidence)
    found = [wanted & frozenset(forms) for forms in theirs]
    weight = {form: (1.0 + sum(form in forms for forms in found)) ** -0.5 for form in wanted}
    total = math.fsum(weight.values()) or 1.0
    near = [
        math.fsum(weight[form] for form in own) / total + len(pairs & _bigrams(forms)) / max(1, len(pairs))
        for own, forms in zip(found, theirs, strict=True)
    ]
    chosen: list[int] = []
    covered: frozenset[str] = frozenset()
    while len(chosen) < count:
        rest = [n for n in range(len(evidence)) if n not in chosen]
        gain = {n: math.fsum(weight[form] for form in found[n] - covered) / total for n in rest}
        best = max(rest, key=lambda n: (near[n] + (2.0 * gain[n] if chosen else 0.0), -n))
        chosen.append(best)
        covered |= found[best]
    return sorted(chosen)


@dataclass(frozen=True, slots=True)
class Case:
    """A claim and what it is compared with. ``near``: the sentences of the evidence that are nearest to it."""

    claim: Words
    near: list[Words]
    evidence: list[Words]
    context: list[Words]


def case_of(claim: str, evidence: Sequence[str], *, context: Sequence[str] = (), count: int = CHOSEN) -> Case:
    """The texts analysed, and the nearest ``count`` sentences of the evidence chosen."""
    words, found = words_of(claim), _analyse(evidence)
    return Case(words, [found[n] for n in choose(words, found, count=count)], found, _analyse(context))


def _analyse(texts: Sequence[str]) -> list[Words]:
    """``words_of`` over several texts, empty ones left out; a number cut in two ("2." "4 million") is joined."""
    joined: list[str] = []
    for text in texts:
        if joined and re.search(r"\d\.$", joined[-1]) and re.match(r"\d", text):
            joined[-1] += f" {text}"
        elif text.strip():
            joined.append(text)
    return [words_of(text) for text in joined]
