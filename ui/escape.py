"""Article, model and user text made inert before it enters the page: HTML, by the escaper that all rooms share."""

from onrecord.index.inert import as_html as e
from onrecord.index.inert import web_address

__all__ = ["bdi", "e", "link", "named", "shorten"]


def bdi(text: object) -> str:
    """``text`` isolated, so that a right-to-left title does not reorder the line around it."""
    return f'<bdi dir="auto">{e(text)}</bdi>'


def named(parts: tuple[str, str, str]) -> str:
    """A quote in parts, as :func:`onrecord.qa.render.with_who` gives them: what this program adds looks different."""
    before, who, rest = parts
    return e(before) + (f'<span class="who">{e(who)}</span>' if who else "") + e(rest)


def link(url: str) -> str:
    """``url`` when it is a web address, else nothing: ``javascript:`` and ``data:`` links are never made.

    >>> link("javascript:alert(1)")
    ''
    >>> link("https://courier.example/a?b=1&c=2")
    'https://courier.example/a?b=1&amp;c=2'
    """
    return e(web_address(url))


def shorten(text: str, width: int) -> str:
    """``text`` cut at a word so that it is at most ``width`` characters long, with an ellipsis when cut.

    >>> shorten("one two three", 9)
    'one two…'
    """
    if len(text) <= width:
        return text
    return text[:width].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
