"""The commands that make something: a first suite for one's own articles, and figures of speed and growth."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from onrecord.eval.cli.options import Embedder, Model, Seed
from onrecord.eval.runs.progress import say

_BENCHMARKS = Path("../shared/benchmarks/realtimeqa-dev")


def draft(
    articles: Annotated[list[Path], typer.Argument(help="Files and folders of articles.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder for the suite.")],
    per_article: Annotated[int, typer.Option(min=1, max=100, help="Questions per article.")] = 4,
    seed: Seed = 0,
    model: Model = "qwen2.5-coder-1.5b",
    embedder: Embedder = "all-minilm-l6-v2",
) -> None:
    """Draft a first suite for your own articles; a person accepts or rejects each question in its file."""
    from onrecord.eval.fitting.draft import draft_questions, write_drafts
    from onrecord.index import Library
    from onrecord.index.errors import InputError
    from onrecord.index.settings import IndexSettings
    from onrecord.qa.engines.load import load_engine

    with (
        tempfile.TemporaryDirectory(prefix="onrecord-draft-") as folder,
        Library(folder, settings=IndexSettings(embedder=embedder)) as library,
    ):
        for path, why in library.add_paths(articles).failed:
            say(f"{path}: {why}", err=True)
        if not library.articles():
            raise InputError("none of the paths holds an article; give text, Markdown, HTML, PDF or JSON Lines files")
        engine = load_engine(model)
        drafts = []
        for one in draft_questions(library, engine, per_article=per_article, seed=seed):
            drafts.append(one)
            say(f"{'near miss' if one.sentence is None else 'question '}  {one.question}")
        engine.close()
        write_drafts(out, library, drafts, name=out.name)
    say(
        f'Wrote {len(drafts)} drafts to {out / "questions.jsonl"}. Accept one by setting its "draft" to false, reject '
        f"it by deleting its line; then: onrecord eval run {out} --out runs/{out.name}"
    )


def bench(
    suite: Annotated[Path | None, typer.Option(help="Suite to search; default realtimeqa-dev, else seeds.")] = None,
    model: Model = "qwen2.5-coder-1.5b",
    embedder: Embedder = "all-minilm-l6-v2",
    no_model: Annotated[bool, typer.Option("--no-model", help="Leave the answers out.")] = False,
    articles: Annotated[int, typer.Option(min=1, help="Articles that are indexed for the throughput.")] = 60,
    questions: Annotated[int, typer.Option(min=1, help="Questions that are answered for the times.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Speed and memory in one run, each beside the best that this machine can do at this moment."""
    from onrecord.eval.speed.bench import bench as measure
    from onrecord.eval.speed.bench import bench_table
    from onrecord.eval.suites.stored import load_stored_suite
    from onrecord.eval.systems.base import SystemOptions, default_index_folder
    from onrecord.qa.engines.load import load_engine

    seeds = Path(__file__).resolve().parents[1] / "seeds"
    folder = suite or (_BENCHMARKS if _BENCHMARKS.is_dir() else seeds)
    options = SystemOptions(index_folder=default_index_folder(), model=model, embedder=embedder)
    # Without the cache of earlier prompts: the bare engine must read what it is measured on.
    engine = None if no_model else load_engine(model, cache_mib=0)
    try:
        result = measure(
            load_stored_suite(folder),
            options,
            engine=engine,
            articles=articles,
            questions=questions,
            say=partial(say, err=True),
        )
    finally:
        if engine is not None:
            engine.close()
    say(result.to_json() if as_json else bench_table(result))


def grow(
    passages: Annotated[
        list[int] | None, typer.Argument(help="Sizes; default: 10000 30000.", show_default=False)
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Keep the made collection there, to grow it further.")] = None,
    suite: Annotated[Path | None, typer.Option(help="Whose words and vectors; default realtimeqa-dev.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """A made collection at several sizes: adding, opening, searching, memory. 1,000,000 passages take hours."""
    from onrecord.eval.speed.growth import grow as measure
    from onrecord.eval.speed.growth import growth_json, growth_table
    from onrecord.eval.suites.stored import load_stored_suite

    seeds = Path(__file__).resolve().parents[1] / "seeds"
    texts = load_stored_suite(suite or (_BENCHMARKS if _BENCHMARKS.is_dir() else seeds))
    with tempfile.TemporaryDirectory(prefix="onrecord-grow-") as made:
        sizes = list(measure(texts, data or Path(made), passages or [10_000, 30_000], say=partial(say, err=True)))
    say(growth_json(sizes) if as_json else growth_table(sizes))


def workers(
    articles: Annotated[int, typer.Option(min=20, help="Made articles, of about ten passages.")] = 2000,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many workers.")] = 2,
    ray: Annotated[str, typer.Option(help="Whose workers: the address of a cluster, or local.")] = "local",
    catalogue: Annotated[
        str, typer.Option(metavar="URL", help="Into this PostgreSQL, which holds no articles; default: a folder.")
    ] = "",
    suite: Annotated[Path | None, typer.Option(help="Whose words; default realtimeqa-dev, else seeds.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """`onrecord add --ray`, beside as many bare encoders in the same run."""
    from onrecord.eval.speed.workers import measure_workers
    from onrecord.eval.suites.stored import load_stored_suite

    seeds = Path(__file__).resolve().parents[1] / "seeds"
    texts = load_stored_suite(suite or (_BENCHMARKS if _BENCHMARKS.is_dir() else seeds))
    result = measure_workers(texts, articles, number, url=catalogue, cluster=ray, say=partial(say, err=True))
    say(result.to_json() if as_json else result.text())
