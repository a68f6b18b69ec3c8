"""``/api/v1/collections``: which collections this server has; the other routes take one as ``?collection=``."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from onrecord.ui.http.service import first_service

collections = APIRouter(tags=["collections"])


class CollectionModel(BaseModel):
    """``first``: the one that is meant where none is named. ``model``: what it goes by at /v1/chat/completions."""

    name: str
    first: bool
    model: str


class CollectionList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collections": [
                        {"name": "default", "first": True, "model": "onrecord"},
                        {"name": "harbour", "first": False, "model": "onrecord:harbour"},
                    ]
                }
            ]
        }
    )
    collections: list[CollectionModel]


@collections.get("/collections", response_model=CollectionList)
def list_collections(request: Request) -> Any:
    """The collections, the first one first. The name is what `collection` takes on the other routes."""
    service = first_service(request)
    first = service.collection.name
    return {
        "collections": [
            {"name": name, "first": name == first, "model": service.model_of(name)} for name in service.names
        ]
    }
