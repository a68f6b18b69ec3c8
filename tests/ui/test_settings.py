"""The section that says where and how answers are served; the layers are tested in tests/qa/test_settings.py."""

from pathlib import Path

import pytest

from onrecord.index.errors import InputError
from onrecord.qa.settings import RetrievalSettings
from onrecord.ui.settings import AllSettings, ServerSettings, load_settings


@pytest.fixture(autouse=True)
def _empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_layer_reaches_the_section_and_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "onrecord.toml").write_text(
        '[retrieval]\ntop_k = 3\n[server]\nport = 1\nhost = "::1"\nconnections = 9\n'
    )
    settings = load_settings(
        env={"ONRECORD_SERVER_PORT": "8000", "ONRECORD_SERVER_CONNECTIONS": "8"}, flags={"server.connections": 7}
    )
    assert settings == AllSettings(
        retrieval=RetrievalSettings(top_k=3), server=ServerSettings(host="::1", port=8000, connections=7)
    )


def test_a_variable_becomes_a_list_at_its_commas() -> None:
    settings = load_settings(env={"ONRECORD_SERVER_ALLOWED_HOSTS": "desk.example, news.example"})
    assert settings.server.allowed_hosts == ("desk.example", "news.example")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nports = 1", r"'server\.ports' \(onrecord\.toml\); the section server has host, port"),
        ("[colours]\nred = 1", r"'colours' \(onrecord\.toml\); .*retrieval, model, answer, server\."),
        ("server = 3", r"'server' \(onrecord\.toml\)"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "onrecord.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        load_settings(env={})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("server.port", "x", r"server\.port = 'x'"),
        ("server.port", 70000, r"server\.port = 70000 .* a number from 0 to 65535"),
        ("server.connections", 0, r"server\.connections = 0 .* 1 or more"),
        ("server.idle_seconds", float("nan"), r"server\.idle_seconds = nan .* 1 or more"),
        (
            "server.traces",
            "collector:4318",
            r"server\.traces cannot be used: .* http://127\.0\.0\.1:4318, or file:PATH",
        ),
        ("server.traces", "http://", r"server\.traces cannot be used"),
        ("server.traces", "file:", r"server\.traces cannot be used"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_the_reason(name: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_settings(env={}, flags={name: value})


@pytest.mark.parametrize("place", ["http://collector:4318", "https://collector/otlp/v1/traces", "file:~/spans.jsonl"])
def test_traces_go_to_a_collector_or_into_a_file(place: str) -> None:
    assert load_settings(env={"ONRECORD_SERVER_TRACES": place}).server.traces == place
    assert load_settings(env={}).server.traces == ""


def test_a_collector_s_password_is_refused_in_its_address_and_not_shown() -> None:
    with pytest.raises(InputError, match="OTEL_EXPORTER_OTLP_HEADERS") as refused:
        load_settings(env={}, flags={"server.traces": "http://me:hidden@collector:4318"})
    assert "hidden" not in str(refused.value)


def test_passwords_are_not_in_the_printed_settings() -> None:
    assert "hidden" not in repr(AllSettings(server=ServerSettings(auth=("me:hidden",))))
