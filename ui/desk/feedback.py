"""What people say about answers, kept as a suite that ``onrecord eval`` can run on the same collection."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from onrecord.index.errors import StoreError, UnknownArticle
from onrecord.index.store import modes
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.feedback_files import ARTICLES, FOLDER, QUESTIONS, rows, write
from onrecord.ui.desk.records import Record

Kind = Literal["right", "wrong_answer", "wrong_citation"]
_lock = threading.Lock()


def keep(
    collection: Collection,
    record: Record,
    kind: str,
    note: str = "",
    history: Sequence[tuple[str, str]] = (),
    conversation: str = "",
) -> Path:
    """Writes the case into ``feedback/`` of the data folder, in place of an earlier verdict on the same answer.

    A right answer becomes its own reference; after a wrong one the note is what it should have said. ``conversation``:
    that of the answer; when it is deleted, the case is too.
    """
    folder = collection.folder / FOLDER
    try:
        with _lock:
            modes.make_folder(folder)
            cases = {row["id"]: row for row in rows(folder / QUESTIONS)}
            cases[record.id] = _case(record, kind, note, history, conversation)
            articles = {row["id"]: row for row in rows(folder / ARTICLES)}
            articles |= {row["id"]: row for row in _articles(collection, record)}
            write(folder / QUESTIONS, list(cases.values()))
            write(folder / ARTICLES, list(articles.values()))
            about = {
                "name": "feedback",
                "license": "yours",
                "source": "the chat page",
                "about": "Answers that people judged.",
            }
            modes.write_text(folder / "suite.json", json.dumps(about, indent=1) + "\n")
    except OSError as error:
        raise StoreError(f"The feedback could not be kept in {folder} ({error}); check that it is writable.") from error
    return folder


def _case(
    record: Record, kind: str, note: str, history: Sequence[tuple[str, str]], conversation: str
) -> dict[str, Any]:
    cited = [{"article": q.article_id, "quote": q.quote} for q in record.answer.citations]
    said = " ".join(one.text for one in record.answer.sentences)
    right = kind == "right"
    answered = record.status == "answered"
    case: dict[str, Any] = {
        "id": record.id,
        "question": record.question,
        "answerable": answered if right else bool(note) or not answered,
        "answers": [said] if right and answered else [note] if note else [],
        "evidence": cited if right else [],
        "kind": "feedback",
        "verdict": kind,
        "note": note,
        "got": {
            "answer": record.answer_text,
            "cited": cited,
            "model": record.answer.model,
            "conversation": conversation,
        },
    }
    if history:
        case["history"] = [{"role": role, "content": content} for role, content in history]
    return case


def _articles(collection: Collection, record: Record) -> list[dict[str, str]]:
    """The articles that the answer was made from, so that the suite stands alone."""
    found = []
    for key in dict.fromkeys([*(q.article_id for q in record.answer.evidence), *(h.article_id for h in record.found)]):
        try:
            a = collection.library.article(key)
        except UnknownArticle:
            continue
        found.append(
            {"id": a.id, "title": a.title, "text": a.text, "source": a.source, "published": a.published, "url": a.url}
        )
    return found
