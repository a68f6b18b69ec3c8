"""Evaluate answers, citations and refusals on suites of questions: check, run, report, compare, gate, and more."""

from pathlib import Path
from typing import Annotated, Any

import typer

from onrecord.eval.cli.judge import asked, calibrate, compare, gate, grounding, names
from onrecord.eval.cli.load import load
from onrecord.eval.cli.make import bench, draft, grow, workers
from onrecord.eval.cli.options import (
    Embedder,
    Flags,
    Model,
    Out,
    Replies,
    Sample,
    Seed,
    SettingsFile,
    TimeLimit,
    flags_of,
)
from onrecord.eval.runs.progress import say

app = typer.Typer(
    name="eval",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
PEERS = ("onrecord", "onrecord-no-model", "llama-index-citation", "llama-index-default", "closed-book")
SEEDS = Path(__file__).resolve().parents[1] / "seeds"
POISONED = Path(__file__).resolve().parents[1] / "poisoned"

Suites = Annotated[list[Path], typer.Argument(help="Folders of suites.", show_default=False)]
RunFolder = Annotated[Path, typer.Argument(help="The --out of a run.", show_default=False)]
RESULTS_PAGE = Path("docs/evaluation.md")
ResultsFile = Annotated[Path, typer.Option(help="The page with the two markers.")]


@app.command()
def check(
    suites: Suites,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings (a quote that is there twice) fail too.")] = False,
) -> None:
    """Check suites: every field, every id, and that every quote is in its article to the letter."""
    from onrecord.eval.suites.loading import load_suite
    from onrecord.eval.suites.stored import as_stored

    for folder in suites:
        suite = load_suite(folder, strict=strict)
        as_stored(suite)
        for warning in suite.warnings:
            say(f"warning: {warning}", err=True)
        answerable = sum(q.answerable for q in suite.questions)
        drafts = f", {len(suite.drafts)} of them drafts" if suite.drafts else ""
        say(
            f"{suite.name}: {len(suite.questions)} questions{drafts} ({answerable} answerable, "
            f"{len({q.kind for q in suite.questions})} kinds) over {len(suite.articles)} articles; fine"
        )


@app.command()
def run(
    suites: Suites,
    out: Out,
    system: Annotated[
        list[str],
        typer.Option("--system", "-s", help="A system by name, URL, openai:URL or file.py:Class; several times."),
    ] = ["onrecord"],  # noqa: B006 - typer copies it
    sample: Sample = 0,
    seed: Seed = 0,
    retrieval_only: Annotated[bool, typer.Option("--retrieval-only", help="Search only; no model is needed.")] = False,
    top_k: Annotated[int, typer.Option(min=1, max=1000, help="Places that are kept of each search.")] = 20,
    time_limit: TimeLimit = 300.0,
    model: Model = "qwen2.5-coder-1.5b",
    embedder: Embedder = "all-minilm-l6-v2",
    config: SettingsFile = None,
    set_: Flags = [],  # noqa: B006 - typer copies it
    drafts: Annotated[bool, typer.Option("--drafts", help="Ask drafted questions too.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask questions that failed again.")] = False,
    index: Annotated[Path | None, typer.Option(help="Where indexes are kept; default: the user's cache.")] = None,
    replies: Replies = None,
) -> None:
    """Ask suites of systems; a run that was stopped goes on where it was. Exit 1 when a question failed."""
    from onrecord.eval.runs.runner import RunSettings
    from onrecord.eval.systems.base import SystemOptions, default_index_folder

    settings = RunSettings(
        sample=sample or None,
        seed=seed,
        retrieval_only=retrieval_only,
        top_k=top_k,
        time_limit=time_limit,
        drafts=drafts,
        retry_failed=retry_failed,
    )
    options = SystemOptions(
        index_folder=index or default_index_folder(),
        model=model,
        embedder=embedder,
        settings_file=str(config or ""),
        flags=flags_of(set_),
        replies=str(replies.resolve()) if replies else "",
    )
    if not run_and_report(suites, system, out, settings, options):
        raise typer.Exit(1)


@app.command()
def report(folder: RunFolder, out: Annotated[Path | None, typer.Option(help="Write it elsewhere.")] = None) -> None:
    """Write summary.json, report.md, junit.xml and report.html of a run, and print the headline figures."""
    from onrecord.eval.reports.report import markdown, write_report
    from onrecord.eval.reports.scored import score_run

    scored = score_run(folder)
    files = write_report(scored, out)
    say(markdown(scored))
    say(f"Wrote {files.html}, {files.summary.name}, {files.markdown.name} and {files.junit.name}.")


@app.command()
def table(folder: RunFolder, file: ResultsFile = RESULTS_PAGE) -> None:
    """Refresh the results table of the documentation from a run."""
    from onrecord.eval.reports.scored import score_run
    from onrecord.eval.reports.table import refresh_table

    refresh_table(file, score_run(folder))
    say(f"{file}: the results table is that of {folder} now.")


@app.command("all")
def run_all(
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/seeds"),
    sample: Sample = 100,
    seed: Seed = 0,
    file: ResultsFile = RESULTS_PAGE,
) -> None:
    """The seeds suite for OnRecord and its peers; refreshes the documentation's table. What `make eval` does."""
    from onrecord.eval.reports.scored import score_run
    from onrecord.eval.reports.table import refresh_table
    from onrecord.eval.runs.runner import RunSettings
    from onrecord.eval.systems.base import SystemOptions, default_index_folder

    settings = RunSettings(sample=sample or None, seed=seed)
    fine = run_and_report([SEEDS], PEERS, out, settings, SystemOptions(index_folder=default_index_folder()))
    refresh_table(file, score_run(out))
    say(f"{file}: the results table is refreshed.")
    if not fine:
        raise typer.Exit(1)


def run_and_report(suites: Any, systems: Any, out: Path, settings: Any, options: Any) -> bool:
    """Runs, reports, and says what failed; whether everything was fine."""
    from rich.console import Console

    from onrecord.eval.reports.report import markdown, write_report
    from onrecord.eval.reports.scored import score_run
    from onrecord.eval.runs.progress import progress_for
    from onrecord.eval.runs.runner import run as run_suites

    result = run_suites(
        suites, systems, out=out, settings=settings, options=options, progress=progress_for(Console(stderr=True))
    )
    for reason in result.refused:
        say(f"not run: {reason}", err=True)
    if result.asked or result.kept:
        scored = score_run(out)
        files = write_report(scored)
        say(markdown(scored))
        say(f"Report: {files.html}")
    if result.failed:
        say(f"{result.failed} questions failed; see the log beside the rows, and --retry-failed.", err=True)
    return result.ok


app.command()(compare)
app.command()(gate)
app.command()(grounding)
app.command()(names)
app.command()(asked)
app.command()(calibrate)
app.command()(draft)
app.command()(bench)
app.command()(grow)
app.command()(load)
app.command()(workers)


if __name__ == "__main__":
    app()
