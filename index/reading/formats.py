"""The content of one file -> drafts of articles: what the file states, before the article is made of it."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import Any

from onrecord.index.errors import ReadError
from onrecord.index.reading.articles import iso_date
from onrecord.index.reading.decoding import decode
from onrecord.index.reading.drafts import ALIASES, Draft, Parsed, decode_lines, from_fields, read_csv, read_json_lines
from onrecord.index.reading.feeds import FEED, read_feed
from onrecord.index.reading.layout import join_pages, looks_wrapped, unwrap
from onrecord.index.reading.mail import read_eml, read_mbox, read_mhtml
from onrecord.index.reading.markdown import first_heading, without_marks
from onrecord.index.reading.news_xml import read_news_xml
from onrecord.index.reading.rtf import read_rtf
from onrecord.index.reading.web_archives import read_warc
from onrecord.index.reading.zipped import read_epub, read_odt

_LARGEST_UNPACKED = 400 * 1024 * 1024  # a DOCX is a zip archive, and a small one can unpack to anything
# What parsers let through when a file is damaged in a way that they did not foresee; lxml's errors are SyntaxErrors.
_PARSER_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_HEADER = re.compile(r"(?P<key>[A-Za-z][A-Za-z_ -]{1,20}):\s+(?P<value>\S.*)")
# As browsers and the extension SingleFile note where a page was that they saved.
_SAVED_FROM = re.compile(r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:\s*)(https?://\S+)")
_STATED_DAY = re.compile(r"(?:(?:first published|published|posted|date)\b[\s:]*(?:on )?)?(.{8,40})", re.IGNORECASE)


def parse(data: bytes, name: str, suffix: str) -> Parsed:
    """Read one file's bytes by its ``suffix`` (one of ``SUFFIXES``, or ``FEED``); ``name`` is what errors call it."""
    return read_feed(data, name) if suffix == FEED else _PARSERS[suffix](data, name)


def _plain(data: bytes, name: str) -> Parsed:
    """Plain text. "Title: …", "Date: …" lines at the very top are facts about the article, not a part of it."""
    if data.startswith(b"%PDF-"):
        raise ReadError(f"{name} is a PDF file with another ending; rename it to .pdf.")
    text = decode_lines(data, name)
    stated, body = _header_lines(text)
    if looks_wrapped(body):
        body = unwrap(body)
    return Parsed((_with_stated_day(from_fields(stated, body)),))


