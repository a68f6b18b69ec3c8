"""The doors beside the page: one server, one queue to the model, the page's passwords and the keys; their commands."""

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from onrecord.index import Article, Embedder, Library
from onrecord.index.errors import LibraryClosed
from onrecord.ui.cli import serving as doors_serving
from onrecord.ui.server.doors import add_doors
from onrecord.ui.server.keys import Keys
from tests.conftest import fill
from tests.ports import free_port
from tests.ui.behind_doors import EchoAssistant, Others, filled
from tests.ui.cli_stage import Stage, staged
from tests.ui.site import page_app


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Library]:
    fill(tmp_path / "data", embedder, articles)
    with Library(tmp_path / "data", embedder=embedder) as made:
        yield made


@pytest.mark.page
def test_page_and_doors_are_one_server_and_one_lane(library: Library, closed_at_end: Any) -> None:
    app = page_app(library, EchoAssistant(library))
    closed_at_end(app.state.collections)
    add_doors(app)
    client = TestClient(app, base_url="http://127.0.0.1")
    assert "text/html" in client.get("/").headers["content-type"]
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/v1/models").json()["data"][0]["id"] == "onrecord"
    assert client.get("/api/v1/articles").json()["total"] == 3
    assert app.state.service.asking.queue is app.state.collections.queue
    assert client.get("/api/v1/articles", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.page
def test_a_page_with_passwords_takes_them_at_the_doors_too_and_keys_only_there(
    library: Library, closed_at_end: Any
) -> None:
    users = {"ada": "long password"}
    app = page_app(library, EchoAssistant(library), host="192.0.2.7", users=users, allowed_hosts=["testserver"])
    closed_at_end(app.state.collections)
    add_doors(app, host="192.0.2.7", users=users, allowed_hosts=["testserver"])
    client = TestClient(app)
    token = {"Authorization": "Bearer " + Keys(library.path / "keys.json").add("a program")[1]}
    password = {"Authorization": "Basic " + base64.b64encode(b"ada:long password").decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"ada:guess").decode()}
    assert [client.get("/api/v1/articles", headers=h).status_code for h in ({}, token, password, wrong)] == [
        401,
        200,
        200,
        401,
    ]
    assert client.get("/", headers=token).status_code == 401 and client.get("/", headers=password).status_code == 200


@pytest.mark.page
def test_what_is_kept_at_the_door_is_seen_on_the_page(library: Library, closed_at_end: Any) -> None:
    app = page_app(library, EchoAssistant(library))
    closed_at_end(app.state.collections)
    add_doors(app)
    client = TestClient(app, base_url="http://127.0.0.1")
    asked = client.post("/api/v1/ask", json={"question": "How many silver coins?", "conversation": "new"}).json()
    assert [c.id for c in app.state.collections.first.conversations.list("")] == [asked["conversation"]]


@pytest.mark.page
def test_the_page_s_other_collections_are_behind_the_doors_too(
    library: Library, tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    filled(tmp_path / "harbour", embedder, articles[2:])
    others = Others(embedder)
    app = page_app(library, EchoAssistant(library), opener=others)
    closed_at_end(app.state.collections)
    add_doors(app)
    client = TestClient(app, base_url="http://127.0.0.1")
    assert client.get("/api/v1/articles?collection=harbour").json()["total"] == 1
    assert cast(Any, app.state.collections.open("harbour").library) is others.opened["harbour"].library
    others.close()


# -- the commands ----------------------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return staged(tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("command", [["serve"], ["mcp"], ["mcp", "--http"]])
def test_a_folder_that_another_process_owns_is_not_served_and_one_sentence_says_so(
    library: Library, command: list[str]
) -> None:
    port = str(free_port())
    arguments = [*command, "--data", str(library.path), "--port", port, "--no-model"]
    environment = {**os.environ, "ONRECORD_DEBUG": ""}
    done = subprocess.run(
        [sys.executable, "-m", "onrecord.ui.cli.main", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 1 and done.stdout == ""
    [line] = done.stderr.splitlines()
    assert f"{library.path} is in use by process {os.getpid()}" in line and "onrecord serve" in line
    assert library.search("bridge"), "its owner goes on"


def test_a_port_in_use_is_said_before_anything_is_opened(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = stage.run("serve", "--port", port)
    assert result.exit_code == 1 and "choose another with --port" in result.stderr
    assert not stage.data.exists()


@pytest.mark.parametrize(("options", "total"), [([], 1), (["--only"], None)])
def test_serve_has_the_collections_beside_its_own_unless_told_to_serve_only_that(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, embedder: Embedder, options: list[str], total: int | None
) -> None:
    stage.fill()
    filled(stage.folder / "harbour", embedder, [Article("crane", "Crane", "The crane lifts 90 tonnes.")])
    seen: dict[str, Any] = {}

    def run(app: Any, host: str, port: int, **_: object) -> None:
        client = TestClient(app, base_url="http://127.0.0.1")
        seen["total"] = client.get("/api/v1/articles?collection=harbour").json().get("total")
        opened = [app.state.collections.open(name) for name in app.state.collections.names()]
        seen["libraries"] = [collection.library for collection in opened]
        seen["conversations"] = [collection.conversations for collection in opened]
        seen["answer"] = client.post("/api/v1/ask?collection=harbour", json={"question": "How many tonnes?"}).json()

    monkeypatch.setattr(doors_serving, "run", run)
    monkeypatch.setattr(doors_serving, "check_port", lambda *_: None)
    result = stage.run("serve", "--no-model", *options)
    assert result.exit_code == 0, result.output
    assert seen["total"] == total and ("status" in seen["answer"])
    assert all(library.closed for library in seen["libraries"]) and len(seen["libraries"]) == 1 + (not options)
    for conversations in seen["conversations"]:
        with pytest.raises(LibraryClosed, match="closed"):
            conversations.list("")
