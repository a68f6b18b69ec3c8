"""The page in browsers of several languages: what is the same in English and in another was left untranslated."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ARTICLES
from tests.ports import free_port
from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import ask, page_app, serving
from tests.ui.test_page_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Every text on the page, seen or not yet, and what is read out or hinted at.
TEXTS = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    if (!walk.currentNode.parentElement.closest('script, style, .suggestions')) found.push(walk.currentNode.data);
  for (const node of document.querySelectorAll('[aria-label], [placeholder], [title]'))
    found.push(...['aria-label', 'placeholder', 'title'].map((name) => node.getAttribute(name) || ''));
  return found.map((text) => text.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}"""
QUESTIONS = (
    "What would the bridge repairs cost?",
    "And how long?",
    "What would the doubt repairs cost?",
    "Where do they differ on the repair of 2.4 million euros?",
    "Who built the bridge, unknown?",
    "Will the bridge crash?",
)
# Of the fake library, and what the test types.
CONTENT = " ".join(
    [
        *QUESTIONS,
        *(f"{article.title} {article.text} {article.source} {article.url}" for article in ARTICLES),
        "It may take longer than that. The bridge was built in 1902. the cost of the repair ZeroDivisionError",
        "empty.txt mayor.txt The mayor spoke. Ask again. https://courier.example/unknown",
    ]
)
# The same in English and in a language: names, kinds of file, keys, and words that both have.
SAME = {
    *("On", "Record", "OnRecord", "Markdown", "HTML", "Word", "JSON", "Tab", "Esc", "1 – 4", "fake", "default"),
    *("English", "Español", "Deutsch", "Français"),
    *("Original", "Filter", "Name", "Text", "Sources", "Source", "Notes", "Articles", "Article", "Collection"),
    *(
        "Conversations",
        "Collections",
        "Date",
        "No",
        "Index",
        "Atom",
        "questions",
        "question",
        "Pages",
        "Organisations",
        "articles",
        "article",
        "sources",
        "passages",
    ),
}
PIECES = re.compile(r" · |, |: |; |[()]| (?=\d+ article)")


@contextmanager
def opened(browser: Browser, locale: str, folder: Path) -> Iterator[Page]:
    """The page of a server of its own, in a browser of this language."""
    library = FakeLibrary(folder / "default", ARTICLES)

    def opener(path: Path) -> tuple[FakeLibrary, FakeAssistant]:
        other = FakeLibrary(path)
        return other, FakeAssistant(other)

    app = page_app(library, FakeAssistant(library), opener=opener)
    with serving(app, free_port()) as address:
        context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(".home")
        yield page
        context.close()


def states(page: Page, tmp_path: Path) -> Iterator[str]:
    """The page as a day's work has it, one state after the other."""
    yield "the first view"
    for question in QUESTIONS:
        ask(page, question)
    page.locator(".chip").first.click()
    expect(page.locator("#article .hit")).to_be_visible()
    page.get_by_role("button", name=re.compile("^(Pin|Fijar|.*heften|Épingler)")).first.click()
    expect(page.locator("#notice [role=status]")).not_to_be_empty()
    page.locator("[data-act=wrong_answer]").last.click()
    yield "answers, an article, an abstention, a failure, a judgement"
    page.locator("[data-act=new]").click()
    page.fill("#question textarea", "https://courier.example/unknown")
    page.press("#question textarea", "Enter")
    expect(page.locator("#notice button")).to_be_visible()
    yield "an address"
    tab(page, "collection")
    page.evaluate("document.querySelectorAll('#adding button.label-wrap').forEach((drawer) => drawer.click())")
    expect(page.locator("#check")).to_be_visible()
    page.locator("#follow").click()
    page.locator("#name button, #make").last.click()
    wrong, good = tmp_path / "empty.txt", tmp_path / "mayor.txt"
    wrong.write_text("")
    good.write_text("The mayor spoke.\nShe left.")
    page.locator("#files input[type=file]").set_input_files([wrong, good])
    expect(page.locator("#results .results li")).to_have_count(2)
    page.locator("[data-edit]").first.click()
    page.locator("#article-table input[data-id]").last.check()
    yield "the collection, a form of everything, files that were added, a row that is edited"
    page.locator("#article-table .drop").click()
    page.locator("#article-table dialog [value=yes]").click()
    expect(page.locator("#results p")).to_contain_text("1")
    yield "articles that were removed"
    tab(page, "conversations")
    expect(page.locator("#history li")).to_have_count(1)
    yield "conversations"
    page.locator("#history [data-rename]").click()
    page.locator("#history dialog.rename [value=yes]").click()
    yield "a conversation with another name"
    page.locator("#history [data-delete]").click()
    page.locator("#history dialog.erase [value=yes]").click()
    expect(page.locator("#history li")).to_have_count(0)
    yield "no conversations"
    tab(page, "notes")
    expect(page.locator("#notes .notes li").first).to_be_visible()
    page.locator("#notes [data-line]").first.fill("Ask again.")
    page.locator("#notes [data-line]").first.press("Tab")
    expect(page.locator("#notes [role=status]")).not_to_be_empty()
    yield "notes"
    tab(page, "overview")
    page.locator("#make-overview").click()
    page.wait_for_timeout(1000)
    yield "the overview"


def tab(page: Page, name: str) -> None:
    page.locator(f"[role=tab][data-tab-id={name}]").first.click()


def texts(page: Page, tmp_path: Path) -> dict[str, str]:
    """Every text that was on the page, with the state in which it was seen first."""
    found: dict[str, str] = {}
    for state in states(page, tmp_path):
        page.wait_for_timeout(400)
        for text in page.evaluate(TEXTS):
            found.setdefault(text, state)
    return found


def is_of_no_language(piece: str) -> bool:
    """What an article, its source, a question or a file says, what is the same in both, and what has no words."""
    words = re.sub(r"[\d\s]+", " ", piece).strip()
    return piece.strip() in CONTENT or words in SAME or not re.search("[A-Za-z]{2}", words)


@pytest.fixture(scope="module")
def english(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("english")
    with opened(browser, "en-GB", folder) as page:
        return texts(page, folder)


def test_another_language_is_chosen_on_the_page_and_stays(page: Page) -> None:
    ask(page, "What would the bridge repairs cost?")
    choice = page.get_by_role("combobox", name="Language of the page")
    expect(choice).to_have_value("en")
    choice.select_option("de")
    expect(page.get_by_role("tab", name="Sammlung")).to_be_visible()
    expect(page.locator(".turn .answer")).to_contain_text("2.4 million")  # the conversation is still open
    expect(page.locator(".bar")).to_contain_text("Neues Gespräch")  # drawn by an event, not sent with the page
    assert violations(page) == []
    page.reload()
    expect(page.get_by_role("combobox", name="Sprache der Seite")).to_have_value("de")
    page.get_by_role("combobox", name="Sprache der Seite").select_option("en")
    expect(page.get_by_role("tab", name="Collection")).to_be_visible()


@pytest.mark.parametrize("locale", ["es-ES", "de-AT", "fr-FR"])
def test_nothing_that_the_page_says_is_the_same_in_english(
    browser: Browser, english: dict[str, str], tmp_path: Path, locale: str
) -> None:
    with opened(browser, locale, tmp_path) as page:
        assert page.locator("html").get_attribute("lang") == locale[:2]
        there = texts(page, tmp_path)
    same = {text: state for text, state in there.items() if text in english}
    pieces = {(piece, state) for text, state in same.items() for piece in PIECES.split(text)}
    left = [(piece, state) for piece, state in sorted(pieces) if not is_of_no_language(piece)]
    assert left == []
