"""Errors as RFC 9457 problem details: what happened, with the value, and what to do next."""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from onrecord.index.errors import InputError, OnRecordError, UnknownArticle

log = logging.getLogger(__name__)

TITLES = {
    400: "The request cannot be read",
    401: "A key is needed",
    403: "Not allowed",
    404: "Not found",
    405: "This method is not offered here",
    408: "The request came too slowly",
    409: "Conflict",
    413: "Too much at once",
    415: "This kind of content cannot be read",
    422: "The request cannot be used as it is",
    429: "Too many requests",
    500: "This should not have happened",
    503: "Not now",
    504: "The answer took too long",
}


RETRY_AFTER = 5  # seconds that a client is told to wait with what is answered with a 503


class Problem(HTTPException):
    """A refusal with its status; ``detail`` names the value and the cure."""


def status_of(error: OnRecordError) -> int:
    match error:
        case UnknownArticle():
            return 404
        case InputError():
            return 422
        case _:  # the store or a model: nothing that another request would mend
            return 503


def described(error: Exception) -> tuple[int, str, Mapping[str, str], Sequence[Mapping[str, Any]]]:
    """An error as status, detail, headers, and the fields that are wrong."""
    match error:
        case RequestValidationError():
            wrong = [{"field": _field(one["loc"]), "message": one["msg"]} for one in error.errors()]
            detail = "; ".join(f"{one['field']}: {one['message']}" for one in wrong[:3])
            return 422, f"{detail}.", {}, wrong
        case HTTPException():
            return error.status_code, str(error.detail), error.headers or {}, ()
        case OnRecordError():
            status = status_of(error)
            return status, str(error), {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}, ()
        case _:
            number = uuid.uuid4().hex[:8]
            log.error("Unexpected error %s", number, exc_info=error)
            return 500, f"Please report it with what you did; the server's log has it under {number}.", {}, ()


def kind_of(error: BaseException | None) -> str:
    """The name of our own error that this is, or that it was raised from; empty for any other."""
    match error:
        case OnRecordError():
            return type(error).__name__
        case HTTPException():
            return kind_of(error.__cause__)
        case _:
            return ""


def _field(place: Sequence[object]) -> str:
    return ".".join(str(part) for part in place if part != "body") or "body"


def as_json(document: Any) -> bytes:
    """UTF-8 whatever the strings hold: half a surrogate pair in a request must not break the answer to it."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")


def problem(
    status: int,
    detail: str,
    *,
    instance: str = "",
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    kind: str = "",
) -> Response:
    """A response with ``application/problem+json``."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if instance:
        body["instance"] = instance
    if kind:
        body["kind"] = kind
    if errors:
        body["errors"] = list(errors)
    return Response(as_json(body), status, dict(headers or {}), "application/problem+json")


async def answer_with_problem(request: Request, error: Exception) -> Response:
    """For ``add_exception_handler``."""
    status, detail, headers, errors = described(error)
    if status in (404, 405) and detail in ("Not Found", "Method Not Allowed"):
        detail = f"{request.method} {request.url.path} is not offered; /api/v1/openapi.json lists what is."
    if isinstance(error, RequestValidationError):
        detail += " /api/v1/openapi.json says what is read; a body must be sent as application/json."
    return problem(status, detail, instance=request.url.path, headers=headers, errors=errors, kind=kind_of(error))
