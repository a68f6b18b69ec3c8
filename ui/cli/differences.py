"""The command that lists what the articles disagree on."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import complain, print_json, say
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption

if TYPE_CHECKING:
    from onrecord.qa.differences.values import Difference


def differences(
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    dismiss: Annotated[
        str, typer.Option("--dismiss", metavar="ID", help="Show this one no more: the two sentences agree.")
    ] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the articles disagree: pairs of their sentences, the earlier report first."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import counted, progress

    scope = opening.scope_from(article, source, published_from, published_to)
    with closing(open_collection(opening.settings_of(data))) as collection:
        if dismiss:
            collection.dismiss(dismiss)
        with progress("Comparing articles", quiet=as_json) as report_progress:
            found, pending, warnings = collection.differences(scope, on_progress=report_progress)
    for warning in warnings:
        complain(warning)
    if as_json:
        print_json({"count": len(found), "differences": [one.to_dict() for one in found], "pending": pending})
        return
    if not found:
        say("No two sentences of different articles were found to disagree.")
    for one in found:
        _show(one)
    if pending:
        say(f"{counted(pending, 'article')} still to be compared; look again later.")


def _show(difference: "Difference") -> None:
    from rich.text import Text

    from onrecord.index.inert import one_line
    from onrecord.qa.differences.told import about
    from onrecord.ui.cli.terminal import console, where_from

    out = console()
    out.print(Text(f"{difference.id}  The articles differ on {about(difference)}:", "bold yellow"))
    for side in difference.sides:
        said = Text(one_line(side.sentence.text))
        out.print(Text("• “").append_text(said).append("”"))
        out.print(Text(f"  {where_from(side.cite())}", "dim"))
    out.print()
