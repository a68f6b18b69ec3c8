"""Do two sentences of different articles say of one matter what cannot both be so?

`ExactJudge` goes by what can be compared exactly: the same thing counted and another number, the same plan and another
day, a person's office, a statement and its denial. What makes two sentences speak of two matters is looked for first:
another name, another day, another place in the sentence, something that only may be. It reads English.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, Protocol

from onrecord.index.text.quantities import Day, Quantity, same_quantity
from onrecord.index.text.words import NATIONS, Token, Words, stem, words_of
from onrecord.index.types import day_of
from onrecord.qa.judges.claim_matching import reworded, terms
from onrecord.qa.judges.measures import rounds

LEAST_SHARED = 4  # content words that both sentences hold
ALIKE = 0.45  # the share of the shorter one's content words, names and numbers aside, that the longer one holds
ALIKE_LONG = 0.3  # and of the longer one's that the shorter one holds
CLOSE = 0.4  # the share of the words around two numbers or days that both have
MOST = 3  # times the smaller number: beyond it, something else is counted
REACH = 7  # words on either side that say what a number counts
NEXT = 2  # content words on either side that must not be strange to the other sentence
DENIED = 6  # words within which the other sentence states what is denied
TYPING = 0.9  # how like two words must be spelt to be one ("Minster")
_EDGES = frozenset(',;:—–()"“”')
_JOINTS = frozenset("and but while whereas who which that because after before when as with including or".split())
# What is counted anew every day, week or quarter differs from one report to the next as a matter of course.
_SERIES = frozenset(
    map(stem, "average daily weekly rate poll index quarter seven-day rolling rank yard inning".split())
)
_MORE = frozenset(map(stem, "new additional another more other since further extra".split()))
_HEDGES = frozenset(
    map(stem, "if whether unless may might could would should argue propose ask want request accuse charge".split())
)
_UNDONE = frozenset(map(stem, "refuse fail lack".split()))  # it was not done, which nobody need deny
_AGE = re.compile(r"[\s-]years?[\s-]old")
_CURRENCIES = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₹": "rupee"}
_OFFICES = frozenset(
    "minister ambassador secretary governor mayor senator president chancellor commissioner general".split()
)
_RANKS = frozenset(map(stem, "former deputy acting interim then ex vice new outgoing assistant".split()))


Kind = Literal["number", "currency", "date", "post", "denial", "other"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence as a judge reads it. ``published``: its article's date, empty when unknown."""

    text: str
    title: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What differs between two statements: of what kind, and where, as offsets into each one's text."""

    kind: Kind
    one: Span
    other: Span


class DifferenceJudge(Protocol):
    """Anything that says whether two statements differ, and in what. A learned judge has the same one method."""

    def differs(self, one: Statement, other: Statement) -> Finding | None:
        """What differs, where both are about one matter and cannot both be so; None for all else."""
        ...


class ExactJudge:
    """Compares numbers, currencies, days, offices and denials."""

    def differs(self, one: Statement, other: Statement) -> Finding | None:
        a, b = words_of(one.text), words_of(other.text)
        if finding := _post(a, b):
            return finding
        if not _same_subject(one, other):
            return None
        if len(a.content & b.content) < LEAST_SHARED:
            return _denial(a, b)
        short, long = alike(a, b)
        if short >= ALIKE and long >= ALIKE_LONG:
            found = _number(a, b, one, other) or _day(a, b, one, other)
            if found:
                return found
        return _denial(a, b)


def _hedged(words: Words) -> bool:
    """Whether it tells of what may be, not of what is."""
    return bool(_HEDGES & words.stems)


def alike(a: Words, b: Words) -> tuple[float, float]:
    """The share of the shorter text's content words that the other one holds, and of the longer one's."""
    mine = {t.form for t in reworded(a, [b]) if t.content and not t.form.startswith("#")}
    theirs = {t.form for t in terms(b) if t.content and not t.form.startswith("#")}
    shared = len(mine & theirs)
    return shared / max(1, min(len(mine), len(theirs))), shared / max(1, len(mine), len(theirs))


