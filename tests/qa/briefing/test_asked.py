"""Questions that ask for a brief get one; questions that ask for anything else do not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from onrecord.index import Filter, Library
from onrecord.qa.assistant import Assistant
from onrecord.qa.briefing.asked import wish_of
from onrecord.qa.steps import recency
from onrecord.qa.types import Finished, SentenceDone, Writing
from tests.conftest import ARTICLES, FakeEmbedder, FakeEngine, fill

SUITES = sorted(Path(__file__).parents[3].glob("eval/**/questions.jsonl"))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    fill(tmp_path / "data", FakeEmbedder())
    with Library(tmp_path / "data", embedder=FakeEmbedder()) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "about", "one"),
    [
        ("What is this about?", "", False),
        ("What are these articles all about", "", False),
        ("Could you please summarise this for me?", "", False),
        ("Give me a short overview of the articles.", "", False),
        ("Summarise the article about the flood in Pell.", "the flood in Pell", True),
        ("Summarize the articles on the flood", "the flood", False),
        ("Brief me on Rita Sorn", "Rita Sorn", False),
        ("I'd like a summary of the floods", "the floods", False),
    ],
)
def test_what_is_to_be_in_brief_is_read_from_the_question(
    library: Library, question: str, about: str, one: bool
) -> None:
    wish = wish_of(question, None, Assistant(library, None)._tools())
    assert wish is not None and (wish.about, wish.one) == (about, one)


@pytest.mark.parametrize(
    "question",
    [
        "What is the treaty about?",
        "What was the deal about?",
        "Summarise what the mayor said.",
        "Who wrote the summary of the report?",
        "What happened last week?",
        "Summarise the story in two sentences.",
        "Did the minister brief the press on the last two weeks?",
    ],
)
def test_an_ordinary_question_asks_for_none(library: Library, question: str) -> None:
    assert wish_of(question, None, Assistant(library, None)._tools()) is None


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.parent.name)
def test_no_question_of_a_suite_is_taken_for_one(library: Library, suite: Path) -> None:
    questions = [json.loads(line)["question"] for line in suite.read_text(encoding="utf-8").splitlines()]
    tools = Assistant(library, None)._tools()
    assert questions and not [one for one in questions if wish_of(one, None, tools)]


def test_the_last_two_weeks_end_with_the_newest_article_and_keep_to_the_filter(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recency, "today", lambda: date(2026, 11, 27))
    tools = Assistant(library, None)._tools()
    wish = wish_of("Brief me on the last two weeks", Filter(published_to="2024-04-18"), tools)
    assert wish and wish.scope == Filter(published_from="2024-04-06", published_to="2024-04-18")
    answer = Assistant(library, None).ask("Brief me on the last two weeks")
    assert {quote.article_id for quote in answer.citations} == {"museum"}
    assert answer.warnings == (
        "A brief of 1 article, 20 April 2024.",
        "“Last two weeks” was taken as 6 to 20 April 2024.",
        "The newest article is of 20 April 2024.",
    )


def test_the_model_words_long_sentences_and_what_does_not_hold_is_the_articles_own(library: Library) -> None:
    lead = (
        "Divers recovered 312 silver coins from the harbour of Port Asel last summer, after a storm had moved the sand "
    )
    second = (
        "The museum of Port Asel will show the coins from 2 May in its largest hall, beside the chest in which they "
    )
    text = f"{lead}that hid them for centuries. {second}were found by the two divers of the town."
    library.add([replace(ARTICLES[2], text=text)])
    engine, short = FakeEngine(), "Divers recovered 312 silver coins from the harbour of Port Asel last summer."
    engine.enqueue(short, "The museum of Port Asel will show the coins from 9 June in its largest hall.")
    events = list(Assistant(library, engine).stream("Summarise the article about the silver coins of Port Asel"))
    done = [event.sentence for event in events if isinstance(event, SentenceDone)]
    assert [one.text for one in done] == [short, library.sentences("museum")[1].text]
    assert [one.citations[0].quote for one in done] == [one.text for one in library.sentences("museum")]
    assert any(isinstance(event, Writing) for event in events)
    last = events[-1]
    assert isinstance(last, Finished) and last.answer.sentences == tuple(done)
    assert last.answer.model == engine.name and last.answer.timings["model_calls"] == 2


def test_a_subject_that_no_article_has_is_silence_with_a_reason(library: Library) -> None:
    answer = Assistant(library, FakeEngine()).ask("Brief me on the moon landing of 1969")
    assert (answer.status, answer.reason) == ("abstained", "nothing_found")
    assert len(ARTICLES) == len(library.articles())
