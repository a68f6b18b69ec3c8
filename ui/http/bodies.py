"""The bodies of requests: read whole within a limit, and JSON whose strings are text."""

import json
import re
from typing import Any

from starlette.types import Message, Receive

from onrecord.ui.http.problems import Problem

HALF = "has half of a surrogate pair, which is no character; send whole characters."
# What a lone surrogate can come from: an escape, its bytes, or an encoding of two or four bytes a character.
_MAY_BE_HALF = re.compile(rb"\\u[dD]|\xed|\x00|\xff\xfe|\xfe\xff")


async def whole_body(receive: Receive, *, most: int) -> bytes:
    """The body; raises a 413 beyond ``most`` bytes, and a 499 when the client goes away before its end."""
    taken = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(499, "The client went away before it had sent everything.")
        taken += message.get("body", b"")
        if len(taken) > most:
            raise Problem(413, f"More than {most:,} bytes are more than this may have; send less.")
        if not message.get("more_body", False):
            return bytes(taken)


def check_text(body: bytes) -> None:
    """Raises a 422 for JSON with a string that cannot be written as UTF-8. What is no JSON is its reader's to refuse.

    >>> check_text(rb'{"question": "\\ud83d\\ude00"}')
    >>> check_text(rb'{"question": "\\ud83d"}')
    Traceback (most recent call last):
    onrecord.ui.http.problems.Problem: 422: question: has half of a surrogate pair, which is no character; send ...
    """
    if not _MAY_BE_HALF.search(body):
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    left = [("", document)]
    while left:
        place, one = left.pop()
        match one:
            case str():
                _check_string(place, one)
            case dict():
                _check_string(place, "".join(one))
                left += [(f"{place}.{name}", inner) for name, inner in one.items()]
            case list():
                left += [(f"{place}.{number}", inner) for number, inner in enumerate(one)]


def _check_string(place: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Problem(422, f"{place.lstrip('.') or 'body'}: {HALF}") from error


def json_body(body: bytes) -> Any:
    """The document; raises a 400 for what is no JSON, a 422 as `check_text` does."""
    check_text(body)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "The body is not JSON, or nested too deeply; send one JSON document.") from error


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once more, and then waits for the client to go away as before."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
