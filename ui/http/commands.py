"""``/api/v1/commands``: for this account's own commands, by the token of the run (``Collections.token``)."""

import gzip
import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from onrecord.index.doctor import examine
from onrecord.index.library import Library
from onrecord.index.reading.files import ReadResult
from onrecord.index.types import Article
from onrecord.ui.http.ask import EVENT_STREAM, UNBUFFERED, failure, sse
from onrecord.ui.http.models import Asked
from onrecord.ui.http.problems import Problem
from onrecord.ui.http.service import Chosen


def of_this_account(request: Request) -> None:
    """Raises a 403 for everybody else, whatever key they have."""
    if not request.scope.get("state", {}).get("command"):
        raise Problem(403, "Only the commands of who runs this server may do this.")


commands = APIRouter(prefix="/commands", include_in_schema=False, dependencies=[Depends(of_this_account)])


@commands.post("/add")
async def add(request: Request, service: Chosen) -> StreamingResponse:
    """Stores what a command has read: ``origin``, ``articles`` and ``error`` of each file, as JSON in gzip.

    Events: progress; finished, with the report; error ends it early. No path that is named here is ever opened.
    """
    added = _added(service.library, await request.body())
    return StreamingResponse(added, headers=UNBUFFERED, media_type=EVENT_STREAM)


@commands.get("/examine")
def examined(service: Chosen) -> Any:
    """What `onrecord doctor` says of the stores."""
    library, report = service.library, examine(service.library)
    holds = {"articles": library.article_count(), "passages": library.passage_count, "schema": report.schema}
    return {**holds, "findings": [asdict(finding) for finding in report.findings]}


@commands.get("/feedback")
def feedback(service: Chosen) -> Any:
    """What people said of answers on the page, as a suite: everybody's."""
    return asdict(service.collection.feedback.suite())


class FolderPath(Asked):
    """On this machine; whoever sends it runs this server and could read it anyway."""

    path: str = Field(min_length=1, max_length=4096)


@commands.get("/folders")
def watched(service: Chosen) -> Any:
    """The folders that are watched."""
    return {"folders": [asdict(folder) for folder in service.library.folders.watched()]}


@commands.post("/folders/watch")
def watch(service: Chosen, given: FolderPath) -> Any:
    """Watches one and reads what is new in it."""
    folder = service.library.folders.watch(given.path)
    return asdict(service.library.folders.look(folder.path))


@commands.post("/folders/unwatch")
def unwatch(service: Chosen, given: FolderPath) -> Any:
    """Watches one no longer."""
    service.library.folders.unwatch(given.path)
    return {}


@commands.post("/folders/remove-gone")
def remove_gone(service: Chosen, given: FolderPath) -> Any:
    """Removes the articles of its files that are gone."""
    return asdict(service.library.folders.remove_gone(given.path))


def _added(library: Library, body: bytes) -> Iterator[bytes]:
    events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    gone = threading.Event()

    def progress(done: float, total: int) -> None:
        if gone.is_set():
            raise Problem(499, "The command went away; what it had added by then stays.")
        events.put(sse("progress", {"done": done, "total": total}))

    def work() -> None:
        try:
            report = library.add_read(_results(body), on_progress=progress)
            events.put(sse("finished", asdict(report)))
        except Exception as error:  # noqa: BLE001  the status has been sent: the error is an event
            events.put(failure(error))
        events.put(None)

    threading.Thread(target=work, name="add", daemon=True).start()
    try:
        yield from iter(events.get, None)
    finally:
        gone.set()


def _results(body: bytes) -> list[ReadResult]:
    return [
        ReadResult(
            one["origin"], tuple(Article(**each) for each in one["articles"]), one["error"], origin=one["origin"]
        )
        for one in json.loads(gzip.decompress(body))
    ]
