"""The commands about the collection: add, list, remove, search, doctor, rebuild."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import FAILED, complain, print_json, say
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption
from onrecord.ui.desk.passed_over import passed_over_lines

if TYPE_CHECKING:
    from onrecord.index.types import Filter, SyncReport


def add(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH|ADDRESS…", help="Files, folders with everything in them, or addresses of pages."),
    ] = None,
    addresses: Annotated[
        Path | None, typer.Option("--addresses", metavar="FILE", help="A list of addresses, one a line; -: from stdin.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Files are read and embedded by the workers of this Ray cluster: HOST:PORT, ray://HOST:PORT, auto, or "
            "local for one of the command's own.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="With --ray: how many (default: one a processor).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add articles from files, folders and web addresses; what changed replaces what it had before."""
    from onrecord.index.ray_workers import Workers
    from onrecord.index.sync import joined
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import progress
    from onrecord.ui.cli.web import addresses_in

    def reading(path: str) -> None:
        complain(f"Reading {path}…")

    if workers is not None and ray is None:
        raise typer.BadParameter("--workers goes with --ray.")
    files, pages = _apart(paths or ())
    pages += addresses_in(addresses) if addresses else []
    if not files and not pages:
        raise typer.BadParameter("name what to add: a file, a folder, an address, or --addresses FILE.")
    silent = quiet or as_json
    on_reading = None if silent else reading
    with closing(open_collection(opening.settings_of(data))) as collection:
        reports = []
        if files:
            with progress("Adding articles", quiet=silent) as report_progress:
                if ray is None:
                    reports.append(collection.add(files, on_progress=report_progress, on_reading=on_reading))
                else:
                    reports.append(collection.add_by_workers(files, Workers(ray, workers), on_progress=report_progress))
        if pages:
            with progress("Reading pages", quiet=silent) as report_progress:
                reports.append(collection.add_addresses(pages, on_progress=report_progress, on_reading=on_reading))
        report = joined(reports)
        stored = collection.count()
    nothing = bool(report.failed) and not (report.added or report.changed or report.unchanged)
    if as_json:
        print_json(_report_json(report))
    else:
        for _, why in report.failed:
            complain(why)
        for _, what in report.notes:
            complain(what)
        if not quiet and not nothing:
            say(_report_text(report, stored))
        for line in () if quiet else passed_over_lines(report.passed_over):
            say(f"Passed over {line}.")
    if report.failed:
        raise typer.Exit(FAILED)


