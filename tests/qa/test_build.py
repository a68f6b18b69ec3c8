"""Settings -> objects."""

import logging
from pathlib import Path

import pytest

from onrecord.index.errors import ModelMissing
from onrecord.qa.build import build_assistant, build_engine, build_library
from onrecord.qa.engines.http import UrlEngine
from onrecord.qa.settings import AnswerSettings, ModelSettings, Settings


def test_the_library_lies_in_the_data_folder_of_the_settings(tmp_path: Path) -> None:
    with build_library(Settings(data=tmp_path / "mine")) as library:
        assert Path(library.path) == tmp_path / "mine"


def test_without_a_model_there_is_no_engine() -> None:
    assert build_engine(Settings(model=ModelSettings(name="none"))) is None


def test_before_the_model_is_pulled_there_is_no_engine_and_a_warning_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path))
    with caplog.at_level(logging.WARNING, logger="onrecord"):
        assert build_engine(Settings()) is None
    assert "onrecord models pull qwen2.5-coder-1.5b" in caplog.text


def test_a_model_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"gone\.gguf"):
        build_engine(Settings(model=ModelSettings(name=str(tmp_path / "gone.gguf"))))


def test_an_address_gives_the_engine_of_a_server() -> None:
    engine = build_engine(Settings(model=ModelSettings(name="served", url="http://127.0.0.1:1/v1")))
    assert isinstance(engine, UrlEngine)
    assert engine.name == "served" and engine.at_once == 1


def test_addresses_with_commas_between_them_are_one_engine() -> None:
    urls = "http://127.0.0.1:1/v1, http://127.0.0.1:2/v1,"
    engine = build_engine(Settings(model=ModelSettings(name="served", url=urls)))
    assert isinstance(engine, UrlEngine) and engine.at_once == 2


def test_the_assistant_gets_its_own_section(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, answer=AnswerSettings(top_k=3))
    with build_library(settings) as library:
        assert build_assistant(settings, library=library).settings == AnswerSettings(top_k=3)
