import json
import logging
from pathlib import Path
from typing import Any

import pytest

from onrecord.index.types import Article
from onrecord.qa.settings import ModelSettings
from onrecord.qa.steps.check import not_calibrated
from onrecord.ui.cli import opening as cli_open
from onrecord.ui.settings import AllSettings
from tests.conftest import FakeEngine
from tests.ui.cli_stage import Stage, staged

QUESTION = "How many people does the boat hold?"
REPLY = "The boat holds 60 people."
CITATION = {"number", "article_id", "title", "source", "published", "url", "start_char", "end_char", "quote"}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> Stage:
    """Three articles, and an engine that has its replies ready."""
    stage = staged(tmp_path, monkeypatch)
    stage.fill()
    stage.engine = engine
    engine.enqueue(*[REPLY] * 6)
    return stage


def test_an_answer_is_printed_with_its_numbered_quotes(stage: Stage) -> None:
    result = stage.run("ask", "--no-model", QUESTION)
    assert result.exit_code == 0, result.output
    answer, quotes = result.stdout.split("\n\n", 1)
    assert "60 people" in answer
    assert "[1]" in answer
    assert "[1] “The boat holds 60 people and runs every 20 minutes.”" in quotes
    assert "Ferry to replace closed bridge, River Herald, 9 March 2024" in quotes
    assert "https://herald.example/ferry" in quotes


def test_an_answer_as_json_has_every_field_and_citations_that_resolve(
    stage: Stage, articles: tuple[Article, ...]
) -> None:
    answer = stage.json("ask", "--no-model", QUESTION)
    assert (answer["status"], answer["reason"], answer["question"]) == ("answered", "", QUESTION)
    assert {"standalone_question", "hits", "disagreements", "timings", "model", "index_revision"} <= set(answer)
    texts = {article.id: article.text for article in articles}
    cited = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    assert cited
    for citation in cited:
        assert set(citation) >= CITATION
        assert texts[citation["article_id"]][citation["start_char"] : citation["end_char"]] == citation["quote"]


def test_a_brief_is_printed_in_parts_with_where_each_sentence_is_from(stage: Stage) -> None:
    result = stage.run("brief", "--about", "the silver coins")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("A brief of 1 article, 20 April 2024.\n\nIn brief\n• ")
    assert "[1] Museum shows coins from the harbour, Asel Weekly, 20 April 2024" in result.stdout
    told = stage.json("brief", "--since", "2024-03-05", "--until", "2024-03")
    assert {quote["article_id"] for one in told["sentences"] for quote in one["citations"]} == {"ferry"}
    assert stage.run("brief", "--about", "the moon landing").exit_code == 3


def test_the_model_writes_when_it_is_there(stage: Stage) -> None:
    answer = stage.json("ask", QUESTION)
    assert answer["model"] == "fake-engine"
    assert "60 people" in answer["text"]
    assert stage.engine
    assert stage.engine.closed
    assert not stage.required


def test_what_the_articles_do_not_say_exits_3_with_the_reason_and_what_to_try(stage: Stage) -> None:
    result = stage.run("ask", "--no-model", "What is the capital of Australia?")
    assert result.exit_code == 3
    assert result.stdout.startswith("The articles do not say.")
    assert len(result.stdout.splitlines()) >= 3
    document = stage.json("ask", "--no-model", "What is the capital of Australia?", code=3)
    assert document["status"] == "abstained"
    assert document["reason"] in ("nothing_found", "not_answered")
    assert document["sentences"] == []


def test_an_empty_collection_says_one_thing_exits_3_and_loads_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(tmp_path, monkeypatch)
    stage.engine = FakeEngine()
    result = stage.run("ask", QUESTION)
    assert result.exit_code == 3
    assert "onrecord add" in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert stage.json("ask", QUESTION, code=3)["reason"] == "no_articles"
    assert stage.engine.prompts == []


