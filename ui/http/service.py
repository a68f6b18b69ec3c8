"""What the doors of other programs share: the collection, the assistant, and the limits on both."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query, Request
from starlette.types import Receive, Scope, Send

from onrecord.index import Filter, InputError, Library, UnknownArticle
from onrecord.qa.types import Turn
from onrecord.ui.desk.collection import Collection, history_of
from onrecord.ui.desk.collections import Collections
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.daily import FILE_NAME, Daily
from onrecord.ui.desk.searching import found, listed, scope_warnings
from onrecord.ui.http.allowance import allowance
from onrecord.ui.http.asking import Asking, Places
from onrecord.ui.http.metrics import Metrics
from onrecord.ui.http.openai_models import MODEL
from onrecord.ui.http.problems import RETRY_AFTER, Problem

COLLECTION = "The collection, as listed by /collections; left out, the first."
SERVICE = "onrecord.service"  # by which name it is in the scope of a request
QUERY = {"collection", "stream", "search"}


def uris_in(collection: str) -> str:
    """What articles without URLs go by in a collection, up to their id; empty: the first collection."""
    within = f"collections/{quote(collection, safe='')}/" if collection else ""
    return f"onrecord://{within}articles/"


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


class Shared:
    """What the collections of one server have in common: where they are open, the limits, the places, the counts."""

    def __init__(self, collections: Collections, limits: DoorLimits) -> None:
        self.collections, self.limits, self.metrics = collections, limits, Metrics()
        first = collections.first
        self.daily = Daily(first.folder / FILE_NAME, tables=first.conversations.shared)
        self.places = Places(limits.questions)
        self.searches = BoundedSemaphore(limits.searches)
        # More searches at once than processors only take each other's: fifty on two cores gave a quarter of the rate.
        self.processors = BoundedSemaphore(os.cpu_count() or 2)


@dataclass(frozen=True, slots=True)
class Service:
    """One open collection, as the doors use it; `named` leads to the others."""

    collection: Collection
    shared: Shared
    asking: Asking

    @classmethod
    def of(cls, collections: Collections, limits: DoorLimits) -> "Service":
        """The first collection; its questions stand in the same queue as the page's."""
        return cls._in(collections.first, Shared(collections, limits))

    @classmethod
    def _in(cls, collection: Collection, shared: Shared) -> "Service":
        asking = Asking(collection, shared.collections.queue, shared.places, seconds=shared.limits.answer_seconds)
        return cls(collection, shared, asking)

    @property
    def library(self) -> Library:
        return cast(Library, self.collection.library)

    @property
    def conversations(self) -> Conversations:
        return self.collection.conversations

    @property
    def limits(self) -> DoorLimits:
        return self.shared.limits

    @property
    def metrics(self) -> Metrics:
        return self.shared.metrics

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the collections that this server has and this request may use, the first one first."""
        return tuple(filter(allowance().covers, self.shared.collections.names()))

    @property
    def several(self) -> bool:
        """Whether there can be more collections than the first."""
        return self.shared.collections.opener is not None

    @property
    def is_first(self) -> bool:
        return self.collection is self.shared.collections.first

    def named(self, name: str = "") -> "Service":
        """The collection of that name, opened when it is not yet; empty: the first. A 404 names those there are.

        Every door comes to its articles through here: a 403 where the key may not use them.
        """
        self.check(name)
        if name in ("", self.shared.collections.first.name):
            return self if self.is_first else self._in(self.shared.collections.first, self.shared)
        if name not in self.names:
            there = listed(self.names)
            raise Problem(404, f"There is no collection {name!r}; leave collection out, or give one of: {there}.")
        return self._in(self.shared.collections.open(name), self.shared)

    def check(self, name: str) -> None:
        """Raises a 403 where the key may not use the collection of that name, whether or not there is one."""
        name, may = name or self.shared.collections.first.name, allowance()
        if not may.covers(name):
            theirs = " or ".join(map(repr, may.collections))
            raise Problem(403, f"The key {may.name} may not use the collection {name!r}; name {theirs}.")

    def model_of(self, name: str) -> str:
        """What a collection goes by where a client chooses a model."""
        return MODEL if name == self.shared.collections.first.name else f"{MODEL}:{name}"

    def uri(self, article_id: str) -> str:
        """What an article without a URL goes by."""
        return uris_in("" if self.is_first else self.collection.name) + article_id

    @contextmanager
    def searching(self) -> Iterator[None]:
        """A place among the searches under way and, in time, a processor; raises a 503 when there is no place."""
        if not self.shared.searches.acquire(blocking=False):
            raise Problem(
                503,
                f"{self.limits.searches} searches are under way; search again in {RETRY_AFTER} seconds.",
                {"Retry-After": str(RETRY_AFTER)},
            )
        try:
            with self.shared.processors:
                yield
        finally:
            self.shared.searches.release()

    def search(
        self, query: str, *, top_k: int, scope: Filter, min_score: float | None = None
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """The hits as plain data with their articles' facts, and what is to be said about the filter."""
        with self.searching():
            warnings = warnings_about(self, scope)
            hits = self.library.search(query, top_k=top_k, where=scope or None, min_score=min_score)
            return list(found(self.library, hits)), warnings

    def history(self, owner: str, conversation: str) -> tuple[Turn, ...]:
        """The turns of a kept conversation; raises `InputError` when this owner has none of that id."""
        if conversation in ("", "new"):
            return ()
        return history_of(self.conversations.turns(owner, conversation))


def warnings_about(service: Service, scope: Filter) -> list[str]:
    """As `scope_warnings`; an unknown article in the filter is a 422, because the address is right."""
    try:
        return scope_warnings(service.library, scope)
    except UnknownArticle as error:
        raise Problem(422, str(error)) from error


class Serving:
    """ASGI: an app that any service can have, made once for all, for the requests to one of them."""

    def __init__(self, app: FastAPI, service: Service) -> None:
        self.app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SERVICE] = self._service  # in this very scope: which route it was is read from there afterwards
        await self.app(scope, receive, send)


def first_service(request: Request) -> Service:
    """The first collection of the server that a request came to."""
    return cast(Service, request.scope[SERVICE])


def chosen(
    request: Request,
    collection: Annotated[str, Query(max_length=200, description=COLLECTION, examples=["default"])] = "",
) -> Service:
    """The collection that a request names; a parameter of another name is refused, as a mistyped one must be."""
    unknown = sorted(set(request.query_params) - QUERY)
    if unknown:
        raise InputError(f"{unknown[0]}: is no parameter here; there are {', '.join(sorted(QUERY))}.")
    return first_service(request).named(collection)


Chosen = Annotated[Service, Depends(chosen)]


def owner_of(request: Request) -> str:
    """Whose conversations these are: the page's user, or the key; empty where nobody has to log in."""
    return str(request.scope.get("state", {}).get("user") or "")
