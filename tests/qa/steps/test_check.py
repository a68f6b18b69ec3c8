import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from onrecord.index import Article, Library, Sentence
from onrecord.index.types import Embedder
from onrecord.qa.assistant import Assistant
from onrecord.qa.engines.base import Messages, OnUsage, not_counted
from onrecord.qa.judges.reader import READER
from onrecord.qa.settings import ModelSettings
from onrecord.qa.steps import check
from onrecord.qa.steps.check import MODEL_SIGNALS, calibration, not_calibrated, silence
from onrecord.qa.steps.trace import Model, Trace
from onrecord.qa.types import Evidence
from tests.conftest import FakeEngine


@pytest.fixture
def with_a_second_model(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = json.loads(Path(check.__file__).with_name("answerability.json").read_text(encoding="utf-8"))
    own = stored["with_model"] | {"bias": 9.0, "provenance": {"model": "second"}}
    monkeypatch.setattr(check, "_stored", lambda: stored | {"models": {"second": own}})


def test_the_default_model_is_calibrated_and_another_is_said_not_to_be() -> None:
    default = ModelSettings().name
    assert not_calibrated(default) == ""
    assert f"mine is not calibrated: whether the articles answer is decided as fitted to {default}" in not_calibrated(
        "mine"
    )


def test_a_model_with_a_fit_of_its_own_is_decided_by_it(with_a_second_model: None) -> None:
    assert not_calibrated("second") == ""
    assert calibration(MODEL_SIGNALS, model="second").bias == 9.0
    assert calibration(MODEL_SIGNALS, model="third") == calibration(MODEL_SIGNALS)
    assert calibration((), model="second") == calibration(())


class Reading(FakeEngine):
    """A model with a reader."""

    def __init__(self, says: float) -> None:
        super().__init__()
        self.says = says
        self.read: list[str] = []  # what the reader was shown

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        if adapter != READER:
            return super().yes_probability(messages, adapter=adapter, on_usage=on_usage)
        self.read.append(messages[-1]["content"])
        return self.says


def test_a_model_with_a_reader_is_decided_by_it_and_writes_without_it(
    tmp_path: Path, embedder: Embedder, articles: Sequence[Article]
) -> None:
    question, other = "When was the Old Mill Bridge closed?", "Who built the Old Mill Bridge?"
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        sure, unsure = Reading(0.98), Reading(0.001)
        sure.enqueue(*["The city closed the Old Mill Bridge on Monday."] * 9)
        answered, silent = Assistant(library, sure).ask(question), Assistant(library, unsure).ask(other)
    assert not answered.reason and silent.reason == "not_answered"
    assert not unsure.prompts
    assert sure.read[0].startswith("Sentences:\nFrom “") and sure.read[0].endswith(f"\n\nQuestion: {question}")
    assert sure.prompts and sure.read[0] not in [message["content"] for message in sure.prompts[0]]


@pytest.mark.parametrize(("sure", "status"), [(0.97, "answered"), (0.6, "abstained")])
def test_where_a_draft_fails_the_sentence_that_the_reader_takes_for_an_answer_is_quoted(
    tmp_path: Path, embedder: Embedder, articles: Sequence[Article], sure: float, status: str
) -> None:
    class Alone(Reading):
        """Sure of all sentences together, and of one that is read alone."""

        def yes_probability(
            self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
        ) -> float | None:
            said = messages[-1]["content"]
            self.says = 0.98 if "[3]" in said else sure if "nine months" in said else 0.1
            return super().yes_probability(messages, adapter=adapter, on_usage=on_usage)

    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        engine = Alone(0.98)
        engine.enqueue(*["The repair of the Old Mill Bridge will take four years."] * 9)
        answer = Assistant(library, engine).ask("How long will the repairs of the Old Mill Bridge take?")
    assert answer.status == status
    assert [c.quote for c in answer.citations] == [s.text for s in answer.sentences]
    assert ("nine months" in answer.text) == (status == "answered")


def test_without_a_reader_the_model_itself_says_whether_a_sentence_answers() -> None:
    item = Evidence(7, Sentence("a", 0, 0, 10, "It closed."), title="Bridge")
    reading, plain = Reading(0.75), FakeEngine()
    plain.yes = 0.9
    assert silence(Model(reading, Trace()), "When?", [item]) == 0.25
    assert silence(Model(plain, Trace()), "When?", [item]) == pytest.approx(0.1)
    assert reading.read == ["Sentences:\nFrom “Bridge”:\n[1] It closed.\n\nQuestion: When?"]
