"""Web archives, what agencies send (NewsML-G2, NITF), rich text, and pages as browsers save them."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from onrecord.index.reading.files import read_paths
from onrecord.index.reading.parsing import Content, articles_in
from tests.web import STORY, page

AT = "https://courier.example/bridge"
NITF = f"""<?xml version="1.0"?><!DOCTYPE nitf SYSTEM "nitf.dtd"><nitf xml:lang="en"><head><title>x</title><docdata>
<date.issue norm="20240304T093000Z"/></docdata><pubdata name="Larn Wire"/></head><body><body.head><hedline>
<hl1>Old bridge closed</hl1></hedline><distributor>River Agency</distributor></body.head><body.content><block>
<p>{STORY}</p><media><media-caption>A photograph.</media-caption></media><p>It is <em>old</em>.</p></block>
</body.content></body></nitf>"""


def item(content: str, *, status: str = "stat:usable", guid: str = AT) -> str:
    return f"""<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{guid}"><itemMeta><provider literal="RA"/>
<versionCreated>2024-03-05T10:00:00+01:00</versionCreated><firstCreated>2024-03-04T09:30:00Z</firstCreated>
<pubStatus qcode="{status}"/></itemMeta><contentMeta><headline>Bridge shut</headline><language tag="en-GB"/>
<infoSource><name>River Agency</name></infoSource></contentMeta><contentSet>{content}</contentSet></newsItem>"""


G2 = (
    '<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title>'
    f"</head><body><p>{STORY}</p></body></html></inlineXML>"
)
RTF = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss Arial;}}{\info{\title Br\'fccke \u8211? zu}{\author Ann}}"
    r"\f0 The bridge was {\b closed} on Monday.\par It is \u55357?\u56842? old: {\field{\*\fldinst{HYPERLINK "
    r'"http://x.example/"}}{\fldrslt{see here}}}.\par}'
)
MHTML = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: {at}\r\nSubject: =?utf-8?Q?Old=20bridge?=\r\n"
    'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; boundary="--b"\r\n\r\n----b\r\n'
    "Content-Type: {kind}\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: {at}\r\n\r\n{body}\r\n"
    "----b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n----b--\r\n"
)


def read(data: bytes | str, suffix: str) -> Content:
    return articles_in(data.encode() if isinstance(data, str) else data, f"a{suffix}", suffix)


def warc(*pages: tuple[str, str, str, bytes], packed: bool = False) -> bytes:
    """``(address, status, kind, body)`` of each response, after the record that every archive begins with."""
    records = [warc_record("warcinfo", "", b"software: x\r\n")]
    for address, status, kind, body in pages:
        records.append(
            warc_record("response", address, f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n\r\n".encode() + body)
        )
    return b"".join(map(gzip.compress, records) if packed else records)


def warc_record(kind: str, address: str, content: bytes) -> bytes:
    of = "application/http; msgtype=response" if kind == "response" else "application/warc-fields"
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: <{address}>\r\nContent-Type: {of}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content + b"\r\n\r\n"


CRAWL = (
    (AT, "200 OK", "text/html; charset=iso-8859-1", page(STORY + " Café.").decode().encode("iso-8859-1")),
    ("https://courier.example/logo.png", "200 OK", "image/png", b"\x89PNG"),
    ("https://courier.example/old", "301 Moved", "text/html", b"<html><body>moved</body></html>"),
    ("https://courier.example/empty", "200 OK", "text/html", b"<html><body></body></html>"),
    ("https://courier.example/ferry", "200 OK", "text/html", page("The ferry is free until May. " * 4, "Ferry")),
)


class TestWebArchives:
    @pytest.mark.parametrize(("suffix", "packed"), [(".warc", False), (".warc.gz", True)])
    def test_each_page_is_an_article_and_one_without_is_named(self, suffix: str, packed: bool) -> None:
        content = read(warc(*CRAWL, packed=packed), suffix)
        assert [(one.url, one.source) for one in content.articles] == [
            (AT, "courier.example"),
            ("https://courier.example/ferry", "courier.example"),
        ]
        assert content.articles[0].text.endswith("Café.")
        assert "2 pages read, 1 page not: page 2 (no text of an article)" in content.error

    def test_of_several_visits_the_last_counts(self) -> None:
        content = read(warc(CRAWL[0], CRAWL[4], (AT, "200 OK", "text/html", page("It is open again. " * 5))), ".warc")
        assert ["open again" in one.text for one in content.articles] == [True, False]
        assert "Mayor" not in content.articles[0].text

    @pytest.mark.parametrize("packed", [True, False])
    def test_one_that_is_cut_off_gives_the_pages_before_the_cut(self, packed: bool) -> None:
        whole = warc(CRAWL[0], CRAWL[4], packed=packed)
        content = read(whole[:-60], ".warc.gz")
        assert [one.url for one in content.articles] == [AT]
        assert "cut off" in content.error

    def test_what_comes_before_a_damaged_record_is_kept(self) -> None:
        nameless = warc_record("response", "", b"HTTP/1.1 200 OK\r\n\r\nx").replace(b"WARC-Target-URI: <>\r\n", b"")
        content = read(warc(CRAWL[0]) + nameless, ".warc")
        assert [one.url for one in content.articles] == [AT]
        assert "damaged, and so is what comes after it" in content.error
        assert read(nameless, ".warc").error.startswith("a.warc is damaged or no web archive")

    def test_an_archive_packed_as_a_whole_is_read(self) -> None:
        assert len(read(gzip.compress(warc(*CRAWL)), ".warc.gz").articles) == 2

    def test_a_page_that_unpacks_to_more_than_a_page_is_named(self) -> None:
        content = read(warc(CRAWL[0], (AT + "2", "200 OK", "text/html", b" " * (21 << 20)), packed=True), ".warc.gz")
        assert len(content.articles) == 1
        assert "page 2 (larger than 20 MB)" in content.error

    @pytest.mark.parametrize("data", [b"x", b"\x1f\x8bno gzip", warc(), b"WARC/1.0\r\nContent-Length: 9\r\n\r\nx"])
    def test_what_is_none_is_said_so(self, data: bytes) -> None:
        content = read(data, ".warc.gz")
        assert content.articles == ()
        assert content.error.startswith("a.warc.gz ")

    def test_it_is_found_by_its_double_ending(self, tmp_path: Path) -> None:
        (tmp_path / "crawl.warc.gz").write_bytes(warc(CRAWL[0], packed=True))
        assert [len(one.articles) for one in read_paths([tmp_path])] == [1]


class TestAgencies:
    def test_nitf_gives_headline_day_and_agency_and_no_captions(self) -> None:
        (article,) = read(NITF, ".xml").articles
        assert (article.title, article.source, article.published) == (
            "Old bridge closed",
            "River Agency",
            "2024-03-04T09:30:00+00:00",
        )
        assert article.text == f"{STORY}\nIt is old."

    @pytest.mark.parametrize(
        "content", [G2, f"<inlineXML>{NITF[NITF.index('<nitf') :]}</inlineXML>", f"<inlineData>{STORY}</inlineData>"]
    )
    def test_newsml_says_what_its_text_does_not(self, content: str) -> None:
        (article,) = read(item(content), ".xml").articles
        assert (article.title, article.source, article.published, article.url, article.language) == (
            "Bridge shut",
            "River Agency",
            "2024-03-04T09:30:00+00:00",
            AT,
            "en",
        )
        assert article.text.startswith(STORY)

    def test_every_item_of_a_message_is_an_article_and_one_that_was_withdrawn_is_named(self) -> None:
        items = [item(G2), item(G2, status="stat:canceled", guid=AT + "/2"), item("<remoteContent/>", guid=AT + "/3")]
        content = read(f"<newsMessage><itemSet>{''.join(items)}</itemSet></newsMessage>", ".xml")
        assert [one.url for one in content.articles] == [AT]
        assert "item 2 (withdrawn by its agency), item 3 (no text)" in content.error

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ("<project/>", "other XML"),
            ("<rss/>", "`onrecord follow`"),
            ("no XML", "other XML"),
            ("<nitf/>", "no words"),
        ],
    )
    def test_what_is_none_is_said_so(self, data: str, said: str) -> None:
        content = read(data, ".xml")
        assert content.articles == ()
        assert said in content.error

    def test_nothing_that_it_declares_is_loaded(self) -> None:
        bomb = NITF.replace('SYSTEM "nitf.dtd"', '[<!ENTITY c SYSTEM "file:///etc/passwd">]').replace(
            "<em>old", "<em>&c;"
        )
        assert "root" not in read(bomb, ".xml").articles[0].text

    def test_a_reference_to_half_of_a_character_is_left_out(self) -> None:
        (article,) = read(
            NITF.replace('norm="', 'norm="&#xD800;&#56320;').replace("<em>old", "<em>&#xD83D;&#xF6;ld"), ".xml"
        ).articles
        assert article.published == "2024-03-04T09:30:00+00:00"
        assert article.text.endswith("It is öld.")

    def test_of_a_folder_other_xml_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "pom.xml").write_text("<project/>", encoding="utf-8")
        (tmp_path / "wire.xml").write_text(NITF, encoding="utf-8")
        pom, wire = read_paths([tmp_path])
        assert "NewsML-G2" in pom.passed_over
        assert len(wire.articles) == 1


class TestRichText:
    def test_its_paragraphs_are_read_without_addresses_of_links(self) -> None:
        (article,) = read(RTF, ".rtf").articles
        assert article.text == "The bridge was closed on Monday.\nIt is \U0001f60a old: see here."
        assert article.title == "Brücke – zu"

    @pytest.mark.parametrize("data", ["x", "", "{\\rtf1\\u99999999999 a}"])
    def test_what_is_none_is_said_so(self, data: str) -> None:
        content = read(data, ".rtf")
        assert content.articles == () and content.error.startswith("a.rtf ")


class TestSavedPages:
    @pytest.mark.parametrize("suffix", [".mhtml", ".mht"])
    def test_a_page_saved_in_one_file_keeps_its_address(self, suffix: str) -> None:
        body = page(STORY).decode().replace("=", "=3D")
        (article,) = read(MHTML.format(at=AT, kind="text/html; charset=utf-8", body=body), suffix).articles
        assert (article.title, article.url) == ("Old bridge closed", AT)
        assert article.text.endswith(STORY)

    @pytest.mark.parametrize("data", ["x", MHTML.format(at=AT, kind="image/gif", body="x")])
    def test_what_is_none_is_said_so(self, data: str) -> None:
        assert "no page that a browser saved" in read(data, ".mhtml").error

    @pytest.mark.parametrize(
        "mark",
        ["<!-- saved from url=(0030){} -->", "<!--\n Page saved with SingleFile \n url: {} \n saved date: x\n-->"],
    )
    def test_where_it_was_saved_from_is_its_address(self, mark: str) -> None:
        (article,) = read(page().replace(b"<head>", f"<head>{mark.format(AT)}".encode()), ".html").articles
        assert article.url == AT

    @pytest.mark.parametrize("folder", ["Bridge_files", "Bridge-Dateien", "Bridge.files"])
    def test_the_folder_with_its_parts_is_passed_over(self, tmp_path: Path, folder: str) -> None:
        names: Sequence[str] = ("Bridge.html", f"{folder}/ad.html", "More_files/own.html")
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(page(f"{name} {STORY}"))
        results = list(read_paths([tmp_path]))
        assert sorted(Path(one.path).name for one in results if one.articles) == ["Bridge.html", "own.html"]
        (passed,) = [one for one in results if one.passed_over]
        assert "the parts of Bridge.html" in passed.passed_over
