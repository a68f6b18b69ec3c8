"""``/api/v1/people``, ``/quotations``, ``/names`` and ``/questions``: who says what, who and what is named where, and
what is asked again when articles come."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from onrecord.index.types import Filter
from onrecord.qa import records
from onrecord.qa.names.index import AT_ONCE
from onrecord.qa.names.values import NameKind
from onrecord.qa.people.values import Statement
from onrecord.qa.steps.understand import readable
from onrecord.ui.desk.tuning import quoting
from onrecord.ui.http.models import (
    Asked,
    Id,
    MentionList,
    Name,
    NameList,
    PersonList,
    QuestionList,
    QuestionModel,
    QuestionRequest,
    StatementList,
    TimelineModel,
)
from onrecord.ui.http.problems import as_json
from onrecord.ui.http.service import COLLECTION, Chosen, Service, first_service, owner_of, warnings_about
from onrecord.ui.page.scope import scope_of

people = APIRouter(tags=["people"])


class Within(Asked):
    """The query of these lists; a parameter of another name is refused."""

    model_config = ConfigDict(extra="forbid")
    articles: list[Id] = Field([], max_length=1000)
    sources: list[Name] = Field([], max_length=1000)
    published_from: str = Field("", max_length=10)
    published_to: str = Field("", max_length=10)
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0)
    collection: str = Field("", max_length=200, description=COLLECTION)

    def filter(self) -> Filter:
        return scope_of(self.articles, self.sources, self.published_from, self.published_to)


class Said(Within):
    speaker: str = Field(min_length=1, max_length=200, description="Lavrov, or Sergey Lavrov", examples=["Brandt"])


class OfKind(Within):
    kind: NameKind


class Named(Within):
    name: str = Field(min_length=1, max_length=200, description="Geneva, or $5 million", examples=["Larnville"])
    kind: NameKind | None = None


@people.get("/people", response_model=PersonList)
def list_people(request: Request, given: Annotated[Within, Query()]) -> Any:
    """Everybody who is named as a speaker in the articles, who says most first."""
    service = first_service(request).named(given.collection)
    scope = given.filter()
    warnings = warnings_about(service, scope)
    found = service.collection.people.people(scope or None)
    shown = [records.to_dict(one) for one in found[given.offset : given.offset + given.limit]]
    return {"total": len(found), "people": shown, "warnings": warnings}


@people.get("/names", response_model=NameList)
def list_names(request: Request, given: Annotated[OfKind, Query()]) -> Any:
    """The people, places, organisations or quantities in the articles, those in most articles first."""
    service, scope = first_service(request).named(given.collection), given.filter()
    warnings, names = warnings_about(service, scope), service.collection.names
    names.refresh(most=AT_ONCE, kind=given.kind)
    found = names.entries(given.kind, scope or None)
    shown = [records.to_dict(one) for one in found[given.offset : given.offset + given.limit]]
    return {"total": len(found), "names": shown, "warnings": [*warnings, *names.lacks(given.kind)]}


@people.get("/mentions", response_model=MentionList)
def list_mentions(request: Request, given: Annotated[Named, Query()]) -> Response:
    """Every sentence that has a name, the latest article first."""
    service, scope = first_service(request).named(given.collection), given.filter()
    warnings, names = warnings_about(service, scope), service.collection.names
    names.refresh(most=AT_ONCE, kind=given.kind)
    found = names.sentences(given.name, given.kind, scope or None)
    shown = [records.to_dict(one) for one in found[given.offset : given.offset + given.limit]]
    data = {"total": len(found), "mentions": shown, "warnings": [*warnings, *names.lacks(given.kind)]}
    return Response(as_json(data), media_type="application/json")


@people.get("/quotations", response_model=StatementList)
def list_quotations(request: Request, given: Annotated[Said, Query()]) -> Response:
    """Every quotation by somebody, and everything that is reported of them, in order of the day."""
    names, said, warnings = _said(first_service(request).named(given.collection), given)
    shown = [records.to_dict(one) for one in said[given.offset : given.offset + given.limit]]
    data = {"speakers": names, "total": len(said), "quotations": shown, "warnings": warnings}
    return Response(as_json(data), media_type="application/json")


@people.get("/timeline", response_model=TimelineModel)
def timeline(request: Request, given: Annotated[Said, Query()]) -> Response:
    """The same by the day: that on which it was said, where the sentence tells, else that of the article."""
    names, said, warnings = _said(first_service(request).named(given.collection), given)
    shown = said[given.offset : given.offset + given.limit]
    days = [
        {"day": day, "quotations": [records.to_dict(one) for one in some]}
        for day, some in groupby(shown, key=lambda one: one.day)
    ]
    data = {"speakers": names, "total": len(said), "days": days, "warnings": warnings}
    return Response(as_json(data), media_type="application/json")


def _said(service: Service, given: Said) -> tuple[list[str], Sequence[Statement], list[str]]:
    scope = given.filter()
    warnings = warnings_about(service, scope)
    found = service.collection.people
    return list(found.named(given.speaker)), found.said(given.speaker, scope or None), warnings


@people.get("/questions", response_model=QuestionList)
def list_questions(request: Request, service: Chosen) -> Any:
    """The saved questions, each with its answer and what changed since it was last seen."""
    return {"questions": [records.to_dict(one) for one in service.collection.saved.list(owner_of(request))]}


@people.post("/questions", response_model=QuestionModel, status_code=201)
def save_question(request: Request, service: Chosen, given: QuestionRequest) -> Any:
    """Save a question: it is asked now, in quotes, and again whenever articles have come or gone."""
    scope = given.filter.filter()
    warnings_about(service, scope)
    readable(given.question)
    saved, assistant = service.collection.saved, quoting(service.collection.assistant)
    return records.to_dict(saved.save(owner_of(request), given.question, scope, assistant))


@people.post("/questions/{question_id}/ask", response_model=QuestionModel)
def ask_question(request: Request, service: Chosen, question_id: Id) -> Any:
    """Ask a saved question again now."""
    saved, assistant = service.collection.saved, quoting(service.collection.assistant)
    return records.to_dict(saved.again(owner_of(request), question_id, assistant))


@people.post("/questions/{question_id}/seen", response_model=QuestionModel)
def mark_seen(request: Request, service: Chosen, question_id: Id) -> Any:
    """From now on, changes are counted from the answer as it is."""
    return records.to_dict(service.collection.saved.seen(owner_of(request), question_id))


@people.delete("/questions/{question_id}", response_model=QuestionList)
def remove_question(request: Request, service: Chosen, question_id: Id) -> Any:
    """Ask it no more; those that are left are listed."""
    service.collection.saved.remove(owner_of(request), question_id)
    return list_questions(request, service)
