"""The command that moves a collection into PostgreSQL, or back into a folder."""

from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import JsonOption

if TYPE_CHECKING:
    from onrecord.index.moving import Place


def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A data folder, or postgresql://USER@HOST/DATABASE.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The other kind of place, which holds no articles yet.")],
    as_json: JsonOption = False,
) -> None:
    """Copy a collection from a data folder into PostgreSQL, or back; the old place stays as it is."""
    from onrecord.index.moving import move

    places = _place(source), _place(target)
    moved = move(*places)
    _copy_what_people_keep(*places)
    if as_json:
        print_json(asdict(moved))
    else:
        say(f"{moved.articles:,} articles with {moved.passages:,} passages are there now; name the place with --data.")


def _copy_what_people_keep(source: "Place", target: "Place") -> None:
    from onrecord.index.store.catalogue import Catalogue
    from onrecord.ui.desk.conversations import FILE, Conversations
    from onrecord.ui.desk.tables import copy

    with ExitStack() as opened:

        def kept(place: "Place") -> Conversations:
            articles = opened.enter_context(closing(Catalogue(place.folder, place.url)))
            return opened.enter_context(closing(Conversations(place.folder / FILE, articles.shared)))

        copy(kept(source), kept(target))


def _place(named: str) -> "Place":
    from onrecord.index.database_address import is_address
    from onrecord.index.moving import Place
    from onrecord.qa.settings import folder_beside

    return Place(folder_beside(named), named) if is_address(named) else Place(Path(named).expanduser())
