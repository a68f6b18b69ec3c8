"""Text that others wrote made inert, once for each place where it is shown: plain text, HTML, Markdown, a terminal.

Articles, questions and a model's replies are material: nothing in them may steer a terminal, become a link or a
picture, or load anything. Every output of every room passes through here; the adapters for other libraries hand texts
on as data.
"""

import html
import json
import re
from typing import Any
from urllib.parse import urlsplit

# What a terminal obeys, and what reorders or hides its surroundings: a title could be shown as something else.
_UNSEEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_UNSHOWN = re.compile(f"[{_UNSEEN}]")
_NOT_IN_ADDRESSES = re.compile(f'[\\s{_UNSEEN}\ud800-\udfff<>"`\\\\]')

_HOST = re.compile(r"[\w.-]*\w[\w.-]*|[\da-f:.]*:[\da-f:.]*", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_ADDRESS = re.compile(r"//|www\.|[\w.+-]@\w", re.IGNORECASE)  # what viewers make links of, without being asked
_AROUND = "\"'“”‘’«»()[]{}<>,.;:!?…*_~|"  # signs at the ends of a word that are no part of an address
_SIGNS = re.compile(
    r"[\\*~\[]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it means nothing
    r"|<(?=[A-Za-z/!?]|$)"
    r"|&(?=#?\w{1,32};)"
)
_HIDING = re.compile(r"(?<=\])[(\[:]|<(?=[A-Za-z/!?])")
_OPENING = re.compile(r"#{1,6}$|[-+=|:]+$|>")  # a first word that makes its line a heading, rule, list or quotation
_NUMBER = re.compile(r"\d{1,9}[.)]")  # … or an item of a list


def plain(text: str) -> str:
    """``text`` without anything that would be obeyed instead of shown; of white space, newlines and tabs stay.

    >>> plain("a\\x1b[31mb\\r\\nc"), plain("safe\\u202egpj.exe")
    ('a[31mb\\nc', 'safegpj.exe')
    """
    return _UNSHOWN.sub("", text)


def one_line(text: str) -> str:
    """``text`` as :func:`plain` has it, on one line: it cannot pass for a line of the program's own."""
    return " ".join(plain(" ".join(text.split())).split())


def as_html(text: object) -> str:
    """``text`` as HTML that shows exactly its characters, in elements and in quoted attributes alike.

    >>> as_html('<img src=x onerror="alert(1)">')
    '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(plain(str(text)), quote=True)


def as_json(document: Any, *, indent: int | None = 2) -> str:
    """``document`` as JSON for a terminal: what that would obey is written as ``\\\\u…``, which reads back the same.

    >>> as_json({"title": "\\x9b31m"}, indent=None)
    '{"title": "\\\\u009b31m"}'
    """
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return _UNSHOWN.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)


def markdown(text: object) -> str:
    """``text`` on one line of Markdown that shows its characters, whatever viewer is used (CommonMark or GitHub's).

    Only what would be a sign at its place is escaped. Addresses become code: viewers that make links of bare addresses
    do so behind escapes too.

    >>> print(markdown("a *b* [c](d), usatoday.com, 2.4 million, all-male"))
    a \\*b\\* \\[c](d), usatoday.com, 2.4 million, all-male
    >>> print(markdown("1. Write to desk@courier.example."))
    1\\. Write to `desk@courier.example`.
    """
    words = one_line(str(text)).split(" ")
    shown = [_word(word) for word in words]
    if _OPENING.match(words[0]):
        shown[0] = f"\\{shown[0]}"
    elif _NUMBER.fullmatch(words[0]):
        shown[0] = f"{words[0][:-1]}\\{words[0][-1]}"
    if shown[-1] and not shown[-1].strip("#"):  # a heading would end before it
        shown[-1] = f"\\{shown[-1]}"
    return " ".join(shown)


def pasted(text: str) -> str:
    """``text`` for a clipboard: to the letter, but what Markdown or HTML would hide behind a name is broken.

    A quotation keeps its brackets and stars; only links, pictures and tags get a backslash.

    >>> print(pasted("He said [sic] *so*: ![x](https://evil.example/t.png)<img>"))
    He said [sic] *so*: ![x]\\(https://evil.example/t.png)\\<img>
    """
    return _HIDING.sub(_escaped, plain(text))


def code(text: object) -> str:
    """``text`` as a piece of code in Markdown.

    >>> print(code("http://peer/"), code("a`b"))
    `http://peer/` ``a`b``
    """
    shown = one_line(str(text))
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    room = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{'`' * (longest + 1)}{room}{shown}{room}{'`' * (longest + 1)}" if shown else ""


def web_address(stated: str) -> str:
    """``stated`` when it is a well-formed web address that can be written down anywhere, else nothing.

    That is http or https with a host of letters, digits, dots and hyphens and without a user's name, without white
    space, control characters, quotation marks, angle brackets, backquotes or backslashes.

    >>> web_address(" HTTPS://courier.example/a?b=1&c=2 "), web_address("javascript:alert(1)"), web_address("http://&lt;")
    ('https://courier.example/a?b=1&c=2', '', '')
    """
    address = stated.strip()
    if _NOT_IN_ADDRESSES.search(address):
        return ""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port  # a port that is no number raises too
    except ValueError:
        return ""
    named = _HOST.fullmatch(host) and port != 0 and "@" not in parts.netloc
    return parts.scheme + address[len(parts.scheme) :] if named and parts.scheme in ("http", "https") else ""


def autolink(address: str) -> str:
    """A web address as a link of Markdown that shows it to the letter; nothing for none.

    >>> autolink("https://courier.example/a?b=1&lt;=2")
    '<https://courier.example/a?b=1&amp;lt;=2>'
    """
    return f"<{_ENTITY.sub('&amp;', address)}>" if address else ""


def _word(word: str) -> str:
    # A backquote as an entity: then every backquote in the text is one of the program's own.
    return "&#96;".join(_part(part) for part in word.split("`"))


def _part(part: str) -> str:
    if not _ADDRESS.search(part):
        return _SIGNS.sub(_escaped, part)
    address = part.strip(_AROUND)
    before, after = part[: part.index(address)], part[part.index(address) + len(address) :]
    return f"{_SIGNS.sub(_escaped, before)}`{address}`{_SIGNS.sub(_escaped, after)}"


def _escaped(sign: re.Match[str]) -> str:
    return f"\\{sign.group()}"
