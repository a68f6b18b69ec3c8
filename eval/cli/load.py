"""The command that measures many programs at one server, and the first search of a fresh process."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.eval.cli.options import Embedder
from onrecord.eval.runs.progress import say
from onrecord.index.errors import InputError

if TYPE_CHECKING:
    from onrecord.eval.speed.load_text import LoadResult
    from onrecord.eval.suites.types import Suite

_BENCHMARKS = Path("../shared/benchmarks/realtimeqa-dev")


def load(
    url: Annotated[str, typer.Option(help="A server that runs; without it, one is started here.")] = "",
    key: Annotated[str, typer.Option(help="Its key, where it asks for one.", envvar="ONRECORD_TOKEN")] = "",
    data: Annotated[Path | None, typer.Option(help="Start the server over this data folder.")] = None,
    suite: Annotated[Path | None, typer.Option(help="Index this suite, and start the server over it.")] = None,
    questions: Annotated[Path | None, typer.Option(help='JSON Lines with a "question"; default: the suite\'s.')] = None,
    clients: Annotated[int, typer.Option(min=1, max=1000, help="Searches at a time.")] = 50,
    calls: Annotated[int, typer.Option(min=0, help="Searches in all; 0 leaves them out.")] = 500,
    asks: Annotated[int, typer.Option(min=0, max=1000, help="Questions at once; 0 leaves them out.")] = 8,
    no_model: Annotated[bool, typer.Option("--no-model", help="The started server answers with quotes.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="First search of a fresh process, beside LlamaIndex.")] = False,
    embedder: Embedder = "all-minilm-l6-v2",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write load.json and load.md there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Many clients at one server: throughput, waits, fairness, mix-ups. Exit 1 on an error other than 503."""
    from onrecord.eval.speed.load_calls import questions_of
    from onrecord.eval.speed.load_text import LoadResult, load_text

    if sum(map(bool, (url, data, suite))) > 1:
        raise typer.BadParameter("--url, --data and --suite exclude each other.")
    if url and fresh:
        raise typer.BadParameter("--fresh starts processes over a data folder; give --data or --suite with it.")
    folder, articles = (None, None) if url else _folder(data, suite, embedder, with_articles=fresh)
    file = questions or (None if url or data else _suite_folder(suite) / "questions.jsonl")
    if file is None:
        raise typer.BadParameter("--url and --data need --questions FILE.")
    asked = questions_of(file)
    starts = _fresh(articles, folder, asked[0], embedder) if fresh and folder and articles else ()
    with _server(url, folder, no_model) as server:
        about, searches, answers = asyncio.run(_measured(server.url, key, asked, clients, calls, asks))
        result = LoadResult(about, searches, answers, starts, server.peak_mib)
    _write(result, out)
    say(result.to_json() if as_json else load_text(result))
    if not result.fine:
        raise typer.Exit(1)


async def _measured(url: str, key: str, asked: tuple[str, ...], clients: int, calls: int, asks: int) -> Any:
    """What the server is, the searches, the questions."""
    from onrecord.eval.speed.load import measure_asks, measure_searches
    from onrecord.eval.speed.load_calls import Caller

    if asks > len(asked):
        raise InputError(f"{asks} questions at once need as many different ones, and there are {len(asked)}.")
    async with Caller(url, key=key) as caller:
        about = await caller.about()
        _say(f"{calls} searches, {clients} at a time")
        searches = await measure_searches(caller, asked, clients=clients, calls=calls) if calls else None
        answers = await measure_asks(caller, asked[:asks], say=_say) if asks else None
        return about, searches, answers


@contextlib.contextmanager
def _server(url: str, folder: Path | None, no_model: bool) -> Iterator[Any]:
    from onrecord.eval.speed.load_server import Server, served

    if folder is None:
        yield Server(url, 0)
        return
    _say(f"starting onrecord serve over {folder}")
    with served(folder, options=["--no-model"] if no_model else []) as server:
        yield server


def _suite_folder(suite: Path | None) -> Path:
    return suite or (_BENCHMARKS if _BENCHMARKS.is_dir() else Path(__file__).resolve().parents[1] / "seeds")


def _folder(
    data: Path | None, suite: Path | None, embedder: str, *, with_articles: bool
) -> tuple[Path, "Suite | None"]:
    """The data folder to serve, and its articles where they are needed; the suite's is indexed first."""
    from onrecord.eval.suites.stored import load_stored_suite
    from onrecord.eval.suites.types import Suite
    from onrecord.eval.systems.base import SystemOptions, default_index_folder
    from onrecord.eval.systems.own import open_library
    from onrecord.index import Library
    from onrecord.index.settings import IndexSettings

    if data is None:
        loaded = load_stored_suite(_suite_folder(suite))
        options = SystemOptions(index_folder=default_index_folder(), embedder=embedder)
        with open_library(options, loaded) as library:
            return library.path, loaded
    if not (data / "catalogue.sqlite3").exists():
        raise InputError(f"{data}: is no data folder; add articles with `onrecord add FILES --data {data}`.")
    if not with_articles:
        return data, None
    with Library(data, settings=IndexSettings(embedder=embedder)) as library:
        articles = tuple(library.article(info.id) for info in library.articles())
    return data, Suite(data.name, data, articles, ())


def _fresh(articles: "Suite", folder: Path, query: str, embedder: str) -> Any:
    from onrecord.eval.speed.fresh import measure_fresh
    from onrecord.eval.systems.base import content_key, default_index_folder
    from onrecord.index.settings import IndexSettings

    peer = default_index_folder() / f"llama-index-{content_key(articles)}"
    return measure_fresh(articles, folder, peer, query=query, settings=IndexSettings(embedder=embedder), say=_say)


def _write(result: "LoadResult", out: Path | None) -> None:
    from onrecord.eval.speed.load_text import load_text

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "load.json").write_text(result.to_json() + "\n", encoding="utf-8")
        (out / "load.md").write_text(load_text(result), encoding="utf-8")


def _say(text: str) -> None:
    say(text, err=True)
