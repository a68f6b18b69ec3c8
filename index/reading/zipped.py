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
from onrecord.index.reading.xml import first, name_of, page_text, parsed_xml, text_of

_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31};)")
_LARGEST_PART = 100 * 1024 * 1024


def read_epub(archive: ZipFile) -> Draft:
    """The chapters in the order of reading; title, author, day and language as the book states them."""
    container = _xml(archive, "META-INF/container.xml")
    path = next(one.get("full-path", "") for one in container.iter() if name_of(one) == "rootfile")
    package = _xml(archive, path)
    files = {one.get("id"): one.get("href", "") for one in package.iter() if name_of(one) == "item"}
    chapters = [files.get(one.get("idref"), "") for one in package.iter() if name_of(one) == "itemref"]
    texts = [page_text(_xml(archive, normpath(join(dirname(path), unquote(one))))) for one in chapters if one]
    stated = {name: text_of(first(package, name)) for name in ("title", "publisher", "creator", "date", "language")}
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
    lines = ["".join(_inline(one)) for one in content.iter() if name_of(one) in ("p", "h")]
    meta = _xml(archive, "meta.xml") if "meta.xml" in archive.namelist() else content
    heading = next(("".join(_inline(one)) for one in content.iter() if name_of(one) == "h"), "")
    return Draft("\n".join(lines), title=text_of(first(meta, "title")) or heading)


def _xml(archive: ZipFile, path: str) -> Any:
    with archive.open(path) as part:
        data = part.read(_LARGEST_PART + 1)
    if len(data) > _LARGEST_PART:
        raise ReadError(f"{path} unpacks to more than {_LARGEST_PART // 1024 // 1024} MB; save its text as .txt.")
    root = parsed_xml(_NAMED.sub(_numbered, data))
    if root is None:
        raise ValueError(f"{path} is no XML")
    return root


def _numbered(match: re.Match[bytes]) -> bytes:
    """An entity of HTML, which XML does not know, as the characters' numbers."""
    return html5.get(match[1].decode(), match[0].decode()).encode("ascii", "xmlcharrefreplace")


def _inline(paragraph: Any) -> Iterator[str]:
    """Its text, with a space for each tab and line break; without what is noted beside it, a paragraph of its own."""
    yield paragraph.text or ""
    for child in paragraph:
        name = name_of(child)
        if name in ("s", "tab", "line-break"):
            yield " "
        elif name not in ("note", "annotation", "p", "h", "frame"):
            yield from _inline(child)
        yield child.tail or ""
