"""Pictures of the page. ``python tests/ui/screenshots.py FOLDER [URL] [LOOK ...]``.

Of a running server with the seed articles, or of one with fakes; in all looks, or in those named (``light`` first: it
asks the questions whose conversation the others show).
"""

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
    "waiting": "What would the endless bridge repairs cost?",
    "streaming": "What would the repairs cost, slow bridge?",
    "answer": "What did inspectors find in the bridge supports?",
    "doubt": "How long will the bridge repairs take, with doubt?",
    "disagreement": "Where do they differ on 2.4 million euros repair?",
    "abstention": "Who built the Old Mill bridge, unknown?",
}

# For a running server with the two seed articles and a real model.
SEED_QUESTIONS = {
    "waiting": "Why did civilians set fire to their homes?",
    "streaming": "Why did civilians set fire to their homes?",
    "answer": "How many fighters did Rami Abdurrahman estimate were still in the enclave?",
    "doubt": "Who mediated the initial evacuation deal?",
    "disagreement": (
        "Who exactly was meant to be taken out of the city: civilians, the wounded, or militants and their families?"
    ),
    "abstention": "Who won the battle for Mosul?",
}

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LOOKS: dict[str, dict[str, Any]] = {
    "light": DESK,
    "dark": {**DESK, "color_scheme": "dark"},
    "phone": PHONE,
    "es": {**DESK, "locale": "es-ES"},
    "de": {**DESK, "locale": "de-DE"},
    "fr": {**DESK, "locale": "fr-FR"},
    "phone-de": {**PHONE, "locale": "de-DE"},
}
Shoot = Callable[[str], None]


