import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from onrecord.index import Article, Embedder, Filter, Hit, Library
from onrecord.qa import records
from onrecord.qa.assistant import Assistant, Steps
from onrecord.qa.briefing.values import Brief
from onrecord.qa.steps.check import check
from onrecord.ui.server.doors import create_api
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ui.behind_doors import Behind, OtherEmbedder, filled


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Behind]:
    made = Behind(tmp_path / "data", embedder, articles)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """As ``behind``, for requests that are refused and so change nothing."""
    with closing(Behind(tmp_path_factory.mktemp("shared") / "data", FakeEmbedder(), ARTICLES)) as made:
        yield made


def events(text: str) -> list[tuple[str, Any]]:
    """The Server-Sent Events of a response."""
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    return [(name, json.loads(data)) for name, data in found]


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status and body["title"] and body["detail"]
    return body


# -- articles --------------------------------------------------------------------------------------------------


def test_articles_are_listed_a_page_at_a_time(behind: Behind) -> None:
    first = behind.client.get("/api/v1/articles?limit=2").json()
    assert [one["id"] for one in first["articles"]] == ["bridge", "ferry"] and first["total"] == 3
    second = behind.client.get(first["next"]).json()
    assert [one["id"] for one in second["articles"]] == ["museum"] and second["next"] == ""


def test_the_next_page_keeps_the_filter(behind: Behind) -> None:
    query = "source=x&sources=River Herald&sources=Asel Weekly&limit=1"
    problem(behind.client.get(f"/api/v1/articles?{query}"), 422)  # "source" is not a parameter, and not passed over
    page = behind.client.get(f"/api/v1/articles?{query.partition('&')[2]}").json()
    assert page["total"] == 2
    assert behind.client.get(page["next"]).json()["articles"][0]["id"] == "museum"


