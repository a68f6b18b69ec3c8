"""`onrecord mcp` on a folder that a running server has open, with the official client."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from onrecord.index.store.lock import owner_of
from onrecord.ui.cli import opening as cli_open
from onrecord.ui.cli.doors import interface
from onrecord.ui.http.mcp import create_mcp
from onrecord.ui.server.keys import Keys
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ports import free_port
from tests.ui.behind_doors import Behind, Others, filled, until
from tests.ui.cli_stage import Stage, staged
from tests.ui.test_mcp import call, links_of, text_of

QUESTION = "How many people does the boat hold?"
COMMAND = """
import sys
sys.path.insert(0, {root!r})
from onrecord.index import Library
from onrecord.ui.cli import main, opening
from tests.conftest import FakeEmbedder
opening.open_library = lambda settings: Library(settings.data, embedder=FakeEmbedder(), settings=settings.index)
main.main()
"""
ONRECORD = [sys.executable, "-c", COMMAND.format(root=str(Path(__file__).parents[2]))]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("search_articles", {"query": "boat", "top_k": 2}),
    ("search_articles", {"query": "silver coins", "collection": "harbour"}),
    ("search_articles", {"query": "boat", "collection": "news"}),
    ("search_articles", {"query": "boat", "sources": ["Planet"]}),
    ("search_articles", {"query": "boat", "articles": ["a/b"]}),
    ("search_articles", {"query": "boat", "published_from": "some day in March"}),
    ("search_articles", {"query": "boat", "collection": "port"}),
    ("ask_articles", {"question": QUESTION}),
    ("ask_articles", {"question": "How many silver coins were recovered?", "collection": "harbour"}),
    ("ask_articles", {"question": "And the bridge?", "history": ["Who runs it?"] * 30, "published_from": "2024-03"}),
    ("ask_articles", {"question": QUESTION, "published_from": "2031"}),
    ("ask_articles", {"question": " "}),
    ("brief_articles", {"about": "boat"}),
    ("read_article", {"article_id": "ferry"}),
    ("read_article", {"article_id": "museum", "collection": "harbour"}),
    ("read_article", {"article_id": "museum"}),
    ("read_article", {"article_id": "onrecord://articles/ferry"}),
    ("list_collections", {}),
]
RESOURCES = [
    "onrecord://articles/ferry",
    "onrecord://collections/harbour/articles/museum",
    "onrecord://articles/museum",
    "onrecord://collections/port/articles/museum",
]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    filled(tmp_path / "news", FakeEmbedder(), ARTICLES[:2])
    filled(tmp_path / "harbour", FakeEmbedder(), ARTICLES[2:])
    return staged(tmp_path, monkeypatch)


@contextlib.contextmanager
def served(stage: Stage, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`onrecord serve` on the collection ``news``, stopped at the end unless it was before."""
    command = [*ONRECORD, "serve", "--no-model", "--data", "news", "--port", str(free_port()), *options]
    process = subprocess.Popen(command, cwd=stage.folder, stderr=subprocess.DEVNULL)
    try:
        own = {"pid": str(process.pid)}.items()  # a killed one has left a note, too
        until(lambda: own <= (note := owner_of(stage.folder / "news")).items() and "address" in note, 200)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def talk(stage: Stage, conversation: Callable[[Client], Awaitable[Any]], *options: str) -> Any:
    """With `onrecord mcp` on the collection ``news``."""
    arguments = [*ONRECORD[1:], "mcp", "--data", "news", *options]
    server = StdioServerParameters(command=ONRECORD[0], args=arguments, cwd=stage.folder, env=dict(os.environ))

    async def session() -> Any:
        async with Client(server) as client:
            return await conversation(client)

    return asyncio.run(asyncio.wait_for(session(), 200))


async def told(client: Client, tool: str, **arguments: Any) -> Any:
    """All that a tool says, but for how long it took."""
    result = await client.call_tool(tool, arguments)
    data = dict(result.structured_content or {})
    data.pop("timings", None)
    return bool(result.is_error), text_of(result), links_of(result), json.dumps(data)


async def everything(client: Client) -> list[Any]:
    said: list[Any] = [[tool.model_dump() for tool in (await client.list_tools()).tools]]
    for tool, arguments in CALLS:
        said.append([tool, arguments, await told(client, tool, **arguments)])
    for uri in RESOURCES:
        try:
            said.append([uri, (await client.read_resource(uri)).contents])
        except MCPError as error:
            said.append([uri, str(error)])
    return said


@pytest.mark.slow
def test_the_tools_say_the_same_through_a_server(stage: Stage) -> None:
    alone = talk(stage, everything, "--no-model")
    with served(stage):
        through = talk(stage, everything)
    for one, other in zip(through, alone, strict=True):
        assert one == other


