"""A real server with scripted answers, and a real browser. Every page object checks that nothing left the machine."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from onrecord.index.types import Article

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that the modules beside this one can be imported

from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import CHROMIUM, Site, page_app, start


@pytest.fixture
def site(articles: tuple[Article, ...], tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "default"
    library = FakeLibrary(folder, articles)
    assistant = FakeAssistant(library)

    def opener(path: Path) -> tuple[FakeLibrary, FakeAssistant]:
        other = FakeLibrary(path)
        return other, FakeAssistant(other)

    app = page_app(library, assistant, opener=opener)
    address, server = start(app)
    yield Site(address, library, assistant, app, folder)
    server.should_exit = True


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """The page, opened, with its first view drawn. Any request to elsewhere fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    page = context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(site.address)
    page.wait_for_selector(".home")
    yield page
    outside = [url for url in asked if not url.startswith((site.address, "data:", "blob:"))]
    context.close()
    assert not outside, f"requests left the machine: {outside}"
    assert not broken, f"errors on the page: {broken}"
