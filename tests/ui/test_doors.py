"""The doors beside the page: one server, one lane to the model, the page's passwords and the keys."""

import base64
from pathlib import Path
from typing import cast

import pytest
from starlette.testclient import TestClient

from onrecord.index import Article, Embedder, Library
from onrecord.qa.assistant import Assistant
from onrecord.ui.doors import add_doors
from onrecord.ui.keys import Keys
from onrecord.ui.server import create_app
from tests.ui.behind_doors import EchoAssistant


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Library:
    made = Library(tmp_path / "data", embedder=embedder)
    made.add(articles)
    return made


def test_page_and_doors_are_one_server_and_one_lane(library: Library) -> None:
    app = create_app(library, EchoAssistant(library))
    add_doors(app)
    client = TestClient(app, base_url="http://127.0.0.1")
    assert "text/html" in client.get("/").headers["content-type"]
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/v1/models").json()["data"][0]["id"] == "onrecord"
    assert client.get("/api/v1/articles").json()["total"] == 3
    assert app.state.service.asking.lane is app.state.desk.lane
    assert client.get("/api/v1/articles", headers={"Host": "evil.example"}).status_code == 400


def test_a_page_with_passwords_takes_them_at_the_doors_too_and_keys_only_there(library: Library) -> None:
    users = {"ada": "long password"}
    app = create_app(library, EchoAssistant(library), host="192.0.2.7", users=users, allowed_hosts=["testserver"])
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


def test_what_is_kept_at_the_door_is_seen_on_the_page(library: Library) -> None:
    app = create_app(library, cast(Assistant, EchoAssistant(library)))
    add_doors(app)
    client = TestClient(app, base_url="http://127.0.0.1")
    asked = client.post("/api/v1/ask", json={"question": "How many silver coins?", "conversation": "new"}).json()
    assert [c.id for c in app.state.desk.first.conversations.list("")] == [asked["conversation"]]
