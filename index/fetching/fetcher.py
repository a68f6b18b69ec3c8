"""Fetches an address that somebody named, politely, and no other: its site's robots.txt and where it redirects to."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from onrecord.index.errors import FetchError
from onrecord.index.fetching.addresses import parsed
from onrecord.index.fetching.connections import Backend, LookUp, look_up
from onrecord.index.fetching.politeness import Pace, Rules, pace
from onrecord.index.fetching.request import MIB, Reply, get
from onrecord.index.fetching.values import UNKNOWN, Fetched, Version, Visit
from onrecord.index.settings import FetchSettings

_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_CLOSED = (401, 402, 403, 407, 451)
_RULES_KEPT = 24 * 3600.0  # seconds that a site's robots.txt is believed
_RULES_READ = 500 * 1024  # bytes of it, as its standard (RFC 9309) asks


def _unnoted(visit: Visit) -> None:
    """Where nobody keeps a log."""


class Fetcher:
    """``note`` is told of every request, those for robots.txt too, before what came is used."""

    def __init__(
        self,
        settings: FetchSettings,
        *,
        note: Callable[[Visit], None] = _unnoted,
        look_up: LookUp = look_up,
        pace: Pace = pace,
    ) -> None:
        self._settings, self._note, self._look_up, self._pace = settings, note, look_up, pace
        self._rules: dict[str, tuple[float, Rules]] = {}
        self._lock = threading.Lock()

    def fetch(self, address: str, *, known: Version = UNKNOWN) -> Fetched:
        """What is there now, or that it is as ``known`` says; raises ``FetchError`` with one sentence about it."""
        if self._settings.reach == "none":
            raise FetchError(f"{address} was not fetched: fetch.reach is none; save the page as .html and add that.")
        url = parsed(address)
        asked = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
        conditions = {name: value for name, value in asked.items() if value}
        for _ in range(self._settings.redirects + 1):
            rules = self._rules_of(url)
            if not rules.allow(str(url)):
                raise FetchError(
                    f"{url} is not for programs, as {url.host} says in its robots.txt; open it, save the page as "
                    ".html, and add that file."
                )
            self._pace.wait(url.host, max(self._settings.pause_seconds, rules.pause))
            reply = self._ask(url, conditions)
            if reply.status == 200:
                return _fetched(url, reply)
            if reply.status == 304 and conditions:
                return Fetched(str(url), version=known, unchanged=True)
            if reply.status not in _REDIRECTS or not reply.headers.get("location"):
                raise _refusal(url, reply.status)
            url = _redirected(url, reply.headers["location"])
        raise FetchError(
            f"{address} leads through more than {self._settings.redirects} redirects; open it and use the address that "
            "it ends at."
        )

    def _ask(self, url: httpx.URL, more: dict[str, str], *, rules: bool = False) -> Reply:
        """One request, and its line in the log; for a page, or for the site's ``rules``."""
        seconds = self._settings.seconds
        most = _RULES_READ if rules else self._settings.mib * MIB
        backend = Backend(public=self._settings.reach != "all", seconds=seconds, look_up=self._look_up)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            reply = get(url, backend, seconds=seconds, most=most, more=more, cut=rules)
        except FetchError as error:
            self._note(Visit(at, str(url), 0, 0, str(error)))
            raise
        self._note(Visit(at, str(url), reply.status, len(reply.data), _outcome(reply)))
        return reply

    def _rules_of(self, url: httpx.URL) -> Rules:
        """The site's robots.txt: where there is none all is allowed, and where it fails nothing is."""
        site = f"{url.scheme}://{url.netloc.decode('ascii')}"
        with self._lock:
            read_at, rules = self._rules.get(site, (0.0, Rules()))
        if read_at and time.monotonic() - read_at < _RULES_KEPT:
            return rules
        rules = self._read_rules(url.copy_with(raw_path=b"/robots.txt"))
        with self._lock:
            self._rules[site] = (time.monotonic(), rules)
        return rules

    def _read_rules(self, at: httpx.URL) -> Rules:
        url = at
        for _ in range(self._settings.redirects + 1):
            reply = self._ask(url, {"Accept": "text/plain,*/*;q=0.5"}, rules=True)
            if reply.status == 200:
                return Rules.read(reply.data.decode("utf-8", "replace"))
            if reply.status in _REDIRECTS and reply.headers.get("location"):
                url = _redirected(url, reply.headers["location"])
            elif reply.status == 429 or reply.status >= 500:
                raise FetchError(
                    f"{at.host} does not say what programs may fetch ({reply.status} for its robots.txt), so nothing "
                    "is fetched from it; try again later.",
                    passing=True,
                )
            else:
                break
        return Rules()


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return parsed(str(url.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"{url} leads to what is no web address; open it and save the page as .html.") from error


def _fetched(url: httpx.URL, reply: Reply) -> Fetched:
    kind, _, parameters = reply.headers.get("content-type", "").partition(";")
    charset = next((one.split("=", 1)[1] for one in parameters.split(";") if one.strip().startswith("charset=")), "")
    version = Version(reply.headers.get("etag", "")[:500], reply.headers.get("last-modified", "")[:100])
    return Fetched(str(url), reply.data, kind.strip().lower(), charset.strip(" \"'"), version)


def _outcome(reply: Reply) -> str:
    if reply.status in _REDIRECTS:
        return f"redirected to {reply.headers.get('location', '')[:300]}"
    if reply.status in _GONE:
        return "not there"
    return {200: "fetched", 304: "unchanged"}.get(reply.status, "refused" if reply.status < 500 else "failed")


def _refusal(url: httpx.URL, status: int) -> FetchError:
    if status in _GONE:
        return FetchError(f"{url} is not there ({status}); check the address.")
    if status in _CLOSED:
        return FetchError(
            f"{url} is not shown to everybody ({status}); open it where you may see it, save the page as .html, and "
            "add that file."
        )
    if status == 429 or status >= 500:
        return FetchError(f"{url} cannot be had now ({status}); try again later.", passing=True)
    return FetchError(f"{url} was answered with {status}, which gives no page; open it and save the page as .html.")
