"""The feedback that versions before kept in files of a data folder: a suite of questions and articles."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

from onrecord.ui.desk.tables import Tables

FOLDER, QUESTIONS, ARTICLES = "feedback", "questions.jsonl", "articles.jsonl"
Row = dict[str, Any]
log = logging.getLogger("onrecord")


def rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def take_over(tables: Tables, folder: Path) -> None:
    """Moves what is there, once; what was said in a conversation that is gone goes with it."""
    old = folder / FOLDER
    if not old.is_dir():
        return
    try:
        articles = [row["id"] for row in rows(old / ARTICLES)]
        with tables.changing(taking=True):
            for case in rows(old / QUESTIONS):
                _put(tables, {**case, "articles": articles})
            # What rests on articles that are gone was perhaps not taken out of the files.
            tables.execute("DELETE FROM notes WHERE name='revision'")
        shutil.rmtree(old)
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("The feedback in %s cannot be taken over (%s); mend or remove it.", old, error)


def _put(tables: Tables, case: Row) -> None:
    of = str(case.get("got", {}).get("conversation", ""))
    of_turn = "SELECT conversation FROM turns WHERE id=?"
    query = f"SELECT id, owner FROM conversations WHERE id=? OR id=({of_turn})"
    found: list[tuple[str | None, str]] = tables.execute(query, (of, case["id"])) or ([] if of else [(None, "")])
    for conversation, owner in found[:1]:
        said = json.dumps(case, ensure_ascii=False)
        tables.execute(
            "INSERT INTO feedback (id, owner, conversation, said) VALUES (?,?,?,?) ON CONFLICT (id) DO NOTHING",
            (case["id"], owner, conversation, said),
        )
