"""The collection and the conversations in a real browser."""

import json
import re
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from playwright.sync_api import Page, expect

from tests.ui.site import Site, ask

pytestmark = pytest.mark.browser


def collection(page: Page) -> None:
    page.get_by_role("tab", name="Collection").click()
    expect(page.locator("#article-table tbody tr").first).to_be_visible()


def test_the_table_is_searched_and_ordered(page: Page) -> None:
    collection(page)
    expect(page.locator("#article-table tbody tr")).to_have_count(3)
    page.get_by_label("Search the articles").fill("ferry")
    expect(page.locator("#article-table tbody tr")).to_have_count(1)
    expect(page.locator("#article-table tbody tr")).to_contain_text("9 March 2024")
    page.get_by_label("Search the articles").fill("")
    page.get_by_role("button", name="Title", exact=True).click()
    expect(page.locator("#article-table tbody .title").first).to_have_text("Ferry to replace closed bridge")
    expect(page.locator("#article-table th[aria-sort=ascending]")).to_have_text("Title ↑")


def test_an_article_can_be_opened_and_read(page: Page) -> None:
    collection(page)
    page.get_by_role("button", name="Museum shows coins from the harbour", exact=True).click()
    expect(page.locator("dialog.reading")).to_contain_text("Divers recovered 312 silver coins")


def test_source_and_date_are_edited_in_the_row_and_the_filter_knows_them(page: Page, site: Site) -> None:
    site.library.edit("ferry", source="", published="")
    collection(page)
    page.get_by_role("button", name="Add the date of Ferry to replace closed bridge").click()
    row = page.locator("#article-table tr", has=page.locator("input[name=published]"))
    expect(row.get_by_label("Date")).to_be_focused()
    row.get_by_label("Date").fill("yesterday")
    row.get_by_label("Source").fill("Sky Post")
    row.get_by_role("button", name="Save").click()
    day = row.locator("td", has=page.get_by_label("Date"))  # the reason stands with the field that it is about
    expect(day.get_by_role("alert")).to_have_text("“yesterday” is no day; write the date as 2024-03-09.")
    expect(row.get_by_label("Date")).to_have_attribute("aria-invalid", "true")
    assert site.library.article("ferry").source == ""
    row.get_by_label("Date").fill("2024-03-11")
    row.get_by_label("Date").press("Enter")
    expect(page.locator("#article-table tbody tr", has_text="Ferry")).to_contain_text("11 March 2024")
    expect(page.get_by_role("button", name="Edit Ferry to replace closed bridge")).to_be_focused()
    expect(page.get_by_role("img", name="3 dated articles")).to_be_visible()
    page.get_by_role("button", name="Edit Ferry to replace closed bridge").click()
    page.get_by_label("Title", exact=True).first.press("Escape")
    expect(page.get_by_role("button", name="Edit Ferry to replace closed bridge")).to_be_focused()
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Only these sources").click()
    expect(page.get_by_role("option", name="Sky Post")).to_be_visible()


def test_several_files_are_added_with_a_result_for_each_and_then_deleted(
    page: Page, site: Site, tmp_path: Path
) -> None:
    good = tmp_path / "storm.txt"
    good.write_text("The storm of Tuesday closed the harbour of Port Asel for two days, the port office said.")
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    collection(page)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    page.set_input_files("#files input[type=file]", [str(good), str(empty), str(photo)])
    expect(page.locator("#results [role=status]")).to_contain_text("1 added")
    expect(page.locator("#results .fine")).to_contain_text("storm.txt")
    expect(page.locator("#results .bad")).to_contain_text(["empty.txt", "photo.jpg is of a kind that OnRecord"])
    expect(page.locator("#results .bad").first).to_have_text(re.compile(r"^empty\.txt is empty"))  # its name once
    expect(page.locator("#article-table tbody tr")).to_have_count(4)
    cache = Path(page.evaluate("fetch('/config').then(r => r.json()).then(c => c.cache_dir || '')") or "/tmp/gradio")
    assert not list(cache.rglob("storm.txt"))


def test_files_dropped_anywhere_on_the_page_are_added(page: Page, site: Site) -> None:
    page.evaluate(
        """() => {
            const dropped = new DataTransfer();
            const text = 'The storm of Tuesday closed the harbour of Port Asel for two days, the port office said.';
            dropped.items.add(new File([text], 'storm.txt', {type: 'text/plain'}));
            const send = (name) => document.querySelector('#thread').dispatchEvent(
                new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer: dropped}));
            send('dragover'); window.veiled = !document.querySelector('.veil').hidden;
            send('drop');
        }"""
    )
    assert page.evaluate("window.veiled")
    expect(page.locator("#results .fine")).to_contain_text("storm.txt")
    expect(page.locator("#results [role=status]")).to_contain_text("1 added")
    expect(page.locator(".veil")).to_be_hidden()
    expect(page.locator("#article-table tbody tr")).to_have_count(4)