def _apart(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Files and folders, and web addresses; what is there under such a name is a file."""
    from onrecord.index.reading.files import stated_address

    pages = [stated_address(one) for one in given if not Path(one).exists()]
    return [one for one in given if not stated_address(one) or Path(one).exists()], [one for one in pages if one]


def _report_json(report: "SyncReport") -> dict[str, Any]:
    failed = [{"path": path, "error": why} for path, why in report.failed]
    passed_over = [{"path": path, "reason": why} for path, why in report.passed_over]
    problem = {"error": " ".join(why for _, why in report.failed), "kind": "ReadError"} if failed else {}
    notes = [{"path": path, "note": what} for path, what in report.notes]
    return {**asdict(report), "failed": failed, "passed_over": passed_over, "notes": notes, **problem}


def _report_text(report: "SyncReport", stored: int) -> str:
    from onrecord.ui.cli.terminal import counted

    parts = [f"{len(ids)} {what}" for what, ids in _changes(report) if ids]
    return f"{', '.join(parts) or 'Nothing to add'}. The collection has {counted(stored, 'article')}."


def _changes(report: "SyncReport") -> tuple[tuple[str, tuple[str, ...]], ...]:
    changes = ("added", report.added), ("changed", report.changed), ("unchanged", report.unchanged)
    return (*changes, ("removed", report.removed), ("not read in full", tuple(path for path, _ in report.failed)))


def list_articles(
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the articles of the collection."""
    from onrecord.ui.cli.collection import found_in
    from onrecord.ui.cli.terminal import console, show_table

    scope = opening.scope_from(article, source, published_from, published_to)
    found = found_in(opening.settings_of(data), lambda collection: collection.articles(scope))
    if as_json:
        print_json({"count": len(found), "articles": [asdict(info) for info in found]})
        return
    if not found and not scope:
        say("There are no articles yet; `onrecord add PATH` adds some.")
        return
    rows = [(info.id, info.title, info.source, info.published[:10], f"{info.words:,}") for info in found]
    show_table(console(), ("id", "title", "source", "published", "words"), rows, right=("words",))


def edit(
    article_id: Annotated[str, typer.Argument(metavar="ID", help="The article's id, as `onrecord list` shows it.")],
    title: Annotated[str | None, typer.Option(help="Its title.", show_default=False)] = None,
    source: Annotated[str | None, typer.Option(help="Who published it; '' for nobody.", show_default=False)] = None,
    published: Annotated[
        str | None, typer.Option(metavar="DAY", help="When, as 2024-03-09; '' for unknown.", show_default=False)
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set the title, source or date of an article; its text stays, and what was set holds when it is read again."""
    from onrecord.index.errors import InputError
    from onrecord.index.inert import one_line
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.page.dates import day_text

    given = {"title": title, "source": source, "published": published}
    facts = {name: value for name, value in given.items() if value is not None}
    if not facts:
        raise InputError("Nothing to set: give --title, --source or --published.")
    with closing(open_collection(opening.settings_of(data))) as collection:
        article = collection.edit(article_id, facts)
    if as_json:
        print_json({"id": article.id, **{name: getattr(article, name) for name in given}})
    else:
        shown = (article.title, article.source or "no source", day_text(article.published) or "no date")
        say(f"{article.id}: {one_line(' · '.join(shown))}")


def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of articles, as `onrecord list` shows them.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove articles; nothing of their text is left in the collection."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import counted

    with closing(open_collection(opening.settings_of(data))) as collection:
        removed = collection.remove(ids)
    if as_json:
        print_json({"removed": list(removed)})
    else:
        say(f"{counted(len(removed), 'article')} removed.")


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    top_k: Annotated[int | None, typer.Option("--top-k", "-k", min=1, help="How many passages to show.")] = None,
    min_score: Annotated[
        float | None, typer.Option("--min-score", min=-1, max=1, help="The least nearness of a passage: 0.3, say.")
    ] = None,
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find passages, by meaning and by words; no language model is loaded."""
    from onrecord.index.errors import InputError
    from onrecord.ui.cli.collection import open_collection

    if not query.strip():
        raise InputError("The query is empty; type what to look for.")
    scope = opening.scope_from(article, source, published_from, published_to)
    settings = opening.settings_of(data, {"retrieval.top_k": top_k})
    with closing(open_collection(settings)) as collection:
        found, warnings = collection.search(query, top_k=settings.retrieval.top_k, scope=scope, min_score=min_score)
        empty = not found and not collection.count()
    for warning in warnings:
        complain(warning)
    if as_json:
        print_json({"query": query, "hits": found})
    elif empty:
        say("There are no articles yet; `onrecord add PATH` adds some.")
    else:
        _show_hits(found, scope)


def _show_hits(found: Sequence[dict[str, Any]], scope: "Filter") -> None:
    from rich.text import Text

    from onrecord.index.inert import one_line
    from onrecord.ui.cli.terminal import console
    from onrecord.ui.page.dates import day_text

    out = console()
    for number, hit in enumerate(found, start=1):
        facts = ", ".join(part for part in (hit["title"], hit["source"], day_text(hit["published"])) if part)
        out.print(
            Text(f"{number}. ", "bold cyan").append(one_line(facts), "bold").append(f"  {hit['score']:.3f}", "dim")
        )
        out.print(Text(one_line(hit["text"])))
        out.print(Text(f"{hit['id']}\n" if number < len(found) else hit["id"], "dim"))
    if not found:
        out.print("Nothing found." if not scope else "Nothing found within the filter.")


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check that everything stored agrees, and that the models are the publisher's own bytes."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.models import examined_models

    settings = opening.settings_of(data)
    models = examined_models(settings)
    embedder_here = all(model["state"] == "fine" for model in models if model["needed"])
    with closing(open_collection(settings)) as collection:
        report = collection.examine()
    holds = {"articles": report.articles, "passages": report.passages, "schema": report.schema}
    fine = not report.findings and embedder_here and all(model["state"] != "damaged" for model in models)
    if as_json:
        findings = [asdict(finding) for finding in report.findings]
        print_json({"ok": fine, "data": settings.place, **holds, "findings": findings, "models": models})
    else:
        counted = f"{report.articles:,} articles, {report.passages:,} passages"
        say(f"{settings.place}: {counted}; schema {report.schema}.")
        for finding in report.findings:
            complain(f"{finding.message} To mend it: {finding.cure}.")
        for model in models:
            say(f"Model {model['name']}: {model['state']}." + (f" {model['cure']}" if model["cure"] else ""))
        say("All is well." if fine else "Something needs mending.")
    if not fine:
        raise typer.Exit(FAILED)


def rebuild(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Build the search indexes anew from what is stored; only another embedder makes it embed again.

    The one command that cannot go through a running chat or server: stop that first.
    """
    from onrecord.index.doctor import rebuild as rebuilt
    from onrecord.ui.cli.terminal import counted, progress

    with closing(opening.open_library(opening.settings_of(data))) as library:
        with progress("Embedding again", quiet=as_json) as report_progress:
            embedded = rebuilt(library, on_progress=report_progress)
        articles, passages = library.article_count(), library.passage_count
    if as_json:
        print_json({"articles": articles, "passages": passages, "embedded_again": embedded})
    else:
        say(f"Rebuilt: {counted(articles, 'article')}, {counted(passages, 'passage')}.")
