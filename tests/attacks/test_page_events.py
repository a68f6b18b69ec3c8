"""No event of the page, known today or added tomorrow, reads a file that was not sent through the file field."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from onrecord.index.types import Article
from onrecord.ui.server.app import create_app
from onrecord.ui.server.page_events import EVENT_BYTES
from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import start

META = {"_type": "gradio.FileData"}
ROUTES = ("gradio_api/queue/join", "gradio_api/run/predict")
NAME = "evil.example"
TEXT = "The harbour of Port Asel was closed on Tuesday because of a storm from the north."
OFFERED = {
    ("GET", "/"), ("GET", "/config"), ("GET", "/theme.css"), ("GET", "/favicon.ico"),
    ("GET", "/gradio_api/queue/data"), ("GET", "/gradio_api/upload_progress"),
    ("POST", "/gradio_api/upload"), ("POST", "/gradio_api/queue/join"), ("POST", "/gradio_api/run/{api_name}"),
    ("POST", "/gradio_api/cancel"), ("POST", "/gradio_api/reset"),
}  # fmt: skip


@dataclass
class Listener:
    """An address that a server could be made to fetch; counts who came."""

    came: int = 0
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.door.getsockname()[1]}/x.txt"

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.door.accept()
            except OSError:
                return
            self.came += 1
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\ntext")
            connection.close()


@dataclass
class Target:
    """A running page; ``client`` attacks it, ``other`` is another of its users, or another browser."""

    address: str
    app: Any
    library: FakeLibrary
    client: httpx.Client
    other: httpx.Client

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("config").json()["dependencies"]
        return found

    @property
    def kinds(self) -> dict[int, str]:
        return {part["id"]: part["type"] for part in self.client.get("config").json()["components"]}

    @property
    def sending(self) -> dict[str, Any]:
        """The event that takes the file field."""
        kinds = self.kinds
        return next(event for event in self.events if "file" in [kinds[part] for part in event["inputs"]])

    def add(self, client: httpx.Client, files: Any, session: str = "sending") -> httpx.Response:
        """What the browser does when files have been sent."""
        event = self.sending
        kinds = self.kinds
        data = [files if kinds[part] == "file" else None for part in event["inputs"]]
        return client.post(ROUTES[0], json={"fn_index": event["id"], "data": data, "session_hash": session})

    def outcome(self, client: httpx.Client, session: str = "sending") -> str:
        with client.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as stream:
            return "\n".join(line for line in stream.iter_lines() if "process_" in line)


def upload(client: httpx.Client, name: str = "harbour.txt", text: str = TEXT) -> dict[str, Any]:
    """A file, sent; what names it in an event."""
    answer = client.post("gradio_api/upload", files={"files": (name, text.encode())})
    assert answer.status_code == 200, answer.text
    return {"path": answer.json()[0], "meta": META}


@pytest.fixture(scope="module", params=["open", "auth"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp(request.param) / "default"
    article = Article(id="bridge", title="Bridge", text="The bridge was closed on Monday after cracks were found.")
    library = FakeLibrary(folder, [article])
    users = {"ann": "secret", "bob": "other"} if request.param == "auth" else {}

    def opener(path: Path) -> tuple[FakeLibrary, FakeAssistant]:
        other = FakeLibrary(path)
        return other, FakeAssistant(other)

    app = create_app(library, FakeAssistant(library), users=users, opener=opener)
    (folder / "keys.json").write_text("[]")
    address, server = start(app)
    names: list[tuple[str, str] | None] = [*users.items()] or [None, None]
    with httpx.Client(base_url=address, auth=names[0]) as ann, httpx.Client(base_url=address, auth=names[1]) as bob:
        yield Target(address, app, library, ann, bob)
    server.should_exit = True


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.door.close()


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that the server, which is of this process, asks for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def noting(host: Any, *rest: Any, **more: Any) -> Any:
        if host == NAME:
            asked.append(host)
            raise socket.gaierror(socket.EAI_NONAME, "not here")
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    return asked


def payloads(target: Target, listener: Listener) -> dict[str, Any]:
    """What stands for a file that nobody sent through the file field of this page."""
    folder = target.library.path
    theirs = upload(target.other)
    return {
        "the passwords": {"path": "/etc/passwd", "meta": META},
        "the conversations": {"path": str(folder / "conversations.sqlite"), "meta": META},
        "the keys": {"path": str(folder / "keys.json"), "meta": META},
        "of another user": theirs,
        "an address": {"path": listener.address, "meta": META},
        "an address with a name": {"path": f"http://{NAME}/x.txt", "meta": META},
        "an address beside": {"path": theirs["path"], "url": listener.address, "meta": META},
        "deep inside": {"a": [{"b": {"path": "/etc/passwd", "meta": META}}]},
        "in a list": [{"path": "/etc/passwd", "meta": META}],
        "without its kind": {"path": "/etc/passwd"},
    }


def test_no_input_of_any_event_takes_a_file_that_was_not_sent(
    target: Target, listener: Listener, looked_up: list[str]
) -> None:
    tried, taken = 0, []
    given = payloads(target, listener)
    for event in target.events:
        for place in range(len(event["inputs"])):
            for name, payload in given.items():
                data = [payload if n == place else None for n in range(len(event["inputs"]))]
                body = {"fn_index": event["id"], "data": data, "session_hash": "attack"}
                for answer in (target.client.post(route, json=body) for route in ROUTES):
                    tried += 1
                    if answer.status_code != 422 or "file field" not in answer.text:
                        taken.append((event["id"], place, name, answer.status_code, answer.text[:80]))
    assert not taken
    assert {event["id"] for event in target.events} == set(target.app.routes[-1].app.get_blocks().fns)
    assert tried >= 900
    assert listener.came == 0
    assert looked_up == []


def test_what_an_event_tells_beside_its_inputs_names_no_file_either(target: Target, listener: Listener) -> None:
    for payload in payloads(target, listener).values():
        for event in target.events[:3]:
            body = {"fn_index": event["id"], "data": [None] * len(event["inputs"]), "event_data": payload}
            assert target.client.post(ROUTES[0], json={**body, "session_hash": "attack"}).status_code == 422
    assert listener.came == 0


def test_a_file_is_taken_from_who_sent_it_and_nobody_else(target: Target) -> None:
    mine = upload(target.client, "mine.txt", "The museum of Port Asel opens again on 2 May after the repairs.")
    assert target.add(target.other, [mine]).status_code == 422
    assert target.add(target.client, [mine]).status_code == 200
    assert "1 added" in target.outcome(target.client)
    assert any("museum of Port Asel" in article.text for article in target.library.kept.values())


def test_an_address_beside_a_file_that_was_sent_is_not_fetched(target: Target, looked_up: list[str]) -> None:
    mine = upload(target.client, "ferry.txt", "The ferry across the Larn runs every 20 minutes until midnight.")
    beside = {**mine, "url": f"http://{NAME}/x.txt", "is_stream": True}
    assert target.add(target.client, [beside], "beside").status_code == 200
    assert "1 added" in target.outcome(target.client, "beside")
    assert looked_up == []


def test_a_file_that_was_added_by_another_meanwhile_is_said_to_be_gone(target: Target) -> None:
    mine, theirs = (upload(client, "same.txt", TEXT * 2) for client in (target.client, target.other))
    assert mine == theirs
    Path(mine["path"]).unlink()
    assert target.add(target.other, [theirs], "gone").status_code == 200
    assert "is no longer here; choose it again" in target.outcome(target.other, "gone")


def test_no_route_is_open_that_the_page_does_not_use(target: Target) -> None:
    gradio = target.app.routes[-1].app
    routes = [(method, path) for path, methods in _routes(gradio) for method in methods]
    assert len(routes) > 60, "this test cannot see Gradio's routes"
    answered = set()
    for method, path in set(routes) - {("HEAD", path) for _, path in routes}:
        if path.startswith(("/assets/", "/static/", "/gradio_api/heartbeat/")):
            continue
        where = path.replace("{path_or_url:path}", "/etc/passwd").replace("{url_path:path}", "http://127.0.0.1/")
        where = where.replace("{api_name}", "predict")
        with target.client.stream(method, where.lstrip("/"), timeout=5) as answer:
            if answer.status_code != 404 or (method, path) in OFFERED:
                answered.add((method, path))
    assert answered == OFFERED


def _routes(app: Any) -> Iterator[tuple[str, set[str]]]:
    for route in app.routes:
        if getattr(route, "methods", None):
            yield route.path, route.methods
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None:
            yield from _routes(inner)


@pytest.mark.parametrize("body", [b'{"data": ["\\ud800"], "fn_index": 0}', b'{"data": ["\xed\xa0\x80"]}'])
def test_half_a_character_in_an_event_is_an_error_of_one_sentence(target: Target, body: bytes) -> None:
    for route in (*ROUTES, "gradio_api/cancel", "gradio_api/reset"):
        answer = target.client.post(route, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert "half of a surrogate pair" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b"[]", b"7"])
def test_what_is_no_event_is_refused(target: Target, body: bytes) -> None:
    answer = target.client.post(ROUTES[0], content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert json.loads(answer.content)["detail"]


def test_an_event_that_is_too_large_is_refused(target: Target) -> None:
    body = json.dumps({"fn_index": 0, "data": ["x" * EVENT_BYTES], "session_hash": "s"})
    assert target.client.post(ROUTES[0], content=body).status_code == 413
