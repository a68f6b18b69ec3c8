"""Addresses and feeds, from a site on this machine into a library."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onrecord.index import InputError, Library
from onrecord.index.errors import FetchError, ReadError, UnknownArticle
from onrecord.index.settings import FetchSettings, IndexSettings
from onrecord.index.store.catalogue import LINE
from onrecord.index.store.earlier import KEPT
from onrecord.index.store.web_notes import LOGGED, TRIES, WebNotes
from tests.attacks.traces import traces
from tests.conftest import FakeEmbedder
from tests.web import STORY, Answer, Web, page, rss, serving

NEAR = FetchSettings(reach="all", pause_seconds=0, seconds=5)
FERRY = "A free ferry will carry pedestrians across the Larn while the Old Mill Bridge is shut, the city said."
COINS = "Divers recovered 312 silver coins from the harbour of Port Asel last summer, as the museum told reporters."


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def library(tmp_path: Path, catalogue_url: str) -> Iterator[Library]:
    settings = IndexSettings(catalogue_url=catalogue_url)
    with Library(tmp_path / "data", embedder=FakeEmbedder(), fetch=NEAR, settings=settings) as library:
        yield library


def urls(library: Library) -> list[str]:
    return [one.url for one in library.articles()]


def changing(first: bytes, second: bytes) -> Any:
    """Answers with the first until it is asked for what is newer, then with the second."""
    state: dict[str, Any] = {"body": first, "tag": '"1"'}

    def answer(request: Any) -> Answer:
        if request.headers.get("If-None-Match") == state["tag"]:
            return Answer(b"", 304, {"ETag": state["tag"]})
        return Answer(state["body"], 200, {"Content-Type": "text/html", "ETag": state["tag"]})

    def change() -> None:
        state.update(body=second, tag='"2"')

    return answer, change


class TestPages:
    def test_a_page_becomes_an_article_with_its_address_and_its_site(self, library: Library, web: Web) -> None:
        report = library.web.add([web.put("/bridge", page())])
        (info,) = library.articles()
        assert (report.added, report.failed) == ((info.id,), ())
        assert (info.title, info.url, info.source) == (
            "Old bridge closed",
            web.at("/bridge"),
            web.address.removeprefix("http://"),
        )
        assert STORY in library.article(info.id).text
        assert library.search("repairs would cost")[0].passage.article_id == info.id

    @pytest.mark.parametrize(
        ("path", "kind", "body"),
        [
            ("/a", "text/plain", STORY.encode()),
            ("/a.md", "text/plain; charset=utf-8", f"# Bridge\n\n{STORY}".encode()),
            ("/a.md", "application/octet-stream", f"# Bridge\n\n{STORY}".encode()),
            ("/a", "", page()),
            ("/a.php", "text/html", page()),
        ],
    )
    def test_it_is_read_as_what_it_is(self, library: Library, web: Web, path: str, kind: str, body: bytes) -> None:
        assert not library.web.add([web.put(path, body, kind=kind)]).failed
        (info,) = library.articles()
        assert library.article(info.id).text.endswith(STORY)
        assert info.url == web.at(path)

    def test_a_page_in_the_encoding_that_its_server_names_is_read_in_it(self, library: Library, web: Web) -> None:
        text = "Президент сообщил журналистам, что мост в городе закрыт до конца года из-за трещин в двух опорах."
        library.web.add([web.put("/a", text.encode("koi8-r"), kind="text/plain; charset=KOI8-R")])
        assert library.article(library.articles()[0].id).text == text

    def test_rows_keep_what_they_state_of_themselves(self, library: Library, web: Web) -> None:
        rows = b'{"text": "The ferry is free for all.", "url": "https://herald.example/ferry"}\n{"text": "It rains."}'
        library.web.add([web.put("/a.jsonl", rows, kind="application/jsonl")])
        assert urls(library) == ["https://herald.example/ferry", ""]

    def test_a_page_is_known_by_the_address_where_it_was_found(self, library: Library, web: Web) -> None:
        web.put("/new", page())
        library.web.add([web.put("/old", status=301, Location="/new")])
        assert urls(library) == [web.at("/new")]
        assert library.web.add([web.at("/new")]).unchanged

    def test_a_page_may_name_another_address_of_its_own_site_alone(self, library: Library, web: Web) -> None:
        """Else a page could put itself in the place of another site's article."""
        library.web.add([web.put("/a?from=mail", page(head=f'<link rel="canonical" href="{web.at("/a")}">'))])
        foreign = '<link rel="canonical" href="https://courier.example/bridge">'
        library.web.add([web.put("/b", page(FERRY, head=foreign))])
        assert urls(library)[1:] == [web.at("/b")]
        assert "courier.example" not in "".join(urls(library))

    def test_one_bad_address_never_stops_the_others(self, library: Library, web: Web) -> None:
        given = [
            "nonsense",
            web.put("/picture", b"\x89PNG", kind="image/png"),
            web.put("/gone", status=410),
            web.put("/broken.pdf", b"%PDF-1.4 broken", kind="application/pdf"),
            web.put("/feed", rss("/a"), kind="application/rss+xml"),
            web.put("/packed", gzip.compress(page())[:50], Content_Encoding="gzip"),
            web.put("/empty", b"<html></html>"),
            web.put("/good", page()),
        ]
        seen: list[str] = []
        report = library.web.add([*given, given[-1]], on_reading=seen.append)
        assert seen == given
        assert urls(library) == [web.at("/good")]
        assert [address for address, _ in report.failed] == given[:-1]
        assert all(why.endswith(".") and "\n" not in why for _, why in report.failed)
        said = dict(report.failed)
        assert "is no text to read (image/png)" in said[given[1]]
        assert "`onrecord follow` reads feeds" in said[given[4]]
        assert "No article text was found" in said[given[6]]

    def test_what_is_unchanged_is_not_sent_and_what_changed_replaces_what_was_there(
        self, library: Library, web: Web
    ) -> None:
        answer, change = changing(page(), page(FERRY))
        web.routes["/a"] = answer
        (first,) = library.web.add([web.at("/a")]).added
        assert library.web.add([web.at("/a")]).unchanged == (first,)
        change()
        assert library.web.add([web.at("/a")]).changed == (first,)
        assert library.article(first).text.endswith(FERRY)
        assert [visit.status for visit in library.web.visits() if visit.address == web.at("/a")] == [200, 304, 200]

    def test_what_was_removed_is_sent_again_when_it_is_named_again(self, library: Library, web: Web) -> None:
        answer, _ = changing(page(), page())
        web.routes["/a"] = answer
        (first,) = library.web.add([web.at("/a")]).added
        library.remove([first])
        assert library.web.add([web.at("/a")]).added == (first,)

    def test_a_file_or_folder_that_names_addresses_makes_nothing_be_fetched(
        self, library: Library, web: Web, tmp_path: Path
    ) -> None:
        address = web.put("/a", page())
        (tmp_path / "list.txt").write_text(f"{address}\n{address}?2\n")
        (tmp_path / "page.html").write_bytes(page(head=f'<link rel="canonical" href="{address}">'))
        library.add_paths([tmp_path / "list.txt", tmp_path / "page.html"])
        assert "is a web address" in library.add_paths([address]).failed[0][1]
        assert web.asked == []