@pytest.mark.slow
def test_a_server_that_stops_is_one_error_for_each_call_and_one_that_is_started_again_is_found(stage: Stage) -> None:
    async def conversation(client: Client) -> None:
        asked = ("ask_articles", {"question": QUESTION})
        before = await told(client, asked[0], **asked[1])
        assert not before[0] and "[1]" in before[1]
        first.send_signal(signal.SIGKILL)
        await asyncio.to_thread(first.wait, 30)
        for tool, arguments in (asked, *CALLS[:1], ("read_article", {"article_id": "ferry"}), ("list_collections", {})):
            failed, text, *_ = await told(client, tool, **arguments)
            assert failed and text.endswith(
                "The data folder news is open in no server any more; start `onrecord serve` or `onrecord chat` on it "
                "again."
            )
        with pytest.raises(MCPError, match="is open in no server any more"):
            await client.read_resource(RESOURCES[0])
        with served(stage):
            assert await told(client, asked[0], **asked[1]) == before

    with served(stage) as first:
        talk(stage, conversation)


@pytest.fixture
def behind(stage: Stage) -> Iterator[Behind]:
    """The collection ``news``, open in a server that has the other one, too, and asks everybody for a key."""
    others, keys = Others(FakeEmbedder()), Keys(stage.folder / "keys.json")
    keys.add("somebody")
    made = Behind(stage.folder / "news", FakeEmbedder(), (), opener=others, keys=keys, keys_required=True)
    with closing(others), closing(made), made.served() as address:
        made.app.state.collections.announce(address)
        yield made


@contextlib.contextmanager
def tools(folder: Path, *, model: str = "", only: bool = False) -> Iterator[Any]:
    """What `onrecord mcp` speaks for, in this process."""
    settings = cli_open.settings_of(folder)
    with interface(settings, no_model=model == "none", model=model.removeprefix("none"), only=only) as api:
        yield create_mcp(api)


def test_a_host_that_goes_away_stops_the_servers_model(behind: Behind) -> None:
    async def leave(server: Any) -> None:
        async with Client(server) as client:
            asking = asyncio.create_task(client.call_tool("ask_articles", {"question": "forever bridge"}))
            await asyncio.to_thread(until, lambda: behind.assistant.writing)
            asking.cancel()

    with tools(behind.library.path) as server:
        asyncio.run(asyncio.wait_for(leave(server), 120))
    until(lambda: not behind.assistant.writing and not behind.app.state.service.asking.under_way)


def test_only_one_collection_is_served_where_only_one_is_wished(behind: Behind) -> None:
    with tools(behind.library.path, only=True) as server:
        assert not call(server, "search_articles", query="boat", collection="news").is_error
        refused = call(server, "search_articles", query="coins", collection="harbour")
        assert refused.is_error and "There is no collection 'harbour'" in text_of(refused)
        assert call(server, "list_collections").is_error


def test_a_collection_that_is_not_the_servers_first_is_the_first_to_its_host(behind: Behind, stage: Stage) -> None:
    behind.app.state.collections.open("harbour")
    with tools(stage.folder / "harbour") as server:
        assert call(server, "list_collections").structured_content == {"result": ["harbour", "news"]}
        assert links_of(call(server, "search_articles", query="silver coins")) == ["onrecord://articles/museum"]
        away = links_of(call(server, "search_articles", query="boat", top_k=1, collection="news"))
        assert away[0].startswith("onrecord://collections/news/articles/")


@pytest.mark.parametrize(("model", "said"), [("none", ""), ("some-other", "The server writes with none, not with")])
def test_the_servers_model_writes_and_another_one_is_refused(behind: Behind, model: str, said: str) -> None:
    with tools(behind.library.path, model=model) as server:
        result = call(server, "ask_articles", question=QUESTION)
    assert result.is_error == bool(said) and said in text_of(result)


def test_a_server_that_ends_during_a_call_is_said_in_one_sentence(stage: Stage) -> None:
    def accept_and_end(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.recv(10)
        connection.close()

    with stage.library() as library, socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        library.announce({"address": address, "token": "run_x", "collection": "data"})
        threading.Thread(target=accept_and_end, args=(listening,), daemon=True).start()
        with tools(stage.data) as server:
            result = call(server, "ask_articles", question=QUESTION)
    assert result.is_error and text_of(result).endswith("which does not answer; try again in a moment, or stop it.")


def test_a_folder_that_a_host_has_open_alone_is_refused_to_commands_in_one_sentence(stage: Stage) -> None:
    with tools(stage.folder / "news", model="none"):
        result = stage.run("list", "--data", "news")
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert (
        f"is in use by process {os.getpid()} on" in result.stderr and "share it: run `onrecord serve`" in result.stderr
    )
