"""The server's doors: passwords, addresses, sizes, ports; and the lane to the model."""

import socket
import threading
from pathlib import Path

import httpx
import pytest

from onrecord.index.errors import InputError
from onrecord.index.types import Article
from onrecord.ui.desk import Limits
from onrecord.ui.lane import Lane
from onrecord.ui.scope import scope_of
from onrecord.ui.server import create_app, serve
from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import Site, start


def test_an_address_that_others_reach_demands_a_password(tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default")
    with pytest.raises(InputError, match="give --auth NAME:PASSWORD"):
        create_app(library, FakeAssistant(library), host="0.0.0.0")


def test_with_a_password_nothing_but_the_health_check_is_open(articles: tuple[Article, ...], tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default", articles)
    app = create_app(library, FakeAssistant(library), host="0.0.0.0", users={"ann": "secret", "bob": "other"})
    address, server = start(app)
    try:
        for path in ("", "config", "gradio_api/info", "export/x.md", "theme.css"):
            assert httpx.get(address + path).status_code == 401
            assert httpx.get(address + path, auth=("ann", "wrong")).status_code == 401
        assert httpx.get(address + "healthz").json() == {"status": "ok"}
        assert httpx.get(address, auth=("ann", "secret")).status_code == 200
        key = app.state.desk.first.conversations.begin("ann", "q")
        assert httpx.get(address + f"export/{key}.md", auth=("ann", "secret")).status_code == 200
        assert httpx.get(address + f"export/{key}.md", auth=("bob", "other")).status_code == 404
    finally:
        server.should_exit = True


def test_a_port_in_use_is_one_sentence_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_a_body_that_is_too_large_is_refused_said_or_unsaid(articles: tuple[Article, ...], tmp_path: Path) -> None:
    library = FakeLibrary(tmp_path / "default", articles)
    address, server = start(create_app(library, FakeAssistant(library), limits=Limits(file_bytes=1000)))
    try:
        big = b"x" * 3_000_000
        assert httpx.post(address + "gradio_api/upload", files={"files": ("a.txt", big)}).status_code == 413
        unsaid = httpx.post(address + "gradio_api/upload", content=iter([big[:1_000_000]] * 3))
        assert unsaid.status_code >= 400
    except httpx.RemoteProtocolError:
        pass  # the connection was closed in the middle of the body
    finally:
        server.should_exit = True


def test_every_answer_carries_the_policy(site: Site) -> None:
    for path in ("", "healthz", "nothing-here", "config"):
        headers = httpx.get(site.address + path).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_conversation_in_an_unknown_format_or_of_nobody_is_not_found(site: Site) -> None:
    key = site.app.state.desk.first.conversations.begin("", "q")
    assert httpx.get(site.address + f"export/{key}.pdf").status_code == 404
    assert httpx.get(site.address + "export/nobody.md").status_code == 404


def test_the_lane_serves_in_the_order_of_arrival_and_tells_each_its_place() -> None:
    lane = Lane()
    first, second, third = lane.join(), lane.join(), lane.join()
    assert [t.place for t in (first, second, third)] == [0, 1, 2]
    assert not third.wait(0.01)
    second.leave()
    assert third.place == 1
    threading.Timer(0.05, first.leave).start()
    assert third.wait(5)
    third.leave()
    third.leave()
    assert len(lane) == 0


def test_a_filter_with_its_dates_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(InputError, match="swap the two dates"):
        scope_of((), (), "2024-05", "2024-03")


def test_collections_have_names_that_cannot_leave_their_folder(site: Site) -> None:
    desk = site.app.state.desk
    for name in ("../evil", "a/b", "", ".hidden", "x" * 60, "dot."):
        with pytest.raises(InputError):
            desk.create(name)
    desk.create("Harbour story")
    assert desk.names() == ("default", "Harbour story")
    with pytest.raises(InputError, match="is taken"):
        desk.create("Harbour story")
