"""An e-mail, a box of them, or a page that a browser saved as one (MHTML) -> drafts."""

import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parseaddr

from onrecord.index.errors import ReadError
from onrecord.index.inert import web_address
from onrecord.index.reading.decoding import as_utf8
from onrecord.index.reading.drafts import Draft, Parsed, Problem

# A line that begins a message of a box: an empty line or the start before it, and the time of arrival in it.
_FROM = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\r\n]*\d{4}[^\r\n]*\r?\n")

_PLACE = "Snapshot-Content-Location"  # where a browser had the page from

Html = Callable[[bytes, str], Parsed]


def read_eml(data: bytes, name: str, html: Html) -> Parsed:
    """One message: the subject is the title, who sent it the source.

    ``html`` reads the page that a message without plain text has.
    """
    return Parsed((_draft(data, name, html),))


def read_mbox(data: bytes, name: str, html: Html) -> Parsed:
    """Every message of a box; one that cannot be used is a problem, not the end."""
    found = list(_FROM.finditer(data))
    if not found:
        raise ReadError(f"{name} is no box of e-mails (mbox); save each message as .eml and add those.")
    ends = [*(match.start() for match in found[1:]), len(data)]
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for number, (start, end) in enumerate(zip(found, ends, strict=True), start=1):
        message = re.sub(rb"^>(>*From )", rb"\1", data[start.end() : end], flags=re.MULTILINE)
        try:
            drafts.append(_draft(message, name, html, place=f"message {number}"))
        except ReadError:
            problems.append((f"message {number}", "no text"))
    return Parsed(tuple(drafts), tuple(problems))


def read_mhtml(data: bytes, name: str, html: Html) -> Parsed:
    """The page, its first part that is one; the subject is its title and the snapshot's place its address."""
    message = message_from_bytes(data, policy=policy.default)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    content = page.get_payload(decode=True) if page is not None else None
    if page is None or not isinstance(content, bytes):
        raise ReadError(f"{name} is no page that a browser saved (MHTML); save it again, as .html.")
    (draft,) = html(as_utf8(content, page.get_content_charset("")), name).drafts
    address = web_address(_header(message, _PLACE) or _header(page, "Content-Location"))
    title = draft.title or _header(message, "subject")
    return Parsed((replace(draft, title=title, url=draft.url or address),))


def _draft(data: bytes, name: str, html: Html, *, place: str = "") -> Draft:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)  # as the policy says
    if not any(name in message for name in ("from", "subject", "date")):
        raise ReadError(f"{name} is no e-mail: it says neither who sent it nor when; add it as .txt if it is text.")
    sender, address = parseaddr(_header(message, "from"))
    return Draft(
        _text(message, name, html),
        title=_header(message, "subject"),
        source=sender or address,
        published=_header(message, "date"),
        place=place,
    )


def _text(message: EmailMessage, name: str, html: Html) -> str:
    """The plain text, else that of the page; raises ``ReadError`` for neither."""
    for kind in ("plain", "html"):
        try:
            body = message.get_body(preferencelist=(kind,))
            content = body.get_content() if body is not None else ""
        except (LookupError, ValueError, AttributeError, TypeError):  # an unknown encoding, or a part that is damaged
            continue
        if kind == "html" and content.strip():
            return html(content.encode("utf-8", "replace"), name).drafts[0].text
        if re.search(r"\w", content):
            return str(content).replace("\r\n", "\n")
    raise ReadError(f"{name} holds no text; save what it says as .txt and add that.")


def _header(message: Message, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, AttributeError, ArithmeticError):  # what the parser of headers cannot take
        return ""
