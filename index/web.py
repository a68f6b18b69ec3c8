"""Addresses and feeds -> articles: what was named is fetched, read as a file of its kind is, and stored.

Apart from the pulling of models this, with what it calls in ``fetching``, is all that reaches out of the machine.
"""

import codecs
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from onrecord.index.errors import FetchError, ReadError
from onrecord.index.fetching.addresses import parsed
from onrecord.index.fetching.fetcher import Fetcher
from onrecord.index.fetching.values import UNKNOWN, Fetched, Version, Visit
from onrecord.index.inert import one_line
from onrecord.index.reading.articles import identity
from onrecord.index.reading.feeds import FEED
from onrecord.index.reading.files import OnReading, ReadResult
from onrecord.index.reading.formats import suffix_of
from onrecord.index.reading.process import ReadLimits, readers
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.web_notes import Feed, Item
from onrecord.index.sync import Progress, joined, with_unread
from onrecord.index.types import Article, SyncReport

_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/epub+zip": ".epub",
    "message/rfc822": ".eml",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
}
_TELLING_LITTLE = {"": ".html", "text/plain": ".txt", "application/octet-stream": "", "binary/octet-stream": ""}
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml")
_NO_TEXTS = (".pdf", ".docx", ".odt", ".epub", ".eml", ".mbox")
_ROWS = (".mbox", ".jsonl", ".ndjson", ".csv", ".tsv")

Store = Callable[[Sequence[ReadResult]], SyncReport]


