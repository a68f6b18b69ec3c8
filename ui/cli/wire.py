"""The errors and the events that the HTTP interface sends."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from onrecord.index import errors


def error_from(problem: Mapping[str, Any]) -> errors.OnRecordError:
    """The error that a problem document tells of, of the class that it had there."""
    kind = getattr(errors, str(problem.get("kind", "")), None)
    if not (isinstance(kind, type) and issubclass(kind, errors.OnRecordError)):
        kind = errors.InputError if int(problem.get("status", 500)) < 500 else errors.OnRecordError
    return kind(str(problem.get("detail", "")))


def events_in(chunks: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """The name and the data of each Server-Sent Event.

    >>> list(events_in([b'event: progress\\ndata: {"do', b'ne": 1}\\n\\n']))
    [('progress', {'done': 1})]
    """
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n\n")
        for event in whole:
            name, _, data = event.partition(b"\n")
            yield name.removeprefix(b"event: ").decode(), json.loads(data.removeprefix(b"data: "))
