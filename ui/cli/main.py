"""The command line: what is registered under which name. Everything heavy is imported inside the commands."""

import os
import sys
from typing import Annotated

import typer

from onrecord.ui.cli.articles import add, doctor, edit, list_articles, rebuild, remove, search
from onrecord.ui.cli.ask import ask
from onrecord.ui.cli.brief import brief
from onrecord.ui.cli.chat import chat
from onrecord.ui.cli.differences import differences
from onrecord.ui.cli.doors import mcp, serve
from onrecord.ui.cli.feedback import feedback
from onrecord.ui.cli.folders import unwatch, watch
from onrecord.ui.cli.group import Commands
from onrecord.ui.cli.migrate import migrate
from onrecord.ui.cli.models import models
from onrecord.ui.cli.names import named, names
from onrecord.ui.cli.people import people, said
from onrecord.ui.cli.questions import questions
from onrecord.ui.cli.web import fetches, follow, unfollow
from onrecord.ui.server.stopping import end_as_interrupted

app = typer.Typer(
    name="onrecord",
    cls=Commands,
    help="Ask your articles; every sentence of the answer cites the exact sentence that says it.",
    epilog="Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 the articles do not say.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


@app.callback()
def onrecord(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"onrecord {installed('onrecord')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        from onrecord.ui.cli import start

        if not start.in_a_terminal():
            typer.echo(context.get_help())
            raise typer.Exit(2)
        start.start(context.get_help)


app.command()(add)
app.command()(follow)
app.command()(unfollow)
app.command()(fetches)
app.command()(watch)
app.command()(unwatch)
app.command("list")(list_articles)
app.command()(edit)
app.command()(remove)
app.command()(search)
app.command()(ask)
app.command()(said)
app.command()(people)
app.command()(names)
app.command()(named)
app.add_typer(questions, name="questions")
app.command()(feedback)
app.command()(differences)
app.command()(brief)
app.command()(chat)
app.command()(serve)
app.command()(mcp)
app.command()(doctor)
app.command()(rebuild)
app.command()(migrate)
app.add_typer(models, name="models")


def main() -> None:
    """The console command ``onrecord``."""
    end_as_interrupted()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # read when tokenizers is imported
    sys.exit(app())


if __name__ == "__main__":
    main()
