import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.qa.settings import ModelSettings
from onrecord.qa.steps import check
from onrecord.qa.steps.check import calibration, not_calibrated


@pytest.fixture
def with_a_second_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    stored = json.loads(Path(check.__file__).with_name("answerability.json").read_text(encoding="utf-8"))
    own = stored["with_model"] | {"bias": 9.0, "provenance": {"model": "second"}}
    monkeypatch.setattr(check, "_stored", lambda: stored | {"models": {"second": own}})
    calibration.cache_clear()
    yield
    calibration.cache_clear()


def test_the_default_model_is_calibrated_and_another_is_said_not_to_be() -> None:
    default = ModelSettings().name
    assert not_calibrated(default) == ""
    assert f"mine is not calibrated: whether the articles answer is decided as fitted to {default}" in not_calibrated(
        "mine"
    )


def test_a_model_with_a_fit_of_its_own_is_decided_by_it(with_a_second_model: None) -> None:
    assert not_calibrated("second") == ""
    assert calibration(with_model=True, model="second").bias == 9.0
    assert calibration(with_model=True, model="third") == calibration(with_model=True)
    assert calibration(with_model=False, model="second") == calibration(with_model=False)
