"""Addresses and feeds -> articles: what was named is fetched, read as a file of its kind is, and stored.

Apart from the pulling of models this, with what it calls in ``fetching``, is all that reaches out of the machine.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urldefrag, urlsplit

from onrecord.index.ahead import ahead
from onrecord.index.errors import FetchError, ReadError
from onrecord.index.fetching.addresses import parsed
from onrecord.index.fetching.fetcher import Fetcher
from onrecord.index.fetching.values import UNKNOWN, Fetched, Version, Visit
from onrecord.index.inert import one_line
from onrecord.index.reading.articles import identity
from onrecord.index.reading.decoding import as_utf8
from onrecord.index.reading.feeds import FEED, MOST_ITEMS, SITEMAPS
from onrecord.index.reading.files import OnReading, ReadResult
from onrecord.index.reading.formats import suffix_of
from onrecord.index.reading.parsing import Content
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
    "multipart/related": ".mhtml",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "application/warc": ".warc",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
}
_TELLING_LITTLE = {"": ".html", "text/plain": ".txt", "application/octet-stream": "", "binary/octet-stream": ""}
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml")
_NO_TEXTS = (".pdf", ".docx", ".odt", ".epub", ".eml", ".mbox", ".mhtml", ".mht", ".rtf", ".warc", ".warc.gz")
_ROWS = (".mbox", ".jsonl", ".ndjson", ".csv", ".tsv", ".warc", ".warc.gz")

MOST_SITEMAPS = 20  # of those that a sitemap of sitemaps lists, fetched at one look

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
        wanted = [Item(one) for one in dict.fromkeys(addresses)]
        return self._bring(wanted, self._page, on_progress=on_progress, on_reading=on_reading)

    def visits(self, most: int = 100) -> tuple[Visit, ...]:
        """The newest requests of all that this collection ever made, the newest first."""
        return self._open().web.visits(most)

    # -- feeds -------------------------------------------------------------------------------------------------

    def feeds(self) -> tuple[Feed, ...]:
        """Those that are followed."""
        return self._open().web.feeds()

    def follow(self, address: str, *, page: bool = False) -> Feed:
        """Fetches a feed or sitemap and notes what it lists, to be read by ``read_items``; one that is followed, again.

        "#/world/" after its address: only pages whose path begins so. ``page``: this is a page, which is stored now and
        read again when it changes. Raises ``FetchError`` or ``ReadError`` when there is none; it is not followed then.
        """
        address = followed_address(address)
        notes = self._open().web
        if page:
            had = self._page(Item(address))
            report = self._settled([had], "")
            if report.failed:
                raise (FetchError if had.result is None else ReadError)(report.failed[0][1])
            (article, *_) = self._open().from_origin(address)
            notes.follow(address, self._open().article(article).title, page=True)
            notes.look(address)
            return notes.feed(address)
        listed = self._listed(address, UNKNOWN)
        notes.follow(address, listed.title)
        notes.look(address, items=listed.items, note=listed.note)
        notes.keep_version(address, listed.version)
        return notes.feed(address)

    def unfollow(self, address: str) -> None:
        """Its articles stay. Raises ``InputError`` for one that is not followed."""
        feed = next((one for one in self.feeds() if one.address == address.strip()), None)
        self._open().web.unfollow((feed or self._open().web.feed(followed_address(address))).address)

    def look(self, address: str) -> Feed:
        """Fetches a followed feed or page again, if it changed; what goes wrong is in its ``said``."""
        notes = self._open().web
        try:
            if notes.feed(address).page:
                said = self._again(address)
                notes.look(address, said=said)
            else:
                listed = self._listed(address, notes.version(address))
                notes.look(address, items=listed.items, note=listed.note)
                notes.keep_version(address, listed.version)
        except (FetchError, ReadError) as error:
            notes.look(address, said=str(error))
        return notes.feed(address)

    def read_items(
        self,
        address: str,
        *,
        on_progress: Progress | None = None,
        on_reading: OnReading | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> SyncReport:
        """Fetches the pages that a followed feed lists, the newest first and each once.

        Not those that are stored, or were removed since. A page that cannot be had for now is tried again when the feed
        is looked at next.
        """
        with self._reading:
            waiting = self._open().web.waiting(address)
            return self._bring(
                waiting, self._item, address, on_progress=on_progress, on_reading=on_reading, stopped=stopped
            )

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

    def _again(self, address: str) -> str:
        """Reads a followed page again; what went wrong. One that was removed stays so."""
        if not self._open().from_origin(address):
            return ""
        report = self._settled([self._page(Item(address))], "")
        return report.failed[0][1] if report.failed else ""

    def _listed(self, address: str, known: Version) -> "_Listed":
        """What a feed or sitemap lists now."""
        fetched = self._fetcher.fetch(address, known=known)
        if fetched.unchanged:
            return _Listed(version=known)
        section = urldefrag(address).fragment
        content = self._listing(fetched, section)
        version, note = fetched.version, content.note
        listed: Sequence[Article] = content.articles
        if listed[0].source == SITEMAPS:
            # What it says of itself does not tell whether one of its sitemaps changed.
            version, (listed, note) = UNKNOWN, self._of_sitemaps(listed, section)
        items = [Item(str(parsed(one.url)), one.published) for one in listed]
        title = listed[0].source or f"{urlsplit(address).netloc.removeprefix('www.')}{section}"
        return _Listed(title, items, version, note)

    def _of_sitemaps(self, listed: Sequence[Article], section: str) -> tuple[list[Article], str]:
        """The pages of some sitemaps, the newest first, and what is to be said of those that were not read."""
        found: dict[str, Article] = {}
        read, trouble = 0, f"The sitemaps that it lists hold no pages{f' under {section}' if section else ''}."
        for one in listed[:MOST_SITEMAPS]:
            if len(found) >= MOST_ITEMS:
                break
            try:
                pages = self._listing(self._fetcher.fetch(one.url), section).articles
            except (FetchError, ReadError) as error:
                trouble = str(error)
                continue
            read += 1
            found |= {page.url: page for page in pages if page.source != SITEMAPS}
        if not found:
            raise ReadError(trouble)
        newest = sorted(found.values(), key=lambda page: page.published, reverse=True)
        more = (
            f"the newest {MOST_ITEMS:,} of their pages count" if len(newest) > MOST_ITEMS else "all their pages count"
        )
        note = f"It lists {len(listed):,} sitemaps; {read:,} of them were read, and {more}."
        return newest[:MOST_ITEMS], note

    def _listing(self, fetched: Fetched, section: str) -> Content:
        content = readers.read(fetched.data, f"{fetched.address}#{section}".rstrip("#"), FEED, self._limits)
        if content.error:
            raise ReadError(content.error)
        return content

    # -- pages -------------------------------------------------------------------------------------------------

    def _bring(
        self,
        items: Sequence[Item],
        read: "Callable[[Item], _Had]",
        feed: str = "",
        *,
        on_progress: Progress | None = None,
        on_reading: OnReading | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> SyncReport:
        """Fetches the items one after the other, and stores meanwhile those that are there, as many as there are."""

        def told(item: Item) -> _Had:
            if on_reading:
                on_reading(one_line(item.address))
            return read(item)

        reports, done = [], 0
        for group in ahead(items, told, stopped=stopped):
            reports.append(self._settled(group, feed))
            done += len(group)
            if on_progress:
                on_progress(done, len(items))
        return joined(reports)

    def _settled(self, group: "Sequence[_Had]", feed: str) -> SyncReport:
        """Stores them; only then is it noted that they are read, so that whatever is cut off is read again."""
        results = [one.result for one in group if one.result]
        stored = [with_unread(self._store(results), results)] if results else []
        versions = {one.address: one.version for one in group if one.result and not one.result.error}
        self._open().web.settle(feed, {one.address: one.again for one in group}, versions)
        return joined([*stored, *(one.report for one in group)])

    def _item(self, item: Item) -> "_Had":
        """A page that is stored is read again where its feed says that it changed, and one that was removed is not."""
        if item.changed:
            return self._page(item) if self._open().from_origin(item.address) else _Had(item.address)
        return _Had(item.address) if self._here(item.address) else self._page(item)

    def _here(self, address: str) -> bool:
        return bool(self._open().from_origin(address) or self._open().find_article(identity(address)))

    def _page(self, item: Item) -> "_Had":
        """What is at an address now."""
        try:
            address = str(parsed(item.address))
            stored = self._open().from_origin(address)
            fetched = self._fetcher.fetch(address, known=self._open().web.version(address) if stored else UNKNOWN)
        except FetchError as error:
            shown = one_line(item.address)
            return _Had(item.address, report=SyncReport(failed=((shown, str(error)),)), again=error.passing)
        if fetched.unchanged:
            return _Had(address, report=SyncReport(unchanged=stored))
        return _Had(address, self._read(address, fetched, item), version=fetched.version)

    def _read(self, address: str, fetched: Fetched, item: Item) -> ReadResult:
        try:
            ending = ending_of(fetched)
        except ReadError as error:
            return ReadResult(address, error=str(error))
        data = fetched.data if ending in _NO_TEXTS else as_utf8(fetched.data, fetched.charset)
        content = readers.read(data, fetched.address, ending, self._limits)
        articles = content.articles
        if ending not in _ROWS:
            articles = tuple(_found_at(fetched.address, one, item) for one in articles)
        return ReadResult(address, articles, content.error, origin=address, note=content.note)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a feed lists. ``items`` None: what it listed before."""

    title: str = ""
    items: list[Item] | None = None
    version: Version = UNKNOWN
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Had:
    """What came of one address: a ``result`` to store, or a ``report`` at once. ``again``: it is to be tried later."""

    address: str
    result: ReadResult | None = None
    report: SyncReport = SyncReport()  # noqa: RUF009  (frozen)
    version: Version = UNKNOWN
    again: bool = False


