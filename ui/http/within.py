"""Every route within what the key of its request allows: one dependency of `api_app` and of `openai_app`."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from onrecord.ui.http.allowance import ASKS, READING, READS, allowance
from onrecord.ui.http.problems import Problem
from onrecord.ui.http.service import first_service


async def within_allowance(request: Request) -> AsyncIterator[None]:
    """A dependency of every route: raises a 403 for what a key may not change, a 429 for one question too many.

    What is not marked as reading is a change, so that a new route is closed to reading keys until it is. A question
    that is refused, or fails before its answer began, is not counted.
    """
    may, marks = allowance(), getattr(request.scope.get("route"), "openapi_extra", None) or {}
    if may.read_only and request.method not in READING and not marks.keys() >= READS.keys():
        raise Problem(403, f"The key {may.name} may only read; make one without --read-only.")
    if not may.questions_per_day or not marks.keys() >= ASKS.keys():
        yield
        return
    daily = first_service(request).shared.daily
    wait = await run_in_threadpool(daily.take, may.id, may.questions_per_day)
    if wait:
        raise Problem(
            429,
            f"The key {may.name} may ask {may.questions_per_day} questions a day; the next day begins at 00:00 UTC.",
            {"Retry-After": str(wait)},
        )
    try:
        yield
    except Exception:
        await run_in_threadpool(daily.give_back, may.id)
        raise
