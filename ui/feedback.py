"""What people say about answers, kept as a suite that ``onrecord eval`` can run on the same collection."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from onrecord.index.errors import StoreError, UnknownArticle
from onrecord.ui.records import Record
from onrecord.ui.room import Room

Kind = Literal["right", "wrong_answer", "wrong_citation"]
_lock = threading.Lock()


def keep(room: Room, record: Record, kind: str, note: str = "", history: Sequence[tuple[str, str]] = ()) -> Path:
    """Writes the case into ``feedback/`` of the data folder, in place of an earlier verdict on the same answer.

    A right answer becomes its own reference; after a wrong one the note is what it should have said.
    """
    folder = room.folder / "feedback"
    try:
        with _lock:
            folder.mkdir(parents=True, exist_ok=True)
            cases = {row["id"]: row for row in _rows(folder / "questions.jsonl")}
            cases[record.id] = _case(record, kind, note, history)
            articles = {row["id"]: row for row in _rows(folder / "articles.jsonl")}
            articles |= {row["id"]: row for row in _articles(room, record)}
            _write(folder / "questions.jsonl", list(cases.values()))
            _write(folder / "articles.jsonl", list(articles.values()))
            about = {
                "name": "feedback",
                "license": "yours",
                "source": "the chat page",
                "about": "Answers that people judged.",
            }
            (folder / "suite.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The feedback could not be kept in {folder} ({error}); check that it is writable.") from error
    return folder


def _case(record: Record, kind: str, note: str, history: Sequence[tuple[str, str]]) -> dict[str, Any]:
    cited = [{"article": q.article_id, "quote": q.quote} for q in record.cited]
    right = kind == "right"
    answered = record.status == "answered"
    case: dict[str, Any] = {
        "id": record.id,
        "question": record.question,
        "answerable": answered if right else bool(note) or not answered,
        "answers": [" ".join(line.text for line in record.lines)] if right and answered else [note] if note else [],
        "evidence": cited if right else [],
        "kind": "feedback",
        "verdict": kind,
        "note": note,
        "got": {"answer": record.answer_text, "cited": cited, "model": record.model},
    }
    if history:
        case["history"] = [{"role": role, "content": content} for role, content in history]
    return case


def _articles(room: Room, record: Record) -> list[dict[str, str]]:
    """The articles that the answer was made from, so that the suite stands alone."""
    rows = []
    for key in dict.fromkeys([*(q.article_id for q in record.evidence), *(h.article_id for h in record.hits)]):
        try:
            a = room.library.article(key)
        except UnknownArticle:
            continue
        rows.append(
            {"id": a.id, "title": a.title, "text": a.text, "source": a.source, "published": a.published, "url": a.url}
        )
    return rows


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Whole or not at all: a full disk never leaves half a suite."""
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    part.replace(path)
