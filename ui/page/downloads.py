"""Conversations, notes and briefings as files, not on disk.

``/export/<conversation, "notes" or "briefing">.md|html|docx|json``
"""

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response

from onrecord.index.errors import OnRecordError
from onrecord.ui.desk.collection import Collection, checked
from onrecord.ui.desk.collections import Collections
from onrecord.ui.desk.records import Record
from onrecord.ui.page.briefing_part import TITLE, records_of
from onrecord.ui.page.export import FORMATS, render
from onrecord.ui.page.language import _, speaking, wanted
from onrecord.ui.page.messages import said
from onrecord.ui.page.scope import scope_of

_TYPES = {
    "md": "text/markdown",
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json",
}


def downloads(collections: Collections) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get("/export/{name}", include_in_schema=False)
    def export(name: str, request: Request) -> Response:
        with speaking(wanted(request.headers)):
            return _export(collections, name, request)

    return router


def _export(collections: Collections, name: str, request: Request) -> Response:
    key, __, ending = name.rpartition(".")
    kind = next((kind for kind, end in FORMATS.items() if end == ending), "")
    owner = str(request.scope.get("state", {}).get("user") or "")
    try:
        collection = collections.open(request.query_params.get("in", ""))
        title, kept = _briefed(collection, request) if key == "briefing" else _kept(collection, owner, key)
        records = [checked(collection, one) for one in kept]
    except OnRecordError as error:
        raise HTTPException(404, said(str(error))) from error
    if not kind:
        formats = ", ".join(FORMATS.values())
        raise HTTPException(404, _("“{ending}” is not a format; use one of {formats}.", ending=ending, formats=formats))
    safe = "".join(c if c.isalnum() or c in " -" else "" for c in title).strip()[:60] or "conversation"
    disposition = f"attachment; filename*=UTF-8''{quote(safe)}.{ending}"
    if kind == "Word":
        from onrecord.ui.page.word import to_word

        content: str | bytes = to_word(title, records)
    else:
        content = render(kind, title, records)
    return Response(content, media_type=_TYPES[ending], headers={"Content-Disposition": disposition})


def _briefed(collection: Collection, request: Request) -> tuple[str, Sequence[Record]]:
    """The briefing of the articles that the address names."""
    given = request.query_params
    scope = scope_of(given.getlist("article"), given.getlist("source"), given.get("from", ""), given.get("to", ""))
    return _(TITLE), records_of(collection.assistant.brief("", scope or None))


def _kept(collection: Collection, owner: str, key: str) -> tuple[str, Sequence[Record]]:
    """The name of a conversation, or the notebook's, and what is in it."""
    if key == "notes":
        return _("Notes"), [note.record for note in collection.notebook.notes(owner)]
    return collection.conversations.title(owner, key), collection.conversations.turns(owner, key)