def _same_subject(one: Statement, other: Statement) -> bool:
    """Whether a name is in both, titles counted, and not each has a name of its own."""
    mine, theirs = _names(one.text), _names(other.text)
    if not (mine | _names(one.title)) & (theirs | _names(other.title)):
        return False
    own = mine - words_of(other.text).stems - words_of(other.title).stems
    return not (own and theirs - words_of(one.text).stems - words_of(one.title).stems)


@lru_cache(maxsize=8192)
def _names(text: str) -> frozenset[str]:
    return frozenset(part for name in words_of(text).names for part in name)


# -- numbers -----------------------------------------------------------------------------------------------------


def _number(a: Words, b: Words, one: Statement, other: Statement) -> Finding | None:
    """Another number of the same thing, or the same number of another currency."""
    if _SERIES & (a.stems | b.stems) or _hedged(a) != _hedged(b) or not _days_fit(a, b, one, other):
        return None
    for mine in _countable(a):
        for theirs in _countable(b):
            if mine.kind != theirs.kind or not _same_thing(a, b, mine, theirs):
                continue
            spans = _span(mine), _span(theirs)
            if same_number(mine, theirs):
                currencies = _currency(a.text, mine), _currency(b.text, theirs)
                if all(currencies) and currencies[0] != currencies[1]:
                    return Finding("currency", *spans)
            elif not _settled(mine, b) and not _settled(theirs, a) and _comparable(mine, theirs):
                return Finding("number", *spans)
    return None