def followed_address(address: str) -> str:
    """The address of a feed, with the section of it that is followed; raises ``FetchError`` for what is none.

    >>> followed_address("https://Courier.example/sitemap.xml#/world/"), followed_address("https://a.example/feed#top")
    ('https://courier.example/sitemap.xml#/world/', 'https://a.example/feed')
    """
    section = urldefrag(address.strip()).fragment
    return f"{parsed(address)}#{section}" if section.startswith("/") else str(parsed(address))


def ending_of(fetched: Fetched) -> str:
    """By which ending a file like this is read; raises ``ReadError`` for what is not read.

    >>> ending_of(Fetched("https://courier.example/report.pdf", kind="application/octet-stream"))
    '.pdf'
    """
    kind = fetched.kind
    if kind in _ENDINGS:
        return _ENDINGS[kind]
    if kind in _FEEDS:
        raise ReadError(
            f"{fetched.address} is a feed, sitemap or other XML, not a page; `onrecord follow` reads feeds."
        )
    named = suffix_of(PurePosixPath(unquote(urlsplit(fetched.address).path)))
    ending = (named or _TELLING_LITTLE[kind]) if kind in _TELLING_LITTLE else ""
    if not ending:
        raise ReadError(
            f"{fetched.address} is no text to read ({kind[:60]}); add the address of a page, a PDF, a DOCX or a text."
        )
    return ending


def _found_at(address: str, article: Article, item: Item) -> Article:
    """The article with the address of its page: the one that the page itself names, if that is of the same site."""
    site = urlsplit(address).netloc
    url = article.url if urlsplit(article.url).netloc == site else address
    day = article.published or item.published
    source = article.source or site.removeprefix("www.")
    return replace(article, id=identity(url), url=url, source=source, published=day)
