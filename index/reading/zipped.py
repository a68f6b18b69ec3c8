"""Books (EPUB) and OpenDocument texts -> a draft: archives of XML, read with nothing loaded from elsewhere."""

import re
from collections.abc import Iterator
from html.entities import html5
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from onrecord.index.errors import ReadError
from onrecord.index.reading.drafts import Draft

_BLOCKS = frozenset("p h1 h2 h3 h4 h5 h6 li blockquote div section article tr dt dd pre figcaption".split())
_UNREAD = frozenset("head script style nav svg".split())
_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31};)")
_LARGEST_PART = 100 * 1024 * 1024


def read_epub(archive: ZipFile) -> Draft:
    """The chapters in the order of reading; title, author, day and language as the book states them."""
    container = _xml(archive, "META-INF/container.xml")
    path = next(one.get("full-path", "") for one in container.iter() if _name(one) == "rootfile")
    package = _xml(archive, path)
    files = {one.get("id"): one.get("href", "") for one in package.iter() if _name(one) == "item"}
    chapters = [files.get(one.get("idref"), "") for one in package.iter() if _name(one) == "itemref"]
    texts = [_page(_xml(archive, normpath(join(dirname(path), unquote(one))))) for one in chapters if one]
    stated = {name: _stated(package, name) for name in ("title", "publisher", "creator", "date", "language")}
    return Draft(
        "\n\n".join(filter(None, texts)),
        title=stated["title"],
        source=stated["creator"] or stated["publisher"],
        published=stated["date"],
        language=stated["language"],
    )


def read_odt(archive: ZipFile) -> Draft:
    """Paragraphs and headings, those of tables and lists too."""
    content = _xml(archive, "content.xml")
    lines = ["".join(_inline(one)) for one in content.iter() if _name(one) in ("p", "h")]
    meta = _xml(archive, "meta.xml") if "meta.xml" in archive.namelist() else content
    heading = next(("".join(_inline(one)) for one in content.iter() if _name(one) == "h"), "")
    return Draft("\n".join(lines), title=_stated(meta, "title") or heading)


def _xml(archive: ZipFile, path: str) -> Any:
    from lxml import etree

    with archive.open(path) as part:
        data = part.read(_LARGEST_PART + 1)
    if len(data) > _LARGEST_PART:
        raise ReadError(f"{path} unpacks to more than {_LARGEST_PART // 1024 // 1024} MB; save its text as .txt.")
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(_NAMED.sub(_numbered, data), parser)
    if root is None:
        raise ValueError(f"{path} is no XML")
    return root


def _numbered(match: re.Match[bytes]) -> bytes:
    """An entity of HTML, which XML does not know, as the characters' numbers."""
    return html5.get(match[1].decode(), match[0].decode()).encode("ascii", "xmlcharrefreplace")


def _page(root: Any) -> str:
    """The text of one chapter, a line for each block."""
    text = "".join(_flow(root))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()


def _flow(element: Any) -> Iterator[str]:
    """Newlines are those of the page's blocks alone. A stack, as a chapter may be nested deep."""
    stack: list[Any] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif (name := _name(one)) not in _UNREAD:
            edge = "\n" if name in _BLOCKS or name == "br" else ""
            parts: list[Any] = [edge, _spaced(one.text) if name else ""]
            for child in one:
                parts += [child, _spaced(child.tail)]
            stack += reversed([*parts, edge])


def _inline(paragraph: Any) -> Iterator[str]:
    """Its text, with a space for each tab and line break; without what is noted beside it, a paragraph of its own."""
    yield paragraph.text or ""
    for child in paragraph:
        name = _name(child)
        if name in ("s", "tab", "line-break"):
            yield " "
        elif name not in ("note", "annotation", "p", "h", "frame"):
            yield from _inline(child)
        yield child.tail or ""


def _spaced(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _stated(root: Any, name: str) -> str:
    return next((" ".join("".join(one.itertext()).split()) for one in root.iter() if _name(one) == name), "")


def _name(element: Any) -> str:
    """Without its namespace; empty for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
