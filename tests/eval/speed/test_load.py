"""The load measurement against servers that behave and servers that do not; the fresh processes with small programs."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from onrecord.eval.cli.main import app
from onrecord.eval.speed import fresh
from onrecord.eval.speed.load import AskLoad, SearchLoad, measure_asks, measure_searches
from onrecord.eval.speed.load_calls import Caller, questions_of
from onrecord.eval.speed.load_server import served
from onrecord.eval.speed.load_text import LoadResult, load_text
from onrecord.eval.suites.types import Suite
from onrecord.index import Article, Embedder, InputError, StoreError
from onrecord.index.settings import IndexSettings
from tests.ui.behind_doors import Behind

QUESTIONS = tuple(f"Who voted in village {n}?" for n in range(6))
FAKE_SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Fine(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Fine).serve_forever()
"""
Handler = Callable[[str, dict[str, Any]], Awaitable[httpx.Response]]


def found(question: str) -> list[dict[str, str]]:
    return [{"id": f"passage of {question}"}]


def finished(question: str, answered: str = "") -> httpx.Response:
    answer = {
        "question": answered or question,
        "hits": found(answered or question),
        "text": "A.",
        "model": "m",
        "timings": {},
    }
    return httpx.Response(200, text=f"event: evidence\ndata: {{}}\n\nevent: finished\ndata: {json.dumps(answer)}\n\n")


def caller(handler: Handler) -> Caller:
    """A caller of a server that answers with ``handler(path, body)``."""

    async def handle(request: httpx.Request) -> httpx.Response:
        return await handler(request.url.path, json.loads(request.content or b"{}"))

    return Caller("http://fake", transport=httpx.MockTransport(handle))


def searched(handler: Handler, *, clients: int = 4, calls: int = 24) -> SearchLoad:
    return asyncio.run(measure_searches(caller(handler), QUESTIONS, clients=clients, calls=calls))


def asked(handler: Handler) -> AskLoad:
    return asyncio.run(measure_asks(caller(handler), QUESTIONS))


def test_searches_are_counted_and_timed_beside_the_same_one_at_a_time() -> None:
    at_once, most = 0, 0

    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.002)
        at_once -= 1
        return httpx.Response(200, json={"query": body["query"], "hits": found(body["query"])})

    load = searched(handler)
    assert (load.calls, load.clients, load.distinct, load.errors, load.mixed_up) == (24, 4, 6, {}, 0) and most == 4
    assert 2 <= load.p50_ms <= load.p95_ms <= load.slowest_ms and load.per_second > load.alone_per_second


@pytest.mark.parametrize("told", ["query", "hits"])
def test_a_response_that_belongs_to_another_query_is_told(told: str) -> None:
    asked_before: list[str] = []

    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        asked_before.append(body["query"])
        mine, other = body["query"], QUESTIONS[0]
        mixed = len(asked_before) == 21 and mine != other
        query = other if mixed and told == "query" else mine
        return httpx.Response(200, json={"query": query, "hits": found(other if mixed and told == "hits" else mine)})

    assert searched(handler).mixed_up == 1


def test_errors_are_counted_by_status_and_only_a_503_is_forgiven() -> None:
    count = 0

    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        nonlocal count
        count += 1
        if count == 30:
            raise httpx.ConnectError("gone")
        status = {28: 503, 29: 503}.get(count, 200)
        return httpx.Response(status, json={"query": body["query"], "hits": found(body["query"])})

    load = searched(handler)
    assert load.errors == {"503": 2, "ConnectError": 1}
    assert not LoadResult({}, load, None, ()).fine
    count = -100
    assert LoadResult({}, searched(handler), None, ()).fine
    count = 0
    assert "1 × ConnectError" in load_text(LoadResult({"version": "1", "articles": 3}, load, None, ()))


def test_questions_at_once_are_beside_the_same_in_a_row_and_in_their_order() -> None:
    lane = asyncio.Lock()

    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        async with lane:
            await asyncio.sleep(0.03)
        return finished(body["question"])

    load = asked(handler)
    assert (load.questions, load.overtaken, load.pairs, load.farthest) == (6, 0, 15, 0)
    assert load.errors == {} and load.mixed_up == 0 and load.other_text == 0
    assert 0.7 < load.ratio < 1.6
    assert load.each[5].waited > load.each[1].waited and load.each[5].finished == 5


def test_a_server_that_answers_the_last_one_first_is_told_to_be_unfair() -> None:
    asked_before: list[str] = []

    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        asked_before.append(body["question"])
        if len(asked_before) > 2 * len(QUESTIONS):
            await asyncio.sleep(0.5 - 0.07 * QUESTIONS.index(body["question"]))
        return finished(body["question"])

    load = asked(handler)
    assert load.overtaken == load.pairs == 15 and load.farthest == 5 and load.model == "m"
    assert "15 of 15 pairs" in load_text(LoadResult({}, None, load, ()))


