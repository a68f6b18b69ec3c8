"""The layers of the settings, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from onrecord.index.errors import InputError
from onrecord.qa.settings import (
    AnswerSettings,
    ModelSettings,
    RetrievalSettings,
    Settings,
    load_settings,
    setting_names,
)


@pytest.fixture(autouse=True)
def _empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_layer_everything_has_its_default() -> None:
    assert load_settings(env={}) == Settings()


def test_each_layer_wins_over_the_one_before_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('data = "from-file"\n[answer]\ntop_k = 1\nevidence_tokens = 100\nmax_answer_tokens = 10\n')
    settings = load_settings(
        file,
        env={"ONRECORD_ANSWER_EVIDENCE_TOKENS": "200", "ONRECORD_ANSWER_MAX_ANSWER_TOKENS": "20"},
        flags={"answer.max_answer_tokens": 30},
    )
    assert settings.answer == AnswerSettings(top_k=1, evidence_tokens=200, max_answer_tokens=30)
    assert settings.data == Path("from-file")


def test_the_file_in_the_working_folder_is_read_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "onrecord.toml").write_text("[retrieval]\ntop_k = 3\n")
    other = tmp_path / "other.toml"
    other.write_text("[retrieval]\ntop_k = 4\n")
    assert load_settings(env={}).retrieval.top_k == 3
    assert load_settings(env={"ONRECORD_CONFIG": str(other)}).retrieval.top_k == 4
    assert load_settings(other, env={}).retrieval.top_k == 4


def test_variables_become_numbers_and_paths() -> None:
    settings = load_settings(
        env={
            "ONRECORD_DATA": "~/articles",
            "ONRECORD_ANSWER_COMPARE_SOURCES": "false",
            "ONRECORD_MODEL_THREADS": "3",
        }
    )
    assert settings.data == Path.home() / "articles"
    assert settings.answer == AnswerSettings(compare_sources=False)
    assert settings.model == ModelSettings(threads=3)


def test_flags_that_were_not_given_change_nothing() -> None:
    assert load_settings(env={}, flags={"data": None, "model.name": None}) == Settings()


@pytest.mark.parametrize(
    ("env", "flags", "message"),
    [
        (
            {"ONRECORD_ANSWER_TOPK": "5"},
            {},
            r"'answer\.topk' \(ONRECORD_ANSWER_TOPK\).*answer has top_k, evidence_tokens",
        ),
        (
            {"ONRECORD_COLOUR": "red"},
            {},
            r"'colour' \(ONRECORD_COLOUR\).*sections index, fetch, retrieval, model, answer\.",
        ),
        ({}, {"index.embeder": "x"}, r"'index\.embeder'.*the section index has embedder"),
        ({}, {"answer": 3}, r"no setting 'answer'"),
        ({}, {"server.port": 8000}, r"no setting 'server\.port'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    env: dict[str, str], flags: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_settings(env=env, flags=flags)


@pytest.mark.parametrize("text", ["colour = 1", "[colours]\nred = 1", "[answer]\ntopk = 1", "[answer.top_k]\nx = 1"])
def test_an_unknown_name_in_the_file_is_refused_at_every_level(tmp_path: Path, text: str) -> None:
    (tmp_path / "onrecord.toml").write_text(text)
    with pytest.raises(InputError, match=r"onrecord\.toml"):
        load_settings(env={})


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"answer.strictness": "hard"}, r"answer\.strictness = 'hard'.*'lenient', 'balanced' or 'strict'"),
        ({"answer.top_k": "x"}, r"answer\.top_k = 'x'"),
        ({"answer.top_k": 0}, r"answer\.top_k = 0.*1 or more"),
        ({"model.context_tokens": 10}, r"model\.context_tokens = 10"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_the_reason(flags: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_settings(env={}, flags=flags)


def test_where_answers_are_served_is_passed_over_in_the_file_and_the_variables(tmp_path: Path) -> None:
    (tmp_path / "onrecord.toml").write_text("[retrieval]\ntop_k = 3\n[server]\nport = 8000\n")
    settings = load_settings(env={"ONRECORD_SERVER_HOST": "0.0.0.0"})
    assert settings == Settings(retrieval=RetrievalSettings(top_k=3))


def test_a_file_that_is_missing_or_not_toml_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml cannot be read"):
        load_settings(tmp_path / "nowhere.toml", env={})
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe = [")
    with pytest.raises(InputError, match="not valid TOML"):
        load_settings(tmp_path / "bad.toml", env={})


def test_secrets_are_not_in_the_printed_settings() -> None:
    assert "hidden" not in repr(Settings(model=ModelSettings(api_key="hidden")))


def test_every_setting_has_a_dotted_name() -> None:
    assert {"data", "index.embedder", "retrieval.top_k", "model.name", "answer.strictness"} <= set(setting_names())


@pytest.mark.slow
def test_the_settings_load_no_heavy_library() -> None:
    code = (
        "import sys; import onrecord.qa.settings;"
        "print([m for m in ('torch', 'gradio', 'llama_index', 'pydantic', 'xllamacpp') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
