"""The MCP door, with the official client: in this process, over HTTP, and over standard input and output."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import CallToolResult, ResourceLink, TextContent

from onrecord.index import Article, Embedder
from onrecord.qa.briefing.values import IN_BRIEF
from onrecord.ui.http.mcp import create_mcp
from onrecord.ui.http.router import here
from onrecord.ui.server.doors import create_mcp_app
from onrecord.ui.server.keys import Keys
from tests.qa.names.tags import tag
from tests.ui.behind_doors import Behind, OtherEmbedder, Others, filled, serving, until

STDIO_SERVER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ui.behind_doors import Behind
from onrecord.ui.http.mcp import create_mcp
from onrecord.ui.http.router import here
create_mcp(here(Behind(Path({folder!r}), FakeEmbedder(), ARTICLES).app.state.service)).run("stdio")
"""


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Behind]:
    with closing(Behind(tmp_path / "data", embedder, articles)) as made:
        yield made


def talk(server: Any, conversation: Callable[[Client], Awaitable[Any]]) -> Any:
    async def session() -> Any:
        async with Client(server) as client:
            return await conversation(client)

    return asyncio.run(asyncio.wait_for(session(), 120))


def call(server: Any, tool: str, **arguments: Any) -> CallToolResult:
    async def one(client: Client) -> CallToolResult:
        return await client.call_tool(tool, arguments)

    return cast(CallToolResult, talk(server, one))


def text_of(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def links_of(result: CallToolResult) -> list[str]:
    return [str(block.uri) for block in result.content if isinstance(block, ResourceLink)]


def test_the_tools_say_what_they_take_and_give(behind: Behind) -> None:
    tools = talk(create_mcp(here(behind.app.state.service)), lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == [
        "search_articles",
        "ask_articles",
        "brief_articles",
        "read_article",
        "list_differences",
        "list_people",
        "what_was_said",
        "list_names",
        "where_named",
        "saved_questions",
    ]
    for tool in tools:
        assert tool.description and tool.output_schema and tool.annotations.read_only_hint
    assert "quote" in str(tools[0].output_schema) and "verdict" in str(tools[1].output_schema)


def test_a_search_gives_places_and_links_to_their_articles(behind: Behind) -> None:
    result = call(create_mcp(here(behind.app.state.service)), "search_articles", query="silver coins", top_k=1)
    hit = result.structured_content["hits"][0]
    text = behind.library.article(hit["article_id"]).text
    assert text[hit["start_char"] : hit["end_char"]] == hit["quote"] and hit["quote"] in text_of(result)
    assert links_of(result) == ["onrecord://articles/museum"]


def test_an_answer_has_its_quotes_in_the_text_and_its_places_as_data(behind: Behind) -> None:
    result = call(create_mcp(here(behind.app.state.service)), "ask_articles", question="How many silver coins?")
    cited = result.structured_content["sentences"][0]["citations"][0]
    assert "[1]" in text_of(result) and cited["quote"] in text_of(result)
    assert links_of(result) == [f"onrecord://articles/{cited['article_id']}"]


def test_a_brief_has_its_parts_in_the_text_and_its_places_as_data(behind: Behind) -> None:
    server = create_mcp(here(behind.app.state.service))
    result = call(server, "brief_articles", sources=["River Herald"], published_from="2024-03")
    sentence = result.structured_content["sentences"][0]
    assert text_of(result).startswith(f"{IN_BRIEF}:\n{sentence['text']} [1]")
    assert links_of(result) == ["onrecord://articles/ferry"]
    assert "outside your filter" in text_of(call(server, "brief_articles", published_from="2031"))


def test_what_the_articles_do_not_say_has_no_links(behind: Behind) -> None:
    result = call(create_mcp(here(behind.app.state.service)), "ask_articles", question="unknown")
    assert result.structured_content["status"] == "abstained" and not links_of(result)
    assert text_of(result).startswith("The articles do not say.") and not result.is_error


def test_the_filter_and_earlier_questions_reach_the_assistant(behind: Behind) -> None:
    call(
        create_mcp(here(behind.app.state.service)),
        "ask_articles",
        question="And the ferry?",
        history=["Is the bridge closed?"],
        sources=["River Herald"],
        published_from="2024-03",
    )
    question, history, scope = behind.assistant.asked[-1]
    assert question == "And the ferry?" and history[0].content == "Is the bridge closed?"
    assert scope is not None and (scope.sources, scope.published_from) == (("River Herald",), "2024-03-01")


def test_an_article_is_read_as_a_tool_and_as_a_resource(behind: Behind) -> None:
    server = create_mcp(here(behind.app.state.service))
    text = behind.library.article("ferry").text
    assert call(server, "read_article", article_id="ferry").structured_content["text"] == text
    contents = talk(server, lambda client: client.read_resource("onrecord://articles/ferry")).contents
    assert contents[0].text == text
    with pytest.raises((MCPError, ExceptionGroup)):
        talk(server, lambda client: client.read_resource("onrecord://articles/nothere"))


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("read_article", {"article_id": "nothere"}, "nothere"),
        ("search_articles", {"query": "bridge", "published_from": "March"}, "March"),
        ("search_articles", {"query": "bridge", "articles": ["nothere"]}, "nothere"),
        ("search_articles", {"query": ""}, "query"),
    ],
)
def test_what_was_done_wrong_is_told_with_its_cure(
    behind: Behind, tool: str, arguments: dict[str, Any], named: str
) -> None:
    result = call(create_mcp(here(behind.app.state.service)), tool, **arguments)
    assert result.is_error and named in text_of(result)


