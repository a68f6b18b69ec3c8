"""Who says what, what is named, and saved questions, on the command line."""

from pathlib import Path

import pytest

from onrecord.index import Article
from tests.conftest import ARTICLES
from tests.qa.names.tags import tag
from tests.ui.cli_stage import Stage, staged

NEWS = Article(
    "news", "Bridge", "The repair of the bridge will cost 7 million euros, the city said.", published="2024-05-01"
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = staged(tmp_path, monkeypatch)
    made.fill(*ARTICLES)
    return made


def test_what_somebody_said_is_shown_by_the_day(stage: Stage) -> None:
    result = stage.run("said", "brandt")
    assert result.exit_code == 0
    first, *rest = result.stdout.splitlines()
    assert first == "4 March 2024"
    assert "Mayor Ilse Brandt said repairs would cost 2.4 million euros and take nine months." in rest[0]


def test_as_json_each_statement_has_its_place(stage: Stage) -> None:
    said = stage.json("said", "Brandt")["quotations"]
    assert [(one["speaker"], one["kind"], one["day"]) for one in said] == [
        ("Ilse Brandt", "reported", "2024-03-04"),
        ("Ilse Brandt", "quoted", "2024-03-04"),
    ]


def test_nobody_of_the_name_is_told_with_exit_code_3(stage: Stage) -> None:
    result = stage.run("said", "Lavrov")
    assert (result.exit_code, result.stdout) == (
        3,
        "Nobody of the name Lavrov is quoted; `onrecord people` lists who is.\n",
    )


def test_people_are_listed(stage: Stage) -> None:
    assert {one["name"] for one in stage.json("people")["people"]} == {"Ilse Brandt", "Tom Addo", "Nadia Roux"}
    assert "Nadia Roux" in stage.run("people", "--source", "Asel Weekly").stdout


def test_names_of_a_kind_are_listed_and_lead_to_their_sentences(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    tag(monkeypatch, {"Larnville": "place", "Ilse Brandt": "person"})
    (place,) = stage.json("names", "--kind", "place")["names"]
    assert (place["name"], place["kind"]) == ("Larnville", "place")
    assert "2.4 million euros" in stage.run("named", "€2.4 million").stdout
    quantity, *_ = stage.json("named", "€2.4 million", "--kind", "quantity")["mentions"]
    assert quantity["quote"][quantity["start"] : quantity["end"]] == "2.4 million euros"
    assert "Ilse Brandt" in stage.run("names").stdout
    assert stage.run("named", "Geneva").exit_code == 3


def test_a_question_is_saved_asked_again_seen_and_removed(stage: Stage) -> None:
    assert "No question is saved" in stage.run("questions").stdout
    (saved,) = stage.json("questions", "save", "How much will the repair of the bridge cost?")["questions"]
    with stage.library() as library:
        library.add([NEWS])
    asked = stage.run("questions", "ask")
    assert "1 new sentence answers it." in asked.stdout and NEWS.text in asked.stdout
    assert stage.run("questions").stdout == asked.stdout
    assert "Nothing new." in stage.run("questions", "seen", saved["id"]).stdout
    assert stage.run("questions", "remove", saved["id"]).stdout == f"{saved['id']} is asked no more.\n"
    assert stage.json("questions") == {"questions": []}


def test_an_article_that_goes_is_told_and_leaves_its_quote(stage: Stage) -> None:
    stage.run("questions", "save", "How much will the repair of the bridge cost?")
    stage.run("remove", "bridge")
    (asked,) = stage.json("questions", "ask")["questions"]
    assert {one["article_id"] for one in asked["change"]["gone"]} == {"bridge"}
