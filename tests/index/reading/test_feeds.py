"""What a feed lists, in the kinds that there are, and what is none."""

import pytest

from onrecord.index.reading.feeds import FEED, MOST_ITEMS
from onrecord.index.reading.files import ReadLimits
from onrecord.index.reading.parsing import articles_in
from onrecord.index.reading.process import readers
from tests.web import rss

AT = "https://courier.example/news/feed.xml"
ATOM = """<?xml version="1.0" encoding="utf-8"?><!-- by hand --><feed xmlns="http://www.w3.org/2005/Atom">
<title>River Herald</title><link rel="self" href="https://herald.example/feed"/>
<entry><title>Ferry &amp; bridge</title><link rel="enclosure" href="https://herald.example/a.mp3"/>
<link href="../ferry?a=1#top"/><id>tag:1</id><updated>2024-03-09T08:00:00Z</updated></entry>
<entry><title type="html">Coins</title><link rel="alternate" href="https://herald.example/coins"/>
<published>2024-04-20T10:00:00+02:00</published><updated>2024-05-01T10:00:00Z</updated></entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Asel Weekly</title></channel>
<item><title>Coins</title><link>https://asel.example/coins</link><dc:date>2024-04-20</dc:date></item></rdf:RDF>"""
BOMB = """<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">]><rss><channel><title>&b;&c;</title>
<item><title>&c;</title><link>https://courier.example/a</link></item></channel></rss>"""


def listed(feed: str | bytes) -> list[tuple[str, str, str, str]]:
    data = feed.encode() if isinstance(feed, str) else feed
    content = articles_in(data, AT, FEED)
    assert not content.error, content.error
    return [(one.url, one.title, one.published, one.source) for one in content.articles]


def test_rss_lists_its_items_with_the_day_that_it_gives() -> None:
    found = listed(rss("https://courier.example/a", "/b"))
    assert found == [
        ("https://courier.example/a", "Story 1", "2024-03-04T09:30:00+00:00", "Larnville Courier"),
        ("https://courier.example/b", "Story 2", "2024-03-04T09:30:00+00:00", "Larnville Courier"),
    ]


def test_atom_gives_the_page_of_each_entry_and_the_day_it_was_published() -> None:
    assert listed(ATOM) == [
        ("https://courier.example/ferry?a=1", "Ferry & bridge", "2024-03-09T08:00:00+00:00", "River Herald"),
        ("https://herald.example/coins", "Coins", "2024-04-20T10:00:00+02:00", "River Herald"),
    ]


def test_rss_of_the_first_version_has_its_items_beside_the_channel() -> None:
    assert listed(RDF) == [("https://asel.example/coins", "Coins", "2024-04-20", "Asel Weekly")]


@pytest.mark.parametrize(
    "item",
    [
        "<guid>https://courier.example/a</guid>",
        '<guid isPermaLink="false">17</guid><link><![CDATA[ https://courier.example/a ]]></link>',
    ],
)
def test_the_guid_is_the_address_where_there_is_no_link(item: str) -> None:
    assert [one[0] for one in listed(f"<rss><channel><item>{item}</item></channel></rss>")] == [
        "https://courier.example/a"
    ]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "", "https://ann:secret@a.example/"])
def test_what_is_no_web_address_is_left_out(link: str) -> None:
    assert [one[0] for one in listed(rss(link, "https://courier.example/a"))][-1:] == ["https://courier.example/a"]
    assert not any(
        "passwd" in one[0] or "javascript" in one[0] or "secret" in one[0] for one in listed(rss(link, "/a"))
    )


def test_a_page_that_is_listed_twice_is_one_item() -> None:
    assert len(listed(rss("/a", "/a#comments", "/b"))) == 2


def test_of_an_endless_feed_the_first_items_count() -> None:
    assert len(listed(rss(*(f"/{n}" for n in range(MOST_ITEMS + 5))))) == MOST_ITEMS


def test_a_feed_that_breaks_off_gives_what_it_has() -> None:
    whole = rss("/a", "/b", "/c")
    assert len(listed(whole[: whole.index(b"Story 3")])) == 2


def test_nothing_that_a_feed_declares_is_resolved_or_loaded() -> None:
    ((address, title, _, source),) = listed(BOMB)
    assert address == "https://courier.example/a"
    assert "root" not in title + source
    assert len(source) < 100


@pytest.mark.parametrize("data", [b"", b"no feed at all", b"<html><body><p>A page.</p></body></html>", b"\x89PNG\r\n"])
def test_what_is_no_feed_is_said_so(data: bytes) -> None:
    assert articles_in(data, AT, FEED).error.startswith(f"{AT} is no feed (RSS or Atom)")


def test_a_feed_without_items_is_said_so() -> None:
    assert "lists no pages" in articles_in(rss(), AT, FEED).error


def test_a_feed_is_read_in_the_process_for_files() -> None:
    assert len(readers.read(rss("/a"), AT, FEED, ReadLimits()).articles) == 1
