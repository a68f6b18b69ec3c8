"""For everyone: no barrier that axe-core can see, the keyboard alone, phones, long and right-to-left texts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from onrecord.index.types import Article
from tests.ui.site import Site, ask

pytestmark = pytest.mark.browser

ARABIC = Article(
    id="rtl",
    title="مدينة حلب " * 12,
    text="أعلن مجلس المدينة أن bridge repairs ستبدأ غدا.\n" + "longword" * 60 + " bridge repairs.",
    source="صحيفة",
    published="2024-05-01",
)


# What fades in has faded in. What moves without end is no fading.
STILL = """() => document.getAnimations().every((one) =>
  one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)"""


LOOKS = 4


def violations(page: Page) -> list[tuple[str, str]]:
    """What stands in the way at every look: what the page draws anew during one fades in while it is measured."""
    found: list[tuple[str, str]] = []
    for _ in range(LOOKS):
        expect(page.locator(".pending")).to_have_count(0)  # Gradio fades what is on its way to be drawn anew
        page.wait_for_function(STILL)
        found = [(v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(page).response["violations"]]
        if not found:
            break
        page.wait_for_timeout(500)
    return found


def test_no_view_has_a_barrier(shown: Page) -> None:
    page = shown
    assert violations(page) == []
    for question in (
        "How long will the repairs take, with doubt?",
        "Where do they differ on the repair of 2.4 million euros?",
        "Who built the bridge, unknown?",
    ):
        ask(page, question)
    page.locator(".how summary").last.click()
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("button", name="Answers").click()
    assert violations(page) == []
    page.locator(".turn .chip").first.click()
    expect(page.locator("#article .hit")).to_be_focused()
    assert violations(page) == []
    page.get_by_role("tab", name="Collection").click()
    expect(page.locator("#article-table tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Paste a text").click()
    page.get_by_role("button", name="Read a folder").click()
    assert violations(page) == []
    page.locator("#article-table .title").first.click()
    expect(page.locator("dialog.reading")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Conversations").click()
    expect(page.locator("#history li")).to_have_count(1)
    assert violations(page) == []


def test_the_list_of_articles_the_notebook_and_editing_in_place_have_no_barrier(shown: Page, site: Site) -> None:
    page = shown
    page.get_by_role("button", name="Choose articles").click()
    page.locator("#picking [data-pick]").first.check()
    expect(page.get_by_role("button", name="Ask all again")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Ask all again").click()
    page.keyboard.press("Escape")
    ask(page, "What would the endless bridge repairs cost?", wait=False)
    expect(page.locator(".lead .chip")).to_be_visible()  # the article's words, before anything is written
    assert violations(page) == []
    site.assistant.read.set()
    expect(page.locator(".turn .actions")).to_be_visible()
    page.get_by_role("button", name="Pin the quotes").last.click()
    page.get_by_role("tab", name="Notes").click()
    page.locator(".notes .own input").first.fill("Ask the mayor.")
    page.keyboard.press("Tab")
    expect(page.locator(".notes li").first).to_be_visible()
    assert violations(page) == []
    page.locator("[data-unpin]").first.click()
    expect(page.get_by_role("dialog", name="Remove the note")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Collection").click()
    page.locator("[data-edit]").first.click()
    page.locator("#article-table [name=published]").fill("soon")
    page.keyboard.press("Enter")
    expect(page.locator("#article-table .bad[data-of=published]")).to_contain_text("soon")
    assert violations(page) == []


def test_a_phone_shows_everything_without_scrolling_sideways(phone: Page) -> None:
    page = phone
    ask(page, "Where do they differ on the repair of 2.4 million euros?")
    ask(page, "What would the bridge repairs cost?")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('.log').scrollWidth <= innerWidth")
    assert violations(page) == []
    page.locator(".turn").last.locator(".chip").first.tap()
    expect(page.locator("#article .hit")).to_be_in_viewport()
    assert violations(page) == []
    page.get_by_role("button", name="Close the article").tap()
    expect(page.locator("#question textarea")).to_be_in_viewport()
    page.locator(".turn").last.get_by_role("button", name="Sources").tap()
    expect(page.locator("#sources .card").first).to_be_in_viewport()
    page.get_by_role("button", name="Back to the answer").tap()
    expect(page.locator("#sources .card").first).not_to_be_visible()
    page.get_by_role("button", name="Choose articles").tap()
    page.locator("#picking [data-pick]").first.tap()
    expect(page.get_by_role("button", name="Ask all again")).to_be_in_viewport()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.get_by_role("button", name="Close the list").tap()
    expect(page.locator("#question textarea")).to_be_in_viewport()
    for tab in ("Collection", "Conversations", "Notes", "Overview"):
        page.get_by_role("tab", name=tab).tap()
        page.wait_for_timeout(400)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert violations(page) == []


def test_nothing_is_cut_in_the_tables_of_a_phone_and_the_language_is_within_reach(phone: Page) -> None:
    page = phone
    ask(page, "What would the bridge repairs cost?")
    page.get_by_role("tab", name="Collection").tap()
    row = page.locator("#article-table tbody tr").first
    expect(row).to_be_visible()
    for fact in ("Larnville Courier", "4 March 2024", "Edit"):
        expect(row.get_by_text(fact, exact=True)).to_be_in_viewport(ratio=1)
    assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('#article-table .scroll'))")
    edit, source = (row.get_by_text(text, exact=True).bounding_box() for text in ("Edit", "Larnville Courier"))
    assert edit and source and edit["y"] < source["y"] and edit["x"] > source["x"]  # beside the title
    row.get_by_role("button", name="Edit").tap()
    for label in ("Title", "Source", "Date"):  # each field under its name
        assert (
            row.locator(f"td[data-label={label}]").evaluate("e => getComputedStyle(e, '::before').content")
            == f'"{label}"'
        )
    assert violations(page) == []
    page.get_by_role("tab", name="Conversations").tap()
    rename, delete = (page.get_by_role("button", name=name).bounding_box() for name in ("Rename", "Delete"))
    assert rename and delete and rename["y"] == delete["y"]
    page.get_by_role("combobox", name="Language of the page").select_option("fr")
    expect(page.get_by_role("tab", name="Collection")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert violations(page) == []


# The chips that are not on the line of what stands before them: the last word, or another chip.
STRAYED = """() => [...document.querySelectorAll('.turn .chip')].filter((chip) => {
  const before = chip.previousSibling, range = document.createRange();
  if (before.matches('.chip')) range.selectNode(before);
  else { const text = before.lastChild; range.setStart(text, text.length - 1); range.setEnd(text, text.length); }
  const last = range.getBoundingClientRect(), own = chip.getBoundingClientRect();
  return own.top > last.bottom - 2 || own.left < last.left;
}).length"""


def test_a_chip_stays_on_the_line_of_the_word_before_it_however_wide_the_page(phone: Page) -> None:
    page = phone
    ask(page, "How long will the repairs take, with doubt?")
    ask(page, "Where do they differ on the repair of 2.4 million euros?")
    ask(page, "Who built the bridge, unknown?")
    assert page.locator(".turn .chip").count() >= 6
    strayed = {}
    for width in range(320, 460, 4):  # every place at which a line of these sentences can end
        page.set_viewport_size({"width": width, "height": 844})
        strayed[width] = page.evaluate(STRAYED)
    assert not any(strayed.values()), strayed


def test_the_keyboard_alone_suffices(page: Page) -> None:
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.type("What would the bridge repairs cost?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn .actions")).to_be_visible()

    def tab_to(selector: str, key: str = "Tab") -> None:
        for _ in range(60):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            page.keyboard.press(key)
        raise AssertionError(f"{selector} cannot be reached with {key}")

    tab_to(".chip")
    page.keyboard.press("Enter")
    expect(page.locator("#article .hit")).to_be_focused()
    page.keyboard.press("Escape")
    tab_to("[data-act=right]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-act=right]")).to_have_attribute("aria-pressed", "true")
    tab_to(".card")
    page.keyboard.press("Enter")
    expect(page.locator("#article .hit")).to_be_focused()
    page.keyboard.press("Escape")
    tab_to("[role=tab][aria-selected=true]", "Shift+Tab")
    page.get_by_role("tab", name="Collection").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#article-table tbody tr")).to_have_count(3)
    tab_to("#article-table .title")
    page.keyboard.press("Enter")
    expect(page.locator("dialog.reading")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#article-table .title").first).to_be_focused()


def test_one_tab_leads_from_the_question_to_the_answer_and_shortcuts_are_listed(page: Page) -> None:
    ask(page, "How many drivers use the bridge?")
    ask(page, "What would the bridge repairs cost?")
    page.keyboard.press("Tab")
    expect(page.locator(".turn .answer").last).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".turn").last.locator(".chip").first).to_be_focused()
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(listed).to_contain_text("From the question to the newest answer")
    assert violations(page) == []
    listed.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(listed).not_to_be_visible()
    expect(page.locator(".turn").last.locator(".chip").first).to_be_focused()
    page.keyboard.press("s")  # single keys are off
    expect(page.locator(".turn").last.locator(".chip").first).to_be_focused()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    listed.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("#sources .card").first).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("? and / are typed here")
    expect(page.locator("#question textarea")).to_have_value("? and / are typed here")
    page.get_by_role("button", name="Skip to the newest answer").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".turn .answer").last).to_be_focused()
    page.keyboard.press("4")
    expect(page.get_by_role("tab", name="Notes")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#notes")).to_contain_text("No notes yet.")
    assert violations(page) == []


def test_long_and_right_to_left_texts_stay_in_their_place(page: Page, site: Site) -> None:
    site.library.add([ARABIC])
    ask(page, "What of the longword bridge repairs? " + "و" * 40)
    assert page.evaluate("document.querySelector('.log').scrollWidth <= document.querySelector('.log').clientWidth")
    page.locator("#sources .card", has_text="مدينة").first.click()
    expect(page.locator("#article .hit")).to_be_focused()
    assert page.locator("#article h2").evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('#article .page'))")


def test_the_first_paint_comes_within_two_seconds(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.address)
    page.wait_for_selector(".home")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    assert painted < 2000


def test_what_is_written_is_announced_and_named(page: Page) -> None:
    log = page.get_by_role("log", name="Questions and answers")
    expect(log).to_have_attribute("aria-live", "polite")
    ask(page, "What would the bridge repairs cost?")
    chip = page.locator(".turn .chip").first
    assert "Mayor Ilse Brandt said repairs" in (chip.get_attribute("aria-label") or "")
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()


def test_a_screen_reader_is_told_when_the_quote_the_answer_and_an_abstention_arrive(page: Page, site: Site) -> None:
    told = page.locator("[aria-live=polite]")
    held = page.locator("[aria-busy=true]")  # what is in it is not read out before it is whole
    ask(page, "What would the endless bridge repairs cost?", wait=False)
    expect(told.locator(".lead")).to_contain_text("2.4 million")
    expect(held).to_have_count(0)
    site.assistant.read.set()
    expect(told.locator(".turn .actions")).to_be_visible()
    expect(told.locator(".said-all")).to_contain_text("5 million")
    expect(held).to_have_count(0)
    ask(page, "What would the bridge repairs cost forever?", wait=False)
    expect(told.locator(".turn").last.locator(".line").first).to_be_visible()
    expect(held).to_have_count(1)
    page.click("#stop")
    expect(page.locator(".turn .stopped")).to_have_count(1)
    ask(page, "Who built the bridge, unknown?")
    expect(told.locator(".abstained .why")).to_be_visible()
    expect(held).to_have_count(0)


def test_nothing_moves_for_who_asks_for_less_motion(browser: Browser, site: Site) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(site.address)
    page.wait_for_selector(".home")
    page.evaluate("() => { Element.prototype.scrollTo = function (to) { window.scrolled = to.behavior; }; }")
    ask(page, "How many drivers use the bridge?")
    ask(page, "What would the endless bridge repairs cost?", wait=False)
    expect(page.locator(".pulse")).to_be_visible()
    assert page.locator(".pulse").evaluate("e => getComputedStyle(e).animationName") == "none"
    site.assistant.read.set()
    expect(page.locator(".turn").last.locator(".actions")).to_be_visible()
    assert page.locator(".line").last.evaluate("e => getComputedStyle(e).animationName") == "none"
    assert page.evaluate("window.scrolled") == "auto"
    context.close()
