"""Dates as people write them."""

import re

from onrecord.ui.page.language import _, later

_MONTHS = (
    later("January"),
    later("February"),
    later("March"),
    later("April"),
    later("May"),
    later("June"),
    later("July"),
    later("August"),
    later("September"),
    later("October"),
    later("November"),
    later("December"),
)
_DAY = rf"(\d{{1,2}})(?: ({'|'.join(_MONTHS)}))?(?: (\d{{4}}))?"
_DAYS = re.compile(rf"(?:{_DAY} to )?{_DAY}")
_FIRST = later("1")  # of a month, where it is not said as the other days are


def span_text(first: str, last: str) -> str:
    """From an ISO day to another; one day where they are the same.

    >>> span_text("2024-03-04", "2024-03-09"), span_text("2024-03-04", "2024-03-04")
    ('4 March 2024 to 9 March 2024', '4 March 2024')
    """
    if first[:10] == last[:10]:
        return day_text(first)
    return _("{first} to {last}", first=day_text(first), last=day_text(last))


def day_text(published: str) -> str:
    """An ISO day or date-time as day, month and year; what is not one as it stands.

    >>> day_text("2024-03-04T10:00:00Z"), day_text("2024-03"), day_text("")
    ('4 March 2024', '2024-03', '')
    """
    year, month, number = [*published[:10].split("-"), "", ""][:3]
    if len(published) < 10 or not (
        year.isdecimal() and month.isdecimal() and number.isdecimal() and 1 <= int(month) <= 12
    ):
        return published
    return _day(int(number), _MONTHS[int(month) - 1], year)


def said_days(text: str) -> str:
    """A day or a span of days as `onrecord.qa` writes them, in the reader's language; empty for any other text.

    >>> said_days("13 to 19 May 2024"), said_days("30 December 2023 to 2 January 2024"), said_days("soon")
    ('13 to 19 May 2024', '30 December 2023 to 2 January 2024', '')
    """
    match = _DAYS.fullmatch(text)
    if not match or not match[5]:
        return ""
    last = _day(int(match[4]), match[5], match[6] or "")
    if not match[1]:
        return last
    return _("{first} to {last}", first=_day(int(match[1]), match[2] or "", match[3] or ""), last=last)


def _day(number: int, month: str, year: str) -> str:
    day = _(_FIRST) if number == 1 else str(number)
    if year:
        return _("{day} {month} {year}", day=day, month=_(month), year=year)
    return _("{day} {month}", day=day, month=_(month)) if month else _("{day}", day=day)
