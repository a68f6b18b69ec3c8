"""What a key may do holds at every route that there is, found at run time: a new one is tested the day it is added."""

import asyncio
import json
import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from onrecord.index.errors import InputError
from onrecord.ui.desk.daily import Daily
from onrecord.ui.http.allowance import READING, READS, Allowance, allowing
from onrecord.ui.http.client import Interface, place_of
from onrecord.ui.http.router import here
from onrecord.ui.server.doors import create_mcp_app
from onrecord.ui.server.keys import Keys
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ui.behind_doors import Behind, Others, filled, serving
from tests.ui.test_keys import bearer
from tests.ui.test_mcp import text_of

FILLED = {"name": "onrecord"}  # what stands in a route's places; any other has the id of an article
CHAT = {"model": "onrecord", "messages": [{"role": "user", "content": "How many coins?"}]}
BODIES = {"/v1/chat/completions": CHAT}  # of routes whose body names the collection
OPEN = ("/api/v1/health", "/api/v1/openapi.json", "/api/v1/collections", "/v1/models")  # tell of no article
QUERIES = {
    **{f"/api/v1/{name}": {"speaker": "Lorne"} for name in ("quotations", "timeline")},
    "/api/v1/names": {"kind": "quantity"},
    "/api/v1/mentions": {"name": "Lorne", "kind": "quantity"},
}
TOOLS: dict[str, dict[str, Any]] = {
    "search_articles": {"query": "coins"},
    "ask_articles": {"question": "How many coins?"},
    "read_article": {"article_id": "ferry"},
    "brief_articles": {},
    "list_differences": {},
    "list_people": {},
    "what_was_said": {"speaker": "Lorne"},
    "list_names": {"kind": "quantity"},
    "where_named": {"name": "Lorne", "kind": "quantity"},
    "saved_questions": {},
}


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    """The bridge and the ferry in the first collection, ``news``, the museum in ``harbour``."""
    others = Others(FakeEmbedder())
    filled(tmp_path / "harbour", FakeEmbedder(), ARTICLES[2:])
    with ExitStack() as stack:
        stack.callback(others.close)
        yield stack.enter_context(closing(Behind(tmp_path / "news", FakeEmbedder(), ARTICLES[:2], opener=others)))


@pytest.fixture
def keys(behind: Behind, tmp_path: Path) -> Keys:
    return Keys(tmp_path / "news" / "keys.json")


Way = tuple[str, str, str, dict[str, Any]]  # method, address, template, what the route says of itself


def ways(behind: Behind) -> list[Way]:
    """Every method of every route behind the doors."""
    found = []
    for prefix, app in behind.app.state.doors.items():
        for route in iter_route_contexts(app.routes):
            path = prefix + re.sub(r"{(\w+)(:\w+)?}", lambda place: FILLED.get(place[1], "ferry"), str(route.path))
            marks = getattr(route, "openapi_extra", None) or {}
            found += [(method, path, prefix + route.path, marks) for method in sorted(route.methods or ())]
    return found


def said(response: Any) -> str:
    told = response.json()
    return str(told["detail"] if "detail" in told else told["error"]["message"])


def test_a_reading_key_is_refused_by_every_route_that_changes_something(behind: Behind, keys: Keys) -> None:
    _, token = keys.add("reader", read_only=True)
    before, refused = behind.library.revision, set()
    for method, path, template, marks in ways(behind):
        if method in READING:
            continue
        response = behind.client.request(method, path, json={}, headers=bearer(token))
        if marks.keys() >= READS.keys():
            assert response.status_code in (200, 422), (method, path, response.text)
        else:
            assert response.status_code == 403, (method, path, response.text)
            assert said(response) == "The key reader may only read; make one without --read-only."
            refused.add(f"{method} {template}")
    assert {"POST /api/v1/articles", "DELETE /api/v1/articles/{article_id}", "POST /api/v1/feeds"} <= refused
    assert behind.library.revision == before


