"""The files of the feedback suite: questions that people judged, and the articles that they were asked of."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from onrecord.index.store import modes
from onrecord.ui.desk.forgetting import ArticleLookup

FOLDER, QUESTIONS, ARTICLES = "feedback", "questions.jsonl", "articles.jsonl"
Row = dict[str, Any]


def rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def write(path: Path, lines: Sequence[Row]) -> None:
    modes.write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines))


def forget_conversation(data: Path, conversation: str, turns: Sequence[str]) -> None:
    """Takes out what was judged in a conversation that is deleted. ``data``: the data folder."""
    _keep(
        data / FOLDER / QUESTIONS,
        lambda row: row.get("id") not in turns and row.get("got", {}).get("conversation") != conversation,
    )


def forget_articles(data: Path, lookup: ArticleLookup) -> None:
    """Takes out the articles that are gone, or say something else now, and the questions that rest on them.

    The others get the title, source and date that they have now.
    """

    def unchanged(row: Row) -> bool:
        article = lookup.article(str(row.get("id")))
        return article is not None and article.text == row.get("text")

    path = data / FOLDER / ARTICLES
    gone = {row.get("id") for row in _keep(path, unchanged)}
    before = rows(path)
    now = [{**row, **{name: value for name, value in lookup.facts(row["id"]).items() if name in row}} for row in before]
    if now != before:
        write(path, now)
    if gone:
        _keep(data / FOLDER / QUESTIONS, lambda row: not gone & {one.get("article") for one in row.get("evidence", ())})


def _keep(path: Path, wanted: Callable[[Row], bool]) -> list[Row]:
    """Leaves only the rows that are wanted; returns the others."""
    every = rows(path)
    gone = [row for row in every if not wanted(row)]
    if gone:
        write(path, [row for row in every if row not in gone])
    return gone
