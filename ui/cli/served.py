"""A collection that a running server has open: everything is asked of its ``/api/v1``, with the token of its run."""

import gzip
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from onrecord.index.doctor import Finding
from onrecord.index.errors import InputError
from onrecord.index.fetching.values import Visit
from onrecord.index.reading.files import ReadLimits, ReadResult, read_paths
from onrecord.index.store.folder_notes import Folder
from onrecord.index.store.web_notes import Feed
from onrecord.index.sync import joined, with_unread
from onrecord.index.types import Article, ArticleInfo, Filter, SyncReport
from onrecord.qa import records
from onrecord.qa.briefing.values import Brief
from onrecord.qa.differences.values import Difference
from onrecord.qa.names.values import Mention, NameEntry, NameKind
from onrecord.qa.people.values import Person, Statement
from onrecord.qa.types import Answer, AnswerStarted, Event, EvidenceFound, Finished, SentenceDone, Turn
from onrecord.ui.cli.protocol import Examined, Progress
from onrecord.ui.desk.feedback import Suite
from onrecord.ui.desk.saved import SavedQuestion
from onrecord.ui.http.client import ANSWERS_WITHIN, TURNS, Place, error_from, events_in, given, reply_of, waits

if TYPE_CHECKING:
    from onrecord.index.ray_workers import Workers
    from onrecord.qa.settings import Settings

PAGE = 500  # articles of a list at once
TOGETHER = 8_000_000  # characters of articles that are sent at once
EVENTS: dict[str, type[EvidenceFound | AnswerStarted | SentenceDone]] = {
    "evidence": EvidenceFound,
    "started": AnswerStarted,
    "sentence": SentenceDone,
}


