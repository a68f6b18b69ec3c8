"""Article, model and user text made inert before it enters a page or an export."""

import html
import re
from urllib.parse import urlsplit

# Characters that reorder or hide what surrounds them: with these a title could display as something else.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$&:@])")


def plain(text: str) -> str:
    """``text`` without control characters and direction overrides.

    >>> plain("safe\u202egpj.exe")
    'safegpj.exe'
    """
    return _INVISIBLE.sub("", text)


def e(text: object) -> str:
    """``text`` as HTML that shows exactly its characters, in elements and in quoted attributes alike.

    >>> e('<img src=x onerror="alert(1)">')
    '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(plain(str(text)), quote=True)


def bdi(text: object) -> str:
    """``text`` isolated, so that a right-to-left title does not reorder the line around it."""
    return f'<bdi dir="auto">{e(text)}</bdi>'


def link(url: str) -> str:
    """``url`` when it is a web address, else nothing: ``javascript:`` and ``data:`` links are never made.

    >>> link("javascript:alert(1)")
    ''
    >>> link("https://courier.example/a?b=1&c=2")
    'https://courier.example/a?b=1&amp;c=2'
    """
    try:
        parts = urlsplit(plain(url).strip())
    except ValueError:
        return ""
    return e(plain(url).strip()) if parts.scheme in ("http", "https") and parts.netloc else ""


def markdown(text: object) -> str:
    """``text`` with every character escaped that Markdown would read as a sign, on one line.

    >>> markdown("a *b* [c](d)")
    'a \\\\*b\\\\* \\\\[c\\\\]\\\\(d\\\\)'
    """
    line = " ".join(plain(str(text)).split())
    return _MARKDOWN.sub(r"\\\1", line)


def shorten(text: str, width: int) -> str:
    """``text`` cut at a word so that it is at most ``width`` characters long, with an ellipsis when cut.

    >>> shorten("one two three", 9)
    'one two…'
    """
    if len(text) <= width:
        return text
    return text[:width].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
