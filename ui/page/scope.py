"""The filter beside the question: what was chosen there as a :class:`~onrecord.index.types.Filter`."""

import re
from collections.abc import Sequence
from datetime import date

from onrecord.index.errors import InputError
from onrecord.index.types import Filter
from onrecord.ui.escape import shorten
from onrecord.ui.page.language import _, counted

_LONGEST_LABEL = 80
_PARTS = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


def day(text: str, *, end: bool = False) -> str:
    """An ISO day from a year, a month or a day; the last day of the span when it is the end.

    >>> day("2024"), day("2024-2", end=True), day("")
    ('2024-01-01', '2024-02-29', '')
    """
    text = (text or "").strip()
    if not text:
        return ""
    match = _PARTS.fullmatch(text)
    try:
        if not match:
            raise ValueError(text)
        year, month, number = (int(part) if part else 0 for part in match.groups())
        if number:
            return date(year, month, number).isoformat()
        if not end:
            return date(year, month or 1, 1).isoformat()
        following = date(year + 1, 1, 1) if not month or month == 12 else date(year, month + 1, 1)
        return date.fromordinal(following.toordinal() - 1).isoformat()
    except ValueError as error:
        raise InputError(_("“{text}” is not a date; write it as 2024, 2024-03 or 2024-03-09.", text=text)) from error


def scope_of(articles: Sequence[str], sources: Sequence[str], first: str, last: str) -> Filter:
    """The filter; empty when nothing was chosen."""
    start, end = day(first), day(last, end=True)
    if start and end and start > end:
        raise InputError(
            _("The filter begins on {start}, after its end on {end}; swap the two dates.", start=start, end=end)
        )
    return Filter(tuple(articles or ()), tuple(sources or ()), start, end)


def scope_text(scope: Filter) -> str:
    """The filter in words, empty when there is none."""
    parts = []
    if scope.articles:
        parts.append(counted(len(scope.articles), "{count:,} chosen article", "{count:,} chosen articles"))
    if scope.sources:
        parts.append(", ".join(scope.sources))
    if scope.published_from:
        parts.append(_("from {day}", day=scope.published_from))
    if scope.published_to:
        parts.append(_("to {day}", day=scope.published_to))
    return " · ".join(parts)


def scope_label(articles: Sequence[str], sources: Sequence[str], first: str, last: str) -> str:
    """The name of the filter's drawer, with what is chosen in it.

    >>> scope_label([], ["Courier"], "2024", ""), scope_label([], [], "", ""), scope_label([], [], "soon", "")
    ('Filter: Courier · from 2024-01-01', 'Filter', 'Filter: its dates are not yet dates')
    """
    try:
        scope = scope_of(articles, sources, first, last)
    except InputError:
        return _("Filter: its dates are not yet dates")
    return _("Filter: {chosen}", chosen=shorten(scope_text(scope), _LONGEST_LABEL)) if scope else _("Filter")
