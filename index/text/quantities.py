"""Numbers and dates in a text, in one form each, so that "5,000" equals "five thousand" and "2 May" equals "May 2".

Only what a checker needs: whether a number or a date of a claim stands in the evidence.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["", "percent", "money", "ordinal", "time", "score"]
Bound = Literal["", "over", "under", "about"]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: n for n, word in enumerate(_SMALL)} | {word: 10 * (n + 2) for n, word in enumerate(_TENS)}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
_SUFFIXES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "tn": 1e12}
_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()

_SPELLED = "|".join([*_VALUES, *_SCALES])
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALE_WORDS = r"(?:hundred|thousand|million|billion|trillion|dozen)"
_NUMBER = re.compile(
    rf"(?P<money>(?:US|A|C|HK|NZ)?[$€£¥₹]\s?)?"
    rf"(?:(?<![\w.,])(?P<digits>{_DIGITS})(?P<ordinal>st|nd|rd|th)?"
    rf"(?:(?P<suffix>k|mn|m|bn|tn)\b|\s?(?P<scale>{_SCALE_WORDS}(?:\s{_SCALE_WORDS})*)\b)?"
    rf"|\b(?:(?:an?)\s(?={_SCALE_WORDS}))?(?P<spelled>(?:{_SPELLED})(?:(?:[\s-]|\sand\s)(?:{_SPELLED}))*)\b)"
    rf"(?P<unit>\s?%|\s(?:percent|per\scent|percentage\spoints?|dollars?|euros?|pounds?|roubles?|rubles?|yen|yuan)\b)?",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\w:.])(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>a\.?m\b\.?|p\.?m\b\.?)"
    r"|(?<![\w:.])(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?![\d:])",
    re.IGNORECASE,
)
_SCORE = re.compile(r"(?<![\w.,-])(\d{1,3})[-–](\d{1,3})(?![\w-]|[.,]\d)")
_SPACED = re.compile(
    rf"(?<![\w.,])(\d{{1,3}}(?:,\s\d{{3}})+|\d+\.\s\d+)(?![\w])(?:\s({_SCALE_WORDS})\b|(\s?%|\spercent|\sper\scent))?"
)
_OVER = re.compile(r"(?:more than|over|at least|exceed(?:s|ed|ing)?|above|upwards of|no fewer than)\s+$", re.IGNORECASE)
_UNDER = re.compile(
    r"(?:less than|fewer than|under|below|at most|up to|nearly|almost|no more than|close to)\s+$", re.IGNORECASE
)
_ABOUT = re.compile(r"(?:about|around|some|roughly|approximately|an estimated|estimated at)\s+$", re.IGNORECASE)

_MONTH = "|".join(f"{m}|{m[:3]}\\.?" if m != "may" else "may" for m in _MONTHS) + "|sept\\.?"
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b"
    rf"|\b(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month1>{_MONTH})\b(?:,?\s(?P<year1>\d{{4}})\b)?"
    rf"|\b(?P<month2>{_MONTH})\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s?[:%])(?:,?\s(?P<year2>\d{{4}})\b)?"
    rf"|\b(?P<month3>{_MONTH}),?\s(?P<year3>\d{{4}})\b"
    rf"|\b(?P<weekday>{'|'.join(_DAYS)})s?\b"
    rf"|\b(?P<month4>{'|'.join(m for m in _MONTHS if m not in ('may', 'march'))}|(?<=in )may|(?<=in )march)\b"
    rf"|(?<![\w.,$€£:-])(?P<year4>1[0-9]\d\d|20\d\d)(?![\w:]|[.,]\d|\s?%|\s{_SCALE_WORDS})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a value: ``value`` is a percentage for percent, minutes after midnight for a time."""

    value: float
    kind: Kind
    bound: Bound
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is given: 0 where year, month or day is not said, -1 where the weekday is not."""

    year: int
    month: int
    day: int
    weekday: int
    start: int
    end: int


def _spelled_value(text: str) -> float:
    total = current = 0.0
    for word in re.split(r"[\s-]+", text.lower()):
        if word in _VALUES:
            current += _VALUES[word]
        elif word in ("hundred", "dozen"):
            current = max(current, 1.0) * _SCALES[word]
        elif word in _SCALES:
            total += max(current, 1.0) * _SCALES[word]
            current = 0.0
    return total + current


def _bound_before(text: str, start: int) -> Bound:
    before = text[max(0, start - 24) : start]
    if _OVER.search(before):
        return "over"
    if _UNDER.search(before):
        return "under"
    return "about" if _ABOUT.search(before) else ""


def _times(text: str) -> list[Quantity]:
    found = []
    for match in _TIME.finditer(text):
        hour = int(match["hour"] or match["hour24"])
        minute = int(match["minute"] or match["minute24"] or 0)
        if (match["half"] or "").lower().startswith("p") and hour < 12:
            hour += 12
        found.append(Quantity(hour * 60 + minute, "time", "", match.start(), match.end()))
    return found


def _scores_and_ranges(text: str) -> list[Quantity]:
    """``28-24`` and ``10-12`` give both of their numbers."""
    return [
        Quantity(float(match[side]), "score", "", match.start(), match.end())
        for match in _SCORE.finditer(text)
        for side in (1, 2)
    ]


def _spaced(text: str) -> list[Quantity]:
    """``3, 800`` and ``98. 7``, as tokenised corpora write them, read as one number beside the two that they may be."""
    found = []
    for match in _SPACED.finditer(text):
        value = float(re.sub(r"[,\s]", "", match[1])) * _SCALES.get(match[2] or "", 1.0)
        found.append(Quantity(value, "percent" if match[3] else "", "", match.start(), match.end()))
    return found


def _quantity(text: str, match: re.Match[str]) -> Quantity | None:
    unit = (match["unit"] or "").strip().lower()
    if match["digits"]:
        value = float(match["digits"].replace(",", ""))
        value *= _SUFFIXES.get((match["suffix"] or "").lower(), 1.0)
        for scale in (match["scale"] or "").lower().split():
            value *= _SCALES[scale]
    elif match["spelled"].lower() == "one" and not unit:
        return None  # "one of the", "no one": a pronoun far more often than a number
    else:
        value = _spelled_value(match["spelled"])
    kind: Kind = ""
    if unit.startswith("per") or unit == "%":
        kind = "percent"
    elif unit or match["money"]:
        kind = "money"
    elif match["ordinal"]:
        kind = "ordinal"
    return Quantity(value, kind, _bound_before(text, match.start()), match.start(), match.end())


@lru_cache(maxsize=8192)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of ``text`` in order, dates left out.

    >>> [q.value for q in quantities("Five thousand people, 2.4 million euros and 12 % in May 2016")]
    [5000.0, 2400000.0, 12.0]
    """
    found = _times(text) + _scores_and_ranges(text)
    taken = [(q.start, q.end) for q in found] + [(d.start, d.end) for d in days(text)]
    for match in _NUMBER.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            quantity = _quantity(text, match)
            if quantity:
                found.append(quantity)
    return tuple(sorted(found + _spaced(text), key=lambda q: q.start))