class ServedCollection:
    """At one place, for as long as one command runs."""

    def __init__(self, settings: "Settings", place: Place) -> None:
        self._settings, self._place = settings, place
        self._client = httpx.Client(base_url=place.url, **place.options(), **waits())
        try:
            self._call("GET", "/health", timeout=ANSWERS_WITHIN)
        except BaseException:
            self.close()
            raise

    def count(self) -> int:
        return int(self._call("GET", "/articles", params={"limit": 1})["total"])

    def articles(self, scope: Filter) -> tuple[Sequence[ArticleInfo], Sequence[str]]:
        listed: list[ArticleInfo] = []
        while True:
            page = self._call("GET", "/articles", params={**given(scope), "limit": PAGE, "offset": len(listed)})
            listed += [ArticleInfo(**one) for one in page["articles"]]
            if not page["next"]:
                return listed, page["warnings"]

    def add(
        self, paths: Sequence[Path | str], *, on_progress: Progress, on_reading: Callable[[str], None] | None
    ) -> SyncReport:
        """The files are read here, with the rights of who runs the command; the server gets articles."""
        limits = ReadLimits.of(self._settings.index)
        results = list(read_paths(paths, limits=limits, on_reading=on_reading))
        read = [result for result in results if result.articles]
        done, total = 0, sum(len(result.articles) for result in read)
        reports = []
        for part in _parts(read):
            reports.append(self._add(part, lambda more, done=done: on_progress(done + more, total)))  # type: ignore[misc]
            done += sum(len(result.articles) for result in part)
        return with_unread(joined(reports), results)

    def _add(self, part: Sequence[ReadResult], on_progress: Callable[[float], None]) -> SyncReport:
        files = [
            {"origin": one.origin, "articles": [asdict(each) for each in one.articles], "error": one.error}
            for one in part
        ]
        for name, data in self._events("/commands/add", content=gzip.compress(json.dumps(files).encode(), 1)):
            if name == "finished":
                return _report(data)
            on_progress(data["done"])
        raise self._place.silent()

    def add_by_workers(self, paths: Sequence[Path | str], workers: "Workers", *, on_progress: Progress) -> SyncReport:
        """Raises `InputError`: whoever adds by workers writes himself."""
        raise InputError(
            f"The server at {self._place.address} has this collection open, and with --ray the command writes into it "
            "by itself; stop the server, or, over PostgreSQL, give it another folder (index.catalogue_url and --data)."
        )

    def add_addresses(
        self, addresses: Sequence[str], *, on_progress: Progress, on_reading: Callable[[str], None] | None
    ) -> SyncReport:
        """The server fetches them, and logs that, one after the other."""
        reports = []
        for done, address in enumerate(addresses, start=1):
            if on_reading:
                on_reading(address)
            reports.append(self._add_address(address))
            on_progress(done, len(addresses))
        return joined(reports)

    def _add_address(self, address: str) -> SyncReport:
        try:
            reply = self._call("POST", "/articles/addresses", json={"addresses": [address]})
        except InputError as error:
            return SyncReport(failed=((address, str(error)),))
        ids = {name: tuple(reply[name]) for name in ("added", "changed", "unchanged", "removed")}
        failed = tuple((one["file"], one["error"]) for one in reply["failed"])
        return SyncReport(**ids, failed=failed, notes=tuple((address, note) for note in reply["notes"]))

    def follow(self, feed: str, *, page: bool) -> Feed:
        return Feed(**self._call("POST", "/feeds", json={"address": feed, "page": page}))

    def read_items(self, feed: Feed, *, on_progress: Progress) -> None:
        """The server does, by itself."""

    def unfollow(self, feed: str) -> None:
        self._call("POST", "/feeds/remove", json={"address": feed})

    def feeds(self) -> Sequence[Feed]:
        return [Feed(**one) for one in self._call("GET", "/feeds")["feeds"]]

    def watch(self, folder: Path, *, on_progress: Progress) -> SyncReport:
        """The server looks through it, with the rights of the same account."""
        return _report(self._call("POST", "/commands/folders/watch", json=_named(folder)))

    def unwatch(self, folder: Path) -> None:
        self._call("POST", "/commands/folders/unwatch", json=_named(folder))

    def watched(self) -> Sequence[Folder]:
        return [records.from_dict(Folder, one) for one in self._call("GET", "/commands/folders")["folders"]]

    def remove_gone(self, folder: Path) -> SyncReport:
        return _report(self._call("POST", "/commands/folders/remove-gone", json=_named(folder)))

    def visits(self, most: int) -> Sequence[Visit]:
        return [Visit(**one) for one in self._call("GET", "/fetches", params={"limit": most})["fetches"]]

    def remove(self, ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._call("POST", "/articles/remove", json={"ids": list(ids)})["removed"])

    def edit(self, article_id: str, facts: Mapping[str, str]) -> Article:
        reply = self._call("PATCH", f"/articles/{quote(article_id)}", json=dict(facts))
        return Article(**{one.name: reply[one.name] for one in fields(Article)})

    def search(
        self, query: str, *, top_k: int, scope: Filter, min_score: float | None
    ) -> tuple[Sequence[dict[str, Any]], Sequence[str]]:
        asked = {"query": query, "top_k": top_k, "filter": given(scope), "min_score": min_score}
        reply = self._call("POST", "/search", json=asked)
        return reply["hits"], reply["warnings"]

    def ask(
        self, question: str, history: Sequence[Turn], scope: Filter, *, model: str, length: str
    ) -> Generator[Event, None, None]:
        turns = [asdict(turn) for turn in history[-TURNS:]]
        asked = {"question": question, "history": turns, "filter": given(scope), "model": model, "length": length}
        for name, data in self._events("/ask", params={"stream": "true"}, json=asked):
            if name == "finished":
                yield Finished(Answer.from_dict(data))
                return
            if name in EVENTS:
                yield records.from_dict(EVENTS[name], data)
        raise self._place.silent()

    def people(self, scope: Filter) -> tuple[Sequence[Person], Sequence[str]]:
        found, warnings = self._pages("/people", "people", given(scope))
        return [records.from_dict(Person, one) for one in found], warnings

    def names(
        self, kind: NameKind, scope: Filter, *, on_progress: Progress
    ) -> tuple[Sequence[NameEntry], Sequence[str]]:
        """The server reads, by itself too."""
        found, warnings = self._pages("/names", "names", {"kind": kind, **given(scope)})
        return [records.from_dict(NameEntry, one) for one in found], warnings

    def named(
        self, name: str, kind: NameKind | None, scope: Filter, *, on_progress: Progress
    ) -> tuple[Sequence[Mention], Sequence[str]]:
        of_kind = {"kind": kind} if kind else {}
        found, warnings = self._pages("/mentions", "mentions", {"name": name, **of_kind, **given(scope)})
        return [records.from_dict(Mention, one) for one in found], warnings

    def said(self, speaker: str, scope: Filter) -> tuple[Sequence[Statement], Sequence[str]]:
        found, warnings = self._pages("/quotations", "quotations", {"speaker": speaker, **given(scope)})
        return [records.from_dict(Statement, one) for one in found], warnings

    def questions(self) -> Sequence[SavedQuestion]:
        return [records.from_dict(SavedQuestion, one) for one in self._call("GET", "/questions")["questions"]]

    def save_question(self, question: str, scope: Filter) -> SavedQuestion:
        asked = {"question": question, "filter": given(scope)}
        return records.from_dict(SavedQuestion, self._call("POST", "/questions", json=asked))

    def ask_question(self, question_id: str) -> SavedQuestion:
        return records.from_dict(SavedQuestion, self._call("POST", f"/questions/{quote(question_id, safe='')}/ask"))

    def seen_question(self, question_id: str) -> SavedQuestion:
        return records.from_dict(SavedQuestion, self._call("POST", f"/questions/{quote(question_id, safe='')}/seen"))

    def remove_question(self, question_id: str) -> None:
        self._call("DELETE", f"/questions/{quote(question_id, safe='')}")

    def feedback(self) -> Suite:
        return Suite(**self._call("GET", "/commands/feedback"))

    def _pages(self, path: str, name: str, asked: Mapping[str, Any]) -> tuple[list[Any], Sequence[str]]:
        """All of a list that comes page by page, and the filter's warnings."""
        found: list[Any] = []
        while True:
            page = self._call("GET", path, params={**asked, "limit": PAGE, "offset": len(found)})
            found += page[name]
            if len(found) >= page["total"] or not page[name]:
                return found, page["warnings"]

    def differences(self, scope: Filter, *, on_progress: Progress) -> tuple[Sequence[Difference], int, Sequence[str]]:
        """The server compares, by itself too."""
        reply = self._call("GET", "/differences", params={**given(scope), "limit": PAGE})
        return [Difference.from_dict(one) for one in reply["differences"]], reply["pending"], reply["warnings"]

    def dismiss(self, difference_id: str) -> None:
        self._call("POST", f"/differences/{quote(difference_id, safe='')}/dismiss")

    def brief(self, about: str, scope: Filter) -> Brief:
        return records.from_dict(Brief, self._call("POST", "/brief", json={"about": about, "filter": given(scope)}))

    def examine(self) -> Examined:
        reply = self._call("GET", "/commands/examine")
        findings = tuple(Finding(**one) for one in reply["findings"])
        return Examined(reply["articles"], reply["passages"], reply["schema"], findings)

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, **options: Any) -> Any:
        with self._place.talking():
            return reply_of(self._client.request(method, path, **options))

    def _events(self, path: str, **options: Any) -> Iterator[tuple[str, Any]]:
        """The events of one call; that of an error is raised."""
        with self._place.talking(), self._client.stream("POST", path, **options) as response:
            if response.is_error:
                response.read()
                reply_of(response)
            for name, data in events_in(response.iter_bytes()):
                if name == "error":
                    raise error_from(data)
                yield name, data


def _report(data: Mapping[str, Any]) -> SyncReport:
    return SyncReport(**{one.name: tuple(map(_plain, data[one.name])) for one in fields(SyncReport)})


def _plain(one: Any) -> Any:
    """JSON has no tuples."""
    return tuple(one) if isinstance(one, list) else one


def _named(folder: Path) -> dict[str, str]:
    return {"path": str(folder.expanduser().resolve())}


def _parts(results: Sequence[ReadResult]) -> Iterator[list[ReadResult]]:
    """What is sent together: whole files, not more than `TOGETHER` where one alone is not."""
    part: list[ReadResult] = []
    size = 0
    for result in results:
        part.append(result)
        size += sum(len(article.text) for article in result.articles)
        if size >= TOGETHER:
            yield part
            part, size = [], 0
    if part:
        yield part
