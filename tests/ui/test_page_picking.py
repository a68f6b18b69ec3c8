"""Articles ticked beside the chat are asked alone."""

import pytest
from playwright.sync_api import Page, expect

from onrecord.index.types import Article
from tests.ui.site import Site, ask

pytestmark = pytest.mark.browser


def opened(page: Page) -> None:
    page.get_by_role("button", name="Choose articles").click()
    expect(page.locator("#picking [role=status]")).to_have_text("None is ticked: all are asked.")
    expect(page.locator("#picking input[type=search]")).to_be_focused()


def test_ticked_articles_are_asked_alone_until_all_are_asked_again(page: Page, site: Site) -> None:
    opened(page)
    boxes = page.locator("#picking [data-pick]")
    expect(boxes).to_have_count(3)
    keys = [boxes.nth(n).get_attribute("data-pick") for n in (0, 2)]
    for n in (0, 2):
        boxes.nth(n).check()
    expect(page.locator("#picking [role=status]")).to_have_text("2 articles are ticked: they alone are asked.")
    expect(page.get_by_role("button", name="Filter: 2 chosen articles")).to_be_visible()
    ask(page, "What of the bridge repairs?")
    scope = site.assistant.asked[-1][2]
    assert scope is not None and set(scope.articles) == set(keys)
    page.get_by_role("button", name="Ask all again").click()
    expect(page.locator("#picking [role=status]")).to_have_text("None is ticked: all are asked.")
    expect(page.locator("#picking [data-pick]:checked")).to_have_count(0)
    ask(page, "What of the bridge repairs now?")
    assert not site.assistant.asked[-1][2]


def test_two_that_are_ticked_before_the_page_has_answered_are_both_asked(page: Page) -> None:
    opened(page)
    expect(page.locator("#picking [data-pick]")).to_have_count(3)
    page.evaluate(
        "document.querySelectorAll('#picking [data-pick]').forEach((box, n) => { if (n !== 1) box.click(); })"
    )
    expect(page.locator("#picking [role=status]")).to_have_text("2 articles are ticked: they alone are asked.")
    expect(page.locator("#picking [data-pick]:checked")).to_have_count(2)


def test_what_the_filter_names_is_ticked_and_first_in_the_list(page: Page, site: Site) -> None:
    last = sorted(site.library.kept.values(), key=lambda article: article.title)[-1]
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Only these articles").click()
    page.get_by_role("option", name=last.title).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Choose articles").click()
    expect(page.locator("#picking [role=status]")).to_have_text("1 article is ticked: it alone is asked.")
    first = page.locator("#picking [data-pick]").first
    expect(first).to_be_checked()
    assert first.get_attribute("data-pick") == last.id


def test_of_many_articles_some_are_listed_and_the_others_are_found_by_searching(page: Page, site: Site) -> None:
    site.library.add([Article(f"n{n}", f"Story number {n}", "It rained.", "Wire", "2024-05-01") for n in range(1227)])
    opened(page)
    expect(page.locator("#picking [data-pick]")).to_have_count(40)
    expect(page.locator("#picking")).to_contain_text("40 of 1,230 are shown; search for the others.")
    page.keyboard.type("number 1171")
    expect(page.locator("#picking [data-pick]")).to_have_count(1)
    page.locator("#picking [data-pick]").check()
    expect(page.locator("#picking [role=status]")).to_have_text("1 article is ticked: it alone is asked.")
    page.locator("#picking input[type=search]").fill("nowhere to be found")
    expect(page.locator("#picking")).to_contain_text(
        "No article has “nowhere to be found” in its title, source or date."
    )
    expect(page.locator("#picking [data-pick]:checked")).to_have_count(1)  # what is ticked stays in sight
    ask(page, "What of the rain?")
    assert site.assistant.asked[-1][2] and site.assistant.asked[-1][2].articles == ("n1171",)


def test_the_keyboard_opens_ticks_and_closes_the_list(page: Page) -> None:
    page.get_by_role("button", name="Choose articles").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#picking [data-pick]")).to_have_count(3)
    expect(page.locator("#picking input[type=search]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#picking [data-pick]").first).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#picking [role=status]")).to_have_text("1 article is ticked: it alone is asked.")
    expect(page.locator("#picking [data-pick]").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#picking")).not_to_be_visible()
    expect(page.get_by_role("button", name="Choose articles")).to_be_focused()
