"""The door ``/v1``: chat completions and models as OpenAI's clients know them, answered from the collection."""

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from onrecord.index import Filter, OnRecordError
from onrecord.qa.types import Answer, Finished, SentenceDone
from onrecord.ui.http.allowance import ASKS
from onrecord.ui.http.ask import EVENT_STREAM, UNBUFFERED, while_connected
from onrecord.ui.http.asking import Sign
from onrecord.ui.http.openai_models import MODEL, ChatRequest
from onrecord.ui.http.openai_text import annotations, said, with_references
from onrecord.ui.http.problems import Problem, as_json, described
from onrecord.ui.http.service import Service, Serving, first_service
from onrecord.ui.http.within import within_allowance

router = APIRouter()
_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


@router.get("/models")
def models(request: Request) -> Any:
    """A model for each collection: the assistant over it."""
    service = first_service(request)
    return {"object": "list", "data": [_model(service.model_of(name)) for name in service.names]}


@router.get("/models/{name:path}")
def model(request: Request, name: str) -> Any:
    _collection(first_service(request), name)
    return _model(name)


@router.post("/chat/completions", openapi_extra=ASKS)
async def chat_completions(request: Request, given: ChatRequest) -> Response:
    """An answer from the articles. Its citations are numbers in the text, references below it, and annotations."""
    service = await run_in_threadpool(_service, first_service(request), given.model)
    question, history = given.question()
    reply = _Reply(service, given.model, usage=bool(given.stream_options and given.stream_options.include_usage))
    if given.stream:
        events = service.asking.events(question, history)
        first = await anext(events)
        return StreamingResponse(reply.chunks(first, events), headers=UNBUFFERED, media_type=EVENT_STREAM)
    answer = await while_connected(request, service, question, history, Filter())
    return Response(as_json(reply.completion(answer)), media_type="application/json")


class _Reply:
    """One completion, whole or in chunks."""

    def __init__(self, service: Service, model: str, *, usage: bool) -> None:
        self._service, self._usage = service, usage
        self._frame = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    def completion(self, answer: Answer) -> dict[str, Any]:
        self._service.metrics.answered(answer)
        content = with_references(answer)
        message = {
            "role": "assistant",
            "content": content,
            "refusal": None,
            "annotations": annotations(answer, content, self._service.uri),
        }
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._frame, "object": "chat.completion", "choices": [choice], "usage": _tokens(answer)}

    async def chunks(self, first: Sign, events: AsyncIterator[Sign]) -> AsyncIterator[bytes]:
        """Each sentence as soon as it has been checked; then what the whole answer has beyond them."""
        async with aclosing(events):  # type: ignore[type-var]
            try:
                yield self._chunk({"role": "assistant", "content": ""})
                sent = ""
                async for sign in _from(first, events):
                    match sign:
                        case SentenceDone(sentence=sentence) if sentence.verdict != "unsupported":
                            piece = f"{' ' if sent else ''}{said(sentence)}"
                            sent += piece
                            yield self._chunk({"content": piece})
                        case Finished(answer=answer):
                            for line in self._end(answer, sent):
                                yield line
            except Exception as error:  # noqa: BLE001  the status has been sent: the error is an event
                status, detail, _, _ = described(error)
                yield _data(_error(status, detail))
        yield b"data: [DONE]\n\n"

    def _end(self, answer: Answer, sent: str) -> list[bytes]:
        self._service.metrics.answered(answer)
        content = with_references(answer)
        if not content.startswith(sent):  # the answer was changed as a whole, as by translation: it is sent anew
            content = f"{sent}\n\n{content}"
        found = annotations(answer, content, self._service.uri)
        rest = {"content": content[len(sent) :]} if len(content) > len(sent) else {}
        lines = [self._chunk({**rest, "annotations": found}), self._chunk({}, finish="stop")]
        if self._usage:
            empty = {**self._frame, "object": "chat.completion.chunk", "choices": []}
            lines.append(_data({**empty, "usage": _tokens(answer)}))
        return lines

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": dict(delta), "finish_reason": finish, "logprobs": None}
        return _data({**self._frame, "object": "chat.completion.chunk", "choices": [choice]})


async def _from(first: Sign, events: AsyncIterator[Sign]) -> AsyncIterator[Sign]:
    yield first
    async for sign in events:
        yield sign


def _data(document: Mapping[str, Any]) -> bytes:
    return b"data: " + as_json(document) + b"\n\n"


def _tokens(answer: Answer) -> dict[str, int]:
    timings = answer.timings
    read = int(timings.get("evaluated_tokens", 0) + timings.get("reused_tokens", 0))
    written = int(timings.get("generated_tokens", 0))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "onrecord"}


def _collection(service: Service, model: str) -> str:
    """The name of the collection that a model's name stands for; a 404 names the models that there are."""
    kind, _, name = model.partition(":")
    if kind == MODEL:
        service.check(name)
    models = {service.model_of(name): name for name in service.names}
    if model not in models:
        raise Problem(404, f"There is no model {model!r} here; use {' or '.join(map(repr, models))}.")
    return models[model]


def _service(first: Service, model: str) -> Service:
    """The collection behind a model, opened."""
    return first.named(_collection(first, model))


def _error(status: int, message: str) -> dict[str, Any]:
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": str(status)}}


def openai_refusal(status: int, detail: str, headers: Mapping[str, str]) -> Response:
    """An error as OpenAI's clients read it."""
    return Response(as_json(_error(status, detail)), status, dict(headers), "application/json")


async def _answer_with_error(request: Request, error: Exception) -> Response:
    status, detail, headers, _ = described(error)
    if status in (404, 405) and not isinstance(error, Problem):
        detail = f"{request.method} {request.url.path} is not offered; there are /v1/chat/completions and /v1/models."
    return openai_refusal(status, detail, headers)


def openai_app(service: Service) -> Serving:
    """The application to be mounted at ``/v1``; it asks for no key itself: see `onrecord.ui.server.doors`."""
    return Serving(_app(), service)


@cache
def _app() -> FastAPI:
    app = FastAPI(
        title="OnRecord",
        version=version("onrecord"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(within_allowance)],
    )
    app.include_router(router)
    for kind in (HTTPException, RequestValidationError, OnRecordError, Exception):
        app.add_exception_handler(kind, _answer_with_error)
    return app
