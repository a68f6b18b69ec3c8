"""The first hour with the wheel, by script, with the model that writes: ``python tests/ui/walkthrough.py [COMMAND]``.

COMMAND is an installed ``onrecord``; without it the wheel is built and installed into an empty environment, where
nothing can be compiled. It is started alone in a terminal, in an empty folder, and led to the first article; then a
browser does what a new user does. A line for each step: whether it went well, and how long it took. The models are
those of this machine; the answers take it a few minutes.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Download, Error, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that the other tests can be imported

from onrecord.index.models.catalogue import models_folder
from tests.test_installed import NETWORK, terminal
from tests.ui.site import CHROMIUM

ROOT = Path(__file__).parents[2]
PATIENCE = 300_000
NUMBER = "How many fighters did Rami Abdurrahman estimate were still in the enclave?"
WHY = "Why did civilians set fire to their homes?"
NAMES = {"es": "Colección", "de": "Sammlung", "fr": "Collection", "en": "Collection"}
expect.set_options(timeout=60_000)


def installed(folder: Path) -> Path:
    """The command, from a wheel that is built now, in an environment that compiles nothing."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    wheel, pip = next(folder.glob("*.whl")), folder / "venv" / "bin" / "pip"
    bare = {**os.environ, "CC": "/bin/false", "CXX": "/bin/false"}
    subprocess.run([pip, "install", "--quiet", "--only-binary", ":all:", f"{wheel}[app]"], check=True, env=bare)
    return pip.parent / "onrecord"


def person(home: Path) -> dict[str, str]:
    """Somebody new, who has the models already."""
    models = home / ".cache" / "onrecord" / "models"
    models.mkdir(parents=True)
    for model in models_folder().iterdir():
        (models / model.name).symlink_to(model)
    (home / "news").mkdir()
    (home / "news" / "aleppo.jsonl").write_bytes((ROOT / "eval" / "seeds" / "articles.jsonl").read_bytes())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    network = {key: text for key, text in os.environ.items() if key.startswith(NETWORK)}
    own = {"HOME": str(home), "PATH": "/nowhere", "ONRECORD_SERVER_PORT": port, "TERM": "dumb", "COLUMNS": "200"}
    return {**network, **own, "LANG": "C.UTF-8"}


@dataclass
class Walk:
    """The steps in their order; one that fails is told, and the next begins."""

    page: Page
    home: Path
    failed: list[str] = field(default_factory=list)

    def step(self, does: Callable[["Walk"], str]) -> None:
        began = time.monotonic()
        try:
            said, good = does(self), True
        except (AssertionError, Error) as error:
            said, good = str(error).strip().splitlines()[0][:200], False
            self.failed.append(does.__name__)
            self.page.screenshot(path=self.home / f"{does.__name__}.png")
        name = (does.__doc__ or "").strip()
        print(f"{'ok  ' if good else 'FAIL'} {time.monotonic() - began:6.1f} s  {name}  {said}", flush=True)

    def ask(self, question: str) -> dict[str, float]:
        """Seconds from Enter to what comes first, to the first written word and to the end."""
        self.begin(question)
        began, turn, seen = time.monotonic(), self.page.locator(".turn").last, {}
        for name, what in (
            ("quote", ".chip, .abstained"),
            ("word", ".line, .dispute, .abstained"),
            ("end", ".actions"),
        ):
            turn.locator(what).first.wait_for(timeout=PATIENCE)
            seen[name] = time.monotonic() - began
        return seen

    def begin(self, question: str) -> None:
        turns = self.page.locator(".turn").count()
        self.page.fill("#question textarea", question)
        self.page.press("#question textarea", "Enter")
        expect(self.page.locator(".turn")).to_have_count(turns + 1)

    def answer(self) -> str:
        return self.page.locator(".turn").last.locator(".answer").inner_text()

    def tab(self, name: str) -> None:
        self.page.locator(f"[role=tab][data-tab-id={name}]").first.click()

    def saved(self, link: str) -> Path:
        with self.page.expect_download() as download:
            self.page.locator(link).click()
        got: Download = download.value
        got.save_as(self.home / got.suggested_filename)
        return self.home / got.suggested_filename


def first_view(walk: Walk) -> str:
    """The first view says what is there and suggests questions of several kinds."""
    suggested = walk.page.locator(".suggestion").all_inner_texts()
    assert len({" ".join(one.split()[:2]) for one in suggested}) > 1, suggested
    return " / ".join(suggested)


