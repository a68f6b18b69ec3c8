"""The commands about watched folders."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import FAILED, complain, print_json, say
from onrecord.ui.cli.opening import DataOption, JsonOption

if TYPE_CHECKING:
    from onrecord.index.store.folder_notes import Folder


def watch(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="The folder; without one, list those that are watched.")
    ] = None,
    remove_gone: Annotated[
        bool, typer.Option("--remove-gone", help="Remove the articles of files that are gone, too.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a folder: what is in it is added now, what appears or changes by a running chat or server."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import counted, progress

    with closing(open_collection(opening.settings_of(data))) as collection:
        if folder is None:
            _list(collection.watched(), as_json=as_json)
            return
        with progress("Adding articles", quiet=as_json) as report_progress:
            report = collection.watch(folder, on_progress=report_progress)
        removed = collection.remove_gone(folder).removed if remove_gone else ()
        path = str(folder.expanduser().resolve())
        (watched,) = (one for one in collection.watched() if one.path == path)
    if as_json:
        print_json({"folder": asdict(watched), "added": list(report.added), "removed": list(removed)})
        return
    for _, why in watched.unread:
        complain(why)
    for file in watched.gone:
        complain(f"{file} is gone; its articles stay, unless you run `onrecord watch {folder} --remove-gone`.")
    news = [f"{counted(len(report.added), 'article')} added"]
    news += [f"{len(report.changed)} changed"] if report.changed else []
    news += [f"{len(removed)} removed"] if removed else []
    say(f"Watching {path}: {', '.join(news)}.")


def unwatch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is watched.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a folder no longer; its articles stay."""
    from onrecord.ui.cli.collection import open_collection

    with closing(open_collection(opening.settings_of(data))) as collection:
        collection.unwatch(folder)
    if as_json:
        print_json({"unwatched": str(folder)})
    else:
        say(f"{folder} is watched no longer; its articles stay.")


def _list(folders: "Sequence[Folder]", *, as_json: bool) -> None:
    from onrecord.ui.cli.terminal import console, show_table

    if as_json:
        print_json({"folders": [asdict(folder) for folder in folders]})
    elif not folders:
        say("No folder is watched; `onrecord watch FOLDER` watches one.")
    else:
        rows = [(one.path, one.looked[:16], str(one.files), str(len(one.gone)), _trouble(one)) for one in folders]
        headings = ("folder", "looked at (UTC)", "files", "gone", "trouble")
        show_table(console(), headings, rows, right=("files", "gone"))
    if any(folder.said for folder in folders):
        raise typer.Exit(FAILED)


def _trouble(folder: "Folder") -> str:
    return folder.said or " ".join(why for _, why in folder.unread)
