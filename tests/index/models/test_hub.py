"""Pulling over HTTP, from a server on this machine that does what a hub, a mirror or a bad line may do."""

import hashlib
import shutil
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from onrecord.index.errors import ModelError
from onrecord.index.models import catalogue as models
from onrecord.index.models import hub
from onrecord.index.models import pull as pulling
from onrecord.index.models.catalogue import ModelEntry, ModelFile
from tests.web import listening

DATA = bytes(range(256)) * 400
PATH = "/someone/model-GGUF/resolve/abc123/model%20Q4.gguf"
ENTRY = ModelEntry(
    name="model",
    kind="generator",
    about="one file",
    repository="someone/model-GGUF",
    revision="abc123",
    licence="Apache-2.0",
    context_tokens=128,
    sources=("hub",),
    files=(ModelFile("model Q4.gguf", len(DATA), hashlib.sha256(DATA).hexdigest()),),
    run=False,
)


@dataclass
class Server:
    """``replies`` are used one per request, the last one for all further requests."""

    replies: list[Callable[["Reply"], None]]
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, Range
    address: str = ""

    def next(self) -> Callable[["Reply"], None]:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class Reply(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Server

    def do_GET(self) -> None:
        self.close_connection = True
        self.site.asked.append((self.path, self.headers.get("Range", "")))
        self.site.next()(self)

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def file_server(
    data: bytes = DATA, *, stop_after: int | None = None, stall: threading.Event | None = None
) -> Callable[[Reply], None]:
    """Serves ``data`` with ranges; breaks off, or falls silent until ``stall``, after so many bytes."""

    def reply(to: Reply) -> None:
        asked = to.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(data) > 0 and asked:
            return to.head(416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
        if asked:
            to.head(206, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}", Content_Length=len(data) - start)
        else:
            to.head(200, Content_Length=len(data))
        to.wfile.write(data[start:][:stop_after])
        to.wfile.flush()
        if stall:
            stall.wait(10)
        return None

    return reply


def answers(status: int, **headers: object) -> Callable[[Reply], None]:
    return lambda to: to.head(status, Content_Length=0, **headers)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    site = Server([file_server()])
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(models, "catalogue", lambda: (ENTRY,))
    monkeypatch.setattr(hub, "PAUSE", 0.0)
    with listening(type("Bound", (Reply,), {"site": site})) as site.address:
        monkeypatch.setenv("HF_ENDPOINT", site.address)
        yield site


def partial() -> Path:
    return ENTRY.folder / "model Q4.gguf.partial"


def begun(size: int) -> None:
    """As a pull that was killed leaves it."""
    ENTRY.folder.mkdir(parents=True)
    partial().write_bytes(DATA[:size])


def test_a_file_is_fetched_from_its_pinned_revision_with_rising_progress(served: Server) -> None:
    seen: list[tuple[int, int]] = []
    path = pulling.pull("model", on_progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == DATA
    assert served.asked == [(PATH, "")]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert (seen[0][0], seen[-1]) == (0, (len(DATA), len(DATA)))
    assert sorted(p.name for p in path.parent.iterdir()) == [".lock", ".verified.json", "model Q4.gguf"]


def test_without_another_address_it_is_the_hubs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert hub.address_of(ENTRY, ENTRY.files[0]) == f"https://huggingface.co{PATH}"
    assert "/resolve/main/" in hub.address_of(replace(ENTRY, revision=""), ENTRY.files[0])


def test_a_connection_that_breaks_is_gone_on_from_where_it_broke(served: Server) -> None:
    served.replies = [file_server(stop_after=3000), file_server(stop_after=5000), file_server()]
    assert pulling.pull("model").read_bytes() == DATA
    assert [asked for _, asked in served.asked] == ["", "bytes=3000-", "bytes=8000-"]


def test_a_server_that_falls_silent_counts_as_broken(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SILENCE", 0.2)
    released = threading.Event()
    served.replies = [file_server(stop_after=3000, stall=released), file_server()]
    assert pulling.pull("model").read_bytes() == DATA
    released.set()
    assert [asked for _, asked in served.asked] == ["", "bytes=3000-"]


def test_a_pull_that_was_killed_is_gone_on_from_by_the_next(served: Server) -> None:
    begun(7000)
    first: list[int] = []
    assert pulling.pull("model", on_progress=lambda done, total: first.append(done)).read_bytes() == DATA
    assert served.asked == [(PATH, "bytes=7000-")]
    assert first[0] == 7000


def test_a_line_that_brings_nothing_any_more_keeps_what_came_and_says_how_to_go_on(served: Server) -> None:
    served.replies = [file_server(stop_after=3000), file_server(stop_after=0)]
    with pytest.raises(
        ModelError, match=r"did not give it \(.*\); `onrecord models pull model` goes on after the 3\.0 kB"
    ):
        pulling.pull("model")
    assert partial().read_bytes() == DATA[:3000]
    assert len(served.asked) == 1 + hub.TRIES - 1
    served.replies = [file_server()]
    assert pulling.pull("model").read_bytes() == DATA


def test_a_server_without_ranges_gives_the_whole_file_anew(served: Server) -> None:
    begun(7000)

    def whole(to: Reply) -> None:
        to.head(200, Content_Length=len(DATA))
        to.wfile.write(DATA)

    served.replies = [whole]
    assert pulling.pull("model").read_bytes() == DATA


def test_other_bytes_than_the_publishers_are_deleted_and_one_sentence_says_so(served: Server) -> None:
    served.replies = [file_server(b"!" + DATA[1:])]
    with pytest.raises(
        ModelError, match=r"model Q4\.gguf has the checksum \w{12}… where \w{12}… was expected, so it was"
    ):
        pulling.pull("model")
    assert [p.name for p in ENTRY.folder.iterdir()] == [".lock"]


def test_a_file_of_another_size_is_refused_before_it_is_fetched(served: Server) -> None:
    served.replies = [file_server(DATA + b"more")]
    with pytest.raises(ModelError, match="has 102404 bytes where the catalogue has 102400"):
        pulling.pull("model")
    assert not partial().exists()


def test_a_redirect_is_followed_range_and_all(served: Server) -> None:
    begun(7000)
    served.replies = [answers(302, Location="/elsewhere?signed=1"), file_server()]
    assert pulling.pull("model").read_bytes() == DATA
    assert served.asked == [(PATH, "bytes=7000-"), ("/elsewhere?signed=1", "bytes=7000-")]


def test_redirects_in_a_circle_are_an_error(served: Server) -> None:
    served.replies = [answers(302, Location=PATH)]
    with pytest.raises(ModelError, match="redirects"):
        pulling.pull("model")


@pytest.mark.parametrize("status", [401, 404])
def test_a_file_that_is_not_there_is_said_at_once(status: int, served: Server) -> None:
    served.replies = [answers(status)]
    with pytest.raises(ModelError, match=rf"{PATH} answered {status} "):
        pulling.pull("model")
    assert len(served.asked) == 1


def test_a_busy_server_is_asked_again(served: Server) -> None:
    served.replies = [answers(503), answers(429), file_server()]
    assert pulling.pull("model").read_bytes() == DATA


def test_without_a_network_the_error_comes_at_once(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "PAUSE", 1000.0)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9/someone/.* did not give it .*--from PATH"):
        pulling.pull("model")


def test_an_address_that_is_none_is_one_clear_error(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "ftp://mirror")
    with pytest.raises(ModelError, match="ftp://mirror"):
        pulling.pull("model")


def test_what_was_fetched_but_not_yet_checked_is_not_fetched_again(served: Server) -> None:
    begun(len(DATA))
    assert pulling.pull("model").read_bytes() == DATA
    assert served.asked == []


# Where only about the size is known


@pytest.fixture
def roughly(served: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    file = replace(ENTRY.files[0], bytes=100_000, exact=False)
    monkeypatch.setattr(models, "catalogue", lambda: (replace(ENTRY, files=(file,)),))
    return served


def test_a_size_that_is_only_about_right_is_no_error_and_the_checksum_decides(roughly: Server) -> None:
    entry = models.find_entry("model")
    assert entry.size == "about 100.0 kB"
    roughly.replies = [file_server(stop_after=3000), file_server()]
    assert pulling.pull("model").read_bytes() == DATA
    assert entry.here and models.verify("model")
    entry.path.write_bytes(DATA[:-1])
    assert entry.here and not models.verify("model")


def test_a_whole_partial_of_such_a_file_is_recognised(roughly: Server) -> None:
    begun(len(DATA))
    assert pulling.pull("model").read_bytes() == DATA
    assert [asked for _, asked in roughly.asked] == [f"bytes={len(DATA)}-"]


def test_room_on_the_disk_is_looked_for_with_the_size_that_the_server_names(
    roughly: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = 10**12
    roughly.replies = [lambda to: to.head(200, Content_Length=huge)]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=10**9))
    with pytest.raises(ModelError, match=r"needs 1000\.1 GB on the disk.*1\.0 GB are free"):
        pulling.pull("model")
    assert not partial().exists()
