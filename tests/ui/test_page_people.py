"""Who says what, and saved questions, on the tab Overview in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from onrecord.index.types import Article
from tests.qa.names.tags import tag
from tests.ui.site import Site
from tests.ui.test_page_access import violations

pytestmark = pytest.mark.browser
NEWS = Article("news", "Bridge again", "The repair of the bridge costs 7 million euros now.", "Sky", "2024-05-01")


def overview(page: Page) -> None:
    page.get_by_role("tab", name="Overview").click()
    expect(page.locator("#saved h2")).to_be_visible()


def test_somebodys_statements_are_shown_by_the_day_and_open_their_articles(page: Page, site: Site) -> None:
    overview(page)
    speakers = page.locator("#people .speakers button")
    expect(speakers).to_have_count(3)
    speakers.filter(has_text="Ilse Brandt").click()
    expect(page.locator("#people .said h4")).to_have_text(["4 March 2024"])
    statements = page.locator("#people .said li li")
    expect(statements).to_have_count(2)
    statements.first.locator("[data-cite]").click()
    expect(page.locator("#overview-reading .hit")).to_contain_text("Mayor Ilse Brandt said repairs would cost")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="All people").click()
    expect(speakers).to_have_count(3)


def test_a_name_that_is_typed_is_looked_for_and_nobody_is_one_sentence(page: Page) -> None:
    overview(page)
    box = page.get_by_label("Whose words?")
    box.fill("roux")
    box.press("Enter")
    expect(page.locator("#people h3")).to_have_text("Nadia Roux")
    box.fill("<b>Lavrov</b>")
    box.press("Enter")
    expect(page.locator("#people .rows")).to_contain_text("Nobody of the name <b>Lavrov</b> is quoted")


def test_what_is_named_is_listed_by_kind_and_leads_to_its_sentences(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag(monkeypatch, {"Larnville": "place", "Asel": "place", "Ilse Brandt": "person"})
    overview(page)
    page.locator("#named").get_by_role("button", name="Places").click()
    names = page.locator("#named .rows > .speakers").nth(1).locator("button")
    expect(names.first).to_be_visible()
    page.locator("#named").get_by_role("button", name="Quantities").click()
    expect(page.locator("#named [aria-pressed=true]")).to_have_text("Quantities")
    names.filter(has_text="€2.4 million").click()
    expect(page.locator("#named h3")).to_have_text("€2.4 million")
    page.locator("#named [data-cite]").first.click()
    expect(page.locator("#overview-reading .hit")).to_contain_text("2.4 million euros")
    page.keyboard.press("Escape")
    page.locator("#named").get_by_role("button", name="All names").click()
    expect(names.filter(has_text="€2.4 million")).to_be_visible()
    box = page.get_by_label("Which name?")
    box.fill("ilse brandt")
    box.press("Enter")
    expect(page.locator("#named h3")).to_have_text("Ilse Brandt")
    assert violations(page) == []


def test_a_question_is_saved_below_its_answer_and_tells_what_changed(page: Page, site: Site) -> None:
    page.locator("#question textarea").fill("What does the repair of the bridge cost?")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save question").click()
    expect(page.locator("#notice")).to_contain_text("Saved.")
    overview(page)
    saved = page.locator("#saved .saved > li")
    expect(saved).to_have_count(1)
    expect(saved).to_contain_text("Nothing new.")
    site.library.add([NEWS])
    page.get_by_role("button", name="Ask again now").click()
    expect(saved).to_contain_text("1 new sentence answers it.")
    expect(saved).to_contain_text(NEWS.text)
    page.get_by_role("button", name="Mark as seen").click()
    expect(saved).to_contain_text("Nothing new.")
    page.get_by_role("button", name="Remove: What does").click()
    expect(page.locator("#saved .rows")).to_contain_text("No question is saved.")


def test_both_parts_have_no_barrier(shown: Page, site: Site) -> None:
    shown.locator("#question textarea").fill("What does the repair of the bridge cost?")
    shown.keyboard.press("Enter")
    shown.get_by_role("button", name="Save question").last.click()
    expect(shown.locator("#notice")).to_contain_text("Saved.")
    site.library.add([NEWS])
    overview(shown)
    shown.get_by_role("button", name="Ask again now").click()
    expect(shown.locator("#saved .changed").first).to_be_visible()
    expect(shown.locator("#people .speakers button")).to_have_count(3)
    assert violations(shown) == []
    shown.locator("#people .speakers button").filter(has_text="Ilse Brandt").click()
    expect(shown.locator("#people .said h4")).to_have_count(1)
    assert violations(shown) == []
