"""What the key of a request allows: asked wherever something may be changed, a collection named, or a question put.

It is a context variable, so that it holds in a request's threads, and for what MCP's tools ask ``/api/v1`` in turn.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

READING = ("GET", "HEAD", "OPTIONS")
# `openapi_extra` of a route that a reading key may use although it is no GET; of one that is counted as a question.
READS: dict[str, Any] = {"x-changes-nothing": True}
ASKS: dict[str, Any] = {**READS, "x-counts-as-question": True}
HEADER = "onrecord-allowance"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one key may do. ``collections``: empty means all; ``questions_per_day`` 0: any number."""

    id: str = ""
    name: str = ""
    read_only: bool = False
    collections: tuple[str, ...] = ()
    questions_per_day: int = 0

    def covers(self, collection: str) -> bool:
        return not self.collections or collection in self.collections

    def headers(self) -> dict[str, str]:
        """For `from_header` in the server that is asked in the key's place."""
        return {} if self == EVERYTHING else {HEADER: json.dumps(asdict(self))}


EVERYTHING = Allowance()
_current: ContextVar[Allowance] = ContextVar("allowance", default=EVERYTHING)


def allowance() -> Allowance:
    """What the request that is being answered may do."""
    return _current.get()


@contextmanager
def allowing(what: Allowance) -> Iterator[None]:
    token = _current.set(what)
    try:
        yield
    finally:
        _current.reset(token)


def from_header(text: str) -> Allowance:
    """What `Allowance.headers` said; raises ``ValueError``, ``TypeError`` or ``AttributeError`` for anything else."""
    given = json.loads(text) if text else {}
    return Allowance(**{**given, "collections": tuple(given.get("collections", ()))})
