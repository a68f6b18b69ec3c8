"""XML with nothing loaded from elsewhere and nothing resolved that it declares, and the text of what is in it."""

import re
from collections.abc import Iterator
from typing import Any

_BLOCKS = frozenset(
    "p h1 h2 h3 h4 h5 h6 hl1 hl2 li block blockquote div section article tr dt dd pre figcaption".split()
)
_UNREAD = frozenset("head script style nav svg media".split())
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")


def parsed_xml(data: bytes) -> Any:
    """The root of what could be read of a document, None where there is none.

    Raises ``SyntaxError`` or ``ValueError`` for some that cannot be read.
    """
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(_REFERENCE.sub(_of_a_character, data.strip()), parser)


def _of_a_character(reference: re.Match[bytes]) -> bytes:
    """A reference by number, empty where XML has no such character: lxml keeps half of a pair, but cannot tell it."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return reference[0] if code in (9, 10, 13) or 32 <= code < 0xD800 or 0xDFFF < code < 0x110000 else b""


def name_of(element: Any) -> str:
    """In lower case, without its namespace; empty for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def first(root: Any, name: str) -> Any:
    """The first element of this name in or below ``root``, None without one."""
    return next((one for one in root.iter() if name_of(one) == name), None)


def text_of(element: Any) -> str:
    """All its text in one line, empty for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def page_text(root: Any) -> str:
    """The text of a page, a line for each block."""
    lines = (" ".join(line.split()) for line in "".join(_flow(root)).split("\n"))
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()


def _flow(element: Any) -> Iterator[str]:
    """Newlines are those of the page's blocks alone. A stack, as a page may be nested deep."""
    stack: list[Any] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif (name := name_of(one)) not in _UNREAD:
            edge = "\n" if name in _BLOCKS or name == "br" else ""
            parts: list[Any] = [edge, _spaced(one.text) if name else ""]
            for child in one:
                parts += [child, _spaced(child.tail)]
            stack += reversed([*parts, edge])


def _spaced(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")
