"""A web site on this machine, scripted: what it answers by path, and what it was asked."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STORY = (
    "The city closed the Old Mill Bridge on Monday after inspectors found cracks in two of its supports. "
    "Mayor Ilse Brandt said repairs would cost 2.4 million euros and take nine months. "
    "About 11,000 drivers use the bridge every day, according to the transport office."
)


def page(text: str = STORY, title: str = "Old bridge closed", head: str = "") -> bytes:
    paragraphs = "".join(f"<p>{one}</p>" for one in text.split("\n"))
    return (
        f'<html lang="en"><head><title>{title}</title>{head}</head><body><nav><a href="/">Home</a></nav><article>'
        f"<h1>{title}</h1>{paragraphs}</article></body></html>"
    ).encode()


def rss(*links: str, title: str = "Larnville Courier") -> bytes:
    items = "".join(
        f"<item><title>Story {n}</title><link>{link}</link><pubDate>Mon, 04 Mar 2024 09:30:00 +0000</pubDate></item>"
        for n, link in enumerate(links, start=1)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'.encode()


@dataclass
class Answer:
    """``trickle``: seconds between two of its bytes; ``cut``: so many bytes are promised and not sent."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    trickle: float = 0.0
    cut: int = 0


@dataclass
class Web:
    """``routes``: what is answered at a path, or a function of the request that makes it. Another path is a 404."""

    routes: dict[str, Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def put(self, path: str, body: bytes = b"", status: int = 200, kind: str = "text/html", **headers: str) -> str:
        """Answers so at the path; gives the address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes[path] = Answer(body, status, {"Content-Type": kind, **named})
        return self.at(path)

    def at(self, path: str) -> str:
        return f"{self.address}{path}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, but for the rules of the site."""
        return [path for path, _ in self.asked if path != "/robots.txt"]


@contextmanager
def serving() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            web.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answer = web.routes.get(self.path, Answer(b"nothing here", 404))
            answer = answer(self) if callable(answer) else answer
            try:
                self._send(answer)
            except OSError:  # whoever asked went away
                self.close_connection = True

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            if not answer.trickle:
                self.wfile.write(answer.body)
            for n in range(len(answer.body) if answer.trickle else 0):
                self.wfile.write(answer.body[n : n + 1])
                time.sleep(answer.trickle)
            self.close_connection = bool(answer.cut)

        def log_message(self, *_: Any) -> None:
            pass

    with listening(Handler) as web.address:
        yield web


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address on this machine at which the handler answers."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Whoever asked went away."""

    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
