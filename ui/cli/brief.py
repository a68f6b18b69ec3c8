"""The command that briefs: a selection in five sentences, then what happened when, who says what, where they differ."""

from contextlib import closing
from typing import Annotated

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.ask import NOT_SAID
from onrecord.ui.cli.group import print_json
from onrecord.ui.cli.opening import ArticleOption, DataOption, JsonOption, SourceOption


def brief(
    about: Annotated[str, typer.Option(metavar="SUBJECT", help="Only what is about this.")] = "",
    since: Annotated[
        str, typer.Option("--since", "--from", metavar="DATE", help="Published on this day or later: 2024-03-09.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", "--to", metavar="DATE", help="Published on this day or earlier.")
    ] = "",
    article: ArticleOption = None,
    source: SourceOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Brief on the articles, in their own words; exit code 3 when there is nothing to tell."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import console, show_brief, waiting

    scope = opening.scope_from(article, source, since, until)
    with closing(open_collection(opening.settings_of(data))) as collection, waiting("Reading the articles"):
        told = collection.brief(about, scope)
    if as_json:
        print_json(told.to_dict())
    else:
        show_brief(console(), told)
    if told.reason:
        raise typer.Exit(NOT_SAID)
