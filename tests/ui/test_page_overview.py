"""The tab Overview in a real browser: chosen articles in brief, each sentence with the article that it opens."""

from pathlib import Path

import docx
import pytest
from playwright.sync_api import Page, expect

from onrecord.qa.briefing.values import DISPUTED, HAPPENED, IN_BRIEF, SAID, UNKNOWN
from tests.ui.site import Site
from tests.ui.test_page_access import violations

pytestmark = pytest.mark.browser


def test_chosen_articles_are_shown_in_brief_and_each_sentence_opens_its_article(
    page: Page, site: Site, tmp_path: Path
) -> None:
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Overview").click()
    page.get_by_role("button", name="Show the overview").click()
    lines = page.get_by_role("region", name="Briefing").locator("section").first.locator("li")
    expect(lines).to_have_count(3)
    page.get_by_label("Only these articles").click()
    page.get_by_role("option", name=site.library.article("ferry").title).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show the overview").click()
    expect(lines).to_have_count(1)
    sentence = site.library.sentences("ferry")[0].text
    expect(lines.locator(".line")).to_have_text(sentence)
    lines.locator("[data-cite]").click()
    expect(page.locator("#overview-reading .hit")).to_have_text(sentence)
    page.keyboard.press("Escape")
    expect(page.locator("#briefing h3")).to_have_text([IN_BRIEF, HAPPENED, SAID, DISPUTED, UNKNOWN])
    for kind in ("Markdown", "Word"):
        with page.expect_download() as download:
            page.locator("#briefing").get_by_role("link", name=kind).click()
        download.value.save_as(tmp_path / kind)
    assert f"## {SAID}: Ilse Brandt\n\n{sentence} [1]\n" in (tmp_path / "Markdown").read_text()
    text = [paragraph.text.strip() for paragraph in docx.Document(str(tmp_path / "Word")).paragraphs]
    assert f"{HAPPENED}: 4 March 2024" in text and any(sentence in one for one in text)
    page.get_by_label("From").last.fill("soon")
    page.get_by_role("button", name="Show the overview").click()
    expect(page.locator("#briefing")).to_contain_text("“soon” is not a date")


def test_the_tab_has_no_barrier(shown: Page) -> None:
    shown.get_by_role("tab", name="Overview").click()
    shown.get_by_role("button", name="Show the overview").click()
    expect(shown.locator("#briefing h3")).to_have_count(5)
    assert violations(shown) == []
    shown.locator("#briefing [data-cite]").first.click()
    expect(shown.locator("#overview-reading .hit")).to_be_focused()
    assert violations(shown) == []


def test_where_articles_differ_is_shown_with_both_sides_and_what_is_none_is_dismissed(shown: Page, site: Site) -> None:
    shown.get_by_role("tab", name="Overview").click()
    shown.get_by_role("button", name="Show the overview").click()
    pairs = shown.locator("#differences .differences > li")
    expect(pairs).to_have_count(1)
    expect(pairs).to_contain_text("A number · the later report says otherwise")
    expect(pairs.locator("mark")).to_have_count(2)
    expect(pairs.locator(".positions > li").first).to_contain_text("Said by Ilse Brandt")
    assert violations(shown) == []
    pairs.locator("[data-cite]").first.click()
    first = site.library.articles()[0].id
    expect(shown.locator("#overview-reading .hit")).to_have_text(site.library.sentences(first)[0].text)
    shown.keyboard.press("Escape")
    pairs.get_by_role("button", name="These agree").click()
    expect(shown.locator("#differences")).to_contain_text("No two sentences of different articles were found")
    assert violations(shown) == []