class TestFeeds:
    def follow(self, library: Library, web: Web, *links: str) -> str:
        feed = web.put("/feed", rss(*links), kind="application/rss+xml")
        library.web.follow(feed)
        return feed

    def test_what_a_feed_lists_is_read_once_and_undated_pages_get_its_day(self, library: Library, web: Web) -> None:
        web.put("/a", page())
        web.put("/b", page(FERRY))
        feed = self.follow(library, web, "/a", "/b")
        assert library.web.feeds()[0].waiting == 2
        assert len(library.web.read_items(feed).added) == 2
        assert {one.published for one in library.articles()} == {"2024-03-04T09:30:00+00:00"}
        library.web.look(feed)
        assert library.web.read_items(feed).added == ()
        assert sorted(web.paths) == ["/a", "/b", "/feed", "/feed"]
        (followed,) = library.web.feeds()
        assert (followed.title, followed.waiting, followed.said) == ("Larnville Courier", 0, "")

    def test_what_comes_later_is_read_later_and_nothing_else_again(self, library: Library, web: Web) -> None:
        web.put("/a", page())
        feed = self.follow(library, web, "/a")
        library.web.read_items(feed)
        web.put("/feed", rss("/b", "/a"), kind="application/rss+xml")
        web.put("/b", page(FERRY))
        assert len(library.web.read_due(0).added) == 0
        library.web.look(feed)
        assert len(library.web.read_due(0).added) == 1
        assert web.paths.count("/a") == 1

    def test_a_feed_is_looked_at_again_after_the_time_that_is_set(
        self, library: Library, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web.put("/a", page())
        feed = self.follow(library, web, "/a")
        library.web.read_due(60)
        assert web.paths.count("/feed") == 1
        monkeypatch.setattr("onrecord.index.store.web_notes.now", lambda: "2020-01-01T00:00:00+00:00")
        library.web.look(feed)
        monkeypatch.undo()
        library.web.read_due(60)
        library.web.read_due(60)
        assert web.paths.count("/feed") == 3

    def test_an_unchanged_feed_is_not_sent_again(self, library: Library, web: Web) -> None:
        answer, change = changing(rss("/a"), rss("/b"))
        web.routes["/feed"] = answer
        feed = library.web.follow(web.at("/feed"))
        library.web.look(feed.address)
        change()
        assert library.web.look(feed.address).waiting == 2
        assert [visit.status for visit in library.web.visits() if visit.address == feed.address] == [200, 304, 200]

    def test_an_article_that_is_stored_is_not_fetched(self, library: Library, web: Web) -> None:
        library.web.add([web.put("/a", page())])
        feed = self.follow(library, web, "/a")
        assert library.web.read_items(feed).added == ()
        assert web.paths.count("/a") == 1

    def test_an_article_that_was_removed_does_not_come_back(self, library: Library, web: Web) -> None:
        web.put("/a", page())
        feed = self.follow(library, web, "/a")
        library.remove(library.web.read_items(feed).added)
        library.web.look(feed)
        assert library.web.read_items(feed).added == ()
        assert library.articles() == ()

    def test_a_page_that_cannot_be_had_now_is_tried_again_and_in_the_end_given_up(
        self, library: Library, web: Web
    ) -> None:
        web.put("/a", status=503)
        web.put("/b", status=404)
        feed = self.follow(library, web, "/a", "/b")
        assert len(library.web.read_items(feed).failed) == 2
        assert library.web.read_items(feed).failed == ()  # not before the feed is looked at
        for _ in range(TRIES + 2):
            library.web.look(feed)
            library.web.read_items(feed)
        assert (web.paths.count("/a"), web.paths.count("/b")) == (TRIES, 1)

    def test_one_that_comes_back_in_time_is_stored(self, library: Library, web: Web) -> None:
        web.put("/a", status=503)
        feed = self.follow(library, web, "/a")
        library.web.read_items(feed)
        web.put("/a", page())
        library.web.look(feed)
        assert len(library.web.read_items(feed).added) == 1

    def test_a_reading_that_was_cut_off_goes_on_where_it_was(self, library: Library, web: Web) -> None:
        for n in range(5):
            web.put(f"/{n}", page(f"{FERRY} This was said {n} times."))
        feed = self.follow(library, web, *(f"/{n}" for n in range(5)))
        begun = library.web.read_items(feed, stopped=lambda: len(library.articles()) >= 2).added
        library.close()
        with Library(library.path, embedder=FakeEmbedder(), fetch=NEAR, settings=library.settings) as opened:
            assert len(begun) + len(opened.web.read_due(0).added) == 5
            assert len(opened.articles()) == 5
        assert sorted(web.paths) == ["/0", "/1", "/2", "/3", "/4", "/feed"]

    def test_one_that_was_cut_off_between_storing_and_noting_stores_nothing_twice(
        self, library: Library, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web.put("/a", page())
        feed = self.follow(library, web, "/a")

        def cut_off(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(WebNotes, "settle", cut_off)
        with pytest.raises(KeyboardInterrupt):
            library.web.read_items(feed)
        monkeypatch.undo()
        assert library.web.read_items(feed).added == ()
        assert (len(library.articles()), web.paths.count("/a")) == (1, 1)

    @pytest.mark.parametrize(("status", "body"), [(200, page()), (200, b""), (404, b"")])
    def test_what_is_no_feed_is_not_followed(self, library: Library, web: Web, status: int, body: bytes) -> None:
        with pytest.raises((FetchError, ReadError)):
            library.web.follow(web.put("/a", body, status))
        assert library.web.feeds() == ()

    def test_a_feed_that_fails_later_says_so_and_stays(self, library: Library, web: Web) -> None:
        feed = self.follow(library, web, "/a")
        web.put("/feed", status=500)
        assert "cannot be had now (500)" in library.web.look(feed).said
        web.put("/feed", rss("/a"), kind="application/rss+xml")
        assert library.web.look(feed).said == ""

    def test_a_feed_that_is_followed_no_longer_is_not_fetched_and_its_articles_stay(
        self, library: Library, web: Web
    ) -> None:
        web.put("/a", page())
        feed = self.follow(library, web, "/a")
        library.web.read_items(feed)
        library.web.unfollow(feed)
        library.web.read_due(0.0001)
        assert (library.web.feeds(), len(library.articles()), web.paths.count("/feed")) == ((), 1, 1)
        with pytest.raises(InputError, match="is not followed"):
            library.web.unfollow(feed)


class TestTheLog:
    def test_it_is_kept_with_the_collection(self, library: Library, web: Web) -> None:
        library.web.add([web.put("/a", page())])
        library.close()
        with Library(library.path, embedder=FakeEmbedder(), settings=library.settings) as opened:
            assert [(one.address, one.outcome) for one in opened.web.visits()] == [
                (web.at("/a"), "fetched"),
                (web.at("/robots.txt"), "not there"),
            ]

    def test_the_oldest_go(self, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        from onrecord.index.fetching.values import Visit

        assert LOGGED == 10_000
        monkeypatch.setattr("onrecord.index.store.web_notes.LOGGED", 3)
        with library.parts() as parts:
            for n in range(5):
                parts.catalogue.web.note(Visit("2024", f"https://a.example/{n}", 200, 1, "fetched"))
        assert [one.address[-1] for one in library.web.visits()] == ["4", "3", "2"]

    def test_nothing_that_is_noted_changes_the_collection(self, library: Library, web: Web) -> None:
        before = library.revision
        library.web.add([web.at("/nothing")])
        assert library.revision == before
        assert len(library.web.visits()) == 2

    def test_a_catalogue_from_before_there_were_fetches_gets_what_is_needed(self, tmp_path: Path, web: Web) -> None:
        import sqlite3

        with Library(tmp_path / "data", embedder=FakeEmbedder()):
            pass
        connection = sqlite3.connect(tmp_path / "data" / "catalogue.sqlite3")
        connection.executescript("DROP TABLE visits; DROP TABLE items; DROP TABLE feeds; DROP TABLE versions")
        connection.execute(f"DROP TABLE {LINE.noted}")
        connection.close()
        with Library(tmp_path / "data", embedder=FakeEmbedder(), fetch=NEAR) as opened:
            assert opened.web.add([web.put("/a", page())]).added


SITEMAP = "application/xml"


def sitemap(*pages: tuple[str, str]) -> bytes:
    """``(address, day)`` of each page."""
    listed = "".join(f"<url><loc>{at}</loc><lastmod>{day}</lastmod></url>" for at, day in pages)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>'.encode()


class TestSitemaps:
    def test_its_pages_are_read_the_newest_first(self, library: Library, web: Web) -> None:
        days = {"/a": "2024-03-01", "/b": "2024-05-01T10:00:00Z", "/c": "2024-04-01"}
        for path in days:
            web.put(path, page(f"{path} {FERRY}"))
        feed = library.web.follow(web.put("/sitemap.xml", sitemap(*((web.at(a), b) for a, b in days.items()))))
        assert (feed.waiting, feed.note, feed.title) == (3, "", web.address.removeprefix("http://"))
        assert len(library.web.read_items(feed.address).added) == 3
        assert web.paths == ["/sitemap.xml", "/b", "/c", "/a"]
        assert len({one.published for one in library.articles()}) == 3

    def test_a_page_that_is_given_a_later_day_is_read_again_unless_it_was_removed(
        self, library: Library, web: Web
    ) -> None:
        def listed(day: str) -> str:
            return web.put("/sitemap.xml", sitemap(*((web.at(path), day) for path in ("/a", "/b"))))

        web.put("/a", page())
        web.put("/b", page(FERRY))
        feed = library.web.follow(listed("2024-03-01")).address
        library.web.read_items(feed)
        library.remove(library._open().from_origin(web.at("/b")))
        for day, waiting in (("2024-03-01", 0), ("2024-03-02", 2), ("2024-03-01", 0)):
            web.put("/a", page(f"{STORY} Seen on {day}."))
            listed(day)
            assert library.web.look(feed).waiting == waiting
            library.web.read_items(feed)
        (info,) = library.articles()
        assert library.article(info.id).text.endswith("Seen on 2024-03-02.")
        assert len(library.changes(info.id)) == 1
        assert [path for path in web.paths if path != "/sitemap.xml"] == ["/a", "/b", "/a"]

    def test_of_many_pages_the_newest_count_and_that_is_said(self, library: Library, web: Web) -> None:
        pages = [(web.at(f"/{n}"), f"20{n // 100:02}-01-01") for n in range(1500)]
        feed = library.web.follow(web.put("/sitemap.xml", sitemap(*pages)))
        assert feed.note == "It lists 1,500 pages; the newest 1,000 of them count."
        assert feed.waiting == 1000
        assert library._open().web.waiting(feed.address)[0].address.startswith(web.at("/14"))

    def test_a_section_is_the_beginning_of_the_paths_that_count(self, library: Library, web: Web) -> None:
        listed = sitemap((web.at("/world/a"), ""), (web.at("/sport/b"), ""))
        feed = library.web.follow(web.put("/sitemap.xml", listed) + "#/world/")
        assert [one.address for one in library._open().web.waiting(feed.address)] == [web.at("/world/a")]
        with pytest.raises(ReadError, match="lists no pages under /art/"):
            library.web.follow(web.at("/sitemap.xml#/art/"))
        library.web.unfollow(web.at("/sitemap.xml#/world/"))
        assert library.web.feeds() == ()

    def test_sitemaps_of_a_sitemap_are_read_packed_ones_too_and_a_broken_one_stops_none(
        self, library: Library, web: Web
    ) -> None:
        inner = [
            web.put("/1.xml", sitemap((web.at("/a"), "2024-01-01"))),
            web.put("/2.xml.gz", gzip.compress(sitemap((web.at("/b"), "2024-02-01"))), kind="application/gzip"),
            web.at("/gone.xml"),
        ]
        index = "".join(f"<sitemap><loc>{one}</loc></sitemap>" for one in inner)
        feed = library.web.follow(web.put("/s.xml", f"<sitemapindex>{index}</sitemapindex>".encode(), ETag='"1"'))
        assert [one.address for one in library._open().web.waiting(feed.address)] == [web.at("/b"), web.at("/a")]
        assert feed.note == "It lists 3 sitemaps; 2 of them were read, and all their pages count."

    def test_a_packed_bomb_is_one_sentence(self, library: Library, web: Web) -> None:
        bomb = gzip.compress(b"<urlset>" + b" " * (60 << 20))
        with pytest.raises(ReadError, match="unpacks to more than 50 MB"):
            library.web.follow(web.put("/s.xml.gz", bomb, kind="application/gzip"))


class TestEarlierVersions:
    def test_a_page_that_changed_says_what_and_when_and_keeps_what_it_said(self, library: Library, web: Web) -> None:
        later = STORY.replace("2.4 million", "3.1 million")
        for text in (STORY, STORY, later, f"{later} Traffic is heavy."):
            web.put("/bridge", page(text))
            library.web.add([web.at("/bridge")])
        (info,) = library.articles()
        first, second = library.changes(info.id)
        ((before,), (after,)) = first.edits[0].before, first.edits[0].after
        assert ("2.4 million" in before, "3.1 million" in after) == (True, True)
        assert [(one.before, one.after) for one in second.edits] == [((), ("Traffic is heavy.",))]
        assert "" < first.at <= second.at
        assert [STORY in one.text for one in library._open().earlier(info.id)] == [True, False]

    def test_of_a_page_that_changes_all_the_time_the_newest_versions_are_kept(self, library: Library, web: Web) -> None:
        for n in range(KEPT + 3):
            web.put("/live", page(f"{STORY} This was said {n} times."))
            library.web.add([web.at("/live")])
        changes = library.changes(library.articles()[0].id)
        assert len(changes) == KEPT
        assert changes[-1].edits[0].after == (f"This was said {KEPT + 2} times.",)

    @pytest.mark.parametrize("catalogue_url", [""], ids=["sqlite"])
    def test_nothing_of_it_stays_when_the_article_is_removed(self, library: Library, web: Web, tmp_path: Path) -> None:
        for text in (f"{STORY} Zyxomma flew by.", STORY):
            web.put("/bridge", page(text))
            library.web.add([web.at("/bridge")])
        (info,) = library.articles()
        assert traces(["zyxomma"], tmp_path) != {}
        library.remove([info.id])
        with pytest.raises(UnknownArticle):
            library.changes(info.id)
        library.close()
        assert traces(["zyxomma"], tmp_path) == {}

    def test_a_file_that_changed_and_what_was_set_by_hand_are_no_versions(
        self, library: Library, web: Web, tmp_path: Path
    ) -> None:
        for text in (STORY, FERRY):
            (tmp_path / "a.txt").write_text(f"Title: A\nURL: https://a.example/\n\n{text}", encoding="utf-8")
            library.add_paths([tmp_path / "a.txt"])
        web.put("/bridge", page())
        library.web.add([web.at("/bridge")])
        for info in library.articles():
            library.edit(info.id, title="Another")
            assert library.changes(info.id) == ()


class TestFollowedPages:
    def test_a_page_is_stored_and_read_again_only_if_it_changed(self, library: Library, web: Web) -> None:
        answer, change = changing(page(), page(FERRY, "A ferry"))
        web.routes["/bridge"] = answer
        feed = library.web.follow(web.at("/bridge"), page=True)
        assert (feed.title, feed.page, feed.waiting) == ("Old bridge closed", True, 0)
        (before,) = library.articles()
        library.web.look(feed.address)
        assert library.articles() == (before,)
        change()
        assert library.web.look(feed.address).said == ""
        (after,) = library.articles()
        assert (after.id, after.title) == (before.id, "A ferry")
        assert web.paths == ["/bridge"] * 3

    def test_what_goes_wrong_is_said_and_the_article_stays(self, library: Library, web: Web) -> None:
        feed = library.web.follow(web.put("/bridge", page()), page=True)
        web.put("/bridge", status=410)
        assert "is not there (410)" in library.web.look(feed.address).said
        assert len(library.articles()) == 1

    def test_one_that_was_removed_does_not_come_back(self, library: Library, web: Web) -> None:
        feed = library.web.follow(web.put("/bridge", page()), page=True)
        library.remove([library.articles()[0].id])
        library.web.look(feed.address)
        assert library.articles() == ()

    def test_what_is_no_page_is_not_followed(self, library: Library, web: Web) -> None:
        for address in (web.put("/empty", b"<html></html>"), web.at("/gone"), "ftp://a"):
            with pytest.raises((FetchError, ReadError)):
                library.web.follow(address, page=True)
        assert library.web.feeds() == ()
