"""Conversations as files: ``/export/<conversation>.md|html|docx|json``. Nothing is written to disk for it."""

from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response

from onrecord.index.errors import OnRecordError
from onrecord.ui.desk.collection import checked
from onrecord.ui.desk.collections import Collections
from onrecord.ui.page.export import FORMATS, render

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
        key, _, ending = name.rpartition(".")
        kind = next((kind for kind, end in FORMATS.items() if end == ending), "")
        owner = str(request.scope.get("state", {}).get("user") or "")
        try:
            collection = collections.open(request.query_params.get("in", ""))
            records = [checked(collection, r) for r in collection.conversations.turns(owner, key)]
            title = collection.conversations.title(owner, key)
        except OnRecordError as error:
            raise HTTPException(404, str(error)) from error
        if not kind:
            raise HTTPException(404, f"“{ending}” is not a format; use one of {', '.join(FORMATS.values())}.")
        safe = "".join(c if c.isalnum() or c in " -" else "" for c in title).strip()[:60] or "conversation"
        disposition = f"attachment; filename*=UTF-8''{quote(safe)}.{ending}"
        if kind == "Word":
            from onrecord.ui.page.word import to_word

            content: str | bytes = to_word(title, records)
        else:
            content = render(kind, title, records)
        return Response(content, media_type=_TYPES[ending], headers={"Content-Disposition": disposition})

    return router