def test_neither_a_filter_nor_a_page_reads_the_facts_of_all_articles(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Library.articles

    def a_page(self: Library, where: Filter | None = None, *, offset: int = 0, limit: int | None = None) -> Any:
        assert limit is not None, "at a hundred thousand articles this takes two seconds"
        return listed(self, where, offset=offset, limit=limit)

    monkeypatch.setattr(Library, "articles", a_page)
    assert behind.client.get("/api/v1/articles", params={"limit": 1}).json()["total"] > 1
    asked = {"query": "bridge", "filter": {"published_from": "2000-01-01"}}
    assert behind.client.post("/api/v1/search", json=asked).status_code == 200


def test_a_filter_that_matches_nothing_is_said(behind: Behind) -> None:
    listed = behind.client.get("/api/v1/articles?sources=Nobody").json()
    assert listed["total"] == 0 and "River Herald" in listed["warnings"][0]
    found = behind.client.post("/api/v1/search", json={"query": "bridge", "filter": {"published_from": "2031"}}).json()
    assert found["hits"] == [] and "widen" in found["warnings"][0]
    answer = behind.client.post(
        "/api/v1/ask", json={"question": "Which bridge?", "filter": {"published_to": "1990"}}
    ).json()
    assert answer["status"] == "abstained" and "widen" in answer["warnings"][0]


def test_a_brief_is_of_what_the_filter_leaves_and_its_places_resolve(
    behind: Behind, articles: tuple[Article, ...]
) -> None:
    scope = {"sources": ["River Herald", "Asel Weekly"]}
    told = behind.client.post("/api/v1/brief", json={"filter": scope}).json()
    texts = {article.id: article.text for article in articles}
    cited = [quote for sentence in told["sentences"] for quote in sentence["citations"]]
    assert {quote["article_id"] for quote in cited} == {"ferry", "museum"} and told["articles"] == 2
    assert all(texts[one["article_id"]][one["start_char"] : one["end_char"]] == one["quote"] for one in cited)
    assert records.to_dict(records.from_dict(Brief, told)) == told
    nothing = behind.client.post("/api/v1/brief", json={"filter": {"published_from": "2031"}}).json()
    assert nothing["reason"] == "outside_filter" and "widen" in nothing["warnings"][0]
    problem(behind.client.post("/api/v1/brief", json={"subject": "boats"}), 422)


def test_the_same_article_sent_twice_is_stored_once(behind: Behind) -> None:
    new = {"articles": [{"text": "The harbour froze on Tuesday.", "url": "https://news.example/ice"}]}
    first, second = (behind.client.post("/api/v1/articles", json=new) for _ in range(2))
    assert first.status_code == 201 and second.status_code == 200
    assert first.json()["added"] == second.json()["unchanged"] and len(behind.library.articles()) == 4
    new["articles"][0]["text"] = "The harbour froze on Wednesday."
    assert behind.client.post("/api/v1/articles", json=new).json()["changed"] == first.json()["added"]


def test_files_are_read_and_a_bad_one_does_not_stop_the_rest(behind: Behind) -> None:
    files = [
        ("files", ("a.txt", b"A storm closed the port of Larnville on Friday.")),
        ("files", ("../../etc/b.xyz", b"\x00")),
    ]
    report = behind.client.post("/api/v1/articles/files", files=files)
    assert report.status_code == 201 and len(report.json()["added"]) == 1
    assert report.json()["failed"][0]["file"] == "b.xyz" and "/tmp" not in report.text
    problem(behind.client.post("/api/v1/articles/files", files=files[1:]), 422)


def test_a_date_that_is_none_is_said_to_be_left_out(behind: Behind) -> None:
    story = {"text": "The harbour froze on Tuesday.", "published": "yesterday"}
    said = behind.client.post("/api/v1/articles", json={"articles": [story]}).json()["notes"]
    assert said == ["articles.0: “yesterday” was left out as the date, as it is no day; write 2024-03-09."]
    row = ("files", ("two  names.jsonl", json.dumps({**story, "text": "A storm."}).encode()))
    said = behind.client.post("/api/v1/articles/files", files=[row]).json()["notes"]
    assert len(said) == 1 and said[0].startswith("two names.jsonl: left out as the date: line 1 (“yesterday”)")


def test_a_file_that_is_read_in_part_is_named_as_it_was_sent(behind: Behind) -> None:
    lines = b'{"text": "A storm closed the port of Larnville."}\n{"text": 123}'
    report = behind.client.post("/api/v1/articles/files", files=[("files", ("two  names.jsonl", lines))])
    assert report.status_code == 201 and "/tmp" not in report.text
    (failed,) = report.json()["failed"]
    assert "1 line read, 1 line not: line 2 (its text is a number, not text)" in failed["error"]


def test_an_article_has_an_etag_and_is_not_sent_again_while_it_is_the_same(behind: Behind) -> None:
    first = behind.client.get("/api/v1/articles/ferry")
    text = first.json()["text"]
    spans = [text[one["start_char"] : one["end_char"]] for one in first.json()["sentences"]]
    assert spans[1] == "The boat holds 60 people and runs every 20 minutes."
    again = behind.client.get("/api/v1/articles/ferry", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    behind.library.add([Article("ferry", "Ferry", "The ferry has stopped.")])
    changed = behind.client.get("/api/v1/articles/ferry", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200 and changed.headers["etag"] != first.headers["etag"]


def test_the_facts_of_an_article_are_edited_and_its_text_stays(behind: Behind) -> None:
    before = behind.client.get("/api/v1/articles/ferry").json()
    edited = behind.client.patch("/api/v1/articles/ferry", json={"source": "Sky Post", "published": "11 March 2024"})
    assert edited.json() == {**before, "source": "Sky Post", "published": "2024-03-11"}
    found = behind.client.get("/api/v1/articles?sources=Sky Post&published_from=2024-03-11").json()["articles"]
    assert [one["id"] for one in found] == ["ferry"]
    refused = problem(behind.client.patch("/api/v1/articles/ferry", json={"published": "yesterday"}), 422)
    assert refused["detail"] == "“yesterday” is no day; write the date as 2024-03-09."
    problem(behind.client.patch("/api/v1/articles/nowhere", json={"source": "x"}), 404)


def test_a_removed_article_is_gone(behind: Behind) -> None:
    assert behind.client.delete("/api/v1/articles/museum").json()["removed"] == ["museum"]
    assert "museum" in problem(behind.client.get("/api/v1/articles/museum"), 404)["detail"]
    problem(behind.client.delete("/api/v1/articles/museum"), 404)
    hits = behind.client.post("/api/v1/search", json={"query": "silver coins"}).json()["hits"]
    assert "museum" not in {hit["article_id"] for hit in hits}


# -- search and ask --------------------------------------------------------------------------------------------


def test_a_hit_says_where_in_which_article_it_stands(behind: Behind) -> None:
    hits = behind.client.post("/api/v1/search", json={"query": "silver coins harbour", "top_k": 1}).json()["hits"]
    hit = hits[0]
    text = behind.library.article(hit["article_id"]).text
    assert hit["title"] == "Museum shows coins from the harbour" and hit["published"] == "2024-04-20"
    assert hit["quote"] == text[hit["start_char"] : hit["end_char"]]
    assert all(text[one["start_char"] : one["end_char"]] == one["quote"] for one in hit["sentences"])


def test_a_floor_and_undated_articles_that_a_filter_leaves_out_are_said(behind: Behind) -> None:
    asked = {"query": "silver coins", "min_score": 1.0}
    assert behind.client.post("/api/v1/search", json=asked).json()["hits"] == []
    assert behind.client.post("/api/v1/search", json={**asked, "min_score": 2}).status_code == 422
    behind.library.add([Article("undated", "", "The coins have no date.")])
    found = behind.client.post("/api/v1/search", json={"query": "coins", "filter": {"published_from": "2024"}}).json()
    assert found["warnings"] == ["1 article without a date is left out by the filter."]
    assert all(-1 <= hit["nearness"] <= 1 for hit in found["hits"])


def test_an_answer_cites_places_in_articles(behind: Behind) -> None:
    answer = behind.client.post("/api/v1/ask", json={"question": "How many silver coins?"}).json()
    cited = answer["sentences"][0]["citations"][0]
    text = behind.library.article(cited["article_id"]).text
    assert answer["status"] == "answered" and answer["text"].endswith("[1]")
    assert cited["quote"] == text[cited["start_char"] : cited["end_char"]]


@pytest.mark.parametrize("how", [{"headers": {"Accept": "text/event-stream"}}, {"params": {"stream": "true"}}])
def test_an_answer_comes_as_events_when_asked_for(behind: Behind, how: dict[str, Any]) -> None:
    response = behind.client.post("/api/v1/ask", json={"question": "How many silver coins?"}, **how)
    assert response.headers["content-type"].startswith("text/event-stream")
    got = events(response.text)
    assert [name for name, _ in got] == ["evidence", "started", "sentence", "finished"]
    assert got[2][1] == got[3][1]["sentences"][0]


def test_an_error_in_mid_stream_is_an_event_without_the_machine_s_secrets(behind: Behind) -> None:
    response = behind.client.post("/api/v1/ask?stream=1", json={"question": "Will the bridge break?"})
    name, data = events(response.text)[-1]
    assert name == "error" and data["status"] == 500 and "secret" not in response.text


def test_earlier_turns_and_the_filter_reach_the_assistant(behind: Behind) -> None:
    behind.client.post(
        "/api/v1/ask",
        json={
            "question": "And the ferry?",
            "history": [{"role": "user", "content": "Is the bridge closed?"}],
            "filter": {"sources": ["River Herald"], "published_from": "2024-03"},
        },
    )
    question, history, scope = behind.assistant.asked[-1]
    assert question == "And the ferry?" and history[0].content == "Is the bridge closed?"
    assert scope is not None and scope.sources == ("River Herald",) and scope.published_from == "2024-03-01"


def test_a_conversation_is_kept_and_gone_on_with(behind: Behind) -> None:
    first = behind.client.post("/api/v1/ask", json={"question": "How many coins?", "conversation": "new"}).json()
    key = first["conversation"]
    behind.client.post("/api/v1/ask", json={"question": "And the ferry?", "conversation": key})
    assert behind.assistant.asked[-1][1][0].content == "How many coins?"
    kept = behind.client.get(f"/api/v1/conversations/{key}").json()
    assert [turn["question"] for turn in kept["turns"]] == ["How many coins?", "And the ferry?"]
    assert behind.client.get("/api/v1/conversations?search=ferry").json()["conversations"][0]["id"] == key
    assert behind.client.delete(f"/api/v1/conversations/{key}").status_code == 204
    problem(behind.client.get(f"/api/v1/conversations/{key}"), 404)
    problem(behind.client.post("/api/v1/ask", json={"question": "More?", "conversation": key}), 422)


def test_what_is_not_kept_is_in_no_conversation(behind: Behind) -> None:
    behind.client.post("/api/v1/ask", json={"question": "How many coins?"})
    assert behind.client.get("/api/v1/conversations").json() == {"conversations": []}


# -- bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"question": ""}, "question"),
        ({"question": "x", "fliter": {}}, "fliter"),
        ({"question": "x", "filter": {"published_from": "March"}}, "March"),
        ({"question": "x", "filter": {"published_from": "2024", "published_to": "2023"}}, "swap"),
        ({"question": "x", "filter": {"articles": ["nothere"]}}, "nothere"),
        ({"question": "x" * 5000}, "question"),
        ({"question": "x", "history": [{"role": "judge", "content": "y"}]}, "role"),
        ({"question": "x\ud800"}, "question"),
        ([], "body"),
    ],
)
def test_a_request_that_cannot_be_used_is_refused_with_its_cure(shared: Behind, body: Any, named: str) -> None:
    response = shared.client.post(
        "/api/v1/ask", content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    assert named in problem(response, 422)["detail"]


def test_what_is_not_offered_says_what_is(behind: Behind) -> None:
    assert "openapi.json" in problem(behind.client.get("/api/v1/nothing"), 404)["detail"]
    assert "openapi.json" in problem(behind.client.get("/api/v2/articles"), 404)["detail"]
    refused = behind.client.put("/api/v1/search")
    problem(refused, 405)
    assert refused.headers["allow"] == "POST"


def test_another_host_name_and_another_site_are_refused(behind: Behind) -> None:
    problem(behind.client.get("/api/v1/articles", headers={"Host": "evil.example"}), 400)
    problem(behind.client.delete("/api/v1/articles/ferry", headers={"Origin": "https://evil.example"}), 403)
    assert len(behind.library.articles()) == 3


def test_a_closed_library_is_said_to_be_closed(behind: Behind) -> None:
    behind.library.close()
    assert "closed" in problem(behind.client.get("/api/v1/health"), 503)["detail"]
    problem(behind.client.post("/api/v1/search", json={"query": "bridge"}), 503)
    for stream in ("false", "true"):
        assert (
            "closed"
            in problem(behind.client.post(f"/api/v1/ask?stream={stream}", json={"question": "Who?"}), 503)["detail"]
        )
    problem(behind.client.get("/api/v1/articles"), 503)


@pytest.mark.parametrize(("path", "asked"), [("search", "query"), ("ask", "question"), ("ask?stream=true", "question")])
def test_an_index_of_another_embedder_is_said_with_its_cure(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], path: str, asked: str, closed_at_end: Any
) -> None:
    filled(tmp_path / "data", embedder, articles)
    behind = closed_at_end(Behind(tmp_path / "data", OtherEmbedder(), ()))
    detail = problem(behind.client.post(f"/api/v1/{path}", json={asked: "Which bridge?"}), 503)["detail"]
    assert "'another-embedder'" in detail and "onrecord rebuild" in detail
    assert behind.client.get("/api/v1/articles").json()["total"] == 3  # reading them needs no embedder


def test_an_unexpected_error_does_not_show_what_is_inside(behind: Behind) -> None:
    body = problem(behind.client.post("/api/v1/ask", json={"question": "Will the bridge break?"}), 500)
    assert "secret" not in json.dumps(body)


# -- state -----------------------------------------------------------------------------------------------------


def test_health_and_metrics_say_how_it_stands(behind: Behind) -> None:
    behind.client.post("/api/v1/ask", json={"question": "How many coins?"})
    behind.client.post("/api/v1/ask", json={"question": "unknown"})
    assert behind.client.get("/api/v1/health").json()["status"] == "ok"
    text = behind.client.get("/api/v1/metrics").text
    assert 'onrecord_answers_total{reason="not_answered",status="abstained"} 1' in text
    assert 'onrecord_requests_total{method="POST",route="/ask",status="200"} 2' in text
    assert f"onrecord_passages {behind.library.passage_count}" in text
    assert all(re.fullmatch(r"[a-z_]+(\{.*\})? [\d.e+-]+", line) for line in text.splitlines() if line[0] != "#")


def test_the_openapi_document_has_examples_that_work(behind: Behind) -> None:
    document = behind.client.get("/api/v1/openapi.json").json()
    for name, path in (("SearchRequest", "search"), ("AskRequest", "ask"), ("NewArticles", "articles")):
        for example in document["components"]["schemas"][name]["examples"]:
            assert behind.client.post(f"/api/v1/{path}", json=example).status_code in (200, 201)
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["description"]
            assert "application/problem+json" in operation["responses"]["422"]["content"]


# -- what nobody should send, and what nobody expects ------------------------------------------------------------


@pytest.mark.parametrize("half", [b"\\ud800", b"\\uDC00 x", b"\xed\xa0\x80"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/search", b'{"query": "%s"}'),
        ("/api/v1/ask", b'{"question": "bridge %s"}'),
        ("/api/v1/ask", b'{"question": "bridge", "history": [{"role": "user", "content": "%s"}]}'),
        ("/api/v1/articles", b'{"articles": [{"text": "The harbour froze. %s"}]}'),
        ("/api/v1/articles", b'{"articles": [{"text": "The harbour froze.", "%s": ""}]}'),
        ("/v1/chat/completions", b'{"model": "onrecord", "messages": [{"role": "user", "content": "%s"}]}'),
        ("/v1/chat/completions", b'{"model": "%s", "messages": [{"role": "user", "content": "Bridge?"}]}'),
    ],
)
def test_half_a_character_is_refused_in_one_sentence(shared: Behind, path: str, body: bytes, half: bytes) -> None:
    answer = shared.client.post(path, content=body % half, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    said = answer.json().get("detail") or answer.json()["error"]["message"]
    assert re.fullmatch(r"[\w.]+: has half of a surrogate pair, which is no character; send whole characters\.", said)


def test_a_whole_character_beyond_the_first_plane_is_taken(behind: Behind) -> None:
    body = b'{"question": "bridge \\ud83d\\ude00 \xf0\x9f\x98\x80 \\\\ud800"}'
    answer = behind.client.post("/api/v1/ask", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert behind.assistant.asked[-1][0] == "bridge \U0001f600 \U0001f600 \\ud800"


def test_half_a_character_in_an_address_is_no_crash(behind: Behind) -> None:
    for path in ("/api/v1/articles/%ed%a0%80", "/api/v1/conversations?search=%ed%a0%80", "/v1/models/%ed%a0%80"):
        assert behind.client.get(path).status_code in (200, 404)


@pytest.mark.parametrize("how", ["moved", "replaced"])
def test_articles_are_not_acknowledged_into_a_folder_that_is_gone(behind: Behind, how: str) -> None:
    folder = behind.library.path
    moved = folder.rename(folder.with_name("elsewhere"))
    if how == "replaced":
        shutil.copytree(moved, folder)
    new = {"articles": [{"text": "The harbour froze on Tuesday."}]}
    for answer in (
        behind.client.post("/api/v1/articles", json=new),
        behind.client.post("/api/v1/articles/files", files=[("files", ("a.txt", b"A storm closed the port."))]),
        behind.client.delete("/api/v1/articles/ferry"),
    ):
        assert "was moved, deleted or replaced while it was in use" in problem(answer, 503)["detail"]
    if how == "replaced":
        shutil.rmtree(folder)
    moved.rename(folder)
    assert behind.client.post("/api/v1/articles", json=new).status_code == 201


def test_an_article_that_is_removed_while_it_is_answered_from_is_no_404(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]
) -> None:
    class Emptied(Library):
        def search(self, query: str, **more: Any) -> tuple[Hit, ...]:
            hits = super().search(query, **more)
            if len(self.articles()) == 3:
                self.remove([hits[0].passage.article_id])
            return hits

    with Emptied(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        assistant = Assistant(library, None, steps=Steps(check=partial(check, threshold=0.0)))
        app = create_api(library, assistant)
        client = TestClient(app, base_url="http://127.0.0.1")
        question = {"question": "What is the latest on the repairs of the Old Mill Bridge?"}
        answer = client.post("/api/v1/ask", json=question)
        assert answer.status_code == 200 and answer.json()["status"] == "answered"
        assert len(library.articles()) == 2
        app.state.collections.close()
