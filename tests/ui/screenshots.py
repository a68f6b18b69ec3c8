"""Pictures of the page. ``python tests/ui/screenshots.py FOLDER [URL]``: of a running server, or of one with fakes."""

import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
CHROMIUM = shutil.which("chromium")  # None: the one that Playwright fetched


def fake_server() -> str:
    """A server with three hand-written articles and a scripted assistant; its address."""
    from onrecord.ui.server.app import create_app
    from tests.conftest import ARTICLES
    from tests.ui.fakes import FakeAssistant, FakeLibrary

    folder = Path(tempfile.mkdtemp()) / "default"
    library = FakeLibrary(folder, ARTICLES)
    app = create_app(library, FakeAssistant(library, pause=0.15))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}/"


def ask(page: Page, question: str, *, wait: bool = True) -> None:
    before = page.locator(".turn").count()
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.wait_for_function(f"document.querySelectorAll('.turn').length > {before}")
    if wait:
        page.wait_for_selector(".turn:last-child .actions", timeout=180_000)
        page.mouse.move(5, 5)
        page.wait_for_timeout(900)


QUESTIONS = {
    "streaming": "What would the repairs cost, slow bridge?",
    "answer": "What did inspectors find in the bridge supports?",
    "doubt": "How long will the bridge repairs take, with doubt?",
    "disagreement": "Where do they differ on 2.4 million euros repair?",
    "abstention": "Who built the Old Mill bridge, unknown?",
}

# For a running server with the two seed articles and a real model.
SEED_QUESTIONS = {
    "streaming": "Why did civilians set fire to their homes?",
    "answer": "How many fighters did Rami Abdurrahman estimate were still in the enclave?",
    "doubt": "Who mediated the initial evacuation deal?",
    "disagreement": (
        "Who exactly was meant to be taken out of the city: civilians, the wounded, or militants and their families?"
    ),
    "abstention": "Who won the battle for Mosul?",
}


LOOKS: dict[str, dict[str, Any]] = {
    "": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


def pictures(folder: Path, address: str, questions: dict[str, str]) -> None:
    """Every state in light, in dark and on a phone; of the conversation that the first of them asks."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        kept = ""
        for look, options in LOOKS.items():
            page = browser.new_page(**options)

            def shoot(name: str, page: Page = page, look: str = look) -> None:
                page.wait_for_timeout(600)
                page.screenshot(path=folder / f"{'-'.join(filter(None, [look, name]))}.png")

            page.goto(address)
            page.wait_for_selector(".suggestion", timeout=60_000)
            choosing(page, shoot)
            if kept:
                page.goto(kept)
                page.wait_for_selector(".turn .actions")
            else:
                asking(page, shoot, questions)
                kept = page.url
            looking(page, shoot)
        browser.close()


def choosing(page: Page, shoot: Callable[[str], None]) -> None:
    """The first view, and articles ticked beside it."""
    shoot("first-view")
    page.get_by_role("button", name="Choose articles").click()
    page.locator("#picking [data-pick]").first.check()
    page.mouse.move(5, 5)
    shoot("picking")
    page.get_by_role("button", name="Ask all again").click()
    page.keyboard.press("Escape")


def asking(page: Page, shoot: Callable[[str], None], questions: dict[str, str]) -> None:
    """Answers of each kind, those that are not to be taken for a follow-up alone; then an answer as it comes."""
    for name in ("disagreement", "abstention"):
        ask(page, questions[name])
        shoot(name)
        page.get_by_role("button", name="New conversation").click()
        page.wait_for_selector(".home")
    ask(page, questions["streaming"], wait=False)
    page.wait_for_selector(".turn .chip", timeout=120_000)
    shoot("streaming")
    page.wait_for_selector(".turn:last-child .actions", timeout=180_000)
    for name in ("answer", "doubt"):
        ask(page, questions[name])
        shoot(name)


def looking(page: Page, shoot: Callable[[str], None]) -> None:
    """What there is to open about a conversation, and the other tabs."""
    page.locator(".turn").nth(1).locator(".chip").first.click()
    page.wait_for_selector("#article .hit")
    shoot("answer-with-source")
    page.keyboard.press("Escape")
    for drawer in ("Filter", "Answers"):
        page.get_by_role("button", name=drawer).click()
    shoot("drawers")
    for drawer in ("Answers", "Filter"):
        page.get_by_role("button", name=drawer).click()
    page.locator(".turn").nth(1).get_by_role("button", name="Pin the quotes").click()
    shoot("pinned")
    page.get_by_role("tab", name="Notes").click()
    page.wait_for_selector(".notes li")
    shoot("notes")
    page.get_by_role("tab", name="Conversations").click()
    page.wait_for_selector("#history li")
    shoot("conversations")
    page.get_by_role("tab", name="Collection").click()
    page.wait_for_selector("#article-table tbody tr")
    shoot("collection")
    page.locator("[data-edit]").first.click()
    page.locator("#article-table [name=published]").fill("soon")
    page.keyboard.press("Enter")
    page.wait_for_selector("#article-table .bad:not(:empty)")
    shoot("editing")
    page.get_by_role("button", name="Paste a text").click()
    page.locator("#files").scroll_into_view_if_needed()
    shoot("adding")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        pictures(Path(sys.argv[1]), sys.argv[2], SEED_QUESTIONS)
    else:
        pictures(Path(sys.argv[1]), fake_server(), QUESTIONS)
