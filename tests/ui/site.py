"""What the tests of the page share: a running server, and asking as a person does."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Error, Page, Request, expect

from tests.ports import free_port
from tests.ui.fakes import FakeAssistant, FakeLibrary

expect.set_options(timeout=15_000)
# The system's, or None for the one that `playwright install chromium` fetched.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in _NAMES if (path := shutil.which(name))), None)


@dataclass
class Site:
    address: str
    library: FakeLibrary
    assistant: FakeAssistant
    app: FastAPI
    folder: Path


def page_app(library: Any, assistant: Any, **options: Any) -> FastAPI:
    """As `create_app`. Gradio, which takes seconds to import, is imported only where the page is tested."""
    from onrecord.ui.server.app import create_app

    return create_app(library, assistant, **options)


@contextmanager
def serving(app: Any, port: int) -> Iterator[str]:
    """The app at this port; when it ends, the port is free again."""
    server = _server(app, port)
    thread = _run(server)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(20)


def start(app: Any) -> tuple[str, uvicorn.Server]:
    server = _server(app, free_port())
    _run(server)
    return f"http://127.0.0.1:{server.config.port}/", server


def _server(app: Any, port: int) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    )


def _run(server: uvicorn.Server) -> threading.Thread:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start within 30 s"
        time.sleep(0.02)
    return thread


@contextmanager
def visited(tab: Page, site: Site, *, colours: Literal["light", "dark", "null"] = "null") -> Iterator[Page]:
    """A tab at the site, its first view drawn; ``colours`` as the browser asks for, "null" for its own.

    Fails where anything left the machine or broke on the page; then the tab is as one that was never there.
    """
    context, size = tab.context, tab.viewport_size
    asked: list[str] = []
    broken: list[str] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_error(error: Error) -> None:
        broken.append(str(error))

    tab.on("request", note_request)
    tab.on("pageerror", note_error)
    tab.emulate_media(color_scheme=colours)
    tab.goto(site.address)
    tab.wait_for_selector(".home")
    yield tab
    outside = [url for url in asked if not url.startswith((site.address, "data:", "blob:"))]
    tab.remove_listener("request", note_request)
    tab.remove_listener("pageerror", note_error)
    for other in context.pages:
        if other is not tab:
            other.close()
    tab.goto(site.address + "healthz")  # where a script may reach what the page has stored
    tab.evaluate("localStorage.clear(); sessionStorage.clear()")
    context.clear_cookies()
    tab.goto("about:blank")
    if size:
        tab.set_viewport_size(size)
    assert not outside, f"requests left the machine: {outside}"
    assert not broken, f"errors on the page: {broken}"


def ask(page: Page, question: str, *, wait: bool = True) -> None:
    """Types a question as a person would; waits for the finished answer unless told not to."""
    before = page.locator(".turn").count()
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    try:
        expect(page.locator(".turn")).to_have_count(before + 1, timeout=5_000)
    except AssertionError:  # in the instant in which the answer before it ends, Gradio takes none; it stays in its box
        page.press("#question textarea", "Enter")
        expect(page.locator(".turn")).to_have_count(before + 1)
    if wait:
        expect(page.locator(".turn").last.locator(".actions")).to_be_visible()