@pytest.mark.parametrize("path", ["articles/ask", "articles/ferry/search", "conversations/ask", "articles/mcp"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
def test_what_an_article_is_called_makes_no_change_a_reading(
    behind: Behind, keys: Keys, method: str, path: str
) -> None:
    _, token = keys.add("reader", read_only=True)
    response = behind.client.request(method, f"/api/v1/{path}", json={"title": "Snow"}, headers=bearer(token))
    assert response.status_code in (403, 404, 405)
    if response.status_code == 403:
        assert "may only read" in said(response)


def test_a_reading_key_searches_asks_and_reads(behind: Behind, keys: Keys) -> None:
    headers = bearer(keys.add("reader", read_only=True)[1])
    asked = {"question": "How many people does the boat hold?"}
    assert behind.client.post("/api/v1/search", json={"query": "boat"}, headers=headers).status_code == 200
    assert behind.client.post("/api/v1/ask", json=asked, headers=headers).status_code == 200
    assert behind.client.post("/v1/chat/completions", json=CHAT, headers=headers).status_code == 200
    assert behind.client.get("/api/v1/articles/ferry", headers=headers).status_code == 200


@pytest.mark.parametrize("named", [{}, {"collection": "news"}, {"collection": "nowhere"}])
def test_a_key_of_one_collection_is_refused_by_every_route_to_another(
    behind: Behind, keys: Keys, named: dict[str, str]
) -> None:
    _, token = keys.add("pier", collections=("harbour",))
    wanted = named.get("collection", "news")
    for method, path, template, _ in ways(behind):
        if template in OPEN or path.startswith("/api/v1/commands") or method == "HEAD":
            continue
        params = named if "/v1/" not in path.removeprefix("/api/v1") and path != "/api/v1/metrics" else {}
        body, query = BODIES.get(template, {}), {**params, **QUERIES.get(template, {})}
        response = behind.client.request(method, path, params=query, json=body, headers=bearer(token))
        assert response.status_code == 403, (method, path, response.text)
        expected = wanted if params else "news"
        assert said(response) == f"The key pier may not use the collection {expected!r}; name 'harbour'."
    assert behind.assistant.asked == []


def test_a_key_of_one_collection_uses_that_one_and_hears_of_no_other(behind: Behind, keys: Keys) -> None:
    headers = bearer(keys.add("pier", collections=("harbour",))[1])
    found = behind.client.get("/api/v1/articles?collection=harbour", headers=headers).json()
    assert [article["id"] for article in found["articles"]] == ["museum"]
    asked = behind.client.post("/v1/chat/completions", json={**CHAT, "model": "onrecord:harbour"}, headers=headers)
    assert asked.status_code == 200
    listed = behind.client.get("/api/v1/collections", headers=headers).json()["collections"]
    assert listed == [{"name": "harbour", "first": False, "model": "onrecord:harbour"}]
    models = behind.client.get("/v1/models", headers=headers).json()["data"]
    assert [model["id"] for model in models] == ["onrecord:harbour"]
    unknown = behind.client.get("/v1/models/gpt", headers=headers)
    assert unknown.status_code == 404 and "news" not in unknown.text


def test_a_key_of_the_first_collection_need_not_name_it(behind: Behind, keys: Keys) -> None:
    headers = bearer(keys.add("desk", collections=("news",))[1])
    assert behind.client.get("/api/v1/articles", headers=headers).json()["total"] == 2
    assert behind.client.post("/v1/chat/completions", json=CHAT, headers=headers).status_code == 200
    assert behind.client.get("/api/v1/articles?collection=harbour", headers=headers).status_code == 403


def at_mcp(behind: Behind, keys: Keys, token: str, conversation: Any) -> Any:
    async def talk(address: str) -> Any:
        async with (
            httpx2.AsyncClient(headers=bearer(token)) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            return await conversation(client)

    with serving(create_mcp_app(here(behind.app.state.service), keys=keys, keys_required=True)) as address:
        return asyncio.run(asyncio.wait_for(talk(address), 60))


def test_every_tool_of_mcp_keeps_to_the_key_s_collections(behind: Behind, keys: Keys) -> None:
    _, token = keys.add("host", collections=("harbour",))

    async def all_tools(client: Client) -> Any:
        told = {}
        for tool in (await client.list_tools()).tools:
            if "collection" in tool.input_schema["properties"]:
                for name in ("", "news"):
                    arguments = {**TOOLS[tool.name], "collection": name}
                    told[tool.name, name] = await client.call_tool(tool.name, arguments)
        listed = await client.call_tool("list_collections", {})
        mine = await client.call_tool("search_articles", {"query": "coins", "collection": "harbour"})
        return told, listed, mine

    told, listed, mine = at_mcp(behind, keys, token, all_tools)
    assert {name for name, _ in told} == set(TOOLS)
    for result in told.values():
        assert result.is_error and "The key host may not use the collection 'news'" in text_of(result)
    assert listed.structured_content == {"result": ["harbour"]}
    assert mine.structured_content["hits"][0]["article_id"] == "museum"


def test_every_tool_of_mcp_is_within_a_reading_key(behind: Behind, keys: Keys) -> None:
    _, token = keys.add("host", read_only=True)

    async def all_tools(client: Client) -> Any:
        return [
            (tool.name, tool.annotations, await client.call_tool(tool.name, TOOLS.get(tool.name, {})))
            for tool in (await client.list_tools()).tools
        ]

    for name, annotations, result in at_mcp(behind, keys, token, all_tools):
        refused = result.is_error and "may only read" in text_of(result)
        assert annotations and bool(annotations.read_only_hint) is not refused, name
        assert not result.is_error, text_of(result)


@pytest.mark.parametrize("served", [False, True])
def test_what_mcp_asks_in_a_key_s_place_is_within_the_key_wherever_the_articles_are_open(
    behind: Behind, tmp_path: Path, *, served: bool
) -> None:
    reader = Allowance("0a1b2c3d", "host", read_only=True, collections=("harbour",))
    with ExitStack() as stack:
        api = here(behind.app.state.service)
        if served:
            behind.app.state.collections.announce(stack.enter_context(behind.served()))
            place = place_of(tmp_path / "news")
            assert place is not None
            api = Interface(place)
        with allowing(reader), pytest.raises(InputError, match="The key host may only read"):
            asyncio.run(api.call("DELETE", "/articles/museum", "harbour"))
        with allowing(reader), pytest.raises(InputError, match="The key host may not use the collection 'news'"):
            asyncio.run(api.call("GET", "/articles", "news"))
        with allowing(reader):
            assert asyncio.run(api.call("GET", "/articles", "harbour"))["total"] == 1
        assert asyncio.run(api.call("GET", "/articles", "news"))["total"] == 2
        behind.app.state.collections.announce("")


def test_a_question_more_than_a_day_s_is_refused_at_every_door_until_midnight(behind: Behind, keys: Keys) -> None:
    headers = bearer(keys.add("curious", questions_per_day=2)[1])
    asked = {"question": "How many people does the boat hold?"}
    assert behind.client.post("/api/v1/ask", json=asked, headers=headers).status_code == 200
    assert behind.client.post("/v1/chat/completions", json={**CHAT, "stream": True}, headers=headers).status_code == 200
    for path, body in (("/api/v1/ask", asked), ("/api/v1/ask?stream=true", asked), ("/v1/chat/completions", CHAT)):
        refused = behind.client.post(path, json=body, headers=headers)
        assert refused.status_code == 429 and 1 <= int(refused.headers["retry-after"]) <= 86_400
        assert said(refused).startswith("The key curious may ask 2 questions a day")
    assert len(behind.assistant.asked) == 2
    assert behind.client.post("/api/v1/search", json={"query": "boat"}, headers=headers).status_code == 200


def test_a_question_over_mcp_is_one_of_the_day_s(behind: Behind, keys: Keys) -> None:
    async def twice(client: Client) -> Any:
        return [await client.call_tool("ask_articles", TOOLS["ask_articles"]) for _ in range(2)]

    first, second = at_mcp(behind, keys, keys.add("host", questions_per_day=1)[1], twice)
    assert not first.is_error
    assert second.is_error and "The key host may ask 1 questions a day" in text_of(second)


def test_a_question_that_is_refused_is_none_of_the_day_s(behind: Behind, keys: Keys) -> None:
    headers = bearer(keys.add("clumsy", questions_per_day=1)[1])
    asked = {"question": "How many people does the boat hold?"}
    for wrong in ({}, {**asked, "conversation": "none of mine"}, {**asked, "model": "gpt"}):
        assert behind.client.post("/api/v1/ask", json=wrong, headers=headers).status_code == 422
    assert behind.client.post("/api/v1/ask?collection=port", json=asked, headers=headers).status_code == 404
    assert behind.client.post("/api/v1/ask", json=asked, headers=headers).status_code == 200
    assert behind.client.post("/api/v1/ask", json=asked, headers=headers).status_code == 429


def test_the_day_s_count_holds_over_a_restart_and_ends_with_the_day(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    file = tmp_path / "keys-today.json"
    assert [Daily(file, lambda: noon).take("ada", 2) for _ in range(3)] == [0, 0, 12 * 3600]
    assert Daily(file, lambda: noon).take("ben", 2) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    tomorrow = Daily(file, lambda: noon + timedelta(hours=12))
    assert tomorrow.take("ada", 1) == 0
    assert json.loads(file.read_text()) == {"day": "2026-03-02", "used": {"ada": 1}}


@pytest.mark.parametrize("damage", ["", "[1]", "{", '{"day": "2026-03-01", "used": [1]}', '{"used": {}}'])
def test_a_damaged_count_begins_anew(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "keys-today.json"
    file.write_text(damage)
    assert Daily(file).take("ada", 1) == 0 and Daily(file).take("ada", 1) > 0


def test_many_at_once_get_no_more_than_a_day_s(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: Daily(tmp_path / "keys-today.json").take("ada", 5), range(20)))
    assert waits.count(0) == 5
