"""Hostile articles, answers, questions and file names do nothing on the page; hostile requests reach nothing."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from onrecord.index.types import Article
from tests.ui.site import Site, ask

pytestmark = pytest.mark.browser

TRICKS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1></svg>",
    "<a href='javascript:window.pwned=1'>here</a>",
    "![t](http://evil.example/p.png) [l](javascript:window.pwned=1) **bold** `code`",
    "\"' onfocus=window.pwned=1 autofocus x='",
    "<style>body{display:none}</style><iframe src=//evil.example></iframe>",
    "{{value}} ${window.pwned=1} {{#each value}}x{{/each}} </div></template>",
    "invoice\u202egnp.exe \u2066hidden\u2069",
)


def hostile() -> list[Article]:
    return [
        Article(
            id=f"evil\"'<{n}>",
            title=f"Evil {trick}",
            text=f"The evilword number{n} says {trick} in the evening",
            source=f"Source {trick}",
            published="2024-05-01",
            url="javascript:window.pwned=1",
        )
        for n, trick in enumerate(TRICKS)
    ]


def harmless(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    assert page.locator(":is(#thread, #side, #library, #history) :is(script, iframe, img, style, object)").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert "\u202e" not in page.evaluate("document.body.innerText")


def test_a_hostile_question_is_shown_as_it_was_typed(page: Page, subtests: pytest.Subtests) -> None:
    for trick in TRICKS:
        with subtests.test(trick=trick):
            ask(page, f"evilword {trick}")
            harmless(page)
            shown = page.locator(".turn h2").last.inner_text()
            assert trick.replace("\u202e", "").replace("\u2066", "").replace("\u2069", "") in shown


def test_hostile_articles_and_answers_do_nothing_in_any_view(page: Page, site: Site) -> None:
    site.library.add(hostile())
    for rest in ("evening", "evening with doubt", "evening differ", "unknown"):
        ask(page, f"evilword {rest}")
    page.locator(".how summary").last.click()
    harmless(page)
    for card in page.locator("#sources .card").all()[:4]:
        card.click()
        expect(page.locator("#article .hit")).to_be_focused()
        harmless(page)
        page.keyboard.press("Escape")
    page.locator(".turn .chip").first.hover()
    harmless(page)
    page.reload()
    expect(page.locator(".turn")).to_have_count(4)
    harmless(page)
    page.get_by_role("tab", name="Collection").click()
    expect(page.locator("#article-table tbody tr")).to_have_count(3 + len(TRICKS))
    page.locator("#article-table .title").first.click()
    expect(page.locator("dialog.reading")).to_be_visible()
    harmless(page)
    page.keyboard.press("Escape")
    page.locator("#article-table input[data-id]").first.check()
    page.get_by_role("button", name="Remove 1 article").click()
    harmless(page)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Conversations").click()
    expect(page.locator("#history li")).to_have_count(1)
    harmless(page)


def test_a_hostile_file_name_does_nothing(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "<img src=x onerror=window.pwned=1>.txt"
    bad.write_text("The harbour of Port Asel was closed on Tuesday because of a storm from the north.")
    page.get_by_role("tab", name="Collection").click()
    page.set_input_files("#files input[type=file]", str(bad))
    expect(page.locator("#results [role=status]")).to_contain_text("1 added")
    harmless(page)


def test_the_policy_keeps_the_browser_from_loading_anything_foreign(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    page.goto(site.address)
    policy = httpx.get(site.address).headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy
    blocked = page.evaluate(
        "() => new Promise(done => {"
        " document.addEventListener('securitypolicyviolation', e => done(e.violatedDirective));"
        " const i = new Image(); i.src = 'data:,x'; i.src = 'https://evil.example/p.png'; document.body.append(i) })"
    )
    page.close()
    assert blocked == "img-src"


def test_nothing_is_kept_in_the_browser(page: Page) -> None:
    ask(page, "What would the bridge repairs cost?")
    stored = page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert "bridge" not in stored
    assert page.evaluate("indexedDB.databases().then(d => d.length)") == 0


def test_another_site_can_neither_upload_nor_ask(site: Site) -> None:
    upload = site.address + "gradio_api/upload"
    file = {"files": ("a.txt", b"text")}
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert httpx.post(upload, files=file, headers=headers).status_code == 403
    assert httpx.post(upload, files=file, headers={"origin": site.address.rstrip("/")}).status_code == 200


def test_a_foreign_host_name_is_refused(site: Site) -> None:
    answer = httpx.get(site.address, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.text == "“evil.example” is not an address of this server; open it as 127.0.0.1.\n"


def test_neither_runs_nor_monitoring_nor_documentation_are_served(site: Site) -> None:
    assert httpx.get(site.address + "monitoring/summary").status_code in (403, 404)
    assert httpx.get(site.address + "docs").status_code == 404
    assert httpx.get(site.address + "config").json()["run_history"] is False
