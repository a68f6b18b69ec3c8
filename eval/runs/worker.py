"""One system in a process of its own: ``python -m onrecord.eval.runs.worker``.

The runner speaks to it in lines of JSON.

A process can be killed when it hangs, its crash is an error row, and its memory is its own. The first line in says
what to be; then each line asks one question, each line out answers it. Whatever a library prints goes to stderr.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TextIO

from onrecord.eval.suites.loading import Question
from onrecord.eval.suites.records import STATUSES, ResultRow
from onrecord.eval.suites.stored import load_stored_suite
from onrecord.eval.systems.base import System, SystemOptions
from onrecord.eval.systems.make import make_system
from onrecord.index.errors import OnRecordError

Say = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Serves one system until its standard input ends."""
    # The protocol keeps the real standard output; prints of any library, native ones too, must not get into it.
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)

        def say(message: Mapping[str, Any]) -> None:
            out.write(json.dumps(message, ensure_ascii=False) + "\n")
            out.flush()

        serve(sys.stdin, say)


def serve(lines: TextIO, say: Say) -> None:
    """The worker's loop. Says ``ready`` or ``refused``, then ``row`` or ``error`` per question asked."""
    order = json.loads(lines.readline())
    try:
        suite = load_stored_suite(order["suite"])
        options = SystemOptions(**{**order["options"], "index_folder": Path(order["options"]["index_folder"])})
        system = make_system(order["system"], options)
        if hasattr(system, "on_progress"):
            system.on_progress = lambda done, total: say({"indexed": [int(done), total]})
        system.prepare(suite)
    except Exception as error:  # noqa: BLE001 - a user's system may raise anything; the runner reports it
        say({"refused": describe(error)})
        return
    say({"ready": _info(system)})
    questions = {question.id: question for question in suite.questions}
    for line in lines:
        request = json.loads(line)
        try:
            row = _asked(system, questions[request["ask"]], request)
            say({"row": asdict(row), "info": _info(system)})  # a model is loaded, and known, when first asked
        except Exception as error:  # noqa: BLE001 - as above: one bad question must not end the run
            say({"error": describe(error)})
    system.close()


def checked(result: object, question: Question, name: str) -> ResultRow:
    """What a system returned, if it is a row of this question that can be written; else the reason as TypeError."""
    if not isinstance(result, ResultRow):
        raise TypeError(f"returned {type(result).__name__}, not a ResultRow")
    if result.question_id != question.id:
        raise TypeError(f"returned a row of question {result.question_id!r}")
    if result.status not in STATUSES:
        raise TypeError(f"returned the status {result.status!r}; it must be one of {', '.join(STATUSES)}")
    return ResultRow.from_json(replace(result, system=name).to_json())


def describe(error: BaseException) -> str:
    """An error as one line: our own by its sentence, others with their type."""
    text = " ".join(str(error).split())
    return text if isinstance(error, OnRecordError) else f"{type(error).__name__}: {text}"


def _asked(system: System, question: Question, request: Mapping[str, Any]) -> ResultRow:
    top_k = int(request["retrieve"])
    result = system.retrieve(question, top_k=top_k) if top_k else system.answer(question)
    row = checked(result, question, request["name"])
    return replace(row, timings={**row.timings, **_memory()})


def _end_with(parent: int) -> None:
    """Ends this process when the runner is gone: a run that was killed must not keep its index locked."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _info(system: System) -> dict[str, Any]:
    return dict(getattr(system, "info", {}))


def _memory() -> dict[str, float]:
    """The most memory this process ever had, in MiB; nothing where the platform does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return {}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_memory_mib": peak / (1024 * 1024 if sys.platform == "darwin" else 1024)}


if __name__ == "__main__":
    main()
