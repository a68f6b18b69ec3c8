"""Addresses and feeds over HTTP, from a site on this machine; and what a running server reads by itself."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from onrecord.index import Embedder, FetchSettings, Library, StoreError
from onrecord.qa.assistant import Assistant
from onrecord.ui.desk import following
from onrecord.ui.desk.following import Following
from onrecord.ui.server.doors import create_api
from onrecord.ui.server.keys import Keys
from tests.ui.behind_doors import until
from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.web import Web, page, rss, serving

FERRY = "A free ferry will carry pedestrians across the Larn while the Old Mill Bridge is shut, the city said."
NEAR = FetchSettings(reach="all", pause_seconds=0, seconds=5)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder) -> Iterator[Library]:
    with Library(tmp_path / "data", embedder=embedder, fetch=NEAR) as library:
        yield library


@pytest.fixture
def client(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A server that runs, so that it reads feeds."""
    monkeypatch.setattr(following, "LOOK", 0.02)
    app = create_api(library, Assistant(library, None))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def test_addresses_are_added_and_a_bad_one_stops_none(client: TestClient, web: Web) -> None:
    given = {"addresses": [web.put("/a", page()), web.at("/gone")]}
    answer = client.post("/api/v1/articles/addresses", json=given)
    assert answer.status_code == 201
    assert len(answer.json()["added"]) == 1
    assert answer.json()["failed"] == [
        {"file": web.at("/gone"), "error": f"{web.at('/gone')} is not there (404); check the address."}
    ]
    again = client.post("/api/v1/articles/addresses", json={"addresses": [web.at("/a")]})
    assert (again.status_code, len(again.json()["unchanged"])) == (200, 1)


def test_where_none_could_be_had_it_is_a_problem(client: TestClient, web: Web) -> None:
    answer = client.post("/api/v1/articles/addresses", json={"addresses": [web.at("/gone"), "file:///etc/passwd"]})
    assert answer.status_code == 422
    assert "is not there (404)" in answer.json()["detail"]
    assert "file:///etc/passwd is no web address" in answer.json()["detail"]


@pytest.mark.parametrize("given", [{"addresses": []}, {"addresses": ["https://a.example/"] * 21}, {"urls": ["x"]}, {}])
def test_a_request_of_another_shape_is_refused_and_nothing_is_fetched(client: TestClient, given: Any) -> None:
    assert client.post("/api/v1/articles/addresses", json=given).status_code == 422
    assert client.get("/api/v1/fetches").json() == {"fetches": []}


def test_a_private_address_is_refused_where_nothing_else_is_set(tmp_path: Path, embedder: Embedder, web: Web) -> None:
    with Library(tmp_path / "other", embedder=embedder) as library:
        app = create_api(library, Assistant(library, None))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            answer = client.post("/api/v1/articles/addresses", json={"addresses": [web.put("/a", page())]})
    assert answer.status_code == 422
    assert "is an address of this machine or its network" in answer.json()["detail"]
    assert web.asked == []


def test_an_address_among_the_texts_or_in_a_question_is_not_fetched(client: TestClient, web: Web) -> None:
    address = web.put("/a", page())
    new = {"articles": [{"text": f"{address} {FERRY}", "url": address}]}
    assert client.post("/api/v1/articles", json=new).status_code == 201
    assert "is a web address" in client.post("/api/v1/ask", json={"question": address}).json()["detail"]
    client.post("/api/v1/search", json={"query": address})
    assert web.asked == []


def test_a_feed_is_followed_and_read_by_the_server_itself(client: TestClient, library: Library, web: Web) -> None:
    web.put("/a", page())
    feed = web.put("/feed", rss("/a"), kind="application/rss+xml")
    answer = client.post("/api/v1/feeds", json={"address": feed})
    assert (answer.status_code, answer.json()["title"]) == (200, "Larnville Courier")
    until(lambda: len(library.articles()) == 1)
    until(lambda: client.get("/api/v1/feeds").json()["feeds"][0]["waiting"] == 0)
    fetched = client.get("/api/v1/fetches?limit=1").json()["fetches"]
    assert [(one["address"], one["status"], one["outcome"]) for one in fetched] == [(web.at("/a"), 200, "fetched")]
    assert client.post("/api/v1/feeds/remove", json={"address": feed}).json() == {"feeds": []}
    assert client.post("/api/v1/feeds/remove", json={"address": feed}).status_code == 422


