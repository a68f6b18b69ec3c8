"""One step of the assistant left out: the others stay as they are."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import ResultRow
from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.make import make_system
from onrecord.index.types import Article

ASKED = Question("q1", "When were the coins struck?", "fact", True, answers=("1643",))


@pytest.fixture
def ask(tmp_path: Path, articles: tuple[Article, ...], embedder: Any, engine: Any) -> Any:
    """Asks one question of the system of a class's name."""

    def asked(name: str, question: Question = ASKED, *, compare: bool = False) -> ResultRow:
        options = SystemOptions(index_folder=tmp_path / "index", flags={"answer.compare_sources": str(compare).lower()})
        system: Any = make_system(f"onrecord.eval.systems.ablations:{name}", options)
        system._engine, system._embedder = engine, embedder
        with closing(system):
            system.prepare(Suite("small", Path(), articles, (question,)))
            row: ResultRow = system.answer(question)
        return row

    return asked


def test_without_the_check_everything_is_answered(ask: Any, engine: Any) -> None:
    engine.yes = 0.001
    engine.enqueue("The coins were struck in 1643.")
    row = ask("NoCheck")
    assert (row.system, row.status) == ("onrecord-nocheck", "answered")


def test_without_the_look_the_model_only_writes(ask: Any, engine: Any) -> None:
    engine.enqueue("The coins were struck in 1643.")
    assert ask("NoLook").status == "answered"
    assert engine.usage.calls == 1


def test_without_the_verifier_what_does_not_stand_is_shown(ask: Any, engine: Any) -> None:
    engine.enqueue("The coins were struck in 1742, said curator Nadia Roux.")
    assert "1742" in ask("NoVerifier").text


def test_without_the_comparison_texts_are_not_read_on_their_own(ask: Any, engine: Any) -> None:
    cost = Question("q2", "How much would the repairs of the Old Mill Bridge cost?", "fact", True, answers=("2.4",))
    engine.enqueue("The repairs would cost 2.4 million euros.")
    assert ask("NoComparison", cost, compare=True).status == "answered"
    assert engine.usage.calls == 3  # two looks and the draft


@pytest.mark.parametrize("name", ["NoLeadIns", "NoChoice"])
def test_other_evidence_is_still_cited_to_the_letter(ask: Any, engine: Any, articles: Any, name: str) -> None:
    engine.enqueue("The coins were struck in 1643.")
    row = ask(name)
    texts = {article.id: article.text for article in articles}
    assert row.evidence
    assert all(texts[e.article_id][e.start_char : e.end_char] == e.text for e in row.evidence)


def test_a_system_that_leaves_nothing_out_is_none(ask: Any) -> None:
    with pytest.raises(TypeError, match="leaves nothing out"):
        ask("_Ablated")