def test_an_answer_to_another_s_question_and_an_error_in_mid_stream_are_told() -> None:
    asked_before: list[str] = []

    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        asked_before.append(body["question"])
        match len(asked_before):
            case 14:
                return finished(body["question"], answered=QUESTIONS[5])
            case 15:
                return httpx.Response(200, text='event: error\ndata: {"status": 504}\n\n')
            case 16:
                return httpx.Response(503)
            case _:
                return finished(body["question"])

    load = asked(handler)
    assert load.mixed_up == 1 and load.errors == {"504": 1, "503": 1} and len(load.each) == 4
    result = LoadResult({}, None, load, ())
    assert not result.fine and json.loads(result.to_json())["asks"]["each"][0]["waited"] >= 0


def test_an_address_where_no_onrecord_answers_is_said() -> None:
    async def handler(path: str, body: dict[str, Any]) -> httpx.Response:
        return httpx.Response(404, text="nothing here")

    with pytest.raises(InputError, match=r"http://fake: no OnRecord server answers there.*onrecord serve"):
        asyncio.run(caller(handler).about())


def test_a_file_without_questions_is_said(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("\n")
    with pytest.raises(InputError, match="holds no question"):
        questions_of(tmp_path / "q.jsonl")


def test_a_server_is_started_and_stopped(tmp_path: Path) -> None:
    with served(tmp_path, command=[sys.executable, "-c", FAKE_SERVER]) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200 and server.peak_mib > 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz")


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    refusing = "raise SystemExit('the data folder is in use by process 7')"
    with (
        pytest.raises(InputError, match=r"did not start over .*: the data folder is in use by process 7"),
        served(tmp_path, command=[sys.executable, "-c", refusing]),
    ):
        pass


@pytest.mark.slow
def test_fresh_processes_are_timed_and_weighed_from_their_own_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import {}; imported = opened = time.perf_counter(); found = [query]; searched = time.perf_counter()"
    monkeypatch.setattr(fresh, "_index_peer", lambda *_: None)
    monkeypatch.setattr(fresh, "_ONRECORD", program.format("re"))
    monkeypatch.setattr(fresh, "_LLAMA_INDEX", "held = b'1' * 50_000_000; " + program.format("torch_is_not_there"))
    with pytest.raises(StoreError, match=r"LlamaIndex over Chroma failed over .*No module named 'torch_is_not_there'"):
        measured(tmp_path)
    monkeypatch.setattr(fresh, "_LLAMA_INDEX", "held = b'1' * 50_000_000; " + program.format("email.message"))
    python, ours, other = measured(tmp_path)
    assert python.found == 0 and ours.found == other.found == 1 and ours.rounds == 2
    assert ours.total <= ours.process and ours.loaded == ()
    assert ours.modules < other.modules and (not python.peak_mib or other.peak_mib > python.peak_mib + 40)
    assert "| OnRecord |" in load_text(LoadResult({}, None, None, (python, ours, other)))


def measured(folder: Path) -> tuple[fresh.FreshStart, ...]:
    suite = Suite("small", folder, (), ())
    return fresh.measure_fresh(
        suite, folder, folder, query="bridge", settings=IndexSettings(), rounds=2, say=lambda _: None
    )


@pytest.mark.model
@pytest.mark.slow
def test_the_real_first_search_needs_neither_chroma_nor_llama_index(
    tmp_path: Path, articles: tuple[Article, ...]
) -> None:
    from onrecord.index import Library

    with Library(tmp_path / "ours") as library:
        library.add(articles)
    suite = Suite("small", tmp_path, articles, ())
    python, ours, other = fresh.measure_fresh(
        suite,
        tmp_path / "ours",
        tmp_path / "other",
        query="Which bridge?",
        settings=IndexSettings(),
        rounds=1,
        say=lambda _: None,
    )
    assert ours.found and other.found and "chromadb" in other.loaded
    assert not {"chromadb", "llama_index.core", "torch"} & set(ours.loaded)
    assert python.total < ours.total < other.total and ours.peak_mib < other.peak_mib


# -- the command -----------------------------------------------------------------------------------------------


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["load", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_measures_a_running_server_and_writes_both_files(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    behind = closed_at_end(Behind(tmp_path / "data", embedder, articles))
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"question": "Which bridge?"}\n{"question": "How many silver coins?"}\n')
    options = ["--questions", questions, "--calls", 12, "--clients", 4, "--asks", 2, "--out", tmp_path / "out"]
    with behind.served() as address:
        result = call("--url", address, *options)
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "out" / "load.json").read_text())
    assert data["server"]["articles"] == 3 and data["searches"]["errors"] == {} and data["searches"]["mixed_up"] == 0
    assert data["asks"]["questions"] == 2 and data["asks"]["mixed_up"] == 0
    assert (tmp_path / "out" / "load.md").read_text() in result.output


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--url", "http://127.0.0.1:9", "--data", "x"], "exclude"),
        (["--url", "http://127.0.0.1:9"], "--questions"),
        (["--url", "http://127.0.0.1:9", "--fresh"], "--fresh starts"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(options: list[str], named: str) -> None:
    result = call(*options)
    assert result.exit_code == 2 and named in " ".join(result.output.split())


def test_a_folder_without_articles_is_said(tmp_path: Path) -> None:
    result = call("--data", tmp_path, "--questions", tmp_path / "q.jsonl")
    assert isinstance(result.exception, InputError) and "onrecord add" in str(result.exception)
