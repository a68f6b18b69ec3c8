import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onrecord.eval.fitting.calibrate import (
    Observation,
    fit,
    observe,
    write_calibration,
)
from onrecord.eval.suites.loading import Question
from onrecord.index import Article, Embedder, InputError, Library
from onrecord.qa.judges.reader import READER
from onrecord.qa.steps.check import TEXT_SIGNALS, Calibration, probability

pytestmark = pytest.mark.slow  # scikit-learn takes its second and a half


def observations(count: int, *, suite: str = "dev", seed: int = 1, shift: float = 1.0) -> list[Observation]:
    """The judge tells the labels apart, nearness is noise."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        answerable = number % 2 == 0
        signals = {
            "nearness": float(random.normal(0.5, 0.1)),
            "answers": float(random.normal(shift if answerable else 0.0, 0.5)),
        }
        found.append(Observation(f"{suite}-{number}", suite, answerable, signals))
    return found


def test_the_signal_that_tells_the_labels_apart_gets_the_weight() -> None:
    fitted = fit(observations(300))
    assert fitted.weights["answers"] > 1
    assert 0.1 * abs(fitted.weights.get("nearness", 0.0)) < 0.2 * fitted.weights["answers"]  # a spread of .1 beside .5
    assert 0.85 < fitted.roc_auc < 0.97
    assert fitted.calibration_error < 0.1


def test_the_fit_is_what_the_assistant_computes_with() -> None:
    fitted = fit(observations(300))
    shipped = Calibration(fitted.weights, fitted.bias, fitted.thresholds, {})
    likely = dict.fromkeys(TEXT_SIGNALS, 0.5) | {"answers": 2.0}
    assert probability(likely, shipped) > 0.9
    assert probability(likely | {"answers": -1.0}, shipped) < 0.1


def test_thresholds_rise_with_strictness() -> None:
    thresholds = fit(observations(300, shift=0.5)).thresholds
    assert thresholds["lenient"] < thresholds["balanced"] < thresholds["strict"]


def test_signals_that_say_nothing_are_held_out_as_chance() -> None:
    assert fit(observations(400, shift=0.0)).roc_auc == pytest.approx(0.5, abs=0.1)


def test_a_small_suite_weighs_as_much_as_a_large_one() -> None:
    turned = [
        Observation(o.question_id, "other", not o.answerable, o.signals)
        for o in observations(40, suite="other", seed=2)
    ]
    alone = fit(observations(400)).weights["answers"]
    assert fit([*observations(400), *turned]).weights.get("answers", 0.0) < 0.2 * alone


def test_the_fit_repeats_with_its_seed() -> None:
    assert fit(observations(100), seed=3) == fit(observations(100), seed=3)


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(InputError, match="found 10 and 9"):
        fit(observations(19))


def test_the_part_that_was_not_fitted_stays_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answerability.json"
    path.write_text(json.dumps({"schema_version": 2, "with_model": {"bias": 7}, "without_model": {}}))
    fitted = fit(observations(100))
    write_calibration(path, fitted, with_model=False, provenance={"suites": ["dev"]})
    data: dict[str, Any] = json.loads(path.read_text())
    assert data["with_model"] == {"bias": 7}
    assert data["without_model"]["thresholds"] == fitted.thresholds
    assert data["without_model"]["held_out"]["n"] == 100
    assert data["without_model"]["provenance"] == {"suites": ["dev"]}


def test_a_further_model_gets_a_part_of_its_own_and_the_first_keeps_its(tmp_path: Path) -> None:
    path = tmp_path / "answerability.json"
    first = {"bias": 7, "provenance": {"model": "first"}}
    path.write_text(json.dumps({"schema_version": 2, "with_model": first, "without_model": {}}))
    fitted = fit(observations(100))
    write_calibration(path, fitted, with_model=True, provenance={"model": "other"})
    data = json.loads(path.read_text())
    assert data["with_model"] == first
    assert data["models"]["other"]["thresholds"] == fitted.thresholds
    write_calibration(path, fitted, with_model=True, provenance={"model": "first"})
    data = json.loads(path.read_text())
    assert data["with_model"] == data["models"]["other"] | {"provenance": {"model": "first"}}


def test_what_a_reader_decides_has_its_part_of_the_file(tmp_path: Path) -> None:
    read = [
        Observation(
            one.question_id,
            one.suite,
            one.answerable,
            {**one.signals, READER: 2.0 * one.answerable - 1.0, "nearness_in_many": 0.3},
        )
        for one in observations(100)
    ]
    path = tmp_path / "answerability.json"
    path.write_text(json.dumps({"schema_version": 2, "with_model": {"bias": 7}, "without_model": {}}))
    fitted = fit(read)
    write_calibration(path, fitted, with_model=True, provenance={"model": "first"})
    data = json.loads(path.read_text())
    assert fitted.roc_auc > 0.95 and READER in fitted.weights
    assert data["with_model"] == {"bias": 7} and data["with_reader"]["provenance"] == {"model": "first"}


def test_an_assistant_is_observed_without_being_changed(
    tmp_path: Path, embedder: Embedder, articles: Sequence[Article]
) -> None:
    questions = [
        Question("q1", "When was the Old Mill Bridge closed?", "fact", True),
        Question("q2", "How many coins did divers recover?", "fact", True, scope=("museum",)),
    ]
    with Library(tmp_path / "data", embedder=embedder) as library:
        library.add(articles)
        found = observe(library, None, questions, suite="small")
    assert [(one.question_id, one.suite, one.answerable) for one in found] == [
        ("q1", "small", True),
        ("q2", "small", True),
    ]
    assert set(found[0].signals) == set(TEXT_SIGNALS)