def a_question(walk: Walk) -> str:
    """The quote comes first, the answer under the same numbers, with who “he” is."""
    took = walk.ask(NUMBER)
    text = walk.answer()
    assert "5,000" in text and "Abdurrahman" in text, text
    assert "Could not be confirmed" not in text and "no sentence in the articles" not in text
    assert walk.page.locator(".turn .chip").first.inner_text() == "1"
    return " ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items())


def a_source(walk: Walk) -> str:
    """A number opens the article at its sentence; Escape leads back to the number."""
    chip = walk.page.locator(".turn .chip").first
    chip.click()
    expect(walk.page.locator("#article .hit")).to_contain_text("5,000")
    walk.page.keyboard.press("Escape")
    expect(chip).to_be_focused()
    walk.page.locator("#question textarea").focus()
    walk.page.keyboard.press("Tab")
    expect(walk.page.locator(".turn .answer").last).to_be_focused()
    return ""


def a_follow_up(walk: Walk) -> str:
    """A follow-up says what was searched for."""
    walk.ask("Who does he work for?")
    expect(walk.page.locator(".turn").last.locator(".understood")).to_contain_text("Searched for")
    return walk.page.locator(".turn").last.locator(".understood").inner_text()


def an_abstention(walk: Walk) -> str:
    """What the articles do not say is refused with its reason and what to try."""
    walk.ask("Who won the football World Cup of 2022?")
    why = walk.page.locator(".turn").last.locator(".abstained .why")
    expect(why).not_to_be_empty()
    assert "Getty" not in walk.answer()
    return why.inner_text()


def stopping(walk: Walk) -> str:
    """After Stop the next question is taken at once; the quote stays, and nothing is claimed of the rest."""
    walk.begin(WHY)
    walk.page.locator(".turn").last.locator(".chip").first.wait_for(timeout=PATIENCE)
    walk.page.click("#stop")
    expect(walk.page.locator(".turn .stopped")).to_be_visible()
    expect(walk.page.locator(".turn").last.locator(".lead")).to_be_visible()
    began = time.monotonic()
    walk.begin(WHY)
    walk.page.locator(".turn").last.locator(".progress, .chip").first.wait_for()
    return f"taken after {time.monotonic() - began:.1f} s"


def reloading(walk: Walk) -> str:
    """A reload in mid-answer joins it, and its end is seen."""
    expect(walk.page.locator("#stop")).to_be_visible()
    walk.page.reload()
    expect(walk.page.locator(".turn").last).to_contain_text(WHY)
    walk.page.locator(".turn").last.locator(".actions").wait_for(timeout=PATIENCE)
    text = walk.answer()
    assert "militias" in text and "Stopped" not in text, text
    return text.replace("\n", " ")[:160]


def filtering(walk: Walk) -> str:
    """A filter is seen while its drawer is closed, and named where it hides the answer."""
    drawer = walk.page.locator("#filter > button").first
    drawer.click()
    walk.page.get_by_label("From").first.fill("2030")
    drawer.click()
    expect(drawer).to_contain_text("Filter: from 2030-01-01")
    walk.ask("How many fighters were left?")
    expect(walk.page.locator(".turn").last.get_by_role("button", name="Search without the filter")).to_be_visible()
    said = walk.page.locator(".turn").last.locator(".abstained .why").inner_text()
    drawer.click()
    walk.page.get_by_label("From").first.fill("")
    drawer.click()
    return said


def ticking(walk: Walk) -> str:
    """Articles are ticked beside the chat, to be asked alone."""
    walk.page.get_by_role("button", name="Choose articles").click()
    walk.page.locator("#picking [data-pick]").first.check()
    expect(walk.page.locator("#filter > button").first).to_contain_text("1 chosen article")
    walk.page.get_by_role("button", name="Ask all again").click()
    walk.page.keyboard.press("Escape")
    return ""


def noting(walk: Walk) -> str:
    """Quotes are pinned, found in the notebook with a line of one's own, and exported."""
    walk.page.locator(".turn").first.locator("[data-act=pin]").click()
    walk.tab("notes")
    walk.page.locator("[data-line]").first.fill("Ask him again.")
    walk.page.keyboard.press("Tab")
    expect(walk.page.locator("#notes [role=status]")).not_to_be_empty()
    text = walk.saved("#notes .exports a >> nth=0").read_text()
    assert "Ask him again." in text and "5,000" in text, text
    walk.tab("ask")
    return ""


