"""The command that writes out what people said about answers, as a suite."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import DataOption, JsonOption

if TYPE_CHECKING:
    from onrecord.ui.desk.feedback import Suite

ABOUT = {
    "name": "feedback",
    "license": "yours",
    "source": "the chat page",
    "about": "Answers that people judged.",
}


def feedback(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, or that of an earlier one.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what people said about answers on the page as a suite, for `onrecord eval`."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import counted

    with closing(open_collection(opening.settings_of(data))) as collection:
        suite = collection.feedback()
    write_suite(suite, folder.expanduser())
    questions, articles = len(suite.questions), len(suite.articles)
    if as_json:
        print_json({"folder": str(folder), "questions": questions, "articles": articles})
    else:
        say(f"{folder} has {counted(questions, 'judged answer')} and {counted(articles, 'article')}.")


def write_suite(suite: "Suite", folder: Path) -> None:
    """Its files, in place of those of an earlier one. Raises `InputError` where a folder has others."""
    from onrecord.index.errors import InputError
    from onrecord.index.store import modes

    texts = {
        "questions.jsonl": _lines(suite.questions),
        "articles.jsonl": _lines(suite.articles),
        "suite.json": json.dumps(ABOUT, indent=1) + "\n",
    }
    others = sorted({one.name for one in folder.iterdir()} - set(texts)) if folder.is_dir() else ()
    if others:
        raise InputError(f"{folder} has other files, such as {others[0]}; name a new or an empty folder.")
    try:
        modes.make_folder(folder)
        for name, text in texts.items():
            modes.write_text(folder / name, text)
    except OSError as error:
        raise InputError(f"The suite cannot be written to {folder} ({error}); name another folder.") from error


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
