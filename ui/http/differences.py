"""``/api/v1/differences``: what the articles disagree on, and what of it is none."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onrecord.qa.differences.finder import AT_ONCE
from onrecord.qa.differences.values import Difference
from onrecord.ui.http.models import FilterModel, model_of
from onrecord.ui.http.service import COLLECTION, Chosen, first_service, warnings_about

differences = APIRouter(tags=["differences"])


class Listing(FilterModel):
    """The query of a list; a parameter of another name is refused, as a mistyped filter must be."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=500)
    collection: str = Field("", max_length=200, description=COLLECTION)


class DifferenceList(BaseModel):
    """``total``: how many there are, of which ``limit`` are listed. ``pending``: articles still to be compared."""

    total: int
    differences: list[model_of(Difference)]  # type: ignore[valid-type]
    pending: int
    warnings: list[str]


class Dismissed(BaseModel):
    dismissed: str


@differences.get("/differences", response_model=DifferenceList)
def list_differences(request: Request, given: Annotated[Listing, Query()]) -> Any:
    """Pairs of sentences of different articles that do not agree, the earlier report first in each."""
    service, scope = first_service(request).named(given.collection), given.filter()
    warnings = warnings_about(service, scope)
    made = service.collection.assistant.differences
    pending = made.refresh(most=AT_ONCE)
    found = made.shown(scope or None)
    listed = [one.to_dict() for one in found[: given.limit]]
    return {"total": len(found), "differences": listed, "pending": pending, "warnings": warnings}


@differences.post("/differences/{difference_id}/dismiss", response_model=Dismissed)
def dismiss_difference(service: Chosen, difference_id: str) -> Any:
    """Say that one is none: it is shown no more, also when its articles are added again."""
    service.collection.assistant.differences.dismiss(difference_id)
    return {"dismissed": difference_id}
