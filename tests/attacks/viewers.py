"""What viewers make of an output: GitHub's own renderer, markdown-it, an HTML parser, a terminal."""

import re
from collections.abc import Collection, Mapping

import cmarkgfm
import lxml.html
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

from onrecord.index.inert import one_line

_STRICT_ADDRESS = re.compile(r"https?://[^\s<>\"`\\\x00-\x20\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_COMMONMARK = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_INLINE = {"text", "text_special", "softbreak", "code_inline", "em_open", "em_close", "link_open", "link_close"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def squeezed(text: str) -> str:
    return "".join(text.split())


def github(text: str) -> str:
    """GitHub's HTML of Markdown, before GitHub takes out what is unsafe."""
    return str(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))


def check_html(text: str, allowed: Mapping[str, Collection[str]], *, shown: Collection[str] = ()) -> list[str]:
    """Only these elements with these attributes, no address but web addresses and places on the page.

    ``shown``: texts that must still be read. Returns the addresses that lead elsewhere."""
    tree = lxml.html.document_fromstring(text or "<p></p>")
    links = []
    for element in tree.iter():
        assert isinstance(element.tag, str), f"not an element: {lxml.html.tostring(element)!r}"
        assert element.tag in {"html", "body", "head", *allowed}, f"<{element.tag}> in {text!r}"
        extra = set(element.attrib) - set(allowed.get(element.tag, ()))
        assert not extra, f"<{element.tag} {extra}> in {text!r}"
        address = element.get("href", "")
        if address and not address.startswith("#"):
            links.append(address)
            assert _STRICT_ADDRESS.fullmatch(address), address
    read = squeezed(tree.text_content())
    for one in shown:
        assert squeezed(one_line(one)) in read, f"{one!r} is not in {text!r}"
    return links


def check_markdown(text: str, *, blocks: Collection[str], links: Collection[str], shown: Collection[str]) -> None:
    """Only these kinds of blocks, inline nothing but text, code and the program's emphasis, no link but ``links``."""
    own = {link for link in links if link}
    assert all(_STRICT_ADDRESS.fullmatch(link) for link in own)
    rendered = github(text)
    allowed = {**dict.fromkeys([*blocks, "p", "code", "em"], ()), "a": ("href",), "ol": ("start",)}
    found = check_html(rendered, allowed, shown=shown)
    assert len(found) <= len(links)
    tree = lxml.html.document_fromstring(rendered or "<p></p>")
    assert {a.text_content() for a in tree.iter("a")} <= own, rendered
    assert {em.text_content() for em in tree.iter("em")} <= {"(partly supported)"}, rendered
    for block in _COMMONMARK.parse(text):
        assert not block.tag or block.tag in {*blocks, "p", "ol"}, (block.tag, text)
        for token in block.children or ():
            assert token.type in _INLINE, (token.type, text)
            assert token.type != "link_open" or token.markup == "autolink", text


def check_terminal(text: str, *, shown: Collection[str] = (), lines: int | None = None) -> None:
    """No character that a terminal obeys but newlines, tabs and the program's own colours."""
    without = _COLOURS.sub("", text)
    assert not _OBEYED.search(without), repr(text)
    if lines is not None:
        assert len(without.splitlines()) == lines, repr(text)
    for one in shown:
        assert squeezed(one_line(one)) in squeezed(without), f"{one!r} is not in {text!r}"