@lru_cache(maxsize=8192)
def days(text: str) -> tuple[Day, ...]:
    """The dates of ``text`` in order: full or partial dates, weekdays, months, years.

    >>> [(d.year, d.month, d.day) for d in days("from 2 May until June 3, 2024")]
    [(0, 5, 2), (2024, 6, 3)]
    """
    found = []
    for match in _DATE.finditer(text):
        year = next((int(match[f"year{n}"]) for n in (1, 2, 3, 4) if match[f"year{n}"]), 0)
        month_name = next((match[f"month{n}"] for n in (1, 2, 3, 4) if match[f"month{n}"]), "").lower()[:3]
        month = next((n for n, name in enumerate(_MONTHS, 1) if month_name and name.startswith(month_name)), 0)
        day = int(match["day1"] or match["day2"] or 0)
        weekday = _DAYS.index(match["weekday"].lower()) if match["weekday"] else -1
        if match["iso"]:
            year, month, day = (int(part) for part in match["iso"].split("-"))
        if day <= 31 and month <= 12:
            found.append(Day(year, month, day, weekday, match.start(), match.end()))
    return tuple(found)


def share_quantity(claim: Sequence[Quantity], found: Sequence[Quantity]) -> bool:
    """Whether any of ``found`` bears out any of ``claim``."""
    return any(same_quantity(one, other) for one in claim for other in found)


def same_quantity(claim: Quantity, found: Quantity) -> bool:
    """Whether ``found`` (in the evidence) bears out ``claim``: the same number, or one its rounding word allows."""
    if "percent" in (claim.kind, found.kind) and claim.kind != found.kind:
        return False
    if claim.kind == "time" and found.kind == "time":
        return claim.value == found.value or (
            claim.value % 720 == found.value % 720 and min(claim.value, found.value) > 0
        )
    if {claim.bound, found.bound} == {"over", "under"}:
        return False
    if claim.value == found.value:
        return True
    ratio = found.value / claim.value if claim.value else 0.0
    if claim.bound == "over":
        return 1.0 <= ratio <= 1.15
    if claim.bound == "under":
        return 0.9 <= ratio <= 1.0
    return claim.bound == "about" and 0.95 <= ratio <= 1.05


def _calendar(day: Day) -> datetime.date | None:
    try:
        return datetime.date(day.year, day.month, day.day)
    except ValueError:
        return None


def same_day(claim: Day, found: Sequence[Day]) -> bool:
    """Whether the dates of the evidence (its publication date among them) bear out the date of a claim.

    A weekday in the evidence and a full date nearby stand for the days around that date: "Wednesday" in an article
    of 2016-12-14 bears out "14 December 2016".
    """
    candidates = [(d.year, d.month, d.day, d.weekday) for d in found]
    full = [date for d in found if (date := _calendar(d))]
    candidates += [(date.year, date.month, date.day, date.weekday()) for date in full]
    weekdays = {d.weekday for d in found if d.weekday >= 0}
    for date in full:
        near = (date + datetime.timedelta(days=shift) for shift in range(-7, 8))
        candidates += [(d.year, d.month, d.day, d.weekday()) for d in near if d.weekday() in weekdays]
        candidates += [(date.year, d.month, d.day, d.weekday) for d in found if d.month and not d.year]
    wanted = (claim.year, claim.month, claim.day, claim.weekday)
    empty = (0, 0, 0, -1)
    return any(
        all(want in (none, have) for want, have, none in zip(wanted, candidate, empty, strict=True))
        for candidate in candidates
    )
