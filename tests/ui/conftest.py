"""A real server with scripted answers, and a real browser. Every page object checks that nothing left the machine."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Request, sync_playwright

from onrecord.index.types import Article

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that the modules beside this one can be imported

from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import CHROMIUM, Site, free_port, page_app, serving


@pytest.fixture(scope="session")
def port() -> int:
    """One address for all tests, so that the browser keeps what it compiled for it."""
    return free_port()


@pytest.fixture
def site(articles: tuple[Article, ...], tmp_path: Path, port: int) -> Iterator[Site]:
    folder = tmp_path / "default"
    library = FakeLibrary(folder, articles)
    assistant = FakeAssistant(library)

    def opener(path: Path) -> tuple[FakeLibrary, FakeAssistant]:
        other = FakeLibrary(path)
        return other, FakeAssistant(other)

    app = page_app(library, assistant, opener=opener)
    with serving(app, port) as address:
        yield Site(address, library, assistant, app, folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for all tests: in a new one the browser compiles the page's scripts again, most of what opening costs."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab: Page, site: Site) -> Iterator[Page]:
    """The page, opened, with its first view drawn. Any request to elsewhere fails the test."""
    page, context = tab, tab.context
    asked: list[str] = []
    broken: list[str] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_error(error: Error) -> None:
        broken.append(str(error))

    page.on("request", note_request)
    page.on("pageerror", note_error)
    page.goto(site.address)
    page.wait_for_selector(".home")
    yield page
    outside = [url for url in asked if not url.startswith((site.address, "data:", "blob:"))]
    page.remove_listener("request", note_request)
    page.remove_listener("pageerror", note_error)
    for other in context.pages:
        if other is not page:
            other.close()
    # As a browser that was never here: nothing that this test left is seen by the next.
    page.goto(site.address + "healthz")
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    context.clear_cookies()
    page.goto("about:blank")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert not outside, f"requests left the machine: {outside}"
    assert not broken, f"errors on the page: {broken}"
