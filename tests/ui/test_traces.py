"""Traces: what a collector is sent of a question, that nothing of its text is in it, and that nobody waits for it."""

import json
import logging
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

from onrecord.index import Filter, Library, tracing
from onrecord.index.extras import missing_extra
from onrecord.qa.assistant import Assistant
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.http import UrlEngine
from onrecord.ui.cli import serving as doors_serving
from onrecord.ui.desk.collection import answer
from onrecord.ui.desk.conversations import new_record
from onrecord.ui.desk.records import Record
from onrecord.ui.http.client import Interface, Place
from onrecord.ui.server import cluster, traces
from onrecord.ui.server.doors import create_api
from onrecord.ui.server.keys import Keys
from onrecord.ui.server.traces import traced_to
from tests.conftest import FakeEmbedder, fill
from tests.ports import free_port
from tests.postgres import must_be_there
from tests.qa.engines.test_load import FakeServer
from tests.ui.behind_doors import serving, until
from tests.ui.cli_stage import staged
from tests.ui.test_keys import bearer

WORD = "zanzibarquux"  # in every place where a request can hold text
QUESTION = f"When was the Old Mill Bridge closed, {WORD}?"
TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CONTINUED = {"traceparent": f"00-{TRACE}-{ABOVE}-01", "tracestate": f"{WORD}={WORD}"}
STEPS = ("understand", "split", "retrieve", "evidence", "wait", "check", "write", "disagree")


class Collector(ThreadingHTTPServer):
    """Takes spans as OTLP over HTTP, as long as it is ``open``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.bodies: list[bytes] = []
        self.open = threading.Event()
        self.open.set()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def spans(self) -> list[Sent]:
        """In the order in which they began."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = [scope for request in requests for part in request.resource_spans for scope in part.scope_spans]
        return sorted((span for scope in scopes for span in scope.spans), key=lambda span: span.start_time_unix_nano)

    def handle_error(self, *_: object) -> None:
        """Who sends may give up."""


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.open.wait(30)
        assert self.path == "/v1/traces"
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running
        running.open.set()
        running.shutdown()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "EVERY", 0.05)


@contextmanager
def behind(folder: Path, place: str, engine: Engine | None = None) -> Iterator[httpx.Client]:
    """A client of a server with articles, over a real assistant, that is traced to a place; all is sent at the end."""
    fill(folder, FakeEmbedder())
    with traced_to(place) as span, Library(folder, embedder=FakeEmbedder()) as library:
        app = create_api(library, Assistant(library, engine), traces=span)
        with closing(app.state.collections), serving(app) as address, httpx.Client(base_url=address) as client:
            yield client


def facts(span: Sent) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def named(spans: list[Sent], name: str) -> list[Sent]:
    return [span for span in spans if span.name == name]


def parts(spans: list[Sent], of: Sent) -> list[Sent]:
    return [span for span in spans if span.parent_span_id == of.span_id]