class Web:
    """Over one library. Any thread may call; each address is stored before the next is fetched.

    ``catalogue()`` raises ``LibraryClosed`` once the library was closed: a page may be on its way then.
    """

    def __init__(
        self, fetcher: Fetcher, catalogue: Callable[[], Catalogue], store: Store, limits: ReadLimits, *, minutes: float
    ) -> None:
        self._fetcher, self._open = fetcher, catalogue
        self._store, self._limits, self._minutes = store, limits, minutes
        self._reading = threading.Lock()  # the items of feeds

    def add(
        self,
        addresses: Iterable[str],
        *,
        on_progress: Progress | None = None,
        on_reading: OnReading | None = None,
    ) -> SyncReport:
        """Fetches each address and stores what is there; the text of one that changed replaces what it held before.

        What could not be had is in the report's ``failed``, one sentence each. ``on_reading`` gets each address
        before it is fetched.
        """
        wanted = list(dict.fromkeys(addresses))
        reports = []
        for done, address in enumerate(wanted, start=1):
            if on_reading:
                on_reading(one_line(address))
            reports.append(self._added(address))
            if on_progress:
                on_progress(done, len(wanted))
        return joined(reports)

    def visits(self, most: int = 100) -> tuple[Visit, ...]:
        """The newest requests of all that this collection ever made, the newest first."""
        return self._open().web.visits(most)

    # -- feeds -------------------------------------------------------------------------------------------------

    def feeds(self) -> tuple[Feed, ...]:
        """Those that are followed."""
        return self._open().web.feeds()

    def follow(self, address: str) -> Feed:
        """Fetches the feed and notes what it lists, to be read by ``read_items``; one that is followed is looked at.

        Raises ``FetchError`` or ``ReadError`` when there is none; it is not followed then.
        """
        address = str(parsed(address))
        title, items, version = self._listed(address, UNKNOWN)
        self._open().web.follow(address, title)
        self._open().web.look(address, items=items)
        self._open().web.keep_version(address, version)
        return self._open().web.feed(address)

    def unfollow(self, address: str) -> None:
        """Its articles stay. Raises ``InputError`` for one that is not followed."""
        feed = next((one for one in self.feeds() if one.address == address.strip()), None)
        self._open().web.unfollow((feed or self._open().web.feed(str(parsed(address)))).address)

    def look(self, address: str) -> Feed:
        """Fetches a followed feed again, if it changed; what goes wrong is in its ``said``."""
        try:
            _, items, version = self._listed(address, self._open().web.version(address))
            self._open().web.look(address, items=items)
            self._open().web.keep_version(address, version)
        except (FetchError, ReadError) as error:
            self._open().web.look(address, said=str(error))
        return self._open().web.feed(address)

    def read_items(
        self,
        address: str,
        *,
        on_progress: Progress | None = None,
        on_reading: OnReading | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> SyncReport:
        """Fetches the pages that a followed feed lists, each once: not those that are stored, or were removed since.

        A page that cannot be had for now is tried again when the feed is looked at next.
        """
        reports = []
        with self._reading:
            waiting = self._open().web.waiting(address)
            for done, item in enumerate(waiting, start=1):
                if stopped():
                    break
                if on_reading:
                    on_reading(item.address)
                reports.append(self._item(address, item))
                if on_progress:
                    on_progress(done, len(waiting))
        return joined(reports)

    def read_due(self, minutes: float | None = None, *, stopped: Callable[[], bool] = lambda: False) -> SyncReport:
        """Reads what feeds list that were followed just now, or were not looked at for so many minutes.

        None: for as many as are set; 0: only the new ones.
        """
        minutes = self._minutes if minutes is None else minutes
        before = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds") if minutes else ""
        reports = []
        for feed in self.feeds():
            if not stopped() and feed.looked < before:
                feed = self.look(feed.address)
            if feed.waiting:
                reports.append(self.read_items(feed.address, stopped=stopped))
        return joined(reports)

    def _item(self, feed: str, item: Item) -> SyncReport:
        again, report = False, SyncReport()
        if not self._here(item.address):
            try:
                report = self._had(item.address, item)
            except FetchError as error:
                again, report = error.passing, _failed(item.address, str(error))
        self._open().web.settle(feed, item.address, again=again)
        return report

    def _here(self, address: str) -> bool:
        return bool(self._open().from_origin(address) or self._open().find_article(identity(address)))

    def _listed(self, address: str, known: Version) -> tuple[str, list[Item] | None, Version]:
        """A feed's title and what it lists, None where that is what it listed before."""
        fetched = self._fetcher.fetch(address, known=known)
        if fetched.unchanged:
            return "", None, known
        content = readers.read(fetched.data, fetched.address, FEED, self._limits)
        if content.error:
            raise ReadError(content.error)
        items = [Item(str(parsed(one.url)), one.published) for one in content.articles]
        return content.articles[0].source or urlsplit(address).netloc, items, fetched.version

    # -- pages -------------------------------------------------------------------------------------------------

    def _added(self, address: str) -> SyncReport:
        try:
            return self._had(str(parsed(address)))
        except FetchError as error:
            return _failed(one_line(address), str(error))

    def _had(self, address: str, item: Item | None = None) -> SyncReport:
        """Fetches one page and stores it; raises ``FetchError``."""
        stored = self._open().from_origin(address)
        fetched = self._fetcher.fetch(address, known=self._open().web.version(address) if stored else UNKNOWN)
        if fetched.unchanged:
            return SyncReport(unchanged=stored)
        result = self._read(address, fetched, item)
        report = with_unread(self._store([result]), [result])
        if not result.error:
            self._open().web.keep_version(address, fetched.version)
        return report

    def _read(self, address: str, fetched: Fetched, item: Item | None) -> ReadResult:
        try:
            ending = ending_of(fetched)
        except ReadError as error:
            return ReadResult(address, error=str(error))
        content = readers.read(_utf8(fetched, ending), fetched.address, ending, self._limits)
        articles = content.articles
        if ending not in _ROWS:
            articles = tuple(_found_at(fetched.address, one, item) for one in articles)
        return ReadResult(address, articles, content.error, origin=address, note=content.note)


def ending_of(fetched: Fetched) -> str:
    """By which ending a file like this is read; raises ``ReadError`` for what is not read.

    >>> ending_of(Fetched("https://courier.example/report.pdf", kind="application/octet-stream"))
    '.pdf'
    """
    kind = fetched.kind
    if kind in _ENDINGS:
        return _ENDINGS[kind]
    if kind in _FEEDS:
        raise ReadError(f"{fetched.address} is a feed or other XML, not a page; `onrecord follow` reads feeds.")
    named = suffix_of(PurePosixPath(unquote(urlsplit(fetched.address).path)))
    ending = (named or _TELLING_LITTLE[kind]) if kind in _TELLING_LITTLE else ""
    if not ending:
        raise ReadError(
            f"{fetched.address} is no text to read ({kind[:60]}); add the address of a page, a PDF, a DOCX or a text."
        )
    return ending


def _utf8(fetched: Fetched, ending: str) -> bytes:
    """The bytes of a text as UTF-8, where the server says how they are written and that fits."""
    if ending in _NO_TEXTS or fetched.data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return fetched.data
    try:
        return fetched.data.decode(fetched.charset).encode() if fetched.charset else fetched.data
    except (LookupError, UnicodeError):
        return fetched.data


def _found_at(address: str, article: Article, item: Item | None) -> Article:
    """The article with the address of its page: the one that the page itself names, if that is of the same site."""
    site = urlsplit(address).netloc
    url = article.url if urlsplit(article.url).netloc == site else address
    day = article.published or (item.published if item else "")
    source = article.source or site.removeprefix("www.")
    return replace(article, id=identity(url), url=url, source=source, published=day)


def _failed(address: str, why: str) -> SyncReport:
    return SyncReport(failed=((address, why),))