@pytest.mark.parametrize("question", ["", "  \n ", "why? " * 4000], ids=["empty", "blank", "20,000 characters"])
def test_a_question_that_is_none_is_refused_before_anything_is_opened(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    monkeypatch.setattr(cli_open, "open_library", None)
    result = stage.run("ask", question)
    assert result.exit_code == 1
    assert result.stderr.startswith("onrecord: The question")
    assert result.stderr.count("\n") == 1
    assert stage.json("ask", question, code=1)["kind"] == "InputError"


def test_filters_reach_the_answer(stage: Stage) -> None:
    answer = stage.json("ask", "--no-model", QUESTION, "--article", "museum", code=3)
    assert {evidence["article_id"] for evidence in answer["evidence"]} <= {"museum"}
    asked = "Who called the repair estimate of 2.4 million euros far too low?"
    answer = stage.json("ask", "--no-model", asked, "--source", "River Herald", "--from", "2024-03")
    assert answer["status"] == "answered"


def test_an_unknown_article_in_the_filter_is_an_error(stage: Stage) -> None:
    assert stage.json("ask", "--no-model", QUESTION, "--article", "nowhere", code=1)["kind"] == "UnknownArticle"


@pytest.mark.parametrize("way", ["text", "file", "stdin"])
def test_earlier_turns_make_a_follow_up_understood(stage: Stage, way: str) -> None:
    history = [
        {"role": "user", "content": "How much would the repairs cost?"},
        {"role": "assistant", "content": "Ilse Brandt said repairs would cost 2.4 million euros."},
    ]
    text = json.dumps(history)
    (stage.folder / "turns.json").write_text(text, encoding="utf-8")
    given = {"text": text, "file": "@turns.json", "stdin": "-"}[way]
    result = stage.run(
        "ask", "--no-model", "What did she say?", "--history", given, "--json", stdin=text if way == "stdin" else ""
    )
    answer: dict[str, Any] = json.loads(result.stdout)
    assert "Brandt" in answer["standalone_question"]


@pytest.mark.parametrize(
    "history",
    ["{not json", '{"role": "user"}', '[{"role": "system", "content": "x"}]', '[{"role": "user"}]', "@gone.json"],
)
def test_a_history_that_is_none_is_wrong_usage(stage: Stage, history: str) -> None:
    result = stage.run("ask", QUESTION, "--history", history)
    assert result.exit_code == 2
    assert "--history" in result.stderr
    assert result.stderr.count("\n") == 1
    assert stage.json("ask", QUESTION, "--history", history, code=2)["kind"] == "UsageError"


def test_a_date_that_is_none_is_wrong_usage(stage: Stage) -> None:
    assert stage.run("ask", QUESTION, "--to", "soon").exit_code == 2
    assert stage.run("ask", QUESTION, "--from", "2024-05", "--to", "2024-04").exit_code == 2


def test_no_model_and_a_model_exclude_each_other(stage: Stage) -> None:
    assert stage.run("ask", QUESTION, "--no-model", "--model", "smollm2-135m").exit_code == 2


def test_a_model_that_was_not_pulled_is_replaced_by_quotes_with_a_line_that_says_how_to_pull_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_open, "open_engine", ENGINE_FOR_REAL)
    result = stage.run("ask", QUESTION, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["model"] == "extractive"
    assert "onrecord models pull qwen2.5-coder-1.5b" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("model", "kind"), [("smollm2-135m", "ModelMissing"), ("gone.gguf", "ModelMissing"), ("gpt-9", "InputError")]
)
def test_a_model_that_was_asked_for_by_name_must_be_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, model: str, kind: str
) -> None:
    monkeypatch.setattr(cli_open, "open_engine", ENGINE_FOR_REAL)
    document = stage.json("ask", QUESTION, "--model", model, code=1)
    assert document["kind"] == kind
    assert model in document["error"]


def test_a_model_file_that_is_not_one_is_a_plain_sentence(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_open, "open_engine", ENGINE_FOR_REAL)
    (stage.folder / "fake.gguf").write_text("this is no model")
    result = stage.run("ask", QUESTION, "--model", "fake.gguf")
    assert result.exit_code == 1
    assert "fake.gguf is not a model" in result.stderr


ENGINE_FOR_REAL = cli_open.open_engine


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [("mine", "", 1), (ModelSettings().name, "", 0), ("mine", "http://box/v1", 0)],
)
def test_a_model_that_is_not_calibrated_is_said_to_be_so_when_it_is_loaded(
    name: str, url: str, said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, warned = FakeEngine(), list[str]()
    engine.name = name
    monkeypatch.setattr("onrecord.qa.build.build_engine", lambda settings: engine)
    monkeypatch.setattr(logging.getLogger("onrecord"), "warning", warned.append)
    assert ENGINE_FOR_REAL(AllSettings(model=ModelSettings(name=name, url=url)), required=False) is engine
    assert warned == [not_calibrated(name)] * said
