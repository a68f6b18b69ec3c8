"""The commands about who and what the articles name."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onrecord.qa.names.values import Mention, NameEntry
    from onrecord.ui.cli.protocol import CollectionCommands

NameKind = Literal["person", "place", "organisation", "quantity"]  # said again: `--help` does not load what has them
NOWHERE = 3  # exit code: no sentence has the name
TASK = "Reading names"


def names(
    kind: Annotated[NameKind, typer.Option("--kind", "-k", help="What to list.")] = "person",
    last: Annotated[int, typer.Option("--top", "-n", min=1, help="How many, those in most articles first.")] = 50,
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """The people, places, organisations or quantities in the articles, and in how many they are."""
    from onrecord.index.inert import one_line
    from onrecord.qa.records import to_dict
    from onrecord.ui.cli.collection import found_in
    from onrecord.ui.cli.terminal import console, progress, show_table

    scope = opening.scope_from(article, source, published_from, published_to)

    def asked(collection: "CollectionCommands") -> "tuple[Sequence[NameEntry], Sequence[str]]":
        with progress(TASK, quiet=as_json) as report_progress:
            return collection.names(kind, scope, on_progress=report_progress)

    found = found_in(opening.settings_of(data), asked)
    if as_json:
        print_json({"total": len(found), "names": [to_dict(one) for one in found[:last]]})
    elif not found:
        say(f"No {kind} is named in these articles.")
    else:
        rows = [(one_line(n.name), str(n.articles), str(n.mentions), n.first, n.last) for n in found[:last]]
        heads = ("name", "articles", "mentions", "first", "last")
        show_table(console(), heads, rows, right=("articles", "mentions"))


def named(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A person, a place, an organisation, or $5 million.")],
    kind: Annotated[NameKind | None, typer.Option("--kind", "-k", help="Only where it is one.")] = None,
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every sentence that has a name, the latest article first; exit code 3 when there is none."""
    from onrecord.qa.records import to_dict
    from onrecord.ui.cli.collection import found_in
    from onrecord.ui.cli.terminal import progress

    scope = opening.scope_from(article, source, published_from, published_to)

    def asked(collection: "CollectionCommands") -> "tuple[Sequence[Mention], Sequence[str]]":
        with progress(TASK, quiet=as_json) as report_progress:
            return collection.named(name, kind, scope, on_progress=report_progress)

    found = found_in(opening.settings_of(data), asked)
    if as_json:
        print_json({"name": name, "mentions": [to_dict(one) for one in found]})
    elif found:
        _show(found)
    else:
        within = " within the filter" if scope else ""
        say(f"No sentence has the name {name}{within}; `onrecord names` lists what is named.")
    if not found:
        raise typer.Exit(NOWHERE)


def _show(found: "Sequence[Mention]") -> None:
    from rich.text import Text

    from onrecord.index.inert import one_line
    from onrecord.ui.cli.terminal import console, where_from

    out = console()
    for one in found:
        out.print(Text(one_line(one.sentence.text)))
        out.print(Text(f"  {where_from(one)}", "dim"))
