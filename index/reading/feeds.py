"""A feed, RSS or Atom -> what it lists: for each item the address of its page, a title and a day."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin

from onrecord.index.errors import ReadError
from onrecord.index.inert import web_address
from onrecord.index.reading.drafts import Draft, Parsed

FEED = "feed"
"""What is given in place of a file's ending, so that its bytes are read as a feed; the name is then its address."""

MOST_ITEMS = 1000  # the first ones that it lists, which are the newest


def read_feed(data: bytes, name: str) -> Parsed:
    """One draft an item, with its page's address as ``url`` and the feed's title as ``source``; no text of an article.

    Raises ``ReadError`` where ``data`` is no feed. Entities of a document's own are not resolved, nothing is loaded.
    """
    try:
        drafts = _listed(data, name)
    except (SyntaxError, ValueError):  # lxml's errors are SyntaxErrors, and names in it may be no text
        drafts = None
    if drafts is None:
        raise ReadError(f"{name} is no feed (RSS or Atom); give the address of the site's feed, or add it as a page.")
    if not drafts:
        raise ReadError(f"{name} is a feed that lists no pages; try again when it does.")
    return Parsed(drafts[:MOST_ITEMS])


def _listed(data: bytes, base: str) -> tuple[Draft, ...] | None:
    """Each page once; None where this is no feed."""
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(data.strip(), parser)
    if root is None or _name(root) not in ("rss", "feed", "RDF"):
        return None
    channel = next((one for one in root if _name(one) == "channel"), root)
    return tuple({draft.url: draft for draft in _items(root, base, _text(channel, "title")) if draft.url}.values())


def _items(root: Any, base: str, source: str) -> Iterator[Draft]:
    for item in root.iter():
        if _name(item) in ("item", "entry"):
            link = _link(item)
            address = web_address(urldefrag(urljoin(base, link)).url) if link else ""
            day = _text(item, "pubDate") or _text(item, "published") or _text(item, "date") or _text(item, "updated")
            yield Draft(address, title=_text(item, "title"), url=address, published=day, source=source)


def _link(item: Any) -> str:
    """Atom: the alternate link; RSS: the link's text, else the guid where that is one."""
    for one in item:
        if _name(one) == "link" and one.get("href") and one.get("rel", "alternate") == "alternate":
            return str(one.get("href")).strip()
    guid = next((one for one in item if _name(one) == "guid" and one.get("isPermaLink", "true") == "true"), None)
    return _text(item, "link") or (str(guid.text or "").strip() if guid is not None else "")


def _text(parent: Any, name: str) -> str:
    return next((" ".join("".join(one.itertext()).split()) for one in parent if _name(one) == name), "")


def _name(element: Any) -> str:
    """Without its namespace; empty for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
