"""``/api/v1/search``, ``/ask`` and ``/conversations``."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from onrecord.index import Filter, InputError
from onrecord.qa import records
from onrecord.qa.settings import NO_MODEL
from onrecord.qa.types import Answer, AnswerStarted, EvidenceFound, Finished, SentenceDone, Turn
from onrecord.ui.desk.conversations import new_record
from onrecord.ui.desk.protocols import AssistantLike
from onrecord.ui.desk.records import finish
from onrecord.ui.desk.tuning import LENGTHS, Style, quoting, tuned
from onrecord.ui.http.allowance import ASKS, READS
from onrecord.ui.http.asking import Sign, Waiting
from onrecord.ui.http.models import (
    AnswerModel,
    AskRequest,
    BriefModel,
    BriefRequest,
    ConversationList,
    ConversationTurns,
    SearchRequest,
    SearchResponse,
)
from onrecord.ui.http.problems import TITLES, Problem, as_json, described, kind_of
from onrecord.ui.http.service import Chosen, Service, owner_of, warnings_about

asking = APIRouter(tags=["asking"])
EVENT_STREAM = "text/event-stream"
EVENTS: dict[type, str] = {
    EvidenceFound: "evidence",
    Waiting: "waiting",
    AnswerStarted: "started",
    SentenceDone: "sentence",
    Finished: "finished",
}
EVENT = {
    "type": "object",
    "description": "One event of the stream; its data are a JSON document.",
    "properties": {
        "event": {"enum": [*EVENTS.values(), "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@asking.post("/search", response_model=SearchResponse, openapi_extra=READS)
def search(service: Chosen, given: SearchRequest) -> Any:
    """Find passages by meaning and by words; no language model is used."""
    hits, warnings = service.search(
        given.query, top_k=given.top_k, scope=given.filter.filter(), min_score=given.min_score
    )
    return {"query": given.query, "hits": hits, "warnings": warnings}


@asking.post("/brief", response_model=BriefModel, openapi_extra=READS)
def brief(service: Chosen, given: BriefRequest) -> Any:
    """A selection in five of its sentences, what happened when, who says what, where it differs, what is not known."""
    scope = given.filter.filter()
    warnings = warnings_about(service, scope)
    with service.searching():
        told = service.collection.assistant.brief(given.about, scope or None)
    return Response(
        as_json(records.to_dict(replace(told, warnings=(*warnings, *told.warnings)))), media_type="application/json"
    )


@asking.post(
    "/ask",
    response_model=AnswerModel,
    responses={200: {"content": {EVENT_STREAM: {"schema": EVENT}}}},
    openapi_extra=ASKS,
)
async def ask(
    request: Request,
    service: Chosen,
    given: AskRequest,
    accept: Annotated[str, Header()] = "",
    stream: Annotated[bool, Query(description="Server-Sent Events, as with Accept: text/event-stream.")] = False,
) -> Response:
    """Answer from the articles. As events: evidence, waiting, started, sentence, finished; error ends it early."""
    owner, scope = owner_of(request), given.filter.filter()
    history, warnings = await run_in_threadpool(_prepared, service, owner, given, scope)
    keep = _Kept(service, owner, given, scope, tuple(warnings))
    assistant = _assistant(service, given)
    if stream or EVENT_STREAM in accept:
        events = service.asking.events(given.question, history, scope or None, assistant)
        first = await anext(events)  # a refusal comes before it, and is then a response with its own status
        return StreamingResponse(_stream(keep, first, events), headers=UNBUFFERED, media_type=EVENT_STREAM)
    answer = await while_connected(request, service, given.question, history, scope, assistant)
    return Response(as_json(await run_in_threadpool(keep.finished, answer)), media_type="application/json")


def _prepared(service: Service, owner: str, given: AskRequest, scope: Filter) -> tuple[tuple[Turn, ...], list[str]]:
    if given.history and given.conversation not in ("", "new"):
        raise Problem(422, "history and conversation exclude each other: a kept conversation has its own history.")
    history = tuple(Turn(turn.role, turn.content) for turn in given.history)
    return history or service.history(owner, given.conversation), warnings_about(service, scope)


def _assistant(service: Service, given: AskRequest) -> AssistantLike:
    """The collection's own assistant, as long-winded as is wished, and with its model unless none is wished."""
    assistant = service.collection.assistant
    writes = assistant.engine.name if assistant.engine else NO_MODEL
    if given.model == NO_MODEL:
        assistant = quoting(assistant)
    elif given.model not in ("", writes):
        raise InputError(f"The server writes with {writes}, not with {given.model}; leave the model out, or change it.")
    return tuned(assistant, Style(length=next((name for name, one in LENGTHS.items() if one == given.length), "")))