def test_the_health_of_the_index_is_folded_away(page: Page) -> None:
    collection(page)
    expect(page.get_by_role("button", name="Rebuild")).to_be_hidden()
    page.get_by_role("button", name="Health of the index").click()
    expect(page.get_by_role("button", name="Rebuild")).to_be_visible()


def test_a_pasted_text_becomes_an_article_that_answers(page: Page) -> None:
    collection(page)
    page.get_by_role("button", name="Paste a text").click()
    page.get_by_label("Text", exact=True).fill("The lighthouse of Cape Orlo was painted green in April.")
    page.get_by_label("Source", exact=True).fill("Cape News")
    page.get_by_label("Date", exact=True).fill("2024-04-30")
    page.get_by_role("button", name="Add this text").click()
    expect(page.locator("#article-table tbody tr")).to_have_count(4)
    page.get_by_role("tab", name="Ask").click()
    ask(page, "What happened to the lighthouse?")
    expect(page.locator(".turn .answer")).to_contain_text("was painted green")


def test_removal_asks_first_and_then_takes_the_article_out_of_every_answer(page: Page, site: Site) -> None:
    ask(page, "How many silver coins did divers recover?")
    collection(page)
    page.get_by_label("Choose Museum shows coins from the harbour").check()
    page.get_by_role("button", name="Remove 1 article").click()
    expect(page.locator("dialog.sure")).to_contain_text("Museum shows coins from the harbour")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#article-table tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Remove 1 article").click()
    page.locator("dialog.sure").get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#article-table tbody tr")).to_have_count(2)
    page.get_by_role("tab", name="Ask").click()
    page.locator(".turn .chip").first.click()
    expect(page.locator("#article")).to_contain_text("This article is no longer in the collection.")
    expect(page.locator("#article blockquote")).to_contain_text("Divers recovered 312 silver coins")


def test_a_citation_of_a_changed_article_keeps_its_quote_and_says_so(page: Page, site: Site) -> None:
    ask(page, "How many silver coins did divers recover?")
    museum = site.library.article("museum")
    site.library.add([replace(museum, text=museum.text.replace("312", "309"))])
    page.reload()
    expect(page.locator(".turn .chip.stale").first).to_be_visible()
    page.locator(".turn .chip").first.click()
    expect(page.locator("#article .note")).to_contain_text("This article has changed since it was cited.")
    expect(page.locator("#article .note blockquote")).to_contain_text("312 silver coins")


def test_the_timeline_draws_every_dated_article_with_its_source(page: Page) -> None:
    collection(page)
    expect(page.locator(".timeline rect")).to_have_count(3)
    expect(page.get_by_role("img", name="3 dated articles from 4 March 2024 to 20 April 2024")).to_be_visible()
    expect(page.locator(".legend li")).to_have_count(3)


def test_a_click_in_the_timeline_filters_the_questions_to_its_days_and_undated_articles_are_said(
    page: Page, site: Site
) -> None:
    site.library.edit("museum", published="")
    collection(page)
    expect(page.locator("#overview")).to_contain_text("1 article without a date is not shown.")
    expect(page.locator(".timeline text", has_text="1").first).to_be_visible()
    column = page.get_by_role("button", name="Ask about 9 March 2024: 1 article (1 River Herald)")
    expect(column).to_have_attribute("title", re.compile("Click to ask about these days alone"))
    column.click()
    expect(page.get_by_role("button", name="Filter: from 2024-03-09")).to_be_visible()
    ask(page, "How many people does the ferry hold?")
    asked = site.assistant.asked[-1][2]
    assert asked is not None and (asked.published_from, asked.published_to) == ("2024-03-09", "2024-03-09")


def test_conversations_are_listed_searched_renamed_and_deleted(page: Page) -> None:
    ask(page, "What would the bridge repairs cost?")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, "How many silver coins did divers recover?")
    page.get_by_role("tab", name="Conversations").click()
    expect(page.locator("#history li")).to_have_count(2)
    page.get_by_label("Search the conversations").fill("silver 312")
    expect(page.locator("#history li")).to_have_count(1)
    page.get_by_label("Search the conversations").fill("")
    expect(page.locator("#history li")).to_have_count(2)
    page.get_by_role("button", name="Rename What would").click()
    page.locator("dialog.rename input").fill("The bridge story")
    page.locator("dialog.rename").get_by_role("button", name="Rename").click()
    expect(page.locator("#history")).to_contain_text("The bridge story")
    page.get_by_role("button", name="Delete How many").click()
    page.locator("dialog.erase").get_by_role("button", name="Delete").click()
    expect(page.locator("#history li")).to_have_count(1)
    page.get_by_role("button", name="The bridge story", exact=True).click()
    expect(page.locator(".turn h2")).to_have_text("What would the bridge repairs cost?")