def same_number(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers are one, or one of them is the other rounded.

    >>> from onrecord.index.text.quantities import quantities
    >>> same_number(*quantities("2,950 or 3,000")), same_number(*quantities("12 or 20"))
    (True, False)
    """
    if same_quantity(one, other) or same_quantity(other, one):
        return True
    if not one.value or not other.value:
        return False
    return rounds(one.value, other.value) or rounds(other.value, one.value)


def _countable(words: Words) -> Iterator[Quantity]:
    for quantity in words.quantities:
        signed = words.text[max(0, quantity.start - 1) : quantity.start] in ("+", "-", "−", "#")
        if quantity.kind in ("", "percent", "money") and not signed and not _AGE.match(words.text, quantity.end):
            yield quantity


def _comparable(one: Quantity, other: Quantity) -> bool:
    low, high = sorted((one.value, other.value))
    return high <= MOST * low


def _settled(quantity: Quantity, words: Words) -> bool:
    return any(same_number(quantity, one) for one in words.quantities)


def _same_thing(a: Words, b: Words, mine: Quantity, theirs: Quantity) -> bool:
    """Whether two numbers count the same: the same words behind them, like ones around, none of them of an increase."""
    counted, other = _counted(a, mine), _counted(b, theirs)
    if mine.kind == "" and (not counted or counted[-1:] != other[-1:] or set(counted) != set(other)):
        return False
    around, beside = _around_both(a, b, _span(mine), _span(theirs))
    if (around | beside) & _MORE or not (around & beside) - set(counted):
        return False
    return _much(around, beside) and not _strange(a, b, _span(mine), _span(theirs))


def _around_both(a: Words, b: Words, mine: Span, theirs: Span) -> tuple[frozenset[str], frozenset[str]]:
    """What stands around two spans, the first text's words in the form of the second's where they mean the same."""
    forms = {term.start: term.form for term in reworded(a, [b])}
    return frozenset(forms.get(t.start, t.stem) for t in around_span(a, mine)), _stems(around_span(b, theirs))


def _much(around: frozenset[str], beside: frozenset[str]) -> bool:
    return len(around & beside) >= CLOSE * len(around | beside)


def _strange(a: Words, b: Words, mine: Span, theirs: Span) -> bool:
    """Whether each clause has a name, or next to the span a word, of which the other sentence knows nothing.

    "Four were killed" and "nine were injured" count two things, and so do people in Pell and people in Larnville.
    """
    known = a.stems | {term.form for term in reworded(a, [b])}
    return any(own(a, mine) - b.stems and own(b, theirs) - known for own in (_places, _beside))


def _places(words: Words, span: Span) -> frozenset[str]:
    """The names in the clause."""
    return _stems(t for t in around_span(words, span) if t.text[0].isupper())


def _beside(words: Words, span: Span) -> frozenset[str]:
    """The forms of the nearest content words on either side that are no names."""
    tokens = around_span(words, span)
    near = [t for t in tokens if t.end <= span[0]][:NEXT] + [t for t in tokens if t.start >= span[1]][:NEXT]
    return frozenset(t.stem for t in near if not t.text[0].isupper())


def _stems(tokens: Iterable[Token]) -> frozenset[str]:
    return frozenset(token.stem for token in tokens)


def counted_noun(words: Words, quantity: Quantity) -> str:
    """The stem of the last of the content words right behind a number: "charges" of "six federal tax charges"."""
    return next(reversed(_counted(words, quantity)), "")


def _counted(words: Words, quantity: Quantity) -> tuple[str, ...]:
    found: list[str] = []
    end = quantity.end
    for token in words.tokens:
        if token.start < quantity.end:
            continue
        if words.text[end : token.start].strip(" -") or not token.content:
            break
        if found and token.text.endswith(("ed", "ing")):
            break
        found.append(token.stem)
        end = token.end
    return tuple(found)


@lru_cache(maxsize=8192)
def around_span(words: Words, span: Span) -> tuple[Token, ...]:
    """The content words around a span in the same clause, up to the next number."""
    before = [t for t in words.tokens if t.end <= span[0]][::-1]
    after = [t for t in words.tokens if t.start >= span[1]]
    return tuple(t for side in (before, after) for t in _within(words, side, span) if t.content)


def _within(words: Words, side: list[Token], span: Span) -> Iterator[Token]:
    at = span
    for token in side[:REACH]:
        gap = words.text[min(at[1], token.end) : max(at[0], token.start)]
        counts = any(q.start <= token.start < q.end for q in words.quantities)
        if _EDGES & set(gap) or token.text.lower() in _JOINTS or counts:
            return
        yield token
        at = token.start, token.end


def _span(one: Quantity | Day) -> Span:
    return one.start, one.end


def _currency(text: str, quantity: Quantity) -> str:
    """The name of its currency, empty for what is no money."""
    if quantity.kind != "money":
        return ""
    said = text[quantity.start : quantity.end]
    sign = next((name for mark, name in _CURRENCIES.items() if mark in said), "")
    return sign or said.split()[-1].lower().removesuffix("s")


# -- days ----------------------------------------------------------------------------------------------------------


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _calendar(day: Day, published: date | None) -> date | None:
    """The day that is meant: a date without a year is the nearest to the report, a weekday the last one before it."""
    if day.day and day.month and (day.year or published):
        years = [day.year] if day.year or not published else [published.year + n for n in (-1, 0, 1)]
        named = [one for year in years if (one := _date(year, day.month, day.day))]
        return min(named, key=lambda one: abs(one - published) if published else timedelta(0), default=None)
    if day.weekday >= 0 and published:
        return published - timedelta((published.weekday() - day.weekday) % 7)
    return None


def _days_fit(a: Words, b: Words, one: Statement, other: Statement) -> bool:
    """Whether the sentences may be about one time: they name no days, or one of them is in both."""
    if not a.days or not b.days:
        return True
    mine = {_calendar(day, day_of(one.published)) for day in a.days} - {None}
    theirs = {_calendar(day, day_of(other.published)) for day in b.days} - {None}
    if mine and theirs:
        return bool(mine & theirs)
    return bool({day.year for day in a.days} & {day.year for day in b.days} - {0})


def _day(a: Words, b: Words, one: Statement, other: Statement) -> Finding | None:
    """Another date of the same: each sentence names one date, and no number that the other lacks.

    A weekday is compared within two days of reporting: later, each may mean another week.
    """
    if len(a.days) != 1 or len(b.days) != 1:
        return None
    mine, theirs = a.days[0], b.days[0]
    published, other_published = day_of(one.published), day_of(other.published)
    named, other_named = _calendar(mine, published), _calendar(theirs, other_published)
    if not named or not other_named or named == other_named or (mine.weekday >= 0) != (theirs.weekday >= 0):
        return None
    if mine.weekday >= 0 and mine.weekday == theirs.weekday:  # one article is dated, the other was kept up to date
        return None
    if mine.weekday >= 0 and (not published or not other_published or abs((published - other_published).days) > 2):
        return None
    if not all(_settled(q, b) for q in a.quantities) or not all(_settled(q, a) for q in b.quantities):
        return None
    spans = _span(mine), _span(theirs)
    around, beside = _around_both(a, b, *spans)
    if len(around & beside) < 2 or not _much(around, beside) or _strange(a, b, *spans):
        return None
    return Finding("date", *spans)


# -- offices and denials ---------------------------------------------------------------------------------------


def _post(a: Words, b: Words) -> Finding | None:
    """Another office of the same person: "Foreign Minister" and "Defence Minister"."""
    theirs = dict(_offices(b.text))
    for name, (head, kind, span) in _offices(a.text):
        if name in theirs:
            other_head, other_kind, other_span = theirs[name]
            same = SequenceMatcher(None, head, other_head).ratio() >= TYPING
            if same and kind and other_kind and not kind & other_kind:
                return Finding("post", span, other_span)
    return None


_Office = tuple[str, frozenset[str], Span]


@lru_cache(maxsize=8192)
def _offices(text: str) -> tuple[tuple[tuple[str, ...], _Office], ...]:
    """Names of two words with the office before them: its head, what kind it is of, and where it stands.

    "Foreign Minister A and his counterpart, B": B's office is of the same kind.
    """
    words = words_of(text)
    found: list[tuple[tuple[str, ...], _Office]] = []
    last: _Office | None = None
    for at, token in enumerate(words.tokens):
        if token.text[0].isupper() and _like_an_office(token.text.lower()):
            name = _name_from(words, at + 1)
            kinds = _kinds_before(words, at)
            if name and kinds and not frozenset(t.stem for t in kinds) & _RANKS:
                kind = frozenset(t.stem for t in kinds) - NATIONS
                last = (token.text.lower(), kind, (kinds[0].start, token.end))
                found.append((name, last))
        elif token.text.lower() == "counterpart" and last and (name := _name_from(words, at + 1)):
            found.append((name, (last[0], last[1], (token.start, token.end))))
    return tuple(found)


@lru_cache(maxsize=8192)
def _like_an_office(word: str) -> bool:
    return any(SequenceMatcher(None, word, office).ratio() >= TYPING for office in _OFFICES)


def _kinds_before(words: Words, at: int) -> list[Token]:
    first = at
    while first and words.tokens[first - 1].text[0].isupper() and words.tokens[first - 1].content:
        if words.text[words.tokens[first - 1].end : words.tokens[first].start] != " ":
            break
        first -= 1
    return list(words.tokens[first:at])


def _name_from(words: Words, at: int) -> tuple[str, ...]:
    """The two words of a name that begins there, a comma before it allowed; empty where none does."""
    pair = words.tokens[at : at + 2]
    if len(pair) < 2 or not all(t.text[0].isupper() for t in pair):
        return ()
    gaps = words.text[words.tokens[at - 1].end : pair[0].start], words.text[pair[0].end : pair[1].start]
    return (pair[0].stem, pair[1].stem) if gaps[0] in (" ", ", ") and gaps[1] == " " else ()


def _denial(a: Words, b: Words) -> Finding | None:
    """What one denies the other states, in the same few words."""
    if forth := _denied_by(a, b):
        return Finding("denial", *forth)
    if back := _denied_by(b, a):
        return Finding("denial", back[1], back[0])
    return None


def _denied_by(a: Words, b: Words) -> tuple[Span, Span] | None:
    """Where ``a`` negates a few words and ``b`` states them; two are enough with a verb in the past among them."""
    if _hedged(a) or _hedged(b) or _UNDONE & a.stems:
        return None
    negated = [t for t in a.tokens if t.negated and t.content]
    wanted = frozenset(t.stem for t in negated)
    least = 2 if any(t.text.endswith("ed") for t in negated) else 3
    if wanted <= _names(a.text) or len(wanted) < least or not wanted <= b.stems:
        return None
    if any(t.negated and t.stem in wanted for t in b.tokens):
        return None
    places = [at for at, t in enumerate(b.tokens) if t.stem in wanted]
    for first in places:
        run = [at for at in places if first <= at < first + DENIED]
        if frozenset(b.tokens[at].stem for at in run) == wanted:
            stated = b.tokens[first].start, b.tokens[run[-1]].end
            return (negated[0].start, negated[-1].end), stated
    return None
