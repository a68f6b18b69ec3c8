"""The HTTP door ``/api/v1``: the same objects as in Python, errors as problem details, its own OpenAPI document."""

from functools import cache
from importlib.metadata import version
from typing import Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from onrecord.index import OnRecordError
from onrecord.ui.http.articles import articles
from onrecord.ui.http.ask import asking
from onrecord.ui.http.client import Interface, Place
from onrecord.ui.http.collections import collections
from onrecord.ui.http.commands import commands
from onrecord.ui.http.differences import differences
from onrecord.ui.http.metrics import MEDIA_TYPE
from onrecord.ui.http.models import Health, ProblemModel
from onrecord.ui.http.people import people
from onrecord.ui.http.problems import TITLES, answer_with_problem
from onrecord.ui.http.service import Service, Serving, first_service
from onrecord.ui.http.web import web
from onrecord.ui.http.within import within_allowance

state = APIRouter(tags=["state"])
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": TITLES[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemModel"}}},
    }
    for status in (400, 401, 403, 404, 405, 408, 413, 422, 429, 503, 504)
}


@state.get("/health", response_model=Health)
def health(request: Request) -> Any:
    """Whether the collection is open and questions can be asked. Needs no key."""
    service = first_service(request)
    _ = service.library.revision  # raises when the library was closed
    return {"status": "ok", "version": version("onrecord"), "waiting": service.asking.under_way}


@state.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Counts in the text format of Prometheus."""
    service = first_service(request).named()
    library = service.library
    text = service.metrics.text(
        under_way=service.asking.under_way, passages=library.passage_count, revision=library.revision
    )
    return Response(text, media_type=MEDIA_TYPE)


def api_app(service: Service) -> Serving:
    """The application to be mounted at ``/api/v1``; it asks for no key itself: see `onrecord.ui.server.doors`."""
    return Serving(_app(), service)


@cache
def _app() -> FastAPI:
    app = FastAPI(
        title="OnRecord",
        version=version("onrecord"),
        summary="Ask your articles; every sentence of the answer cites the exact sentence that says it.",
        openapi_url="/openapi.json",
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        responses=REFUSALS,
        dependencies=[Depends(within_allowance)],
        servers=[{"url": "/api/v1"}],
    )
    for router in (collections, articles, differences, web, asking, people, commands, state):
        app.include_router(router)
    for kind in (HTTPException, RequestValidationError, OnRecordError, Exception):
        app.add_exception_handler(kind, answer_with_problem)
    plain = app.openapi
    app.openapi = cache(lambda: _described(plain()))  # type: ignore[method-assign]  # made when it is first asked for
    return app


def _described(document: dict[str, Any]) -> dict[str, Any]:
    """With the refusals and the keys, which FastAPI does not know of."""
    schemas = document["components"]["schemas"]
    schemas["ProblemModel"] = ProblemModel.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}, {}]
    return document


def here(service: Service) -> Interface:
    """The same interface for callers in this process: nothing is listened on, and no key is asked for."""
    first = service.named().collection
    transport = httpx.ASGITransport(api_app(service), raise_app_exceptions=False, root_path="/api/v1")
    return Interface(Place(first.folder, "http://onrecord", first.name), several=service.several, transport=transport)