def test_a_filter_that_matches_nothing_is_said(behind: Behind) -> None:
    result = call(create_mcp(here(behind.app.state.service)), "search_articles", query="bridge", sources=["Nobody"])
    assert not result.is_error and "Nobody" in text_of(result) and "River Herald" in text_of(result)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search_articles", {"query": "bridge"}),
        ("ask_articles", {"question": "Which bridge?"}),
        ("read_article", {"article_id": "ferry"}),
    ],
)
def test_a_closed_library_is_said_to_be_closed(behind: Behind, tool: str, arguments: dict[str, Any]) -> None:
    behind.library.close()
    result = call(create_mcp(here(behind.app.state.service)), tool, **arguments)
    assert result.is_error and "was closed" in text_of(result)


@pytest.mark.parametrize(
    ("tool", "arguments"), [("search_articles", {"query": "bridge"}), ("ask_articles", {"question": "Which bridge?"})]
)
def test_an_index_of_another_embedder_is_said_with_its_cure(
    tmp_path: Path,
    embedder: Embedder,
    articles: tuple[Article, ...],
    tool: str,
    arguments: dict[str, Any],
    closed_at_end: Any,
) -> None:
    filled(tmp_path / "indexed", embedder, articles)
    behind = closed_at_end(Behind(tmp_path / "indexed", OtherEmbedder(), ()))
    result = call(create_mcp(here(behind.app.state.service)), tool, **arguments)
    assert result.is_error and "onrecord rebuild" in text_of(result)


def test_a_host_that_goes_away_stops_the_model(behind: Behind) -> None:
    async def leave(client: Client) -> None:
        asking = asyncio.create_task(client.call_tool("ask_articles", {"question": "forever bridge"}))
        await asyncio.to_thread(until, lambda: behind.assistant.writing)
        asking.cancel()

    talk(create_mcp(here(behind.app.state.service)), leave)
    until(lambda: not behind.assistant.writing and not behind.app.state.service.asking.under_way)


