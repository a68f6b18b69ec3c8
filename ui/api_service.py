"""What the doors of other programs share: the collection, the assistant, and the limits on both."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, cast

from starlette.requests import Request

from onrecord.index import Filter, Hit, InputError, Library, UnknownArticle
from onrecord.qa.assistant import Assistant
from onrecord.qa.types import Turn
from onrecord.qa.wire import hit_to_dict
from onrecord.ui.api_asking import RETRY_AFTER, Asking
from onrecord.ui.api_metrics import Metrics
from onrecord.ui.api_problems import Problem
from onrecord.ui.conversations import Conversations
from onrecord.ui.desk import Desk
from onrecord.ui.room import history_of

SOURCES_NAMED = 8


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """What other programs may do at once. Sizes in bytes, times in seconds.

    ``questions`` and ``searches`` are those under way, waiting ones included; beyond them there is a 503.
    """

    questions: int = 16
    searches: int = 64
    answer_seconds: float = 300.0
    body_bytes: int = 50_000_000
    body_seconds: float = 60.0
    files: int = 50


@dataclass(slots=True)
class Service:
    """One open collection, as the doors use it."""

    library: Library
    assistant: Assistant
    conversations: Conversations
    asking: Asking
    limits: DoorLimits
    metrics: Metrics = field(default_factory=Metrics)
    _searches: BoundedSemaphore = field(init=False)
    _processors: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._searches = BoundedSemaphore(self.limits.searches)
        # More searches at once than processors only take each other's: fifty on two cores gave a quarter of the rate.
        self._processors = BoundedSemaphore(os.cpu_count() or 2)

    @classmethod
    def of(cls, desk: Desk, limits: DoorLimits) -> "Service":
        """The desk's first collection; its questions stand in the same lane as the page's."""
        room = desk.first
        asking = Asking(room.assistant, desk.lane, most=limits.questions, seconds=limits.answer_seconds)
        library, assistant = cast(Library, room.library), cast(Assistant, room.assistant)
        return cls(library, assistant, room.conversations, asking, limits)

    @contextmanager
    def searching(self) -> Iterator[None]:
        """A place among the searches under way and, in time, a processor; raises a 503 when there is no place."""
        if not self._searches.acquire(blocking=False):
            raise Problem(
                503,
                f"{self.limits.searches} searches are under way; search again in {RETRY_AFTER} seconds.",
                {"Retry-After": str(RETRY_AFTER)},
            )
        try:
            with self._processors:
                yield
        finally:
            self._searches.release()

    def search(self, query: str, *, top_k: int, scope: Filter) -> tuple[list[dict[str, Any]], list[str]]:
        """The hits as plain data with their articles' facts, and what is to be said about the filter."""
        with self.searching():
            warnings = scope_warnings(self.library, scope)
            hits = self.library.search(query, top_k=top_k, where=scope or None)
            return [found for hit in hits if (found := self._found(hit))], warnings

    def _found(self, hit: Hit) -> dict[str, Any] | None:
        """None when the article was removed since the search."""
        try:
            article = self.library.article(hit.passage.article_id)
        except UnknownArticle:
            return None
        facts = {name: getattr(article, name) for name in ("title", "source", "published", "url")}
        quote = article.text[hit.passage.start_char : hit.passage.end_char]
        return {**facts, **hit_to_dict(hit), "quote": quote}

    def history(self, owner: str, conversation: str) -> tuple[Turn, ...]:
        """The turns of a kept conversation; raises `InputError` when this owner has none of that id."""
        if conversation in ("", "new"):
            return ()
        return history_of(self.conversations.turns(owner, conversation))


def scope_warnings(library: Library, scope: Filter) -> list[str]:
    """A filter that leaves nothing is said, never ignored; an unknown article in it is an `InputError`."""
    for article_id in scope.articles:
        try:
            library.article(article_id)
        except UnknownArticle as error:
            raise InputError(f"In the filter: {error}") from error
    if not scope or library.articles(scope):
        return []
    known = {info.source for info in library.articles() if info.source}
    unknown = [one for one in scope.sources if one.casefold() not in {name.casefold() for name in known}]
    if unknown:
        return [f"No article is from the source {_listed(unknown)}; the sources are: {_listed(sorted(known))}."]
    return ["No article matches the filter; widen it."]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SOURCES_NAMED]) or "none is stated"


def service_of(request: Request) -> Service:
    """The service of the app that serves this request."""
    return cast(Service, request.app.state.service)


def owner_of(request: Request) -> str:
    """Whose conversations these are: the page's user, or the key; empty where nobody has to log in."""
    return str(request.scope.get("state", {}).get("user") or "")