def test_a_conversation_is_exported_with_numbered_references(page: Page, tmp_path: Path) -> None:
    ask(page, "What would the bridge repairs cost?")
    texts = {}
    for kind in ("Markdown", "HTML", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("link", name=kind).click()
        download.value.save_as(tmp_path / kind)
        texts[kind] = (tmp_path / kind).read_text(encoding="utf-8")
    with page.expect_download() as download:
        page.get_by_role("link", name="Word").click()
    assert download.value.suggested_filename.endswith(".docx")
    download.value.save_as(tmp_path / "story.docx")
    assert "2.4 million" in "".join(
        paragraph.text for paragraph in docx.Document(str(tmp_path / "story.docx")).paragraphs
    )
    assert "## References" in texts["Markdown"] and "<https://courier.example/bridge>" in texts["Markdown"]
    assert '<li id="r1">' in texts["HTML"]
    assert json.loads(texts["JSON"])["references"][0]["quote"].startswith("Mayor Ilse Brandt said repairs")


def test_another_collection_has_its_own_articles_and_conversations(page: Page) -> None:
    ask(page, "What would the bridge repairs cost?")
    collection(page)
    page.get_by_label("New collection").fill("Harbour story")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#overview h2")).to_have_text("Harbour story")
    expect(page.locator("#article-table")).to_contain_text("There are no articles yet")
    page.get_by_role("tab", name="Conversations").click()
    expect(page.locator("#history")).to_contain_text("What you ask is kept here.")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator(".home")).to_contain_text("No articles yet")


def test_the_first_view_knows_the_articles_that_were_added_since(page: Page) -> None:
    collection(page)
    page.get_by_label("New collection").fill("Cape story")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#overview h2")).to_have_text("Cape story")
    page.get_by_role("button", name="Paste a text").click()
    text = "The painter Ada Lorne said the lighthouse of Cape Orlo was painted green."
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Add this text").click()
    expect(page.locator("#article-table tbody tr")).to_have_count(1)
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator(".home .contents")).to_have_text("1 article")
    expect(page.locator(".suggestion")).to_have_text("What did Ada Lorne say about the lighthouse of Cape Orlo?")


def test_pages_are_read_from_the_web_with_a_line_for_each_that_cannot_be(page: Page, site: Site) -> None:
    good, bad = "https://courier.example/lighthouse", "https://courier.example/gone"
    site.library.web.pages[good] = replace(
        site.library.article("bridge"), id="lighthouse", title="Green lighthouse", url=good
    )
    collection(page)
    page.get_by_role("button", name="Read pages from the web").click()
    page.get_by_label("Addresses, one a line").fill(f"{good}\n{bad}")
    page.get_by_role("button", name="Read these pages").click()
    expect(page.locator("#results [role=status]")).to_have_text("1 added.")
    expect(page.locator("#results .bad")).to_contain_text("is not there (404)")
    expect(page.locator("#article-table tbody tr")).to_have_count(4)
    page.get_by_role("button", name="What was fetched").click()
    expect(page.locator("#fetched li").first).to_contain_text(bad)


def test_a_feed_is_followed_and_followed_no_longer(page: Page, site: Site) -> None:
    feed = "https://courier.example/feed.xml"
    collection(page)
    page.get_by_role("button", name="Follow feeds").click()
    page.get_by_label("Address of a feed (RSS or Atom) or sitemap").fill(feed)
    page.get_by_role("button", name="Follow this feed").click()
    expect(page.locator("#results [role=status]")).to_contain_text("Following Larnville Courier. Its 2 pages are read")
    page.get_by_label("Feeds that are followed").click()
    page.get_by_role("option", name="Larnville Courier").click()
    page.get_by_role("button", name="Follow it no longer").click()
    expect(page.locator("#results [role=status]")).to_have_text(f"{feed} is followed no longer; its articles stay.")
    assert site.library.web.followed == []


def test_a_folder_is_watched_and_watched_no_longer(page: Page, site: Site, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("The lighthouse of Port Asel was painted green in April.", encoding="utf-8")
    collection(page)
    page.get_by_role("button", name="Watch a folder on this machine").click()
    page.get_by_label("Path of the folder to watch").fill(str(tmp_path))
    page.get_by_role("button", name="Watch this folder").click()
    expect(page.locator("#results [role=status]")).to_have_text("1 added.")
    expect(page.locator("#article-table tbody tr")).to_have_count(4)
    page.get_by_label("Folders that are watched").click()
    page.get_by_role("option", name="1 file, 1 gone").click()
    page.get_by_role("button", name="Watch it no longer").click()
    expect(page.locator("#results [role=status]")).to_have_text(f"{tmp_path} is watched no longer; its articles stay.")
    assert site.library.folders.watched() == ()