@pytest.mark.slow
@pytest.mark.parametrize("streamed", ["true", "false"])
def test_a_question_is_one_trace_with_the_steps_in_order(tmp_path: Path, collector: Collector, streamed: str) -> None:
    with FakeServer() as model:
        engine = UrlEngine(model.url, model="served", api_key="secret")
        with closing(engine), behind(tmp_path, collector.address, engine) as client:
            began = time.time_ns()
            asked = client.post(f"/api/v1/ask?stream={streamed}", json={"question": QUESTION}, headers=CONTINUED)
            assert asked.status_code == 200 and "since Monday" in asked.text
        model.shutdown()
    ended, spans = time.time_ns(), collector.spans
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    (request,) = named(spans, "POST /api/v1/ask")
    assert request.parent_span_id.hex() == ABOVE and request.kind == Sent.SPAN_KIND_SERVER
    assert facts(request) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/ask",
        "http.response.status_code": 200,
    }
    steps = [span for span in parts(spans, request) if span.name in STEPS]
    assert [name for name in dict.fromkeys(span.name for span in steps) if name != "split"] == [
        name for name in STEPS if name != "split"
    ]
    for earlier, later in pairwise(steps):
        assert earlier.end_time_unix_nano <= later.start_time_unix_nano
    for span in spans:
        assert began <= span.start_time_unix_nano <= span.end_time_unix_nano <= ended
    (written,) = named(spans, "write")
    assert {"model", "verify"} <= {span.name for span in parts(spans, written)}
    drafted = named(parts(spans, written), "model")[0]
    tokens = {"gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 9, "onrecord.reused_tokens": 20}
    assert facts(drafted) == tokens
    (tried,) = parts(spans, drafted)
    port = int(model.url.split(":")[-1].split("/")[0])
    assert facts(tried) == {
        "server.address": "127.0.0.1",
        "server.port": port,
        "onrecord.server": 1,
        "http.response.status_code": 200,
    }
    assert f"00-{TRACE}-{tried.span_id.hex()}-01" in [one.get("traceparent") for one in model.headers]
    assert all(set(one) & {"tracestate", "baggage"} == set() for one in model.headers)


def test_another_model_server_that_is_tried_is_another_part_of_the_call(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    with FakeServer(status=503) as broken, FakeServer() as model, traced_to(f"file:{file}") as span:
        engine = UrlEngine([broken.url, model.url], model="served", api_key="secret")
        with closing(engine), tracing.under(span.child("call")):
            assert "".join(engine.generate([{"role": "user", "content": WORD}], max_tokens=9))
        broken.shutdown()
        model.shutdown()
    one, other = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["attributes"]["onrecord.server"] for row in (one, other)] == [1, 2]
    assert (one["attributes"]["error.type"], one["status"]["status_code"]) == ("ModelError", "ERROR")
    assert one["parent_id"] == other["parent_id"] and WORD not in file.read_text()


@pytest.mark.slow
def test_nothing_of_a_request_is_in_the_bytes_that_are_sent(tmp_path: Path, collector: Collector) -> None:
    _, token = Keys(tmp_path / "keys.json").add(WORD)
    headers = {**bearer(token), **CONTINUED, "cookie": f"{WORD}={WORD}", "user-agent": WORD, "baggage": f"a={WORD}"}
    chat = {"model": "onrecord", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
    with behind(tmp_path, collector.address) as client:
        client.headers.update(headers)
        answers = [
            client.post("/api/v1/ask", json={"question": QUESTION, "conversation": "new"}),
            client.post("/v1/chat/completions", json=chat),
            client.post("/api/v1/articles", json={"articles": [{"title": WORD, "text": f"The {WORD} was closed."}]}),
            client.post("/api/v1/articles/files", files={"files": (f"{WORD}.txt", f"{WORD} was opened.")}),
            client.get(f"/api/v1/articles/{WORD}?collection={WORD}"),
            client.get(f"/api/v1/conversations?search={WORD}"),
            client.request("PROPFIND", f"/{WORD}/{WORD}"),
            client.post("/api/v1/search", json={"query": WORD}, headers=bearer(f"or_12345678_{WORD}{'x' * 20}")),
        ]
    assert [one.status_code for one in answers] == [200, 200, 201, 201, 404, 200, 404, 401]
    sent = b"".join(collector.bodies)
    assert {span.name for span in named(collector.spans, "other other")} == {"other other"}
    assert len([span for span in collector.spans if span.parent_span_id.hex() == ABOVE]) == len(answers)
    for secret in (WORD, WORD.upper(), token, "Larnville", "Ilse", "million", "bridge", str(tmp_path)):
        assert secret.encode() not in sent


@pytest.mark.slow
def test_an_answer_of_the_page_is_a_trace_of_its_own(tmp_path: Path, collector: Collector) -> None:
    fill(tmp_path, FakeEmbedder())
    with traced_to(collector.address) as span, Library(tmp_path, embedder=FakeEmbedder()) as library:
        app = create_api(library, Assistant(library, None), traces=span)
        with closing(app.state.collections) as desk:
            asked, kept = new_record(QUESTION, Filter()), list[Record]()

            def write(running: Any) -> Any:
                return answer(desk.first, desk.queue, running.record, (), stopped=running.stop_asked)

            running = desk.answers.begin("talk", asked, kept.append, write)
            until(lambda: not running.record.live)
            until(lambda: desk.answers.of("talk") is None)
    (root,) = [span for span in collector.spans if not span.parent_span_id]
    assert root.name == "answer" and {"retrieve", "check"} <= {one.name for one in parts(collector.spans, root)}
    assert WORD.encode() not in b"".join(collector.bodies)


def test_a_server_that_asks_another_hands_its_trace_on() -> None:
    given: list[httpx.Headers] = []

    def reply(request: httpx.Request) -> httpx.Response:
        given.append(request.headers)
        return httpx.Response(200, json={})

    api = Interface(Place(Path("news"), "http://127.0.0.1", "news"), transport=httpx.MockTransport(reply))

    async def call(span: tracing.Span) -> None:
        with tracing.under(span):
            await api.call("GET", "/articles")

    with traced_to(f"http://127.0.0.1:{free_port()}") as above:
        anyio.run(call, tracing.NOBODY)
        anyio.run(call, above.child("POST /mcp", parent=CONTINUED["traceparent"]))
    assert "traceparent" not in given[0] and given[1]["traceparent"].startswith(f"00-{TRACE}-")


@pytest.mark.slow
def test_nginx_as_the_guide_has_it_passes_the_trace_on(tmp_path: Path, collector: Collector) -> None:
    nginx = cluster.nginx_program()
    must_be_there(nginx=nginx)
    assert nginx is not None
    listen = free_port()
    with behind(tmp_path / "data", collector.address) as client, ExitStack() as ends:
        lines = cluster.nginx_lines(f"127.0.0.1:{listen}", [client.base_url.port or 80])
        (tmp_path / "nginx.conf").write_text(cluster._nginx_config(tmp_path, lines))
        process = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "nginx.log")])
        ends.callback(process.wait)
        ends.callback(process.terminate)
        cluster._wait(process, listen, tmp_path / "nginx.log")
        assert httpx.get(f"http://127.0.0.1:{listen}/api/v1/health", headers=CONTINUED).status_code == 200
    (passed,) = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    assert passed.name == "GET /api/v1/health" and passed.parent_span_id.hex() == ABOVE


