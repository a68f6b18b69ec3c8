"""A process that forks victims: each does one job on a data folder and dies where or when it is told to.

Reads lines of JSON, ``{"folder", "job", "fault", "after"}``; writes what the victim acknowledged and how it ended. Not
a test: ``python victim.py`` is started by the campaigns, because a fork of it costs nothing and has all imported.
"""

import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onrecord.index.library import Library
from onrecord.index.store import faults
from onrecord.index.types import Article, Filter
from onrecord.qa.assistant import Assistant
from onrecord.ui.desk.collection import Collection, answer
from onrecord.ui.desk.collections import collection_in
from onrecord.ui.desk.conversations import new_record
from onrecord.ui.desk.model_queue import ModelQueue
from tests.attacks.traces import article, library_at

for heavy in ("chromadb", "Stemmer", "httpx", "fastapi.testclient", "onrecord.ui.server.doors"):
    importlib.import_module(heavy)

QUESTION = "Where did the quorvix council met number 3, blivnak?"
ASKED = ["blivnak"]  # stands in the question alone
SECRETS = ["quorvix", "zelbranth", "mufforly"]
OLD = [article(f"old{n}", words=[f"oldword{n}", f"oldother{n}", f"oldaddress{n}"]) for n in range(6)]
SECRET = article("secret", words=SECRETS, sentences=40)
OTHER = article("secret", words=["plainer"], sentences=3)


def new(n: int) -> Article:
    return article(f"new{n}", words=[f"newword{n}", f"newother{n}", f"newaddress{n}"])


def ack(what: str) -> None:
    os.write(1, f"ack {what}\n".encode())


def prepare(folder: Path) -> None:
    """Six articles, one with a secret, and a conversation about it."""
    with library_at(folder) as library:
        library.add([*OLD, SECRET])
        collection = collection_in(folder, library, Assistant(library, None))
        conversation = ask(collection)
        (record,) = collection.conversations.turns("ann", conversation)
        collection.feedback.keep("ann", conversation, record, "right", history=[("user", QUESTION)])
        collection.conversations.close()


def ask(collection: Collection) -> str:
    """Asks as the page does: every state of the answer is kept."""
    conversation = collection.conversations.begin("ann", QUESTION)
    for record in answer(collection, ModelQueue(), new_record(QUESTION, Filter()), ()):
        collection.conversations.keep("ann", conversation, record)
    return conversation


def add(library: Library) -> None:
    for n in range(3):
        library.add([new(n)])
        ack(f"+new{n}")
    library.add([new(n) for n in range(3, 6)])
    for n in range(3, 6):
        ack(f"+new{n}")
    library.search("newword1")


def replace(library: Library) -> None:
    library.add([OTHER])
    ack("=secret")


def remove(library: Library) -> None:
    for one in ("secret", "old1"):
        library.remove([one])
        ack(f"-{one}")
    library.search("oldword2")


def rebuild(library: Library) -> None:
    library.rebuild()
    ack("rebuilt")


def upload(library: Library) -> None:
    from fastapi.testclient import TestClient

    from onrecord.ui.server.doors import create_api

    app = create_api(library, Assistant(library, None), keys_required=False)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        for n in range(4):
            sent = {"files": (f"up{n}.txt", f"Upload {n}\n\nThe uploaded{n} council met near the harbour.".encode())}
            reply = client.post("/api/v1/articles/files", files=sent)
            assert reply.status_code == 201, reply.text
            ack(f"+{reply.json()['added'][0]}")


def with_collection(work: Callable[[Collection], None]) -> Callable[[Library], None]:
    def job(library: Library) -> None:
        collection = collection_in(library.path, library, Assistant(library, None))
        work(collection)

    return job


def delete(collection: Collection) -> None:
    (kept,) = collection.conversations.list("ann")
    collection.conversations.delete("ann", kept.id)
    ack("deleted")


def remove_in_collection(collection: Collection) -> None:
    collection.library.remove(["secret"])
    ack("-secret")


def replace_in_collection(collection: Collection) -> None:
    collection.library.add([OTHER])
    ack("=secret")


JOBS: dict[str, Callable[[Library], None]] = {
    "add": add,
    "replace": replace,
    "remove": remove,
    "rebuild": rebuild,
    "upload": upload,
    "delete-conversation": with_collection(delete),
    "remove-in-collection": with_collection(remove_in_collection),
    "replace-in-collection": with_collection(replace_in_collection),
}


def run(folder: str, job: str, fault: str, after: float) -> None:
    """The victim. ``fault`` "count": it lives, and says how often it passed each place."""
    watched()
    library = library_at(Path(folder))
    os.environ[faults.VARIABLE] = fault
    faults.passed.clear()
    if after:
        threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
    began = time.monotonic()
    JOBS[job](library)
    os.write(1, f"passed {json.dumps(faults.passed)}\nseconds {time.monotonic() - began}\n".encode())
    if fault == "count":
        library.close()


def watched() -> None:
    """Whatever a store does to files by Python's own means is a place to die at, too."""

    def around(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            faults.point(f"files.{name}.before")
            done = real(*args, **more)
            faults.point(f"files.{name}.after")
            return done

        setattr(owner, name, call)

    for owner, name in ((shutil, "rmtree"), (Path, "rename"), (Path, "replace"), (Path, "unlink")):
        around(owner, name)


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        pid = os.fork()
        if not pid:
            code = 1
            try:
                if told["job"] == "prepare":
                    prepare(Path(told["folder"]))
                else:
                    run(told["folder"], told["job"], told["fault"], told["after"])
                code = 0
            finally:
                if code:
                    import traceback

                    traceback.print_exc()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(f"ended {code}", flush=True)


if __name__ == "__main__":
    main()
