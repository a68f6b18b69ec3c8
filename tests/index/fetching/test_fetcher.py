"""Fetching from a site on this machine: what is fetched, what is refused, and what the log says."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from onrecord.index.errors import FetchError
from onrecord.index.fetching.addresses import is_public, parsed
from onrecord.index.fetching.fetcher import Fetcher
from onrecord.index.fetching.politeness import LONGEST_PAUSE, Pace, Rules
from onrecord.index.fetching.values import Version, Visit
from onrecord.index.settings import FetchSettings
from tests.ports import free_port
from tests.web import Answer, Web, page, serving

NEAR = FetchSettings(reach="all", pause_seconds=0, seconds=5)
FAR = replace(NEAR, reach="public")


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def refused(address: str, settings: FetchSettings = NEAR, **more: Any) -> str:
    with pytest.raises(FetchError) as caught:
        Fetcher(settings, **more).fetch(address)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def numbers(*found: str) -> Any:
    """A name server that knows every name under these numbers."""

    def look_up(host: str, port: int) -> Sequence[str]:
        return found

    return look_up


class TestWhatIsFetched:
    def test_a_page_comes_as_it_is_with_its_kind_and_its_version(self, web: Web) -> None:
        address = web.put(
            "/bridge?page=2",
            page(),
            kind="Text/HTML; charset=ISO-8859-1",
            ETag='"v1"',
            Last_Modified="Mon, 04 Mar 2024 09:30:00 GMT",
        )
        found = Fetcher(NEAR).fetch(f"{address}#comments")
        assert (found.address, found.data, found.kind, found.charset) == (address, page(), "text/html", "ISO-8859-1")
        assert found.version == Version('"v1"', "Mon, 04 Mar 2024 09:30:00 GMT")

    def test_who_asks_is_said_and_nothing_else_about_them(self, web: Web) -> None:
        Fetcher(NEAR).fetch(web.put("/a", page()))
        _, headers = web.asked[-1]
        assert headers["user-agent"].startswith("OnRecord/")
        assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}

    def test_what_is_packed_is_unpacked(self, web: Web) -> None:
        address = web.put("/a", gzip.compress(page()), Content_Encoding="gzip")
        assert Fetcher(NEAR).fetch(address).data == page()

    def test_a_page_that_did_not_change_is_not_sent_again(self, web: Web) -> None:
        def answer(request: Any) -> Answer:
            same = request.headers.get("If-None-Match") == '"v1"'
            return Answer(b"" if same else page(), 304 if same else 200, {"ETag": '"v1"'})

        web.routes["/a"] = answer
        fetcher = Fetcher(NEAR)
        first = fetcher.fetch(web.at("/a"))
        again = fetcher.fetch(web.at("/a"), known=first.version)
        assert (first.unchanged, again.unchanged, again.data, again.version) == (False, True, b"", first.version)

    def test_an_unchanged_that_nobody_asked_for_is_an_error(self, web: Web) -> None:
        assert "was answered with 304" in refused(web.put("/a", status=304))


class TestRedirects:
    def test_they_are_followed_to_where_the_page_is(self, web: Web) -> None:
        web.put("/old", status=301, Location="/new")
        web.put("/new", status=302, Location=web.put("/newest", page()))
        assert Fetcher(NEAR).fetch(web.at("/old")).address == web.at("/newest")

    def test_a_loop_ends(self, web: Web) -> None:
        web.put("/a", status=302, Location="/b")
        web.put("/b", status=302, Location="/a")
        assert "leads through more than 5 redirects" in refused(web.at("/a"))
        assert len(web.paths) == 6

    @pytest.mark.parametrize(
        "location", ["file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)", "http://a b/"]
    )
    def test_they_lead_to_web_addresses_alone(self, web: Web, location: str) -> None:
        web.put("/a", status=302, Location=location)
        assert "is no web address" in refused(web.at("/a"))

    def test_what_they_lead_to_must_be_public_too(self, web: Web) -> None:
        """The site passes for a public one; the name that it leads to is looked up and refused."""
        web.put("/a", status=302, Location="http://inside.example/secret")
        asked: list[str] = []

        def look_up(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if host == "127.0.0.1" else ["10.0.0.8"]

        def lenient(number: str) -> bool:
            return number == "127.0.0.1" or is_public(number)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("onrecord.index.fetching.connections.is_public", lenient)
            said = refused(web.at("/a"), FAR, look_up=look_up)
        assert said.startswith("inside.example is an address of this machine or its network (10.0.0.8)")
        assert asked[-1] == "inside.example"
        assert web.paths == ["/a"]


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
        ],
    )
    def test_they_are_refused_before_anything_is_sent(self, web: Web, host: str) -> None:
        port = web.address.rpartition(":")[2]
        assert "is an address of this machine or its network" in refused(f"http://{host}:{port}/a", FAR)
        assert web.asked == []

    @pytest.mark.parametrize("number", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
    def test_so_is_loopback_in_another_spelling(self, web: Web, number: str) -> None:
        port = web.address.rpartition(":")[2]
        said = refused(f"http://{number}:{port}/a", FAR)
        assert "is an address of this machine" in said or "cannot be found" in said or "is no web address" in said
        assert web.asked == []

    @pytest.mark.parametrize("number", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "fd00::1", "fe80::1%1"])
    def test_so_is_a_name_that_leads_there(self, web: Web, number: str) -> None:
        said = refused("http://courier.example/a", FAR, look_up=numbers(number))
        assert f"courier.example is an address of this machine or its network ({number})" in said
        assert web.asked == []

    def test_of_several_numbers_the_private_ones_are_left_out(self) -> None:
        """The first is public and nobody is there; the second, where the site is, is not even tried."""
        tried: list[str] = []

        class Backend:
            def connect_tcp(self, host: str, port: int, timeout: float) -> Any:
                import httpcore

                tried.append(host)
                raise httpcore.ConnectError("nobody is there")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("httpcore.SyncBackend", Backend)
            refused("http://courier.example/", FAR, look_up=numbers("93.184.216.34", "127.0.0.1"))
        assert tried == ["93.184.216.34"]

    def test_a_name_is_looked_up_once_for_each_connection_and_that_number_is_connected_to(self) -> None:
        """A name server that answers otherwise the second time gains nothing."""
        given = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
        tried: list[str] = []

        class Backend:
            def connect_tcp(self, host: str, port: int, timeout: float) -> Any:
                import httpcore

                tried.append(host)
                raise httpcore.ConnectError("nobody is there")

        def look_up(host: str, port: int) -> Sequence[str]:
            return [next(given)]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("httpcore.SyncBackend", Backend)
            refused("http://courier.example/", FAR, look_up=look_up)
            assert "is an address of this machine" in refused("http://courier.example/", FAR, look_up=look_up)
        assert tried == ["93.184.216.34"]

    def test_a_setting_allows_them(self, web: Web) -> None:
        assert Fetcher(NEAR).fetch(web.put("/a", page())).data == page()

    def test_a_setting_fetches_nothing_at_all(self, web: Web) -> None:
        assert "fetch.reach is none" in refused(web.put("/a", page()), replace(NEAR, reach="none"))
        assert web.asked == []


class TestBounds:
    def test_a_page_that_is_too_large_is_not_taken(self, web: Web) -> None:
        address = web.put("/a", b"x" * (1024 * 1024 + 1))
        assert "is larger than 1 MB" in refused(address, replace(NEAR, mib=1))
        assert len(Fetcher(replace(NEAR, mib=2)).fetch(address).data) == 1024 * 1024 + 1

    def test_nor_is_one_that_unpacks_to_too_much(self, web: Web) -> None:
        address = web.put("/a", gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
        assert "is larger than 1 MB" in refused(address, replace(NEAR, mib=1))

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
    def test_nor_is_what_is_packed_in_another_way(self, web: Web, encoding: str) -> None:
        assert f"came packed as {encoding}" in refused(web.put("/a", b"x", Content_Encoding=encoding))

    @pytest.mark.slow
    def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(self, web: Web) -> None:
        web.routes["/a"] = Answer(b"x" * 1000, trickle=0.2)
        started = time.monotonic()
        assert "was not answered in full within 1 seconds" in refused(web.at("/a"), replace(NEAR, seconds=1))
        assert time.monotonic() - started < 4

    @pytest.mark.slow
    def test_nor_is_one_that_says_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
            assert "was not answered in full within 1 seconds" in refused(address, replace(NEAR, seconds=1))


class TestBrokenAnswers:
    def test_a_page_that_breaks_off_is_not_taken(self, web: Web) -> None:
        web.routes["/a"] = Answer(page(), cut=100)
        assert "could not be fetched" in refused(web.at("/a"))

    def test_nor_is_a_packed_one_that_breaks_off(self, web: Web) -> None:
        assert "could not be fetched (cut off" in refused(
            web.put("/a", gzip.compress(page())[:-20], Content_Encoding="gzip")
        )

    def test_what_does_not_speak_the_protocol_is_said_so(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:

            def talk() -> None:
                connection, _ = door.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"220 mail.example ESMTP\r\n")

            threading.Thread(target=talk, daemon=True).start()
            assert "could not be fetched" in refused(f"http://127.0.0.1:{door.getsockname()[1]}/a")

    def test_where_nobody_listens_it_is_said_so(self) -> None:
        assert "could not be fetched" in refused(f"http://127.0.0.1:{free_port()}/a")

    def test_a_name_that_nobody_knows_is_said_so(self) -> None:
        def look_up(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        assert refused("https://nobody.example/a", look_up=look_up).startswith("nobody.example cannot be found")

    @pytest.mark.parametrize(
        ("status", "said", "passing"),
        [
            (404, "is not there (404)", False),
            (403, "is not shown to everybody (403)", False),
            (503, "cannot be had now (503)", True),
            (429, "cannot be had now (429)", True),
            (302, "was answered with 302", False),
        ],
    )
    def test_a_refusal_is_said_with_its_number(self, web: Web, status: int, said: str, passing: bool) -> None:
        with pytest.raises(FetchError) as caught:
            Fetcher(NEAR).fetch(web.put("/a", status=status))
        assert said in str(caught.value)
        assert caught.value.passing is passing


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            *("ftp://courier.example/a", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "courier.example", ""),
            *("https://", "http://[::1", "https://a b/", "https://courier.example/" + "a" * 3000),
        ],
    )
    def test_what_is_no_web_address_is_refused(self, address: str) -> None:
        assert "is no web address" in refused(address)

    def test_a_password_is_neither_sent_nor_repeated(self) -> None:
        said = refused("https://ann:secret@courier.example/a")
        assert "with a password" in said
        assert "secret" not in said

    def test_a_name_in_another_script_is_written_as_it_is_looked_up(self) -> None:
        assert str(parsed("https://bücher.example/straße")) == "https://xn--bcher-kva.example/stra%C3%9Fe"


class TestPoliteness:
    def test_what_the_site_keeps_from_programs_is_not_fetched(self, web: Web) -> None:
        web.put("/robots.txt", b"User-agent: *\nDisallow: /drafts/", kind="text/plain")
        web.put("/drafts/a", page())
        assert "is not for programs, as 127.0.0.1 says in its robots.txt" in refused(web.at("/drafts/a"))
        assert web.paths == []
        assert Fetcher(NEAR).fetch(web.put("/a", page())).data == page()

    def test_rules_for_this_program_come_before_those_for_all(self, web: Web) -> None:
        web.put("/robots.txt", b"User-agent: OnRecord\nDisallow: /\n\nUser-agent: *\nAllow: /", kind="text/plain")
        assert "is not for programs" in refused(web.put("/a", page()))

    def test_they_hold_for_what_a_redirect_leads_to(self, web: Web) -> None:
        web.put("/robots.txt", b"User-agent: *\nDisallow: /drafts/", kind="text/plain")
        web.put("/a", status=302, Location="/drafts/a")
        assert "/drafts/a is not for programs" in refused(web.at("/a"))
        assert web.paths == ["/a"]

    def test_the_rules_are_read_once(self, web: Web) -> None:
        web.put("/a", page())
        fetcher = Fetcher(NEAR)
        fetcher.fetch(web.at("/a"))
        fetcher.fetch(web.at("/a"))
        assert [path for path, _ in web.asked] == ["/robots.txt", "/a", "/a"]

    def test_a_site_whose_rules_cannot_be_had_is_left_alone(self, web: Web) -> None:
        web.put("/robots.txt", status=503)
        assert "does not say what programs may fetch (503" in refused(web.put("/a", page()))
        assert web.paths == []

    def test_endless_rules_are_read_to_where_they_must_be(self, web: Web) -> None:
        rules = b"User-agent: *\nDisallow: /drafts/\n" + b"# more\n" * 200_000
        web.put("/robots.txt", rules, kind="text/plain")
        assert "is not for programs" in refused(web.put("/drafts/a", page()))

    def test_two_requests_to_one_host_lie_apart_and_two_hosts_do_not_wait_for_each_other(self) -> None:
        waited: list[float] = []
        pace = Pace(clock=lambda: 100.0, sleep=waited.append)
        for host in ("a.example", "a.example", "b.example", "a.example"):
            pace.wait(host, 2.0)
        assert waited == [2.0, 4.0]

    def test_a_fetcher_keeps_the_pause_that_is_set_or_the_longer_one_of_the_site(self, web: Web) -> None:
        waited: list[float] = []
        pace = Pace(clock=lambda: 100.0, sleep=waited.append)
        web.put("/robots.txt", b"User-agent: *\nCrawl-delay: 7", kind="text/plain")
        fetcher = Fetcher(replace(NEAR, pause_seconds=1), pace=pace)
        for path in ("/a", "/b"):
            fetcher.fetch(web.put(path, page()))
        assert waited == [7.0]
        assert Rules.read("User-agent: *\nCrawl-delay: 9999").pause == LONGEST_PAUSE


class TestTheLog:
    def test_every_request_is_in_it(self, web: Web) -> None:
        visits: list[Visit] = []
        web.put("/old", status=301, Location="/new")
        web.put("/new", page())
        Fetcher(NEAR, note=visits.append).fetch(web.at("/old"))
        assert [(one.address, one.status, one.bytes, one.outcome) for one in visits] == [
            (web.at("/robots.txt"), 404, 0, "not there"),
            (web.at("/old"), 301, 0, "redirected to /new"),
            (web.at("/new"), 200, len(page()), "fetched"),
        ]
        assert all(one.at[:2] == "20" and one.at.endswith("+00:00") for one in visits)

    def test_what_failed_is_in_it_too(self, web: Web) -> None:
        visits: list[Visit] = []
        refused("http://courier.example/a", FAR, look_up=numbers("10.0.0.1"), note=visits.append)
        (visit,) = visits
        assert (visit.address, visit.status) == ("http://courier.example/robots.txt", 0)
        assert "is an address of this machine or its network" in visit.outcome