class _Kept:
    """What is done with a finished answer: counted, kept in its conversation, put into plain data."""

    def __init__(
        self, service: Service, owner: str, given: AskRequest, scope: Filter, warnings: tuple[str, ...]
    ) -> None:
        self.service, self.owner, self.given, self.scope, self.warnings = service, owner, given, scope, warnings

    def finished(self, answer: Answer) -> dict[str, Any]:
        answer = replace(answer, warnings=(*self.warnings, *answer.warnings))
        self.service.metrics.answered(answer)
        conversation = self.given.conversation
        if conversation:
            kept = self.service.conversations
            if conversation == "new":
                conversation = kept.begin(self.owner, self.given.question)
            kept.keep(self.owner, conversation, finish(new_record(self.given.question, self.scope), answer))
        return {**answer.to_dict(), "conversation": conversation}


async def while_connected(
    request: Request,
    service: Service,
    question: str,
    history: tuple[Turn, ...],
    scope: Filter,
    assistant: AssistantLike | None = None,
) -> Answer:
    """The answer, unless the client goes away: then the model stops, and the cancellation ends the request."""
    answers: list[Answer] = []
    errors: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def until_gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(until_gone)
        try:
            answers.append(await service.asking.answer(question, history, scope or None, assistant))
        except Exception as error:  # noqa: BLE001  carried out of the task group, which would wrap it
            errors.append(error)
        tasks.cancel_scope.cancel()
    if errors:
        raise errors[0]
    if not answers:
        raise Problem(499, "The client went away before the answer was there.")
    return answers[0]


async def _stream(keep: _Kept, first: Sign, events: AsyncIterator[Sign]) -> AsyncIterator[bytes]:
    async with aclosing(events):  # type: ignore[type-var]
        try:
            yield await _event(keep, first)
            async for sign in events:
                yield await _event(keep, sign)
        except Exception as error:  # noqa: BLE001  the status has been sent: the error is an event
            yield failure(error)


async def _event(keep: _Kept, sign: Sign) -> bytes:
    match sign:
        case Finished(answer=answer):
            return sse("finished", await run_in_threadpool(keep.finished, answer))
    return sse(EVENTS[type(sign)], records.to_dict(sign))


def sse(name: str, data: Mapping[str, Any]) -> bytes:
    """One Server-Sent Event; its data are one line of JSON."""
    return b"event: " + name.encode() + b"\ndata: " + as_json(data) + b"\n\n"


def failure(error: Exception) -> bytes:
    """The event that ends a stream early."""
    status, detail, _, _ = described(error)
    title = TITLES.get(status, "Error")
    return sse("error", {"title": title, "status": status, "detail": detail, "kind": kind_of(error)})


@asking.get("/conversations", response_model=ConversationList)
def list_conversations(request: Request, service: Chosen, search: Annotated[str, Query(max_length=200)] = "") -> Any:
    """Your kept conversations, newest first; with ``search``, those that hold every word of it."""
    found = service.conversations.list(owner_of(request), search)
    return {"conversations": [{name: getattr(one, name) for name in one.__slots__} for one in found]}


@asking.get("/conversations/{conversation_id}", response_model=ConversationTurns)
def get_conversation(request: Request, service: Chosen, conversation_id: str) -> Any:
    """The turns of a conversation, in order."""
    owner = owner_of(request)
    with not_here():
        records = service.conversations.turns(owner, conversation_id)
        title = service.conversations.title(owner, conversation_id)
    turns = [
        {
            "answer": r.answer_text,
            "reason": r.answer.reason,
            **{name: getattr(r, name) for name in ("id", "question", "status", "asked")},
        }
        for r in records
    ]
    return {"id": conversation_id, "title": title, "turns": turns}


@asking.delete("/conversations/{conversation_id}", status_code=204)
def delete_conversation(request: Request, service: Chosen, conversation_id: str) -> None:
    """Remove a conversation with all its turns."""
    with not_here():
        service.conversations.delete(owner_of(request), conversation_id)


@contextlib.contextmanager
def not_here() -> Iterator[None]:
    """An unknown conversation is a 404."""
    try:
        yield
    except InputError as error:
        raise Problem(404, str(error)) from error
