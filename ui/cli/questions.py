"""The commands about saved questions: what changed since their answers were last seen."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from onrecord.ui.cli.protocol import CollectionCommands
    from onrecord.ui.desk.saved import SavedQuestion

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `onrecord questions` shows it.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="All of them when none is given.")]
questions = typer.Typer(
    help="Saved questions: asked again when articles arrive; what changed is shown.", invoke_without_command=True
)


@questions.callback()
def when_alone(context: typer.Context, data: DataOption = None, as_json: JsonOption = False) -> None:
    if context.invoked_subcommand is None:
        list_questions(data=data, as_json=as_json)


@questions.command("list")
def list_questions(data: DataOption = None, as_json: JsonOption = False) -> None:
    """The saved questions, and what changed since each was last seen."""
    from onrecord.ui.cli.collection import open_collection

    with closing(open_collection(opening.settings_of(data))) as collection:
        found = collection.questions()
    if not found and not as_json:
        say("No question is saved; `onrecord questions save QUESTION` saves one.")
    else:
        _show(found, as_json=as_json)


@questions.command()
def save(
    question: Annotated[str, typer.Argument(help="What you want to be told of when articles arrive.")],
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save a question: it is asked now, in quotes, and again by a running chat or server when articles have come."""
    from onrecord.qa.steps.understand import readable
    from onrecord.ui.cli.collection import open_collection

    scope = opening.scope_from(article, source, published_from, published_to)
    readable(question)
    with closing(open_collection(opening.settings_of(data))) as collection:
        _show([collection.save_question(question, scope)], as_json=as_json)


@questions.command()
def ask(ids: IdsArgument = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Ask saved questions again now."""
    _each(ids, lambda collection: collection.ask_question, data, as_json=as_json)


@questions.command()
def seen(ids: IdsArgument = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Take the answers as seen: what changes is counted from them."""
    _each(ids, lambda collection: collection.seen_question, data, as_json=as_json)


@questions.command()
def remove(question_id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Ask a question no more; nothing of its answers is kept."""
    from onrecord.ui.cli.collection import open_collection

    with closing(open_collection(opening.settings_of(data))) as collection:
        collection.remove_question(question_id)
    if as_json:
        print_json({"removed": question_id})
    else:
        say(f"{question_id} is asked no more.")


def _each(
    ids: Sequence[str] | None,
    act: "Callable[[CollectionCommands], Callable[[str], SavedQuestion]]",
    data: str | None,
    *,
    as_json: bool,
) -> None:
    """Does it to the questions of these ids, or to all, and shows them."""
    from onrecord.ui.cli.collection import open_collection

    with closing(open_collection(opening.settings_of(data))) as collection:
        wanted = ids or [one.id for one in collection.questions()]
        _show([act(collection)(one) for one in wanted], as_json=as_json)


def _show(found: "Sequence[SavedQuestion]", *, as_json: bool) -> None:
    from rich.text import Text

    from onrecord.index.inert import one_line
    from onrecord.qa.records import to_dict
    from onrecord.ui.cli.terminal import console, where_from

    if as_json:
        print_json({"questions": [to_dict(one) for one in found]})
        return
    out = console()
    for one in found:
        out.print(Text(f"{one.id}  ", "dim").append(one_line(one.question), "bold"))
        for line in one.lines or (
            ("Nothing new.",) if one.answer.status == "answered" else ("The articles do not say.",)
        ):
            out.print(Text(f"  {line}", "yellow" if one.change else "dim"))
        for quote in one.change.new or one.answer.citations[:1]:
            out.print(Text(f"  “{one_line(quote.quote)}”"))
            out.print(Text(f"  {where_from(quote)}", "dim"))
