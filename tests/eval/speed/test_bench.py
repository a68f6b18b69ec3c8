"""The benchmark over three small articles, with fakes: what is measured beside what, not how fast it is."""

import json
from pathlib import Path
from typing import Any

from onrecord.eval.runs.machine import engine_build, machine
from onrecord.eval.speed.bench import bench, bench_table, memory_mib
from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.recording import RecordingEngine, replayed
from onrecord.index.types import Article

MESSAGES = [{"role": "user", "content": "How many?"}]


def test_the_bare_engine_gets_the_same_calls_and_is_read_as_far(engine: Any) -> None:
    recording = RecordingEngine(engine)
    engine.enqueue("Sixty people in all.")
    recording.first_tokens(MESSAGES)
    pieces = recording.generate(MESSAGES, max_tokens=9)
    assert [next(pieces), next(pieces)] == ["Sixty", " people"]
    pieces.close()  # type: ignore[attr-defined]
    recording.yes_probability(MESSAGES)
    calls = recording.take_calls()
    assert engine.cancelled == 1 and [call.pieces for call in calls] == [0, 2, 0]
    engine.enqueue("Sixty people in all.")
    replay = replayed(engine, calls)
    assert engine.cancelled == 2 and engine.prompts[:3] == engine.prompts[3:]
    assert len(replay.first_piece) == 3 and replay.first_piece[1] <= replay.total
    assert recording.take_calls() == []


def test_the_benchmark_measures_indexing_searches_and_memory_without_a_model(
    tmp_path: Path, articles: tuple[Article, ...], monkeypatch: Any, embedder: Any
) -> None:
    monkeypatch.setattr("onrecord.index.library.load_embedder", lambda *_, **__: embedder)
    questions = tuple(Question(f"q{n}", "Who said repairs would cost 2.4 million?", "fact", True) for n in range(4))
    result = bench(Suite("small", Path(), articles, questions), SystemOptions(index_folder=tmp_path), articles=2)
    assert (result.indexing.articles, result.searching.articles, result.searching.queries) == (2, 3, 4)
    assert result.indexing.passages >= 2 and result.indexing.share > 0
    assert 0 < result.searching.p50_ms <= result.searching.p95_ms
    assert result.answering is None and result.memory_mib > 10
    assert json.loads(result.to_json())["indexing"]["share"] == result.indexing.share
    assert "not measured" in bench_table(result) and "small" in bench_table(result)


def test_an_answer_is_measured_beside_its_own_prompts_on_the_bare_engine(
    tmp_path: Path, articles: tuple[Article, ...], monkeypatch: Any, embedder: Any, engine: Any
) -> None:
    monkeypatch.setattr("onrecord.index.library.load_embedder", lambda *_, **__: embedder)
    engine.enqueue(*["The boat holds 60 people and runs every 20 minutes."] * 40)
    question = Question("q1", "How many people does the boat hold?", "fact", True)
    options = SystemOptions(index_folder=tmp_path, flags={"answer.strictness": "lenient"})
    result = bench(Suite("small", Path(), articles, (question,)), options, engine=engine, articles=2)
    assert result.answering is not None and result.answering.questions == 1
    assert 0 < result.answering.first_token <= result.answering.answer
    assert 0 < result.answering.bare_first_token <= result.answering.bare_answer
    assert "ratio" in bench_table(result)


def test_the_machine_says_which_build_of_the_engine_is_installed() -> None:
    assert machine()["cores"] and engine_build() in ("wheel", "native") and memory_mib() > 10
