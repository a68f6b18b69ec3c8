"""The systems under test, with fakes for the model and the embedder."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from onrecord.eval.suites.loading import GoldQuote, HistoryTurn, Question, Suite
from onrecord.eval.suites.records import EvidenceRow
from onrecord.eval.suites.stored import as_stored
from onrecord.eval.systems.base import SystemOptions, content_key
from onrecord.eval.systems.baselines import ClosedBookSystem, OneSearchSystem
from onrecord.eval.systems.make import check_spec, make_system
from onrecord.eval.systems.own import OnRecordSystem
from onrecord.eval.systems.remote import OnRecordServer, OpenAISystem
from onrecord.eval.systems.rows import row_from_text, split_answer
from onrecord.index.errors import InputError, ModelError, ModelMissing
from onrecord.index.reading.files import article_from_text
from onrecord.index.types import Article, Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation

WORDS = "A free ferry will carry pedestrians across the Larn; how many people does the boat hold?"
ASKED = Question("q1", WORDS, "fact", True, answers=("60",))


@pytest.fixture
def suite(articles: tuple[Article, ...]) -> Suite:
    return Suite("small", Path(), articles, (ASKED,))


@pytest.fixture
def options(tmp_path: Path) -> SystemOptions:
    return SystemOptions(index_folder=tmp_path / "index")


def test_onrecord_without_a_model_answers_with_places_that_are_in_the_suite(
    suite: Suite, options: SystemOptions, embedder: Any
) -> None:
    system = OnRecordSystem(options, model=False, embedder=embedder)
    system.prepare(suite)
    row = system.answer(ASKED)
    system.close()
    assert row.system == "onrecord-no-model" and row.status in ("answered", "abstained")
    assert row.retrieved[0].article_id == "ferry"
    for piece in row.evidence:
        assert suite.texts[piece.article_id][piece.start_char : piece.end_char] == piece.text
    assert 0 < row.timings["time_to_evidence"] <= row.timings["time_to_answer"]


def test_the_articles_are_embedded_once_for_all_runs_and_searches(
    suite: Suite, options: SystemOptions, embedder: Any
) -> None:
    for system in (
        OnRecordSystem(replace(options, retrieval_only=True), embedder=embedder),
        OneSearchSystem(options, name="bm25", embedder=embedder),
        OneSearchSystem(options, name="dense", embedder=embedder),
    ):
        system.prepare(replace(suite, questions=()))  # questions have no part in what is indexed
        row = system.retrieve(ASKED, top_k=3)
        assert row.status == "retrieved" and row.retrieved[0].article_id == "ferry", system.name
        system.close()
    once = len(embedder.embedded)
    assert once == len(set(embedder.embedded)) > 0


def test_a_scoped_question_finds_places_in_its_scope_alone(suite: Suite, options: SystemOptions, embedder: Any) -> None:
    system = OneSearchSystem(options, name="bm25", embedder=embedder)
    system.prepare(suite)
    row = system.retrieve(replace(ASKED, scope=("bridge",)), top_k=10)
    system.close()
    assert {place.article_id for place in row.retrieved} == {"bridge"}


def test_a_system_with_a_model_that_is_not_here_is_refused_and_not_run_without_one(
    suite: Suite, options: SystemOptions, embedder: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path / "no-models"))
    system = OnRecordSystem(options, embedder=embedder)
    with pytest.raises(ModelMissing, match=r"qwen2\.5-coder-1\.5b"):
        system.prepare(suite)
    system.close()


def test_closed_book_is_asked_without_any_article(suite: Suite, options: SystemOptions, engine: Any) -> None:
    engine.enqueue("I do not know how many people it holds.")
    system = ClosedBookSystem(options, engine=engine)
    system.prepare(suite)
    row = system.answer(replace(ASKED, history=(HistoryTurn("user", "Is there a ferry?"),)))
    assert row.status == "abstained" and row.timings["model_calls"] == 1
    contents = " ".join(message["content"] for message in engine.prompts[0])
    assert "Is there a ferry?" in contents and "runs every 20 minutes" not in contents


def test_a_chat_endpoint_is_scored_as_free_text(suite: Suite, options: SystemOptions, engine: Any) -> None:
    engine.enqueue("The boat holds 60 people.")
    system = OpenAISystem("openai:http://127.0.0.1:9/v1#any", options, engine=engine)
    system.prepare(suite)
    row = system.answer(ASKED)
    assert row.status == "answered" and row.plain_text == "The boat holds 60 people." and not row.citations


def served(article: Article, quote: str) -> dict[str, Any]:
    stored = article_from_text(article.text, url=article.url)
    start = stored.text.index(quote)
    cited = Citation(1, Sentence(stored.id, 0, start, start + len(quote), quote), stored.title)
    said = AnswerSentence(quote, (cited,), "supported")
    return Answer(ASKED.question, ASKED.question, (said,), status="answered").to_dict()


def test_a_server_is_asked_over_http_and_its_places_get_the_suites_ids(suite: Suite) -> None:
    quote = "The boat holds 60 people and runs every 20 minutes."
    seen = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, json=served(suite.articles[1], quote))

    system = OnRecordServer("http://127.0.0.1:1", transport=httpx.MockTransport(reply))
    system.prepare(suite)
    row = system.answer(replace(ASKED, scope=("ferry",)))
    assert row.citations[0].article_id == "ferry" and row.citations[0].quote == quote
    (path, body) = seen[0]
    assert path == "/api/v1/ask"
    assert body["filter"]["articles"] == [article_from_text(suite.articles[1].text, url=suite.articles[1].url).id]


@pytest.mark.parametrize(
    "reply", [httpx.Response(500), httpx.Response(200, text="<html>"), httpx.Response(200, json=[])]
)
def test_a_server_that_fails_or_is_no_onrecord_raises_with_its_address(suite: Suite, reply: httpx.Response) -> None:
    system = OnRecordServer("http://127.0.0.1:1", transport=httpx.MockTransport(lambda _: reply))
    system.prepare(suite)
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:1"):
        system.answer(ASKED)


def test_markers_of_a_free_text_point_at_its_sources_and_unknown_numbers_at_nothing() -> None:
    sources = [EvidenceRow("ferry", 0, 10, "A free fer", 1), EvidenceRow("bridge", 5, 9, "text", 2)]
    row = row_from_text(ASKED, "It holds 60 [1][2]. [7] It runs often (Source 2).", system="s", sources=sources)
    assert [[c.article_id for c in s.citations] for s in row.sentences] == [["ferry", "bridge"], ["bridge"]]
    assert row.plain_text == "It holds 60. It runs often."


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("The provided sources do not mention how many people it holds.", "abstained"),
        ("", "abstained"),
        ("Empty Response", "abstained"),
        ("The boat holds 60 people. The sources do not say how old it is.", "answered"),
    ],
)
def test_a_free_text_abstains_when_its_first_sentence_says_so(text: str, status: str) -> None:
    assert row_from_text(ASKED, text, system="s").status == status


def test_an_answer_is_split_behind_the_markers_of_a_sentence() -> None:
    assert split_answer("He left. [1][2] She stayed [3]. The U.S. agreed.\nAll did.") == [
        "He left. [1][2]",
        "She stayed [3].",
        "The U.S. agreed.",
        "All did.",
    ]


def test_the_key_of_an_index_depends_on_the_articles_and_not_on_the_questions(suite: Suite) -> None:
    assert content_key(suite) == content_key(replace(suite, questions=()))
    changed = replace(suite.articles[0], text="Other words.")
    assert content_key(suite) != content_key(replace(suite, articles=(changed, *suite.articles[1:])))


def test_a_suite_is_normalised_as_the_index_stores_it_and_its_gold_moves_along() -> None:
    text = "\r\n\ufeffIt was\u200b closed.\r\nIt was cafe\u0301 time. It was closed."
    quote = "It was cafe\u0301 time."
    gold = GoldQuote("a", quote, text.index(quote), text.index(quote) + len(quote))
    suite = Suite("s", Path(), (Article("a", "T", text),), (replace(ASKED, evidence=(gold,)),))
    stored = as_stored(suite)
    (moved,) = stored.questions[0].evidence
    assert stored.texts["a"][moved.start_char : moved.end_char] == moved.quote == "It was café time."
    assert as_stored(stored) is stored


@pytest.mark.parametrize("spec", ["onrecrd", "openai:ftp://x", "missing.py:System", ""])
def test_a_name_that_is_no_system_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="no system"):
        check_spec(spec)


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "mine.py"
    path.write_text("class Mine:\n    def __init__(self, options):\n        self.options = options\n")
    yield path


def test_a_system_of_ones_own_is_made_from_its_file(module: Path, options: SystemOptions) -> None:
    assert make_system(f"{module}:Mine", options).options == options  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="no class 'Other'"):
        make_system(f"{module}:Other", options)
    with pytest.raises(InputError, match="no module 'no_such'"):
        make_system("no_such:Mine", options)
