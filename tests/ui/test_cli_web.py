"""Addresses and feeds on the command line, over a site on this machine."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.cli_stage import Stage, staged
from tests.web import Web, page, rss, serving

FERRY = "A free ferry will carry pedestrians across the Larn while the Old Mill Bridge is shut, the city said."


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = staged(tmp_path, monkeypatch)
    monkeypatch.setenv("ONRECORD_FETCH_REACH", "all")
    monkeypatch.setenv("ONRECORD_FETCH_PAUSE_SECONDS", "0")
    return made


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def test_addresses_and_files_are_added_together(stage: Stage, web: Web) -> None:
    (stage.folder / "ferry.txt").write_text(FERRY)
    result = stage.run("add", "ferry.txt", web.put("/a", page()))
    assert (result.exit_code, result.stdout) == (0, "2 added. The collection has 2 articles.\n")
    assert f"onrecord: Reading {web.at('/a')}…" in result.stderr
    assert {one["url"] for one in stage.json("list")["articles"]} == {"", web.at("/a")}


def test_a_list_of_addresses_is_read_and_a_bad_line_is_one_sentence(stage: Stage, web: Web) -> None:
    (stage.folder / "list.txt").write_text(f"# of today\n\n{web.put('/a', page())}\nno address\n{web.at('/gone')}\n")
    result = stage.run("add", "--addresses", "list.txt", "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "onrecord: no address is no web address; write it as https://….",
        f"onrecord: {web.at('/gone')} is not there (404); check the address.",
    ]
    assert stage.run("list", "--json").stdout.count('"url"') == 1


def test_a_list_may_come_through_a_pipe(stage: Stage, web: Web) -> None:
    assert stage.run("add", "--addresses", "-", stdin=f"{web.put('/a', page())}\n").exit_code == 0


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read"), ("# nothing\n", "names no address")])
def test_a_list_that_is_none_is_said_so(stage: Stage, text: str | None, said: str) -> None:
    if text is not None:
        (stage.folder / "list.txt").write_text(text)
    result = stage.run("add", "--addresses", "list.txt")
    assert result.exit_code == 1 and said in result.stderr


def test_nothing_to_add_is_wrong_usage(stage: Stage) -> None:
    assert stage.run("add").exit_code == 2


def test_a_file_that_is_named_like_an_address_is_a_file(stage: Stage, web: Web) -> None:
    name = stage.folder / web.at("/a.txt")
    name.parent.mkdir(parents=True)
    name.write_text(FERRY)
    assert stage.run("add", web.at("/a.txt")).exit_code == 0
    assert web.asked == []


def test_a_private_address_is_refused_unless_the_setting_says_otherwise(
    stage: Stage, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONRECORD_FETCH_REACH")
    result = stage.run("add", web.put("/a", page()), "-q")
    assert result.exit_code == 1
    assert "onrecord: 127.0.0.1 is an address of this machine or its network" in result.stderr
    assert web.asked == []


def test_a_feed_is_followed_listed_and_followed_no_longer(stage: Stage, web: Web) -> None:
    web.put("/a", page())
    web.put("/b", page(FERRY))
    feed = web.put("/feed", rss("/a", "/b", "/gone"), kind="application/rss+xml")
    result = stage.run("follow", feed)
    assert (result.exit_code, result.stdout) == (0, "Following Larnville Courier: 2 articles added.\n")
    assert "/gone is not there (404)" in result.stderr
    (listed,) = stage.json("follow")["feeds"]
    assert (listed["address"], listed["title"], listed["waiting"]) == (feed, "Larnville Courier", 0)
    assert "Larnville Courier" in stage.run("follow").stdout
    assert stage.run("unfollow", feed).stdout == f"{feed} is followed no longer; its articles stay.\n"
    assert stage.json("follow")["feeds"] == []
    assert stage.run("follow").stdout.startswith("No feed is followed")
    assert stage.json("list")["count"] == 2


def test_what_is_no_feed_is_one_sentence(stage: Stage, web: Web) -> None:
    result = stage.run("follow", web.put("/a", page()))
    assert result.exit_code == 1 and "is no feed (RSS or Atom)" in result.stderr
    result = stage.run("unfollow", "https://courier.example/feed")
    assert result.exit_code == 1 and "is not followed" in result.stderr


def test_a_section_of_a_sitemap_and_a_page_are_followed(stage: Stage, web: Web) -> None:
    listed = f"<urlset><url><loc>{web.put('/world/a', page())}</loc></url><url><loc>{web.at('/b')}</loc></url></urlset>"
    result = stage.run("follow", web.put("/map.xml", listed.encode(), kind="text/xml"), "--section", "/world/")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("/world/: 1 article added.\n")
    result = stage.run("follow", "--page", web.at("/world/a"))
    assert result.stdout.startswith("Following the page “Old bridge closed”; a running chat or server")
    assert [one["page"] for one in stage.json("follow")["feeds"]] == [False, True]
    assert stage.run("follow", web.at("/map.xml"), "--section", "world").exit_code == 2


def test_every_request_is_shown(stage: Stage, web: Web) -> None:
    assert stage.run("fetches").stdout == "Nothing was ever fetched for this collection.\n"
    stage.run("add", web.put("/a", page()))
    assert [(one["address"], one["status"]) for one in stage.json("fetches")["fetches"]] == [
        (web.at("/a"), 200),
        (web.at("/robots.txt"), 404),
    ]
    assert "fetched" in stage.run("fetches", "-n", "1").stdout


@pytest.mark.slow
def test_with_a_server_that_has_the_folder_open_it_fetches_and_logs(stage: Stage, web: Web) -> None:
    from onrecord.index import Library
    from onrecord.index.store.lock import owner_of
    from onrecord.qa.build import build_assistant
    from onrecord.ui.cli import opening
    from onrecord.ui.desk import following
    from onrecord.ui.server.connections import Config, ConnectionLimits
    from onrecord.ui.server.doors import create_api
    from onrecord.ui.server.serving import Server
    from tests.conftest import FakeEmbedder
    from tests.ports import free_port
    from tests.ui.behind_doors import until

    settings = opening.settings_of(None)
    web.put("/a", page())
    web.put("/b", page(FERRY))
    feed = web.put("/feed", rss("/b"), kind="application/rss+xml")
    with (
        pytest.MonkeyPatch.context() as patch,
        Library(stage.data, embedder=FakeEmbedder(), fetch=settings.fetch) as library,
    ):
        patch.setattr(following, "LOOK", 0.05)
        app = create_api(library, build_assistant(settings, library, None))
        config = Config(app, limits=ConnectionLimits(), host="127.0.0.1", port=free_port())
        server = Server(config, collections=app.state.collections)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until(lambda: "address" in owner_of(stage.data))
        result = stage.run("add", web.at("/a"), web.at("/gone"))
        assert (result.exit_code, result.stdout) == (1, "1 added, 1 not read in full. The collection has 1 article.\n")
        assert "onrecord: " + web.at("/gone") + " is not there (404); check the address." in result.stderr
        result = stage.run("follow", feed)
        assert result.stdout == "Following Larnville Courier; the server reads its 1 page now.\n"
        until(lambda: len(library.articles()) == 2)
        assert stage.json("follow")["feeds"][0]["waiting"] == 0
        assert web.at("/b") in [one["address"] for one in stage.json("fetches")["fetches"]]
        stage.run("unfollow", feed)
        assert stage.json("follow")["feeds"] == []
        server.should_exit = True
        thread.join(20)
