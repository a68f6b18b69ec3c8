"""The log of requests has a line for each, and no word of what they held: tried at every route that there is."""

import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from onrecord.index import Article, Embedder, Library
from onrecord.index.store import modes
from onrecord.ui.cli import serving as doors_serving
from onrecord.ui.http.router import here
from onrecord.ui.server import request_log
from onrecord.ui.server.doors import add_doors, create_mcp_app
from onrecord.ui.server.keys import Keys
from onrecord.ui.server.request_log import RequestLog
from onrecord.ui.server.traces import traced_to
from tests.conftest import ARTICLES, FakeEmbedder, fill
from tests.ui.behind_doors import Behind, EchoAssistant, Others, filled, serving
from tests.ui.cli_stage import staged
from tests.ui.site import page_app
from tests.ui.test_keys import bearer

WORD = "zanzibarquux"  # in every place where a request can hold text
LINE = re.compile(
    r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "(reading room|page|command|-)" (GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE|other) '
    r"(/[\w/.{}:-]*|other) \d{3} \d+ms \d+B"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "news" / "requests.log"


@pytest.fixture
def behind(tmp_path: Path, file: Path) -> Iterator[Behind]:
    others = Others(FakeEmbedder())
    filled(tmp_path / f"{WORD} archive", FakeEmbedder(), ARTICLES[2:])
    spans = tmp_path / "spans.jsonl"
    with traced_to(f"file:{spans}") as traces:
        options: dict[str, Any] = {"opener": others, "request_log": file, "traces": traces}
        with closing(Behind(tmp_path / "news", FakeEmbedder(), ARTICLES, **options)) as made:
            yield made
    others.close()
    assert not spans.exists() or WORD not in spans.read_text().lower()


def lines(file: Path) -> list[str]:
    """All of them, each of the one form, none with the word."""
    text = file.read_text()
    assert WORD not in text.lower()
    for line in text.splitlines():
        assert LINE.fullmatch(line), line
    return text.splitlines()


@pytest.mark.slow
def test_nothing_of_a_request_at_any_route_is_in_the_log(behind: Behind, file: Path) -> None:
    _, token = Keys(file.parent / "keys.json").add("reading room", per_minute=10_000)
    made = 0
    for prefix, app in behind.app.state.doors.items():
        for route in iter_route_contexts(app.routes):
            path = prefix + re.sub(r"{[^}]+}", WORD, str(route.path))
            for method in sorted(route.methods or ()):
                for sent in (
                    {"json": dict.fromkeys(("question", "query", "title", "address", "model"), WORD)},
                    {"files": {"files": (f"{WORD}.txt", f"{WORD} was closed.")}},
                    {"params": {"collection": f"{WORD} archive"}, "json": {}},
                    {"params": {WORD: WORD, "search": WORD}, "content": WORD},
                ):
                    behind.client.request(method, path, headers={**bearer(token), "x-more": WORD}, **sent)
                    made += 1
    unknown = f"or_12345678_{WORD}{'x' * 20}"
    for shown in (token, unknown):
        for path in (f"/api/v1/{WORD}", f"/{WORD}", f"/v1/{WORD}?{WORD}", f"/api/v1/articles/{WORD}/{WORD}"):
            behind.client.request(WORD.upper(), path, headers=bearer(shown))
            behind.client.get(path, headers={**bearer(shown), "host": f"{WORD}.example"})
            behind.client.get(path, headers=bearer(shown))
            made += 3
    written = lines(file)
    assert len(written) == made
    assert token not in "".join(written) and "reading room" in written[0]


def test_what_is_answered_is_logged_and_none_of_it_is_read(behind: Behind, file: Path) -> None:
    headers = bearer(Keys(file.parent / "keys.json").add("reading room")[1])
    article = {"text": f"The {WORD} was closed on Monday.", "title": WORD, "url": f"https://{WORD}.example/a"}
    added = behind.client.post("/api/v1/articles", json={"articles": [article]}, headers=headers).json()["added"][0]
    sent = {"files": (f"{WORD}.txt", f"A {WORD} of another kind came to town.")}
    question = f"When was the {WORD} closed?"
    asked = {"question": question, "conversation": "new"}
    chat = {"model": "onrecord", "messages": [{"role": "user", "content": question}], "stream": True}
    answers = [
        behind.client.post("/api/v1/articles/files", files=sent, headers=headers),
        behind.client.post("/api/v1/search", json={"query": WORD}, headers=headers),
        behind.client.post("/api/v1/ask?stream=true", json=asked, headers=headers),
        behind.client.post("/v1/chat/completions", json=chat, headers=headers),
        behind.client.get(f"/api/v1/conversations?search={WORD}", headers=headers),
        behind.client.get(f"/api/v1/articles/{added}", headers=headers),
        behind.client.delete(f"/api/v1/articles/{added}", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200, 200, 200]
    written = lines(file)[1:]
    for line, answer in zip(written, answers, strict=True):
        assert line.endswith(f"ms {len(answer.content)}B"), "the bytes that were sent"
        assert added not in line
    assert '"reading room" POST /api/v1/ask 200' in written[2]
    assert '"reading room" GET /api/v1/articles/{article_id:path} 200' in written[5]


def test_mcp_s_requests_are_logged_under_the_key_s_name(behind: Behind, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    _, token = keys.add("reading room")
    file = tmp_path / "requests-mcp.log"
    app = create_mcp_app(here(behind.app.state.service), keys=keys, keys_required=True, request_log=file)
    call = {"name": "search_articles", "arguments": {"query": WORD}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {**bearer(token), "accept": "application/json, text/event-stream"}
    with serving(app) as address:
        assert httpx.post(f"{address}/mcp", json=body, headers=headers).status_code == 200
        assert httpx.post(f"{address}/mcp", json=body).status_code == 401
    first, second = lines(file)
    assert '"reading room" POST ' in first and " 200 " in first
    assert '"-" POST ' in second and " 401 " in second


@pytest.mark.page
def test_what_goes_to_the_page_is_logged_as_the_page_s(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    fill(tmp_path / "news", embedder, articles)
    file = tmp_path / "news" / "requests.log"
    with Library(tmp_path / "news", embedder=embedder) as library:
        app = page_app(library, EchoAssistant(library))
        closed_at_end(app.state.collections)
        add_doors(app, request_log=file)
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        event = {"data": [WORD], "fn_index": 0, "session_hash": WORD}
        client.get(f"/?{WORD}={WORD}")
        client.get(f"/assets/{WORD}.js")
        client.get(f"/gradio_api/queue/data?session_hash={WORD}x")
        client.get(f"/gradio_api/file={WORD}")
        client.post("/gradio_api/queue/join", json=event)
        client.post("/gradio_api/upload", files={"files": (f"{WORD}.txt", WORD)})
        client.get("/api/v1/articles")
    written = lines(file)
    assert len(written) == 7
    assert [line.split()[1] for line in written] == ['"page"'] * 6 + ['"-"']
    assert '"page" GET / 200' in written[0]


@pytest.mark.slow
def test_the_files_are_the_owner_s_alone_and_no_more_than_five(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "FILE_BYTES", 500)
    file = tmp_path / "requests.log"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"four"})

    before = os.umask(0)
    try:
        client = TestClient(RequestLog(app, file=file))
        for _ in range(100):
            client.get("/")
    finally:
        os.umask(before)
    kept = sorted(tmp_path.iterdir())
    assert [one.name for one in kept] == ["requests.log", *(f"requests.log.{n}" for n in range(1, 5))]
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept} == {0o600}
    assert all(one.stat().st_size <= 500 for one in kept)
    assert all(one.name.startswith(modes.OWN) for one in kept)


def test_a_log_that_cannot_be_written_ends_no_request_and_is_said_once(
    behind: Behind, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.mkdir()
    for _ in range(3):
        assert behind.client.get("/api/v1/health").status_code == 200
    assert capsys.readouterr().err.count(f"Requests cannot be logged in {file}") == 1


@pytest.mark.parametrize(("setting", "shown"), [("true", True), ("false", False)])
def test_serving_says_where_requests_are_logged_unless_that_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, *, shown: bool
) -> None:
    stage = staged(tmp_path, monkeypatch)
    monkeypatch.setenv("ONRECORD_SERVER_REQUEST_LOG", setting)
    served: dict[str, Any] = {}

    class NoServer:
        def __init__(self, config: Any, **options: Any) -> None:
            served["app"] = config.app

        def run(self) -> None:
            with TestClient(served["app"], base_url="http://127.0.0.1") as client:
                client.get("/api/v1/articles")

    monkeypatch.setattr(doors_serving, "Server", NoServer)
    monkeypatch.setattr(logging.getLogger("onrecord.access"), "handlers", [])
    result = stage.run("serve", "--no-model")
    assert result.exit_code == 0, result.stderr
    told = f"Requests are logged, without what was asked, in {stage.data / 'requests.log'}"
    assert (told in result.stderr.replace("\n", "")) is shown
    assert (stage.data / "requests.log").exists() is shown
