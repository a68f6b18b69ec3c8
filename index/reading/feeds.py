"""A feed (RSS or Atom) or a sitemap -> what it lists: for each item the address of its page, a title and a day."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from onrecord.index.errors import ReadError
from onrecord.index.inert import web_address
from onrecord.index.reading.articles import iso_date
from onrecord.index.reading.drafts import Draft, Parsed
from onrecord.index.reading.xml import first, name_of, parsed_xml, text_of

FEED = "feed"
"""What is given in place of a file's ending, so that its bytes are read as a feed; the name is then its address."""

SITEMAPS = "a sitemap of sitemaps"
"""The source of what is listed where that are sitemaps, not pages."""

_MOST_UNPACKED = 50 * 1024 * 1024  # as the standard of sitemaps says
MOST_ITEMS = 1000  # the newest ones; a feed lists these first, a sitemap anywhere


def read_feed(data: bytes, name: str) -> Parsed:
    """One draft an item, with its page's address as ``url`` and the feed's title as ``source``; no text of an article.

    What ``name`` has after a "#" is a section: only pages count whose path begins so. Raises ``ReadError`` where
    ``data`` is no feed. Entities of a document's own are not resolved, nothing is loaded.
    """
    address, section = urldefrag(name)
    try:
        drafts = _listed(_unpacked(data, name), address, section)
    except (SyntaxError, ValueError, zlib.error):  # lxml's errors are SyntaxErrors, and names in it may be no text
        drafts = None
    if drafts is None:
        raise ReadError(
            f"{name} is no feed (RSS or Atom) and no sitemap; give the address of the site's feed, or add it as a page."
        )
    if not drafts:
        where = f" under {section}" if section else ""
        raise ReadError(f"{name} is a feed that lists no pages{where}; try again when it does.")
    more = f"It lists {len(drafts):,} pages; the newest {MOST_ITEMS:,} of them count." if drafts[MOST_ITEMS:] else ""
    return Parsed(drafts[:MOST_ITEMS], note=more)


def _unpacked(data: bytes, name: str) -> bytes:
    """Sitemaps are often packed."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    found = zlib.decompressobj(31).decompress(data, _MOST_UNPACKED + 1)
    if len(found) > _MOST_UNPACKED:
        raise ReadError(f"{name} unpacks to more than {_MOST_UNPACKED // 1024 // 1024} MB; follow a smaller one.")
    return found


def _listed(data: bytes, base: str, section: str) -> tuple[Draft, ...] | None:
    """Each page once; None where this is no feed."""
    root = parsed_xml(data)
    match name_of(root) if root is not None else "":
        case "rss" | "feed" | "rdf":
            channel = next((one for one in root if name_of(one) == "channel"), root)
            found: Iterable[Draft] = _items(root, base, _text(channel, "title"))
        case "urlset":
            found = _newest_first(_pages(root, base))
        case "sitemapindex":
            found, section = _newest_first(_sitemaps(root, base)), ""
        case _:
            return None
    listed = {one.url: one for one in reversed([*found]) if one.url and urlsplit(one.url).path.startswith(section)}
    return tuple(reversed(listed.values()))


def _items(root: Any, base: str, source: str) -> Iterator[Draft]:
    for item in root.iter():
        if name_of(item) in ("item", "entry"):
            day = _text(item, "pubdate") or _text(item, "published") or _text(item, "date") or _text(item, "updated")
            yield _draft(_link(item), base, _text(item, "title"), day, source)


def _pages(root: Any, base: str) -> Iterator[Draft]:
    """Those of a sitemap, with what one of news says of them."""
    for item in root:
        if name_of(item) == "url":
            day = text_of(first(item, "publication_date")) or _text(item, "lastmod")
            source = text_of(first(item, "name"))
            yield _draft(_text(item, "loc"), base, text_of(first(item, "title")), day, source)


def _sitemaps(root: Any, base: str) -> Iterator[Draft]:
    for item in root:
        if name_of(item) == "sitemap":
            yield _draft(_text(item, "loc"), base, "", _text(item, "lastmod"), SITEMAPS)


def _draft(link: str, base: str, title: str, day: str, source: str) -> Draft:
    address = web_address(urldefrag(urljoin(base, link)).url) if link else ""
    return Draft(address, title=title, url=address, published=day, source=source)


def _newest_first(drafts: Iterable[Draft]) -> list[Draft]:
    """Undated ones last, in the order in which they are listed."""
    return sorted(drafts, key=lambda one: iso_date(one.published), reverse=True)


def _link(item: Any) -> str:
    """Atom: the alternate link; RSS: the link's text, else the guid where that is one."""
    for one in item:
        if name_of(one) == "link" and one.get("href") and one.get("rel", "alternate") == "alternate":
            return str(one.get("href")).strip()
    guid = next((one for one in item if name_of(one) == "guid" and one.get("isPermaLink", "true") == "true"), None)
    return _text(item, "link") or (str(guid.text or "").strip() if guid is not None else "")


def _text(parent: Any, name: str) -> str:
    """That of its own child of this name."""
    return next((text_of(one) for one in parent if name_of(one) == name), "")
