"""Notes in a real browser: pinned from an answer and from an article, written beside, exported, removed."""

from pathlib import Path

import docx
import pytest
from playwright.sync_api import Page, expect

from tests.ui.site import Site, ask

pytestmark = pytest.mark.browser


def test_quotes_are_pinned_across_conversations_written_beside_exported_and_removed(
    page: Page, site: Site, tmp_path: Path
) -> None:
    ask(page, "What would the bridge repairs cost?")
    quotes = page.locator(".turn .chip").count()
    page.get_by_role("button", name="Pin the quotes").click()
    expect(page.locator("#notice")).to_contain_text("in your notes.")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".home")).to_be_visible()
    ask(page, "How many people fit on the boat?")
    page.locator(".turn .chip").first.click()
    pinned = page.locator("#article .hit").inner_text()
    page.get_by_role("button", name="Pin this sentence").click()
    expect(page.locator("#notice")).to_have_text("The quote is in your notes.")
    page.get_by_role("tab", name="Notes").click()
    notes = page.locator("#notes .notes li")
    expect(notes).to_have_count(quotes + 1)
    expect(notes.last.locator("blockquote")).to_have_text(pinned)
    notes.last.get_by_label("Your line").fill("Ask the <b>harbour</b> master.")
    notes.last.get_by_label("Your line").press("Tab")
    expect(page.locator("#notes [role=status]")).to_have_text("Your line is kept.")
    site.library.remove([next(key for key, one in site.library.kept.items() if pinned in one.text)])
    page.reload()
    page.get_by_role("tab", name="Notes").click()
    expect(notes.last.get_by_label("Your line")).to_have_value("Ask the <b>harbour</b> master.")
    expect(notes.last).to_contain_text("(the article was removed since)")
    with page.expect_download() as download:
        page.locator("#notes").get_by_role("link", name="Word").click()
    download.value.save_as(tmp_path / "notes.docx")
    text = "\n".join(paragraph.text for paragraph in docx.Document(str(tmp_path / "notes.docx")).paragraphs)
    assert pinned in text and "Note: Ask the <b>harbour</b> master." in text
    notes.first.locator("[data-reopen]").click()
    expect(page.locator("#note-reading .hit")).to_be_focused()
    page.keyboard.press("Escape")
    for left in range(quotes, -1, -1):
        notes.first.get_by_role("button", name="Remove").click()
        page.locator("#notes dialog").get_by_role("button", name="Remove").click()
        expect(notes).to_have_count(left)
    expect(page.locator("#notes")).to_contain_text("No notes yet.")
