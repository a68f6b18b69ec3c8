"""Dates as people write them."""

_MONTHS = tuple("January February March April May June July August September October November December".split())


def day_text(published: str) -> str:
    """An ISO day or date-time as day, month and year; what is not one as it stands.

    >>> day_text("2024-03-04T10:00:00Z"), day_text("2024-03"), day_text("")
    ('4 March 2024', '2024-03', '')
    """
    year, _, rest = published[:10].partition("-")
    month, _, number = rest.partition("-")
    if len(published) < 10 or not (
        year.isdecimal() and month.isdecimal() and number.isdecimal() and 1 <= int(month) <= 12
    ):
        return published
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"
