"""The commands about who says what."""

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onrecord.qa.people.values import Statement

NONE_SAID = 3  # exit code: nobody of that name is quoted


def said(
    speaker: Annotated[str, typer.Argument(metavar="NAME", help="Whose words: Lavrov, or Sergey Lavrov.")],
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything that somebody said, by the day, quoted or reported; exit code 3 when there is nothing."""
    from onrecord.qa.records import to_dict
    from onrecord.ui.cli.collection import found_in

    scope = opening.scope_from(article, source, published_from, published_to)
    found = found_in(opening.settings_of(data), lambda collection: collection.said(speaker, scope))
    if as_json:
        print_json({"speaker": speaker, "quotations": [to_dict(one) for one in found]})
    elif found:
        _show(found)
    else:
        within = " within the filter" if scope else ""
        say(f"Nobody of the name {speaker} is quoted{within}; `onrecord people` lists who is.")
    if not found:
        raise typer.Exit(NONE_SAID)


def people(
    last: Annotated[int, typer.Option("--top", "-n", min=1, help="How many to show, who says most first.")] = 50,
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who speaks in the articles: names, how often, and from when to when."""
    from onrecord.index.inert import one_line
    from onrecord.qa.records import to_dict
    from onrecord.ui.cli.collection import found_in
    from onrecord.ui.cli.terminal import console, show_table

    scope = opening.scope_from(article, source, published_from, published_to)
    found = found_in(opening.settings_of(data), lambda collection: collection.people(scope))
    if as_json:
        print_json({"total": len(found), "people": [to_dict(one) for one in found[:last]]})
    elif not found:
        say("Nobody is named as a speaker in these articles.")
    else:
        rows = [(one_line(p.name), str(p.statements), str(p.articles), p.first, p.last) for p in found[:last]]
        heads = ("name", "statements", "articles", "first", "last")
        show_table(console(), heads, rows, right=("statements", "articles"))


def _show(found: "Sequence[Statement]") -> None:
    from rich.text import Text

    from onrecord.index.inert import one_line
    from onrecord.ui.cli.terminal import console, where_from
    from onrecord.ui.page.dates import day_text

    out = console()
    several = len({one.speaker for one in found}) > 1
    for day, some in groupby(found, key=lambda one: one.day):
        out.print(Text(day_text(day) or "No date", "bold cyan"))
        for one in some:
            who = f"{one_line(one.speaker)}: " if several else ""
            out.print(Text(f"  {who}", "bold").append(one_line(one.sentence.text), "default"))
            out.print(Text(f"  {where_from(one)}", "dim"))