def test_what_is_no_feed_is_a_problem(client: TestClient, web: Web) -> None:
    answer = client.post("/api/v1/feeds", json={"address": web.put("/a", page())})
    assert answer.status_code == 422
    assert "is no feed (RSS or Atom)" in answer.json()["detail"]
    assert client.get("/api/v1/feeds").json() == {"feeds": []}


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("articles/addresses", {"addresses": ["https://courier.example/"]}),
        ("feeds", {"address": "https://courier.example/"}),
        ("feeds/remove", {"address": "https://courier.example/"}),
    ],
)
def test_a_key_that_may_only_read_makes_nothing_be_fetched(
    library: Library, tmp_path: Path, path: str, given: dict[str, Any]
) -> None:
    keys = Keys(tmp_path / "keys.json")
    _, token = keys.add("reader", read_only=True)
    app = create_api(library, Assistant(library, None), keys=keys, keys_required=True)
    with TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.post(f"/api/v1/{path}", json=given).status_code == 403
    assert library.web.visits() == ()


def test_where_no_feed_is_followed_a_running_server_fetches_nothing(client: TestClient, library: Library) -> None:
    client.get("/api/v1/health")
    threading.Event().wait(0.2)
    assert library.web.visits() == ()


class TestFollowing:
    def running(self, library: FakeLibrary, read_due: Any, monkeypatch: pytest.MonkeyPatch) -> Following:
        monkeypatch.setattr(following, "LOOK", 0.01)
        monkeypatch.setattr(library.web, "read_due", read_due)

        class Opened:
            name = "default"

            def __init__(self) -> None:
                self.library, self.assistant = library, FakeAssistant(library)

        made = Following(lambda: [Opened()])  # type: ignore[list-item]
        made.start()
        return made

    def test_it_stops_when_it_is_told_to(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[int] = []
        made = self.running(FakeLibrary(tmp_path), lambda **_: looks.append(1), monkeypatch)
        until(lambda: len(looks) > 2)
        made.stop()
        assert made._threads and not any(thread.is_alive() for thread in made._threads)

    def test_a_feed_that_takes_long_keeps_no_folder_waiting(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library, slow, looks = FakeLibrary(tmp_path), threading.Event(), []
        monkeypatch.setattr(library.folders, "look_due", lambda **_: looks.append(1))
        made = self.running(library, lambda **_: slow.wait(10), monkeypatch)
        until(lambda: len(looks) > 2)
        slow.set()
        made.stop()

    def test_a_store_that_fails_is_said_and_looked_at_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(following, "PAUSE", 0.01)
        looks: list[int] = []

        def full(**_: Any) -> None:
            looks.append(1)
            raise StoreError("The disk is full.")

        made = self.running(FakeLibrary(tmp_path), full, monkeypatch)
        until(lambda: len(looks) > 2)
        made.stop()
        assert "The feeds of default could not be read: The disk is full." in caplog.text

    def test_a_library_that_was_closed_meanwhile_ends_nothing(
        self, tmp_path: Path, embedder: Embedder, web: Web
    ) -> None:
        """As when a server stops while a page is on its way."""
        from onrecord.index import OnRecordError

        with Library(tmp_path / "data", embedder=embedder, fetch=NEAR) as library:
            reader = library.web
            web.put("/a", page())

            def closing(request: Any) -> Any:
                library.close()
                return web.routes["/b"]

            web.put("/b", page())
            web.routes["/a"] = closing
            with pytest.raises(OnRecordError, match="was closed"):
                reader.add([web.at("/a")])
