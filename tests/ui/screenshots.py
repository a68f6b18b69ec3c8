"""Pictures of the page. ``python tests/ui/screenshots.py FOLDER [URL]``: of a running server, or of one with fakes."""

import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

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


def pictures(folder: Path, address: str, questions: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.wait_for_selector(".home")
        page.wait_for_timeout(700)
        page.screenshot(path=folder / "first-view.png")
        ask(page, questions["streaming"], wait=False)
        page.wait_for_selector(".turn .chip", timeout=120_000)
        page.screenshot(path=folder / "streaming.png")
        page.wait_for_selector(".turn:last-child .actions", timeout=180_000)
        ask(page, questions["answer"])
        page.click(".turn:last-child .chip >> nth=0")
        page.wait_for_selector("#article .hit")
        page.wait_for_timeout(500)
        page.screenshot(path=folder / "answer-with-source.png")
        page.keyboard.press("Escape")
        for name in ("doubt", "disagreement", "abstention"):
            if name in questions:
                ask(page, questions[name])
                page.screenshot(path=folder / f"{name}.png")
        kept = page.url
        for tab in ("Collection", "Conversations"):
            if page.get_by_role("tab", name=tab).count():
                page.get_by_role("tab", name=tab).click()
                page.wait_for_timeout(900)
                page.screenshot(path=folder / f"{tab.lower()}.png")
        dark = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        dark.goto(kept)
        dark.wait_for_selector(".turn .chip")
        dark.locator(".turn .chip").first.click()
        dark.wait_for_selector("#article .hit")
        dark.wait_for_timeout(500)
        dark.screenshot(path=folder / "dark.png")
        phone = browser.new_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
        phone.goto(kept)
        phone.wait_for_selector(".turn .chip")
        phone.wait_for_timeout(600)
        phone.screenshot(path=folder / "phone.png")
        phone.locator(".turn .chip").first.click()
        phone.wait_for_selector("#article .hit")
        phone.wait_for_timeout(500)
        phone.screenshot(path=folder / "phone-source.png")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        pictures(Path(sys.argv[1]), sys.argv[2], SEED_QUESTIONS)
    else:
        pictures(Path(sys.argv[1]), fake_server(), QUESTIONS)