def test_another_collection_is_named_by_an_argument_and_its_links_lead_back_to_it(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    filled(tmp_path / "Harbour story", embedder, articles[2:])
    behind = closed_at_end(Behind(tmp_path / "news", embedder, articles[:2], opener=Others(embedder)))
    server = create_mcp(here(behind.app.state.service))
    there = {"collection": "Harbour story"}
    assert call(server, "list_collections").structured_content["result"] == ["news", "Harbour story"]
    link = "onrecord://collections/Harbour%20story/articles/museum"
    assert links_of(call(server, "search_articles", query="bridge", top_k=1)) != [link]
    assert links_of(call(server, "search_articles", query="silver coins", top_k=1, **there)) == [link]
    assert links_of(call(server, "ask_articles", question="How many silver coins?", **there)) == [link]
    read = call(server, "read_article", article_id="museum", **there)
    assert links_of(read) == [link] and link in text_of(read)
    contents = talk(server, lambda client: client.read_resource(link)).contents
    assert contents[0].text == read.structured_content["text"]
    wrong = call(server, "search_articles", query="coins", collection="harbor")
    assert wrong.is_error and "harbor" in text_of(wrong) and "Harbour story" in text_of(wrong)


def test_over_http_it_asks_for_a_key_and_answers(behind: Behind, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    _, token = keys.add("a host")
    app = create_mcp_app(here(behind.app.state.service), keys=keys, keys_required=True)
    with serving(app) as address:
        assert httpx.post(f"{address}/mcp", json={}).status_code == 401
        assert httpx.post(f"{address}/mcp", json={}, headers={"Host": "evil.example"}).status_code == 400
        from mcp.client.streamable_http import streamable_http_client

        async def search() -> Any:
            import httpx2

            headers = {"Authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(headers=headers) as http:
                transport = streamable_http_client(f"{address}/mcp", http_client=http)
                async with Client(transport) as client:
                    return await client.call_tool("search_articles", {"query": "silver coins", "top_k": 1})

        result = asyncio.run(asyncio.wait_for(search(), 60))
    assert result.structured_content["hits"][0]["article_id"] == "museum"


def test_half_a_character_over_http_is_refused_in_one_sentence(behind: Behind, tmp_path: Path) -> None:
    app = create_mcp_app(here(behind.app.state.service), keys=Keys(tmp_path / "keys.json"))
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search_articles", "arguments": '
    with serving(app) as address:
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        answer = httpx.post(f"{address}/mcp", content=body + b'{"query": "\\ud800"}}}', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("params.arguments.query: has half of a surrogate pair")


@pytest.mark.slow
def test_over_standard_input_and_output_it_answers(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    code = STDIO_SERVER.format(root=root, folder=str(tmp_path / "data"))
    server = StdioServerParameters(command=sys.executable, args=["-c", code], cwd=tmp_path, env=dict(os.environ))
    result = call(server, "ask_articles", question="How many silver coins?")
    assert result.structured_content["sentences"][0]["citations"][0]["article_id"] == "museum"


def test_what_somebody_said_comes_with_the_places_and_links_to_the_articles(behind: Behind) -> None:
    result = call(create_mcp(here(behind.app.state.service)), "what_was_said", speaker="Brandt")
    said = result.structured_content["quotations"]
    assert [one["kind"] for one in said] == ["reported", "quoted"]
    for one in said:
        assert behind.library.article(one["article_id"]).text[one["words_start"] : one["words_end"]] == one["words"]
    assert "Ilse Brandt" in text_of(result) and links_of(result) == ["onrecord://articles/bridge"]


def test_names_are_listed_and_lead_to_their_sentences(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    tag(monkeypatch, {"Larnville": "place"})
    server = create_mcp(here(behind.app.state.service))
    assert text_of(call(server, "list_names", kind="place")) == "Larnville: in 1 articles"
    assert "2.4 million euros" in text_of(call(server, "where_named", name="€2.4 million"))
    assert text_of(call(server, "where_named", name="Geneva")) == "No sentence has it."


def test_people_and_saved_questions_are_listed(behind: Behind) -> None:
    server = create_mcp(here(behind.app.state.service))
    assert "Ilse Brandt: 2 statements in 1 articles, 2024-03-04 to 2024-03-04" in text_of(call(server, "list_people"))
    assert text_of(call(server, "saved_questions")) == "No question is saved."
    behind.client.post("/api/v1/questions", json={"question": "Who closed the bridge?"})
    assert text_of(call(server, "saved_questions")) == "Who closed the bridge?\nNothing new."
