"""A real server with scripted answers, and a real browser. Every page object checks that nothing left the machine."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from onrecord.index.store.catalogue import Catalogue
from onrecord.index.types import Article
from onrecord.ui.desk.conversations import FILE, Conversations

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that the modules beside this one can be imported

from tests.ports import free_port
from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import CHROMIUM, Site, page_app, serving, visited


@pytest.fixture
def kept(tmp_path: Path, catalogue_url: str) -> Iterator[Conversations]:
    """Conversations in a file, and in the database of the articles: the same must hold in both."""
    with (
        closing(Catalogue(tmp_path, catalogue_url)) as articles,
        closing(Conversations(tmp_path / FILE, articles.shared)) as opened,
    ):
        yield opened


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


@pytest.fixture(scope="session")
def phone_tab(browser: Browser) -> Iterator[Page]:
    """As `tab`, on a phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab: Page, site: Site) -> Iterator[Page]:
    """The page, opened, with its first view drawn. Any request to elsewhere fails the test."""
    with visited(tab, site) as page:
        yield page


@pytest.fixture
def phone(phone_tab: Page, site: Site) -> Iterator[Page]:
    """As `page`, on a phone."""
    with visited(phone_tab, site) as page:
        yield page


@pytest.fixture(params=["light", "dark"])
def shown(request: pytest.FixtureRequest, tab: Page, site: Site) -> Iterator[Page]:
    """As `page`, in light colours and in dark ones."""
    with visited(tab, site, colours=request.param) as page:
        yield page