@pytest.mark.slow
def test_a_collector_that_is_away_delays_nobody_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "WITHIN", 1.0)
    place = f"http://127.0.0.1:{free_port()}"
    with caplog.at_level(logging.WARNING), behind(tmp_path, place) as client:
        took = []
        for _ in range(40):
            began = time.perf_counter()
            assert client.get("/api/v1/articles").status_code == 200
            took.append(time.perf_counter() - began)
        until(lambda: "cannot be sent" in caplog.text)
        closed = time.perf_counter()
    assert sorted(took)[len(took) // 2] < 0.5
    assert time.perf_counter() - closed < traces.WITHIN + 10  # the server itself may take a while
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"Traces cannot be sent to {place}; until that takes them, they are dropped."
    ]


@pytest.mark.slow
def test_of_what_a_collector_does_not_take_no_more_than_so_much_is_kept(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "WITHIN", 20.0)
    collector.open.clear()
    with traced_to(collector.address) as span:
        began = time.perf_counter()
        for _ in range(4 * traces.KEPT):
            span.child("one").end()
        assert time.perf_counter() - began < 5
        collector.open.set()
    assert traces.KEPT <= len(collector.spans) <= traces.KEPT + 2 * traces.TOGETHER


@pytest.mark.slow
def test_a_collector_that_hangs_holds_a_server_up_for_no_longer_than_it_may(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "WITHIN", 0.5)
    collector.open.clear()
    with traced_to(collector.address) as span:
        for _ in range(traces.KEPT):
            span.child("one").end()
        began = time.perf_counter()
    assert time.perf_counter() - began < traces.WITHIN + 1


@pytest.mark.slow
def test_a_server_says_where_traces_go_and_has_sent_all_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(tmp_path, monkeypatch)
    file = tmp_path / "spans.jsonl"
    monkeypatch.setenv("ONRECORD_SERVER_TRACES", f"file:{file}")
    monkeypatch.setattr(traces, "EVERY", 60.0)

    class NoServer:
        def __init__(self, config: Any, **options: Any) -> None:
            self.app = config.app

        def run(self) -> None:
            with serving(self.app) as address:
                httpx.get(f"{address}/api/v1/articles?search={WORD}")

    monkeypatch.setattr(doors_serving, "Server", NoServer)
    monkeypatch.setattr(logging.getLogger("onrecord.access"), "handlers", [])
    result = stage.run("serve", "--no-model")
    assert result.exit_code == 0, result.stderr
    assert f"Traces, without what was asked, go to file:{file}" in result.stderr.replace("\n", "")
    (row,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert row["name"] == "GET /api/v1/articles" and row["resource"]["attributes"]["service.name"] == "onrecord"
    assert file.stat().st_mode & 0o777 == 0o600 and WORD not in file.read_text()


def test_where_the_exporter_is_not_installed_the_extra_is_named() -> None:
    error = missing_extra(ModuleNotFoundError(name="opentelemetry.exporter.otlp.proto.http"))
    assert error and "`pip install 'onrecord[traces]'`" in str(error)
