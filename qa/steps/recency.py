"""Which articles a question's own words about time prefer: "this week" the newest, "in 2019" those of that year.

A relative time is counted from today. Where the articles end before it, it is counted from the newest of them, and
that is said: articles are dropped in while they are news, and a question about them should mean the same next year.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from onrecord.index.types import day_of

HALF_LIFE = 120.0  # days in which the preference for what is nearest to the asked time halves
OF_LATE = 30  # days that "recently" reaches back

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()
_NOW = re.compile(
    r"\b(?P<which>this|last|past|these|current) (?P<few>few |couple of )?"
    rf"(?:(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)}) )?(?P<unit>days?|weeks?|weekend|months?|(?(number)years?|year)|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|summer|winter|spring|fall|autumn)\b|\b(?:recent|recently|latest|newest|currently|"
    r"today|tonight|yesterday|nowadays)\b",
    re.IGNORECASE,
)
_LENGTHS = {"day": 1, "week": 7, "weekend": 7, "month": 30, "year": 365}
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def today() -> date:
    """The day of asking."""
    return date.today()


@dataclass(frozen=True, slots=True)
class AskedTime:
    """``words`` of a question, and the days ``first`` to ``last`` that they are taken as; ``latest``: of all articles.

    ``vague``: the words name no such days ("recently"). ``old``: the articles end before the days that were meant.
    """

    words: str
    first: date
    last: date
    latest: date
    vague: bool
    old: bool

    @property
    def newest(self) -> tuple[str, ...]:
        """What there is to know where the articles are older than the question."""
        return (f"The newest article is of {days_text(self.latest, self.latest)}.",) if self.old else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the words were taken as, for whoever asked."""
        return self.newest if self.vague else self.taken_as

    @property
    def taken_as(self) -> tuple[str, ...]:
        """The same, and of vague words too."""
        return (f"“{self.words.capitalize()}” was taken as {days_text(self.first, self.last)}.", *self.newest)


def asked_time(question: str, newest: str) -> AskedTime | None:
    """The relative time that a question asks for; None where it asks for none, or where no article has a date.

    ``newest``: the latest date of the collection (``2024-05-19``, or empty).
    """
    match, latest = _NOW.search(question), day_of(newest)
    if match is None or latest is None or _YEAR.search(question):
        return None
    first, last = _span(match, today())
    old = latest < first
    if old:
        first, last = _span(match, latest)
    return AskedTime(match.group(), first, last, latest, _is_vague(match), old)


def time_in(question: str) -> str:
    """The words of a question for a relative time; empty where it has none.

    >>> time_in("Who struck in the last two weeks?")
    'last two weeks'
    """
    match = _NOW.search(question)
    return match.group() if match else ""


def without_time(question: str) -> str:
    """The question without its words for a relative time.

    >>> without_time("What happened last week?")
    'What happened ?'
    """
    return _NOW.sub("", question)


def preference(question: str, newest: str) -> Callable[[str], float] | None:
    """How well a publication date (``2024-05-19`` or empty) suits the question: 0 to 1; None if it asks for no time.

    >>> preference("Who spoke?", "2024-05-30") is None
    True
    >>> suits = preference("Who spoke this week?", "2024-05-30")
    >>> suits("2024-05-30"), round(suits("2024-01-28"), 2), suits("2013-05-01") < 0.01, suits("")
    (1.0, 0.5, True, 0.0)
    >>> preference("Who won in 2019?", "2024-05-30")("2019-02-01")
    1.0
    """
    years = set(_YEAR.findall(question))
    if years:
        return lambda published: float(published[:4] in years)
    asked = asked_time(question, newest)
    if asked is None:
        return None
    since = asked.latest if asked.vague else asked.first

    def suits(published: str) -> float:
        day = day_of(published)
        return 0.5 ** (max(0, (since - day).days) / HALF_LIFE) if day else 0.0

    return suits


def _is_vague(match: re.Match[str]) -> bool:
    """Whether the words name no days that a calendar tells: "recently", "this summer"."""
    season = (match["unit"] or "").lower() in ("summer", "winter", "spring", "fall", "autumn")
    return season or (match["unit"] is None and match.group().lower() not in ("today", "tonight", "yesterday"))


def _span(match: re.Match[str], day: date) -> tuple[date, date]:
    """The first and the last day that relative words name, counted from ``day``."""
    which, unit = (match["which"] or "").lower(), (match["unit"] or match.group()).lower()
    several = bool(match["few"] or match["number"]) or unit in ("days", "weeks", "months")
    back = which == "last" and not several
    monday = day - timedelta(days=day.weekday())
    if _is_vague(match):
        return day - timedelta(days=OF_LATE), day
    if several or which == "past":
        if match["number"]:
            return day - timedelta(days=_number(match["number"]) * _LENGTHS.get(unit.rstrip("s"), 1)), day
        length = {"day": 7 if several else 1, "week": 28 if several else 7, "month": 92 if several else 30, "year": 365}
        return day - timedelta(days=length.get(unit.rstrip("s"), 7)), day
    if unit == "yesterday" or (unit == "day" and back):
        return day - timedelta(days=1), day - timedelta(days=1)
    if unit == "week":
        return (monday - timedelta(days=7), monday - timedelta(days=1)) if back else (monday, day)
    if unit == "weekend":
        saturday = monday + timedelta(days=5 if day.weekday() >= 5 and not back else -2)
        return saturday, saturday + timedelta(days=1)
    if unit in _WEEKDAYS:
        ago = (day.weekday() - _WEEKDAYS.index(unit)) % 7 or (7 if back else 0)
        return day - timedelta(days=ago), day - timedelta(days=ago)
    if unit == "month":
        first = day.replace(day=1)
        end = first - timedelta(days=1)
        return (end.replace(day=1), end) if back else (first, day)
    if unit == "year":
        return (date(day.year - 1, 1, 1), date(day.year - 1, 12, 31)) if back else (date(day.year, 1, 1), day)
    return day, day


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS.index(text.lower()) + 1


def days_text(first: date, last: date) -> str:
    """
    >>> days_text(date(2024, 5, 13), date(2024, 5, 19)), days_text(date(2024, 4, 29), date(2024, 5, 5))
    ('13 to 19 May 2024', '29 April to 5 May 2024')
    """
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if first.year != last.year:
        return f"{first.day} {first:%B %Y} to {end}"
    return f"{first.day} to {end}" if first.month == last.month else f"{first.day} {first:%B} to {end}"
