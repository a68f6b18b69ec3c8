"""Who says what, and saved questions, over HTTP."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from onrecord.index import Article, Embedder
from onrecord.qa.names import index
from onrecord.qa.names.values import Mention
from onrecord.qa.people.values import Statement
from onrecord.qa.records import from_dict
from tests.qa.names.tags import tag
from tests.ui.behind_doors import Behind

LATER = Article(
    "later", "Again", "Mayor Ilse Brandt said on Friday that the work is done.", source="A", published="2024-12-02"
)


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Behind]:
    with closing(Behind(tmp_path / "data", embedder, [*articles, LATER])) as made:
        yield made


def test_people_are_listed_with_how_much_they_say(behind: Behind) -> None:
    answer = behind.client.get("/api/v1/people", params={"limit": 1}).json()
    assert answer["total"] == 3
    assert answer["people"] == [
        {
            "name": "Ilse Brandt",
            "names": ["Ilse Brandt"],
            "statements": 3,
            "articles": 2,
            "first": "2024-03-04",
            "last": "2024-11-29",
        }
    ]


def test_quotations_have_speaker_place_and_day(behind: Behind) -> None:
    answer = behind.client.get("/api/v1/quotations", params={"speaker": "brandt"}).json()
    assert (answer["speakers"], answer["total"]) == (["Ilse Brandt"], 3)
    assert [one["day"] for one in answer["quotations"]] == ["2024-03-04", "2024-03-04", "2024-11-29"]
    for one in answer["quotations"]:
        text = behind.library.article(one["article_id"]).text
        assert text[one["start_char"] : one["end_char"]] == one["quote"]
        assert isinstance(from_dict(Statement, one), Statement)


def test_a_timeline_has_the_statements_of_each_day(behind: Behind) -> None:
    answer = behind.client.get("/api/v1/timeline", params={"speaker": "Brandt", "published_from": "2024-03"}).json()
    assert [(day["day"], len(day["quotations"])) for day in answer["days"]] == [("2024-03-04", 2), ("2024-11-29", 1)]


def test_a_filter_and_a_page_leave_out_the_rest(behind: Behind) -> None:
    asked = {"speaker": "Brandt", "sources": ["A"]}
    within = behind.client.get("/api/v1/quotations", params=asked).json()
    assert [one["article_id"] for one in within["quotations"]] == ["later"]
    page = behind.client.get("/api/v1/quotations", params={"speaker": "Brandt", "limit": 1, "offset": 2}).json()
    assert [one["article_id"] for one in page["quotations"]] == ["later"]


@pytest.mark.parametrize(
    "asked", [{}, {"speaker": ""}, {"speaker": "?"}, {"speaker": "B", "who": "B"}, {"speaker": "B", "limit": 0}]
)
def test_what_cannot_be_meant_is_refused(behind: Behind, asked: dict[str, str]) -> None:
    assert behind.client.get("/api/v1/quotations", params=asked).status_code == 422


def test_names_are_listed_by_kind_and_their_sentences_have_places(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag(monkeypatch, {"Ilse Brandt": "person"})
    answer = behind.client.get("/api/v1/names", params={"kind": "person"}).json()
    assert [(one["name"], one["articles"], one["last"]) for one in answer["names"]] == [
        ("Ilse Brandt", 2, "2024-12-02")
    ]
    answer = behind.client.get("/api/v1/mentions", params={"name": "brandt", "published_from": "2024-12"}).json()
    assert answer["total"] == 1
    (one,) = answer["mentions"]
    assert isinstance(from_dict(Mention, one), Mention)
    assert (one["article_id"], one["quote"][one["start"] : one["end"]]) == ("later", "Ilse Brandt")
    page = behind.client.get("/api/v1/mentions", params={"name": "Brandt", "kind": "person", "limit": 1, "offset": 1})
    assert len(page.json()["mentions"]) == 1


def test_without_the_model_a_list_of_names_says_what_it_needs(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    tag(monkeypatch, {})
    monkeypatch.setattr(index, "available", lambda: False)
    monkeypatch.setattr("onrecord.index.extras.lacking", lambda extra: "spacy")
    answer = behind.client.get("/api/v1/names", params={"kind": "place"}).json()
    assert (answer["total"], answer["names"]) == (0, [])
    assert "onrecord[names]" in answer["warnings"][0]
    assert behind.client.get("/api/v1/names", params={"kind": "quantity"}).json()["total"] > 0


@pytest.mark.parametrize("asked", [{}, {"kind": "animal"}, {"kind": "place", "limit": 0}])
def test_a_kind_that_there_is_none_of_is_refused(behind: Behind, asked: dict[str, str]) -> None:
    assert behind.client.get("/api/v1/names", params=asked).status_code == 422


def test_a_question_is_saved_asked_seen_and_removed(behind: Behind) -> None:
    saved = behind.client.post("/api/v1/questions", json={"question": "Who closed the bridge?"})
    assert saved.status_code == 201
    key = saved.json()["id"]
    assert saved.json()["lines"] == []
    behind.library.add([Article("new", "", "The bridge was closed by the city council, who closed the bridge again.")])
    asked = behind.client.post(f"/api/v1/questions/{key}/ask").json()
    assert [one["article_id"] for one in asked["change"]["new"]] == ["new"]
    assert asked["lines"] == ["1 new sentence answers it."]
    assert behind.client.get("/api/v1/questions").json()["questions"] == [asked]
    assert behind.client.post(f"/api/v1/questions/{key}/seen").json()["lines"] == []
    assert behind.client.delete(f"/api/v1/questions/{key}").json() == {"questions": []}


@pytest.mark.parametrize(("method", "path"), [("POST", "ask"), ("POST", "seen"), ("DELETE", "")])
def test_a_question_that_is_not_there_is_one_sentence(behind: Behind, method: str, path: str) -> None:
    answer = behind.client.request(method, f"/api/v1/questions/nobody/{path}".rstrip("/"))
    assert answer.status_code == 422 and "not saved any longer" in answer.json()["detail"]