def pictures(folder: Path, address: str, questions: dict[str, str], looks: list[str]) -> None:
    """Every state in each look; after the first, of the conversation that was asked in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        kept = folder / "conversation.txt"
        for look in looks or LOOKS:
            page = browser.new_page(**LOOKS[look])

            def shoot(name: str, page: Page = page, look: str = look) -> None:
                page.wait_for_timeout(600)
                page.screenshot(path=folder / f"{look}-{name}.png")

            page.goto(address)
            page.wait_for_selector(".suggestion", timeout=60_000)
            choosing(page, shoot)
            if look == "light":
                asking(page, shoot, questions)
                kept.write_text(page.url)
            else:
                page.goto(kept.read_text())
                page.wait_for_selector(".turn .actions")
            looking(page, shoot)
            keeping(page, shoot)
            if look in ("light", "dark", "phone"):
                surveying(page, shoot)
        browser.close()


def tab(page: Page, name: str) -> None:
    page.locator(f"[role=tab][data-tab-id={name}]").first.click()


def choosing(page: Page, shoot: Shoot) -> None:
    """The first view, the shortcuts, articles ticked beside the chat, and the filter that says so."""
    shoot("first-view")
    if page.locator(".open-keys").is_visible():
        page.locator(".open-keys").click()
        shoot("shortcuts")
        page.keyboard.press("Escape")
    page.locator("[data-act=articles]").click()
    page.locator("#picking [data-pick]").first.check()
    page.mouse.move(5, 5)
    shoot("picking")
    page.keyboard.press("Escape")
    shoot("filter-active")
    page.locator("[data-act=articles]").click()
    page.locator("#picking .all").click()
    page.keyboard.press("Escape")


def asking(page: Page, shoot: Shoot, questions: dict[str, str]) -> None:
    """Answers of each kind, those that are not to be taken for a follow-up alone; then an answer as it comes."""
    ask(page, questions["waiting"], wait=False)
    page.wait_for_selector(".turn .chip", timeout=120_000)
    if page.locator("#stop").is_visible():  # without a model the answer is there at once
        shoot("waiting")
        page.locator("#stop").click()
        page.wait_for_selector(".turn:last-child .actions")
        shoot("stopped")
    page.locator("[data-act=new]").click()
    page.wait_for_selector(".home")
    for name in ("disagreement", "abstention"):
        ask(page, questions[name])
        shoot(name)
        page.locator("[data-act=new]").click()
        page.wait_for_selector(".home")
    ask(page, questions["streaming"], wait=False)
    page.wait_for_selector(".turn .answer .line, .turn .actions", timeout=120_000)
    shoot("streaming")
    page.wait_for_selector(".turn:last-child .actions", timeout=180_000)
    for name in ("answer", "doubt"):
        ask(page, questions[name])
        shoot(name)
    page.locator(".turn .how summary").last.click()
    page.locator(".turn .how").last.scroll_into_view_if_needed()
    shoot("how")
    page.locator("[data-act=keep]").first.click()
    page.wait_for_timeout(500)


def looking(page: Page, shoot: Shoot) -> None:
    """What there is to open about a conversation: a source, the drawers, what was pinned, other conversations."""
    page.locator(".turn").nth(1).locator(".chip").first.click()
    page.wait_for_selector("#article .hit")
    shoot("answer-with-source")
    page.keyboard.press("Escape")
    for drawer in ("#filter", "#style"):
        page.locator(f"{drawer} > button").first.click()
    shoot("drawers")
    for drawer in ("#filter", "#style"):
        page.locator(f"{drawer} > button").first.click()
    page.locator(".turn").nth(1).locator("[data-act=pin]").click()
    shoot("pinned")
    tab(page, "notes")
    page.wait_for_selector(".notes li")
    shoot("notes")
    tab(page, "conversations")
    page.wait_for_selector("#history li")
    shoot("conversations")


def keeping(page: Page, shoot: Shoot) -> None:
    """The collection: its timeline and table, a row that is edited, files that could not be read, the forms."""
    tab(page, "collection")
    page.wait_for_selector("#article-table tbody tr")
    shoot("collection")
    page.locator("[data-edit]").first.click()
    page.locator("#article-table [name=published]").fill("soon")
    page.keyboard.press("Enter")
    page.wait_for_selector("#article-table .bad:not(:empty)")
    page.locator("#article-table tr:has(input[name])").scroll_into_view_if_needed()
    shoot("editing")
    page.locator("#article-table [data-leave]").click()
    wrong = Path(tempfile.mkdtemp())
    for name, text in (("empty.txt", ""), ("photo.jpg", "no picture"), ("broken.jsonl", "{")):
        (wrong / name).write_text(text)
    page.locator("#files input[type=file]").set_input_files(sorted(wrong.iterdir()))
    page.wait_for_selector("#results .results li", timeout=60_000)
    page.locator("#results").scroll_into_view_if_needed()
    shoot("upload-errors")
    page.locator("#adding button.label-wrap").first.click()
    page.locator("#files").scroll_into_view_if_needed()
    shoot("adding")


def surveying(page: Page, shoot: Shoot) -> None:
    """The overview: in brief, where articles differ, who says what, and saved questions."""
    tab(page, "overview")
    page.wait_for_selector("#people .speakers, #people p")
    shoot("overview-first")
    page.locator("#make-overview").click()
    page.wait_for_selector("#briefing h3", timeout=300_000)
    shoot("overview")
    for part in ("differences", "people", "saved"):
        page.locator(f"#{part}").evaluate("e => e.scrollIntoView({block: 'start'})")
        shoot(f"overview-{part}")
    page.locator("#people .speakers button").first.click()
    page.wait_for_selector("#people .said h4", timeout=60_000)
    page.locator("#people").evaluate("e => e.scrollIntoView({block: 'start'})")
    shoot("overview-person")


if __name__ == "__main__":
    where, *rest = sys.argv[1:]
    running = rest.pop(0) if rest and "://" in rest[0] else ""
    if running:
        pictures(Path(where), running, SEED_QUESTIONS, rest)
    else:
        pictures(Path(where), fake_server(), QUESTIONS, rest)
