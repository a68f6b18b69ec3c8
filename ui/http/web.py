"""``/api/v1/feeds`` and ``/api/v1/fetches``: feeds that are followed, and the log of what was fetched."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field

from onrecord.ui.http.models import Asked, FeedAddress, FeedList, FeedModel, VisitList
from onrecord.ui.http.service import COLLECTION, Chosen, first_service

web = APIRouter(tags=["web"])


class Log(Asked):
    """The query of the log; a parameter of another name is refused."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=10_000)
    collection: str = Field("", max_length=200, description=COLLECTION)


@web.get("/feeds", response_model=FeedList)
def list_feeds(service: Chosen) -> Any:
    """The feeds that are followed."""
    return {"feeds": [asdict(feed) for feed in service.library.web.feeds()]}


@web.post("/feeds", response_model=FeedModel)
def follow_feed(service: Chosen, given: FeedAddress) -> Any:
    """Follow a feed (RSS, Atom) or sitemap: fetched now, its pages are read by the server, now and as it grows.

    With `page`, follow a page: it is added now, and read again by the server when it changes.
    """
    return asdict(service.library.web.follow(given.address, page=given.page))


@web.post("/feeds/remove", response_model=FeedList)
def unfollow_feed(service: Chosen, given: FeedAddress) -> Any:
    """Follow a feed no longer; its articles stay. What is left is listed."""
    service.library.web.unfollow(given.address)
    return list_feeds(service)


@web.get("/fetches", response_model=VisitList)
def list_fetches(request: Request, given: Annotated[Log, Query()]) -> Any:
    """Every request that was made for this collection, the newest first."""
    library = first_service(request).named(given.collection).library
    return {"fetches": [asdict(visit) for visit in library.web.visits(given.limit)]}
