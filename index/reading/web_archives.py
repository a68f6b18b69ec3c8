"""A web archive (WARC), as crawlers and recorders of pages write it -> a draft for each page in it."""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from onrecord.index.errors import ReadError
from onrecord.index.inert import web_address
from onrecord.index.reading.decoding import as_utf8
from onrecord.index.reading.drafts import Draft, Parsed

Read = Callable[[bytes, str, str], Parsed]
"""Reads bytes, by their name and ending."""

_MOST_UNPACKED = 400 * 1024 * 1024
_LARGEST_PAGE = 20 * 1024 * 1024
_ENDINGS = {"text/html": ".html", "application/xhtml+xml": ".html", "application/pdf": ".pdf"}


@dataclass(frozen=True, slots=True)
class _Page:
    """``why``: what keeps it from being read."""

    address: str
    data: bytes
    ending: str
    why: str = ""


def read_warc(data: bytes, name: str, read: Read) -> Parsed:
    """Every page that was answered with a text, by its address: of several visits the last in the file.

    Pictures, scripts, redirects and failures are passed over; a page without an article is a problem. A file that is
    cut off gives the pages before the cut.
    """
    found: dict[str, tuple[Draft | None, str]] = {}
    for page in _pages(io.BytesIO(data) if data[:2] != b"\x1f\x8b" else _Unpacked(data, name), name):
        found[page.address] = _draft(page, read)
    pages = [(f"page {number}", *one) for number, one in enumerate(found.values(), start=1)]
    drafts = tuple(replace(draft, place=place) for place, draft, _ in pages if draft)
    problems = tuple((place, why) for place, draft, why in pages if not draft)
    if not found:
        raise ReadError(f"{name} holds no web page that can be read; add the page itself, saved as .html.")
    return Parsed(drafts, problems)


def _pages(stream: Any, name: str) -> Iterator[_Page]:
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    found = False
    try:
        for record in ArchiveIterator(stream):
            if record.rec_type in ("response", "resource", "conversion") and (page := _page(record)):
                found = True
                yield page
    except (ArchiveLoadFailed, AttributeError) as error:  # the latter for an answer that says not to which address
        if not found:
            raise ReadError(
                f"{name} is damaged or no web archive (WARC); add the pages themselves, as .html."
            ) from error
        yield _Page("", b"", "", "damaged, and so is what comes after it")


def _page(record: Any) -> _Page | None:
    """The page of a record, None where it is no page."""
    address = web_address((record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> "))
    headers = record.http_headers if record.rec_type == "response" else record.rec_headers
    if not address or headers is None or (record.rec_type == "response" and headers.get_statuscode() != "200"):
        return None
    kind, _, more = (headers.get_header("Content-Type") or "").partition(";")
    kind = kind.strip().lower()
    ending = ".txt" if record.rec_type == "conversion" and kind == "text/plain" else _ENDINGS.get(kind, "")
    if not ending:
        return None
    data = record.content_stream().read(_LARGEST_PAGE + 1)
    if len(data) > _LARGEST_PAGE:
        return _Page(address, b"", ending, f"larger than {_LARGEST_PAGE // 1024 // 1024} MB")
    while record.raw_stream.read(_LARGEST_PAGE):
        pass
    if record.raw_stream.limit > 0:
        return _Page(address, b"", ending, "cut off")
    charset = re.search(r"charset=[\"']?([\w.:-]+)", more)
    return _Page(address, as_utf8(data, charset[1]) if charset and ending != ".pdf" else data, ending)


def _draft(page: _Page, read: Read) -> tuple[Draft | None, str]:
    """What a page gives, or why it gives nothing. Its address is its own, where it names one of its site."""
    if page.why:
        return None, page.why
    try:
        draft = read(page.data, page.address, page.ending).drafts[0]
    except ReadError:
        return None, "no text of an article"
    site = urlsplit(page.address).netloc
    url = draft.url if urlsplit(draft.url).netloc == site else page.address
    return replace(draft, url=url, source=draft.source or site.removeprefix("www.")), ""


class _Unpacked(gzip.GzipFile):
    """The bytes of a packed archive, with a bound: a small one can unpack to anything."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(fileobj=io.BytesIO(data))
        self._called, self._left = name, _MOST_UNPACKED

    def read(self, size: int | None = -1) -> bytes:
        try:
            data = super().read1(size or -1)  # `read` would lose what comes before a cut
        except (EOFError, OSError, zlib.error):
            return b""
        self._left -= len(data)
        if self._left < 0:
            raise ReadError(f"{self._called} unpacks to more than {_MOST_UNPACKED // 1024 // 1024} MB; split it.")
        return data
