"""EPUB, OpenDocument texts, e-mails and boxes of them."""

import io
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage

import pytest

from onrecord.index.reading.parsing import Content, articles_in
from tests.web import STORY

OPF = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>The Larn</dc:title><dc:creator>Ann Bell</dc:creator><dc:date>2024-03-04</dc:date><dc:language>en</dc:language>
</metadata><manifest><item id="b" href="two%20b.xhtml"/><item id="a" href="one.xhtml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
BOOK = {
    "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/c.opf"/></rootfiles></container>',
    "OEBPS/c.opf": OPF,
    "OEBPS/one.xhtml": "<html><head><title>x</title></head><body><h1>One</h1><p>The bridge\n was <i>closed</i> on "
    "Monday.<br/>It is old.</p><script>alert(1)</script></body></html>",
    "OEBPS/two b.xhtml": "<html><body><div><p>Repairs cost 2.4&#160;million euros&nbsp;&ndash; at least."
    "</p></div><!-- c --></body></html>",
}
ODT = {
    "content.xml": '<o:document-content xmlns:o="urn:o" xmlns:t="urn:t"><o:body><o:text><t:h>Bridge</t:h><t:p>The<t:s/>'
    "bridge was <t:span>closed</t:span> on<t:tab/>Monday.<t:note><t:p>A note.</t:p></t:note></t:p></o:text></o:body>"
    "</o:document-content>",
    "meta.xml": '<o:meta xmlns:o="urn:o" xmlns:dc="urn:dc"><dc:title>Of the bridge</dc:title></o:meta>',
}


def zipped(parts: Mapping[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def read(data: bytes, suffix: str) -> Content:
    return articles_in(data, f"a{suffix}", suffix)


def mail(text: str = STORY, *, html: str = "", subject: str = "Brücke gesperrt", charset: str = "utf-8") -> bytes:
    message = EmailMessage()
    message["From"] = "Ann Bell <ann@courier.example>"
    message["Subject"] = subject
    message["Date"] = "Mon, 04 Mar 2024 09:30:00 +0000"
    if text:
        message.set_content(text, charset=charset)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message.as_bytes()


def test_a_book_is_read_in_its_order_with_what_it_states_of_itself() -> None:
    (book,) = read(zipped(BOOK), ".epub").articles
    assert (
        book.text == "One\nThe bridge was closed on Monday.\nIt is old.\n\nRepairs cost 2.4 million euros – at least."
    )
    assert (book.title, book.source, book.published, book.language) == ("The Larn", "Ann Bell", "2024-03-04", "en")


def test_a_document_is_read_with_its_headings_and_notes() -> None:
    (text,) = read(zipped(ODT), ".odt").articles
    assert text.text == "Bridge\nThe bridge was closed on Monday.\nA note."
    assert text.title == "Of the bridge"


def test_without_a_stated_title_the_first_heading_is_it() -> None:
    (text,) = read(zipped({"content.xml": ODT["content.xml"]}), ".odt").articles
    assert text.title == "Bridge"


@pytest.mark.parametrize("suffix", [".epub", ".odt"])
@pytest.mark.parametrize("data", [b"x", b"PK\x03\x04broken", zipped({"other.xml": "<a/>"})])
def test_what_is_no_such_file_is_said_so(suffix: str, data: bytes) -> None:
    content = read(data, suffix)
    assert content.articles == ()
    assert content.error.startswith(f"a{suffix} is damaged, protected, or not an ")


def test_nothing_that_a_document_declares_is_loaded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY c SYSTEM "file:///etc/passwd">]>' + ODT["content.xml"].replace("closed", "&c;")
    (text,) = read(zipped({"content.xml": bomb}), ".odt").articles
    assert "root" not in text.text
    assert text.text.startswith("Bridge\nThe bridge was")


def test_an_email_is_an_article_from_who_sent_it() -> None:
    (article,) = read(mail(), ".eml").articles
    assert (article.text, article.title, article.source) == (STORY, "Brücke gesperrt", "Ann Bell")
    assert article.published == "2024-03-04T09:30:00+00:00"


def test_its_plain_text_comes_before_its_page_and_the_page_is_read_where_there_is_no_other() -> None:
    page = f"<html><body><nav>Unsubscribe</nav><article><p>{STORY}</p></article></body></html>"
    (both,) = read(mail("In short: the bridge is shut.", html=page), ".eml").articles
    (alone,) = read(mail("", html=page), ".eml").articles
    assert both.text == "In short: the bridge is shut."
    assert alone.text == STORY


def test_an_email_in_an_old_encoding_is_read() -> None:
    text = "Мост в городе закрыт до конца года из-за трещин в двух опорах."
    assert read(mail(text, charset="koi8-r"), ".eml").articles[0].text == text


@pytest.mark.parametrize("data", [b"no e-mail at all", b"\x00\xff" * 40, b"From: ann@courier.example\n\n\n"])
def test_what_is_no_email_is_said_so(data: bytes) -> None:
    content = read(data, ".eml")
    assert content.articles == ()
    assert "is no e-mail" in content.error or "holds no text" in content.error


def test_every_message_of_a_box_is_an_article_and_an_empty_one_is_named() -> None:
    second = mail("The ferry is free.\n\n>From the pier it leaves every 20 minutes.", subject="Ferry")
    box = b"".join(
        b"From ann@courier.example Mon Mar  4 09:30:00 2024\n" + one + b"\n\n"
        for one in (mail(), second, b"Subject: empty\n\n")
    )
    content = read(box, ".mbox")
    assert [one.title for one in content.articles] == ["Brücke gesperrt", "Ferry"]
    assert content.articles[1].text == "The ferry is free.\n\nFrom the pier it leaves every 20 minutes."
    assert content.error.startswith("a.mbox: 2 messages read, 1 message not: message 3 (no text)")


def test_what_is_no_box_is_said_so() -> None:
    assert "is no box of e-mails (mbox)" in read(mail(), ".mbox").error
