"""Which articles a question's own words about time prefer: "this week" the newest, "in 2019" those of that year."""

import re
from collections.abc import Callable
from datetime import date

HALF_LIFE = 120.0  # days in which the preference for the newest halves

_NOW = re.compile(
    r"\b(?:this|last|past|these|current) (?:few )?(?:days?|weeks?|weekend|months?|year|(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day|summer|winter|spring|fall|autumn)\b|\b(?:recent|recently|latest|newest|currently|today|tonight|"
    r"yesterday|nowadays)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def preference(question: str, newest: str) -> Callable[[str], float] | None:
    """How well a publication date (``2024-05-19`` or empty) suits the question: 0 to 1; None if it asks for no time.

    ``newest``: the latest date of the collection, which stands for the day of asking: articles are dropped in while
    they are news, and a question about them should mean the same next year.

    >>> preference("Who spoke?", "2024-05-30") is None
    True
    >>> suits = preference("Who spoke this week?", "2024-05-30")
    >>> suits("2024-05-30"), round(suits("2024-01-31"), 2), suits("2013-05-01") < 0.01, suits("")
    (1.0, 0.5, True, 0.0)
    >>> preference("Who won in 2019?", "2024-05-30")("2019-02-01")
    1.0
    """
    years = set(_YEAR.findall(question))
    if years:
        return lambda published: float(published[:4] in years)
    last = _day(newest)
    if last is None or not _NOW.search(question):
        return None

    def suits(published: str) -> float:
        day = _day(published)
        return 0.5 ** (max(0, (last - day).days) / HALF_LIFE) if day else 0.0

    return suits


def _day(published: str) -> date | None:
    try:
        return date.fromisoformat(published[:10])
    except ValueError:
        return None
