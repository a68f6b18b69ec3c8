"""What agencies send, NewsML-G2 and NITF -> drafts: headline, day, provider and language as it states them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from onrecord.index.errors import ReadError
from onrecord.index.inert import web_address
from onrecord.index.reading.drafts import Draft, Parsed, Problem
from onrecord.index.reading.xml import first, name_of, page_text, parsed_xml, text_of

# Of an .xml file of a folder nobody knows what it is; one of these is named in the first bytes of those that are read.
_NEWS = re.compile(rb"<(?:\w+:)?(?:nitf|newsItem|newsMessage)\b")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def is_news(start: bytes) -> bool:
    """Whether an .xml file that starts so can be read."""
    return bool(_NEWS.search(start))


def read_news_xml(data: bytes, name: str, html: Callable[[bytes, str], Parsed]) -> Parsed:
    """One draft a news item; ``html`` reads the page that one may hold. An item without text is a problem."""
    try:
        root = parsed_xml(data)
    except (SyntaxError, ValueError):
        root = None
    kind = name_of(root) if root is not None else ""
    if kind == "nitf":
        return Parsed((_nitf(root),))
    if kind not in ("newsitem", "newsmessage"):
        what = "a feed or sitemap; `onrecord follow` reads those by their address" if _is_feed(kind) else "other XML"
        raise ReadError(f"{name} is no news of an agency (NewsML-G2, NITF) but {what}; save its text as .txt.")
    drafts: list[Draft] = []
    problems: list[Problem] = []
    items = [one for one in root.iter() if name_of(one) == "newsitem"]
    for number, item in enumerate(items, start=1):
        place = f"item {number}"
        draft = _item(item, name, html)
        if re.search(r"cancel|withheld", _attribute(item, "pubstatus", "qcode")):
            problems.append((place, "withdrawn by its agency"))
        elif re.search(r"\w", draft.text):
            drafts.append(replace(draft, place=place))
        else:
            problems.append((place, "no text"))
    return Parsed(tuple(drafts), tuple(problems))


def _is_feed(kind: str) -> bool:
    return kind in ("rss", "feed", "rdf", "urlset", "sitemapindex")


def _nitf(root: Any) -> Draft:
    body = first(root, "body.content")
    issued = _attribute(root, "date.issue", "norm") or _attribute(root, "date.release", "norm")
    return Draft(
        page_text(body) if body is not None else "",
        title=text_of(first(root, "hl1")) or text_of(first(root, "hedline")) or text_of(first(root, "title")),
        source=text_of(first(root, "distributor")) or _attribute(root, "pubdata", "name"),
        published=issued or _attribute(root, "pubdata", "date.publication"),
        url=web_address(_attribute(root, "pubdata", "ex-ref")),
        language=root.get(_LANGUAGE, ""),
    )


def _item(item: Any, name: str, html: Callable[[bytes, str], Parsed]) -> Draft:
    """What the item states of itself goes before what its text does."""
    content = next(filter(None, (_content(part, name, html) for part in _parts(item))), Draft(""))
    days = (text_of(first(item, day)) for day in ("contentcreated", "firstcreated", "versioncreated"))
    language = first(item, "language")
    return replace(
        content,
        title=text_of(first(item, "headline")) or content.title,
        source=_named(first(item, "infosource")) or _named(first(item, "provider")) or content.source,
        published=next(filter(None, days), content.published),
        url=web_address(item.get("guid", "")) or content.url,
        language=(language.get("tag", "") if language is not None else "") or content.language,
    )


def _parts(item: Any) -> Iterator[Any]:
    return (one for one in item.iter() if name_of(one) in ("inlinexml", "inlinedata"))


def _content(part: Any, name: str, html: Callable[[bytes, str], Parsed]) -> Draft | None:
    """The text of one way in which an item has its content; None for what is no text."""
    if name_of(part) == "inlinexml":
        if (nitf := first(part, "nitf")) is not None:
            return _nitf(nitf)
        text = page_text(part)
    elif "html" in part.get("contenttype", ""):
        return html("".join(part.itertext()).encode("utf-8", "replace"), name).drafts[0]
    elif part.get("contenttype", "text/plain").startswith("text/") and not part.get("encoding"):
        text = "".join(part.itertext())
    else:
        return None
    return Draft(text) if re.search(r"\w", text) else None


def _named(element: Any) -> str:
    """The name of who is meant: written, or as the agency's own letters for it."""
    if element is None:
        return ""
    return text_of(first(element, "name")) or element.get("literal", "")


def _attribute(root: Any, element: str, name: str) -> str:
    found = first(root, element)
    return "" if found is None else str(found.get(name, ""))