def _markdown(data: bytes, name: str) -> Parsed:
    """Markdown without its marks; the front matter and the first "# " heading say what the article is."""
    text = decode_lines(data, name).lstrip("\ufeff\n ")
    stated: dict[str, str] = {}
    if match := re.match(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", text, re.DOTALL):
        stated, text = _fields(match.group(1).split("\n")), text[match.end() :]
    body = _without_marks(text)
    if title := _without_marks(first_heading(text)).strip():
        stated.setdefault("title", title)
        rest = body.strip().removeprefix(title)
        if stated["title"] == title and text.lstrip().startswith("# ") and rest.strip():
            body = rest
    return Parsed((_with_stated_day(from_fields(stated, body)),))


def _html(data: bytes, name: str) -> Parsed:
    import trafilatura
    from htmldate import find_date

    page = decode(data, name, html=True)
    text = trafilatura.extract(page, include_comments=False) if page.strip() else None
    if not text:
        raise ReadError(f"No article text was found in {name}; copy the article into a .txt file and add that.")
    facts = trafilatura.extract_metadata(page)
    published = find_date(page, outputformat="%Y-%m-%dT%H:%M:%S%z", original_date=True, extensive_search=False)
    stated = {key: str(getattr(facts, key, None) or "") for key in ("title", "url", "sitename")}
    saved = _SAVED_FROM.search(page[:5000])
    language = re.search(r"<html[^>]{0,300}?\blang\s*=\s*[\"']?([a-zA-Z]{2})\b", page[:5000])
    draft = Draft(
        text=text,
        title=stated["title"],
        source=stated["sitename"],
        published=published or "",
        url=stated["url"] if stated["url"].startswith(("http://", "https://")) else saved[1] if saved else "",
        language=language.group(1) if language else "",
    )
    return Parsed((draft,))


def _pdf(data: bytes, name: str) -> Parsed:
    import pypdf
    from pypdf.errors import PyPdfError

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ReadError(f"{name} is protected by a password; save a copy without one and add that.")
        pages = [page.extract_text() for page in reader.pages]
        title = str((reader.metadata.title if reader.metadata else None) or "")
    except (PyPdfError, *_PARSER_FAILURES) as error:
        raise ReadError(f"{name} is damaged or not a PDF file ({error}); open it and save it again.") from error
    text = join_pages(pages)
    if not re.search(r"\w", text):
        raise ReadError(f"{name} holds pictures and no text; run text recognition (OCR) on it and add the result.")
    if re.match(r"(?:untitled|microsoft word|.*\.(?:docx?|pdf|indd|qxd)$)", title, re.IGNORECASE):
        title = ""  # the program's, not the article's
    return Parsed((_with_stated_day(Draft(text=text, title=title)),))


def _docx(data: bytes, name: str) -> Parsed:
    import docx

    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ReadError(f"{name} is protected by a password or in the old .doc format; save a plain copy as .docx.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_UNPACKED:
                raise ReadError(f"{name} unpacks to more than 400 MB; save its text as .txt and add that.")
        draft = _docx_draft(docx.Document(io.BytesIO(data)))
    except (zipfile.BadZipFile, *_PARSER_FAILURES) as error:
        raise ReadError(f"{name} is damaged or not a DOCX file; open it and save it again.") from error
    return Parsed((_with_stated_day(draft),))


def _zipped(read: Callable[[zipfile.ZipFile], Draft], kind: str, data: bytes, name: str) -> Parsed:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_UNPACKED:
                raise ReadError(f"{name} unpacks to more than 400 MB; save its text as .txt and add that.")
            draft = read(archive)
    except (zipfile.BadZipFile, StopIteration, *_PARSER_FAILURES) as error:
        raise ReadError(f"{name} is damaged, protected, or not {kind}; save its text as .txt and add that.") from error
    return Parsed((_with_stated_day(draft),))


def _rtf(data: bytes, name: str) -> Parsed:
    try:
        draft = read_rtf(data, name)
    except _PARSER_FAILURES as error:
        raise ReadError(f"{name} is damaged or not rich text (RTF); save its text as .txt and add that.") from error
    return Parsed((_with_stated_day(draft),))


def _archived(data: bytes, name: str, suffix: str) -> Parsed:
    """One page of many: whatever a parser lets through is this page's failure."""
    try:
        return _PARSERS[suffix](data, name)
    except _PARSER_FAILURES as error:
        raise ReadError(f"{name} could not be read.") from error


def _docx_draft(document: Any) -> Draft:
    from docx.table import Table

    lines: list[str] = []
    title = str(document.core_properties.title or "")
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines += [" | ".join(dict.fromkeys(cell.text.strip() for cell in row.cells)) for row in block.rows]
        else:
            if not title and block.style is not None and block.style.name in ("Title", "Heading 1"):
                title = block.text
            lines.append(block.text)
    return Draft(text="\n".join(lines), title=title)


def _fields(lines: Iterable[str]) -> dict[str, str]:
    found = (_HEADER.fullmatch(line.strip()) for line in lines)
    return {match["key"].strip().lower(): match["value"].strip().strip("\"'") for match in found if match}


def _header_lines(text: str) -> tuple[dict[str, str], str]:
    """At least two "Key: value" lines with keys that we know, then a blank line; else the text as it is."""
    head, blank, body = text.lstrip().partition("\n\n")
    lines = head.split("\n")
    fields = _fields(lines)
    known = {alias for aliases in ALIASES.values() for alias in aliases} - set(ALIASES["text"])
    if blank and len(lines) >= 2 and len(fields) == len(lines) and len(known & set(fields)) >= 2 and body.strip():
        return fields, body
    return {}, text


def _with_stated_day(draft: Draft) -> Draft:
    """A line of its own near the top ("Published 14 December 2016") states the date; it stays in the text."""
    if draft.published:
        return draft
    lines = [line.strip() for line in draft.text.strip()[:2000].split("\n") if line.strip()][:5]
    days = (iso_date(match.group(1)) for line in lines if (match := _STATED_DAY.fullmatch(line)))
    return replace(draft, published=next(filter(None, days), ""))


def _without_marks(text: str) -> str:
    text = without_marks(text)
    return unwrap(text) if looks_wrapped(text) else text


_PARSERS: dict[str, Callable[[bytes, str], Parsed]] = {
    ".txt": _plain,
    ".text": _plain,
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".odt": partial(_zipped, read_odt, "an OpenDocument text"),
    ".epub": partial(_zipped, read_epub, "an EPUB book"),
    ".eml": partial(read_eml, html=_html),
    ".mbox": partial(read_mbox, html=_html),
    ".mhtml": partial(read_mhtml, html=_html),
    ".mht": partial(read_mhtml, html=_html),
    ".rtf": _rtf,
    ".xml": partial(read_news_xml, html=_html),
    ".warc": partial(read_warc, read=_archived),
    ".warc.gz": partial(read_warc, read=_archived),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".csv": read_csv,
    ".tsv": read_csv,
}
SUFFIXES = tuple(_PARSERS)


def suffix_of(path: PurePath) -> str:
    """The lower-case ending by which ``parse`` chooses, or ``""`` when it reads no such file."""
    endings = ("".join(path.suffixes[-2:]).lower(), path.suffix.lower())  # ".warc.gz"
    return next((one for one in endings if one in _PARSERS), "")
