"""The server's doors: passwords, addresses, sizes, ports; and the queue to the model."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from onrecord.index.errors import InputError, LibraryClosed
from onrecord.index.types import Article
from onrecord.ui.desk.collections import Collections, Limits, collection_in
from onrecord.ui.desk.model_queue import ModelQueue
from onrecord.ui.page.scope import scope_of
from tests.ports import free_port
from tests.ui.fakes import FakeAssistant, FakeLibrary, FakeWriter
from tests.ui.site import Site, page_app, start


@pytest.mark.page
def test_an_address_that_others_reach_demands_a_password(tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default")
    with pytest.raises(InputError, match="give --auth NAME:PASSWORD"):
        page_app(library, FakeAssistant(library), host="0.0.0.0")


@pytest.mark.page
def test_with_a_password_nothing_but_the_health_check_is_open(articles: tuple[Article, ...], tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default", articles)
    app = page_app(library, FakeAssistant(library), host="0.0.0.0", users={"ann": "secret", "bob": "other"})
    address, server = start(app)
    try:
        for path in ("", "config", "gradio_api/info", "export/x.md", "theme.css"):
            assert httpx.get(address + path).status_code == 401
            assert httpx.get(address + path, auth=("ann", "wrong")).status_code == 401
        assert httpx.get(address + "healthz").json() == {"status": "ok"}
        assert httpx.get(address, auth=("ann", "secret")).status_code == 200
        key = app.state.collections.first.conversations.begin("ann", "q")
        assert httpx.get(address + f"export/{key}.md", auth=("ann", "secret")).status_code == 200
        assert httpx.get(address + f"export/{key}.md", auth=("bob", "other")).status_code == 404
    finally:
        server.should_exit = True


@pytest.mark.page
def test_a_port_in_use_is_one_sentence_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    from onrecord.ui.server.app import serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as stopped:
            serve(None, "127.0.0.1", port)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == (
        f"Port {port} on 127.0.0.1 is in use; stop what uses it, or choose another with --port.\n"
    )


@pytest.mark.page
def test_a_body_that_is_too_large_is_refused_said_or_unsaid(articles: tuple[Article, ...], tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default", articles)
    address, server = start(page_app(library, FakeAssistant(library), limits=Limits(file_bytes=1000)))
    try:
        big = b"x" * 3_000_000
        assert httpx.post(address + "gradio_api/upload", files={"files": ("a.txt", big)}).status_code == 413
        unsaid = httpx.post(address + "gradio_api/upload", content=iter([big[:1_000_000]] * 3))
        assert unsaid.status_code >= 400
    except httpx.RemoteProtocolError:
        pass  # the connection was closed in the middle of the body
    finally:
        server.should_exit = True


@pytest.mark.page
def test_every_answer_carries_the_policy(site: Site) -> None:
    for path in ("", "healthz", "nothing-here", "config"):
        headers = httpx.get(site.address + path).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.page
def test_a_conversation_in_an_unknown_format_or_of_nobody_is_not_found(site: Site) -> None:
    key = site.app.state.collections.first.conversations.begin("", "q")
    assert httpx.get(site.address + f"export/{key}.pdf").status_code == 404
    assert httpx.get(site.address + "export/nobody.md").status_code == 404


def test_the_lane_serves_in_the_order_of_arrival_and_tells_each_its_place() -> None:
    queue = ModelQueue()
    first, second, third = queue.join(), queue.join(), queue.join()
    assert [t.place for t in (first, second, third)] == [0, 1, 2]
    assert not third.wait(0.01)
    second.leave()
    assert third.place == 1
    threading.Timer(0.05, first.leave).start()
    assert third.wait(5)
    third.leave()
    third.leave()
    assert len(queue) == 0


def test_as_many_are_served_at_once_as_the_model_serves(articles: tuple[Article, ...], tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default", articles)
    assistant = FakeAssistant(library)
    assistant.engine.at_once = 2
    collections = Collections(collection_in(tmp_path / "default", library, assistant))
    tickets = [collections.queue.join() for _ in range(3)]
    assert [ticket.place for ticket in tickets] == [0, 0, 1]
    assert tickets[1].wait(0.01) and not tickets[2].wait(0.01)
    threading.Timer(0.05, setattr, (collections.queue, "width", 3)).start()
    assert tickets[2].wait(5)
    collections.close()


def test_what_needs_the_lane_alone_waits_for_those_before_it_and_holds_up_those_behind() -> None:
    queue, alone, done = ModelQueue(), threading.Event(), threading.Event()
    first = queue.join()

    def change() -> None:
        with queue.alone():
            alone.set()
            done.wait(5)

    threading.Thread(target=change, daemon=True).start()
    while len(queue) < 2:
        threading.Event().wait(0.01)
    behind = queue.join(begin=False)
    assert not alone.wait(0.05)
    first.leave()
    assert alone.wait(5)
    assert not behind.begin(0.05)
    done.set()
    assert behind.begin(5)
    assert behind.place == 0
    assert queue.join().place == 1


@pytest.mark.page
def test_stopping_the_server_closes_every_collection_that_it_opened(
    articles: tuple[Article, ...], tmp_path: Path
) -> None:
    shared = FakeWriter("shared")
    opened: list[FakeAssistant] = []

    def opener(folder: Path) -> tuple[FakeLibrary, FakeAssistant]:
        library = FakeLibrary(folder, articles)
        assistant = FakeAssistant(library)
        # The first of these shares the model of the first collection, the second has one of its own.
        assistant.engine = FakeWriter("own") if opened else shared
        opened.append(assistant)
        return library, assistant

    library = FakeLibrary(tmp_path / "default", articles)
    first = FakeAssistant(library)
    first.engine = shared
    app = page_app(library, first, opener=opener)
    collections = app.state.collections
    made = [collections.create("Harbour story"), collections.create("Bridge story")]
    _, server = start(app)
    server.should_exit = True
    deadline = time.monotonic() + 10
    while not made[-1].library.closed and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [collection.library.closed for collection in made] == [True, True]
    assert opened[1].engine.closed
    assert not library.closed and not shared.closed, "these are closed by who gave them"
    for collection in (collections.first, *made):
        with pytest.raises(LibraryClosed):
            collection.conversations.begin("", "q")
    collections.close()
    with pytest.raises(InputError):
        collections.open("Harbour story")


@pytest.mark.page
def test_the_server_stops_although_a_page_is_open() -> None:
    async def endless(request: Request) -> StreamingResponse:
        async def beats() -> AsyncIterator[bytes]:
            while True:
                yield b"beat\n"
                await asyncio.sleep(0.01)

        return StreamingResponse(beats())

    from onrecord.ui.server.app import PageServer

    port = free_port()
    config = uvicorn.Config(Starlette(routes=[Route("/", endless)]), port=port, log_level="error")
    server = PageServer(config)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.02)
    with httpx.stream("GET", f"http://127.0.0.1:{port}/") as response:
        assert next(response.iter_bytes()).startswith(b"beat")
        server.should_exit = True
        running.join(5)
        assert not running.is_alive()


def test_one_collection_that_cannot_be_closed_does_not_keep_the_others_open(tmp_path: Path) -> None:
    def opener(folder: Path) -> tuple[FakeLibrary, FakeAssistant]:
        library = FakeLibrary(folder)
        library.stuck = folder.name == "A"
        return library, FakeAssistant(library)

    library = FakeLibrary(tmp_path / "default")
    collections = Collections(collection_in(tmp_path / "default", library, FakeAssistant(library)), opener)
    made = [collections.create("A"), collections.create("B")]
    collections.close()
    assert [collection.library.closed for collection in made] == [False, True]  # type: ignore[attr-defined]


def test_a_filter_with_its_dates_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(InputError, match="swap the two dates"):
        scope_of((), (), "2024-05", "2024-03")


@pytest.mark.page
def test_collections_have_names_that_cannot_leave_their_folder(site: Site) -> None:
    collections = site.app.state.collections
    for name in ("../evil", "a/b", "", ".hidden", "x" * 60, "dot."):
        with pytest.raises(InputError):
            collections.create(name)
    collections.create("Harbour story")
    assert collections.names() == ("default", "Harbour story")
    with pytest.raises(InputError, match="is taken"):
        collections.create("Harbour story")