def exporting(walk: Walk) -> str:
    """The conversation as Markdown without needless backslashes, as a lone page, and as Word with footnotes."""
    links = {link.inner_text(): number for number, link in enumerate(walk.page.locator(".bar .exports a").all())}
    files = {kind: walk.saved(f".bar .exports a >> nth={links[kind]}") for kind in ("Markdown", "HTML", "Word")}
    text = files["Markdown"].read_text()
    assert not re.search(r"\\[.,-]", text) and "Abdurrahman" in text, text
    assert "http-equiv" in (page := files["HTML"].read_text()) or "<script" not in page
    with zipfile.ZipFile(files["Word"]) as word:
        assert "word/footnotes.xml" in word.namelist() and b"5,000" in word.read("word/footnotes.xml")
    return ", ".join(f"{kind} {file.stat().st_size:,} B" for kind, file in files.items())


def collecting(walk: Walk) -> str:
    """Files are named with what became of them; source and date are edited; there is a new collection."""
    walk.tab("collection")
    good, wrong = walk.home / "bridge.txt", walk.home / "photo.jpg"
    good.write_text(
        "The city closed the Old Mill Bridge on Monday. The repair of the bridge would cost 2.4 million euros."
    )
    wrong.write_text("no picture")
    walk.page.locator("#files input[type=file]").set_input_files([good, wrong])
    expect(walk.page.locator("#results .fine")).to_contain_text("bridge.txt", timeout=PATIENCE)
    expect(walk.page.locator("#results .bad")).to_contain_text("photo.jpg is of a kind that OnRecord does not read")
    row = walk.page.locator("#article-table tbody tr", has_text="Old Mill Bridge")
    row.locator("[data-set=published]").click()
    walk.page.locator("#article-table [name=published]").fill("soon")
    walk.page.keyboard.press("Enter")
    expect(walk.page.locator("#article-table .bad[data-of=published]")).to_contain_text("soon")
    walk.page.locator("#article-table [name=published]").fill("2024-03-09")
    walk.page.locator("#article-table [name=source]").fill("Larnville Courier")
    walk.page.keyboard.press("Enter")
    expect(row).to_contain_text("9 March 2024")
    walk.page.locator("#name textarea, #name input").fill("Bridges")
    walk.page.locator("#make").click()
    expect(walk.page.locator("#results p")).to_contain_text("“Bridges” is ready.")
    return ""


def surveying(walk: Walk) -> str:
    """The overview of what is there."""
    walk.page.reload()
    walk.page.wait_for_selector(".turn, .home")
    walk.tab("overview")
    walk.page.locator("#make-overview").click()
    walk.page.wait_for_selector("#briefing h3", timeout=PATIENCE)
    expect(walk.page.locator("#people .speakers button").first).to_be_visible()
    lines = walk.page.locator("#briefing section").first.locator("li").count()
    found = walk.page.locator("#differences .differences > li").count()
    return f"{lines} sentences in brief, {found} differences"


def speaking(walk: Walk) -> str:
    """The page in each of its languages, chosen on the page."""
    for code, name in NAMES.items():
        walk.page.locator("#language select").select_option(code)
        expect(walk.page.locator("html")).to_have_attribute("lang", code)
        expect(walk.page.locator("[role=tab][data-tab-id=collection]").first).to_have_text(name)
    return ", ".join(NAMES)


STEPS = (
    *(first_view, a_question, a_source, a_follow_up, an_abstention, stopping, reloading, filtering, ticking, noting),
    *(exporting, collecting, surveying, speaking),
)


def main(command: Path | None) -> int:
    folder = Path(tempfile.mkdtemp(prefix="onrecord-walk-"))
    began = time.monotonic()
    command = command or installed(folder)
    (home := folder / "home").mkdir()
    env = person(home)
    print(f"ok   {time.monotonic() - began:6.1f} s  {command} is installed; the folder is {home}", flush=True)
    with terminal(command, env) as shown, sync_playwright() as play:
        began = time.monotonic()
        shown.until("Your articles")
        shown.types("news")
        shown.until("The collection has 2 articles.")
        shown.until(address := f"http://127.0.0.1:{env['ONRECORD_SERVER_PORT']}")
        print(
            f"ok   {time.monotonic() - began:6.1f} s  `onrecord` alone leads to the first articles and to the page",
            flush=True,
        )
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        page.goto(address)
        page.wait_for_selector(".suggestion", timeout=PATIENCE)
        walk = Walk(page, home)
        for one in STEPS:
            walk.step(one)
        browser.close()
    print(f"{len(STEPS) - len(walk.failed)} of {len(STEPS)} steps went well.")
    return bool(walk.failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None))
