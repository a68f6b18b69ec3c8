"""Several collections behind every door: the same names everywhere, one queue, one owner for each folder."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from onrecord.index import Article, Embedder, Library
from onrecord.ui.http.service import DoorLimits
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ui.behind_doors import Behind, Others, filled, until
from tests.ui.test_api import problem

HARBOUR = "Harbour story"
HERE = {"collection": HARBOUR}


@pytest.fixture
def others(embedder: Embedder) -> Iterator[Others]:
    made = Others(embedder)
    yield made
    made.close()


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], others: Others) -> Iterator[Behind]:
    """The bridge and the ferry in the first collection, the museum in another."""
    filled(tmp_path / HARBOUR, embedder, articles[2:])
    made = Behind(tmp_path / "news", embedder, articles[:2], opener=others, limits=DoorLimits(questions=2))
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """As ``behind``, for requests that are refused and so change nothing."""
    folder, others = tmp_path_factory.mktemp("shared"), Others(FakeEmbedder())
    filled(folder / HARBOUR, FakeEmbedder(), ARTICLES[2:])
    with closing(Behind(folder / "news", FakeEmbedder(), ARTICLES[:2], opener=others)) as made:
        yield made
    others.close()


def test_the_collections_are_listed_the_first_one_first(behind: Behind, tmp_path: Path) -> None:
    (tmp_path / "no collection").mkdir()
    listed = behind.client.get("/api/v1/collections").json()["collections"]
    assert listed == [
        {"name": "news", "first": True, "model": "onrecord"},
        {"name": HARBOUR, "first": False, "model": f"onrecord:{HARBOUR}"},
    ]


@pytest.mark.parametrize(("where", "found"), [({}, {"bridge", "ferry"}), (HERE, {"museum"})])
def test_each_is_searched_and_asked_by_its_name(behind: Behind, where: dict[str, str], found: set[str]) -> None:
    hits = behind.client.post("/api/v1/search", params=where, json={"query": "the coins or the bridge"}).json()["hits"]
    assert {hit["article_id"] for hit in hits} == found
    answer = behind.client.post("/api/v1/ask", params=where, json={"question": "Which bridge or coins?"}).json()
    assert {cited["article_id"] for s in answer["sentences"] for cited in s["citations"]} <= found
    events = behind.client.post("/api/v1/ask", params={**where, "stream": "true"}, json={"question": "Bridge, coins?"})
    assert events.text.count("event: finished") == 1 and all(f'"article_id": "{one}"' in events.text for one in found)


def test_what_is_added_to_or_removed_from_one_is_in_that_one_alone(behind: Behind) -> None:
    new = {"articles": [{"text": "The harbour froze on Tuesday.", "url": "https://news.example/ice"}]}
    [added] = behind.client.post("/api/v1/articles", params=HERE, json=new).json()["added"]
    files = [("files", ("a.txt", b"A storm closed the port of Larnville on Friday."))]
    assert len(behind.client.post("/api/v1/articles/files", params=HERE, files=files).json()["added"]) == 1
    first = behind.client.get("/api/v1/articles", params={**HERE, "limit": 2}).json()
    assert first["total"] == 3 and behind.client.get("/api/v1/articles").json()["total"] == 2
    assert len(behind.client.get(first["next"]).json()["articles"]) == 1
    problem(behind.client.get(f"/api/v1/articles/{added}"), 404)
    assert behind.client.get(f"/api/v1/articles/{added}", params=HERE).json()["text"].startswith("The harbour froze")
    problem(behind.client.delete("/api/v1/articles/bridge", params=HERE), 404)
    assert behind.client.delete(f"/api/v1/articles/{added}", params=HERE).json()["removed"] == [added]


def test_conversations_are_kept_with_their_collection(behind: Behind) -> None:
    asked = {"question": "How many silver coins?", "conversation": "new"}
    key = behind.client.post("/api/v1/ask", params=HERE, json=asked).json()["conversation"]
    problem(behind.client.get(f"/api/v1/conversations/{key}"), 404)
    assert behind.client.get("/api/v1/conversations").json() == {"conversations": []}
    kept = behind.client.get(f"/api/v1/conversations/{key}", params=HERE).json()
    assert [turn["question"] for turn in kept["turns"]] == ["How many silver coins?"]
    assert behind.client.get("/api/v1/conversations", params={**HERE, "search": "silver"}).json()["conversations"]
    assert behind.client.delete(f"/api/v1/conversations/{key}", params=HERE).status_code == 204


@pytest.mark.parametrize("name", ["harbor", "../Harbour story", "no collection", ".", "x" * 150])
@pytest.mark.parametrize("path", ["search", "ask", "articles", "conversations"])
def test_an_unknown_one_is_a_404_that_names_those_there_are(shared: Behind, name: str, path: str) -> None:
    body = {"search": {"query": "bridge"}, "ask": {"question": "Which bridge?"}}.get(path)
    where = {"collection": name}
    response = (
        shared.client.post(f"/api/v1/{path}", params=where, json=body)
        if body
        else shared.client.get(f"/api/v1/{path}", params=where)
    )
    detail = problem(response, 404)["detail"]
    assert name in detail and HARBOUR in detail and "news" in detail


def test_a_mistyped_parameter_is_refused_and_not_answered_from_another_collection(behind: Behind) -> None:
    refused = behind.client.post("/api/v1/search", params={"colection": HARBOUR}, json={"query": "bridge"})
    assert "colection" in problem(refused, 422)["detail"]


def test_one_that_another_process_has_open_is_said_and_the_first_goes_on(behind: Behind, tmp_path: Path) -> None:
    with Library(tmp_path / HARBOUR):
        refused = behind.client.post("/api/v1/search", params=HERE, json={"query": "bridge"})
        assert "in use by process" in problem(refused, 503)["detail"]
        assert behind.client.post("/api/v1/search", json={"query": "bridge"}).status_code == 200
    assert behind.client.post("/api/v1/search", params=HERE, json={"query": "bridge"}).status_code == 200


def test_a_server_of_one_collection_knows_no_other(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    filled(tmp_path / HARBOUR, embedder, articles)
    behind = closed_at_end(Behind(tmp_path / "news", embedder, articles))
    assert [one["name"] for one in behind.client.get("/api/v1/collections").json()["collections"]] == ["news"]
    assert "news" in problem(behind.client.post("/api/v1/search", params=HERE, json={"query": "coins"}), 404)["detail"]
    assert behind.client.post("/api/v1/search?collection=news", json={"query": "coins"}).status_code == 200


def test_all_collections_stand_in_one_lane_and_share_one_queue(behind: Behind, others: Others) -> None:
    with (
        behind.served() as address,
        httpx.Client(base_url=f"{address}/api/v1", timeout=60) as client,
        client.stream("POST", "/ask?stream=1", json={"question": "forever bridge"}) as first,
    ):
        until(lambda: behind.assistant.writing)
        asked = {"question": "How many coins?"}
        with client.stream("POST", "/ask", params={**HERE, "stream": "1"}, json=asked) as second:
            lines = (line for line in second.iter_lines() if line.startswith("event: "))
            assert [next(lines), next(lines)] == ["event: evidence", "event: waiting"]
            assert client.post("/ask", json=asked).status_code == 503
            assert client.post("/ask", params=HERE, json=asked).status_code == 503
            assert not others.opened[HARBOUR].writing
            first.close()
            assert next(lines) == "event: started"


def test_openai_s_client_finds_a_model_for_each_and_its_answers_are_from_that_one(behind: Behind) -> None:
    behind.client.post(
        "/api/v1/articles", params=HERE, json={"articles": [{"text": "The crane at the quay lifts 90 tonnes."}]}
    )
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [
        {"role": "user", "content": "How many tonnes does the crane at the quay lift?"}
    ]
    with behind.served() as address, openai.OpenAI(base_url=f"{address}/v1", api_key="-", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["onrecord", f"onrecord:{HARBOUR}"]
        assert client.models.retrieve(f"onrecord:{HARBOUR}").id == f"onrecord:{HARBOUR}"
        completion = client.chat.completions.create(model=f"onrecord:{HARBOUR}", messages=messages)
        assert completion.model == f"onrecord:{HARBOUR}"
        [annotation] = completion.choices[0].message.annotations or []
        assert annotation.url_citation.url.startswith("onrecord://collections/Harbour%20story/articles/a")
        for unknown in ("onrecord:harbor", "onrecord:", "onrecord:news"):
            with pytest.raises(openai.NotFoundError, match=f"use 'onrecord' or 'onrecord:{HARBOUR}'"):
                client.chat.completions.create(model=unknown, messages=messages)


def test_the_document_says_where_a_collection_may_be_named(behind: Behind) -> None:
    document: dict[str, Any] = behind.client.get("/api/v1/openapi.json").json()
    without = {"/collections", "/health", "/metrics"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            assert names.count("collection") == (path not in without), path


def test_what_was_opened_is_closed_when_the_server_stops(behind: Behind, others: Others) -> None:
    with behind.served() as address:
        httpx.post(f"{address}/api/v1/search", params=HERE, json={"query": "coins"}).raise_for_status()
        assert not others.opened[HARBOUR].library.closed
    until(lambda: others.opened[HARBOUR].library.closed)
    assert not behind.library.closed  # its owner opened it
