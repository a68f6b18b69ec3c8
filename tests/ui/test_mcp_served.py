"""`onrecord mcp` on a folder that a running server has open, with the official client."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from onrecord.index.store.lock import owner_of
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ui.behind_doors import filled, until
from tests.ui.cli_stage import Stage, staged
from tests.ui.site import free_port
from tests.ui.test_mcp import links_of, text_of

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
    said = [[tool.model_dump() for tool in (await client.list_tools()).tools]]
    for tool, arguments in CALLS:
        said.append([tool, arguments, await told(client, tool, **arguments)])
    for uri in RESOURCES:
        try:
            said.append([uri, (await client.read_resource(uri)).contents])
        except MCPError as error:
            said.append([uri, str(error)])
    return said


def test_the_tools_say_the_same_through_a_server(stage: Stage) -> None:
    alone = talk(stage, everything, "--no-model")
    with served(stage):
        through = talk(stage, everything)
    for one, other in zip(through, alone, strict=True):
        assert one == other


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
