import json
import os
import socket
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from onrecord.index.errors import StoreError
from onrecord.index.library import Library
from onrecord.qa.settings import Settings
from onrecord.ui.cli import group as cli_group
from onrecord.ui.cli import opening as cli_open
from onrecord.ui.cli.chat import users_of
from onrecord.ui.server import doors
from tests.conftest import FakeEmbedder, FakeEngine
from tests.ports import free_port
from tests.ui.cli_stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return staged(tmp_path, monkeypatch)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that brings the command ``greet``; the name of its module."""
    (tmp_path / "greetings").mkdir()
    (tmp_path / "greetings" / "__init__.py").write_text("")
    (tmp_path / "greetings" / "commands.py").write_text(
        '"""Greets people.\n\nAt length."""\nimport typer\nfrom onrecord.index.errors import InputError\n'
        "app = typer.Typer()\n\n@app.command()\ndef hello(name: str, json: bool = False) -> None:\n"
        "    if name == 'nobody':\n        raise InputError('There is nobody to greet; name someone.')\n"
        "    print('Hello', name)\n\n@app.command()\ndef bye() -> None:\n    print('Bye')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("greetings", "greetings.commands"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    entries = [
        EntryPoint("greet", "greetings.commands:app", cli_group.PLUGINS),
        EntryPoint("broken", "greetings.gone:app", cli_group.PLUGINS),
    ]
    monkeypatch.setattr(cli_group, "entry_points", lambda group: entries)
    return "greetings.commands"


def test_help_lists_plugged_in_commands_with_their_description_without_importing_them(
    stage: Stage, plugin: str
) -> None:
    shown = stage.run("--help").stdout
    assert "greet" in shown
    assert "Greets people." in shown
    assert plugin not in sys.modules


def test_a_plugged_in_command_runs_and_its_errors_are_one_line_too(stage: Stage, plugin: str) -> None:
    assert stage.run("greet", "hello", "Ada").stdout == "Hello Ada\n"
    assert "hello" in stage.run("greet", "--help").stdout
    result = stage.run("greet", "hello", "nobody")
    assert (result.exit_code, result.stderr) == (1, "onrecord: There is nobody to greet; name someone.\n")


def test_a_plugged_in_command_that_cannot_be_imported_breaks_nothing_else(stage: Stage, plugin: str) -> None:
    result = stage.run("broken")
    assert result.exit_code == 1
    assert "broken (greetings.gone:app) cannot be loaded" in result.stderr
    assert stage.run("list").exit_code == 0


def test_called_with_nothing_it_shows_its_help_and_exits_2(stage: Stage) -> None:
    result = stage.run()
    assert result.exit_code == 2
    assert "Commands" in result.stdout
    nested = stage.run("keys")
    assert (nested.exit_code, nested.stderr) == (2, "")
    assert "revoke" in nested.stdout


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["ask"], ["ask", "x", "--frob"], ["search", "x", "--top-k", "0"]]
)
def test_wrong_usage_is_one_line_with_a_way_to_the_help_and_exit_code_2(stage: Stage, arguments: list[str]) -> None:
    result = stage.run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("onrecord: ")
    assert "--help` shows how it is used." in result.stderr
    assert result.stderr.count("\n") == 1
    document = stage.json(*arguments, code=2)
    assert document["kind"] == "UsageError"


def test_an_error_that_nobody_foresaw_is_one_line_that_says_how_to_see_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(settings: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(cli_open, "open_library", fail)
    result = stage.run("list")
    assert result.exit_code == 1
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "ONRECORD_DEBUG=1" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_traceback_is_shown_when_it_is_asked_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: object) -> None:
        raise StoreError("The disk is full; make room.")

    monkeypatch.setattr(cli_open, "open_library", fail)
    monkeypatch.setenv("ONRECORD_DEBUG", "1")
    shown = stage.run("list").stderr
    assert "Traceback" in shown
    assert shown.endswith("onrecord: The disk is full; make room.\n")


def test_a_warning_of_ours_is_one_line_and_not_on_standard_output(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    import logging

    opened = cli_open.open_library

    def warn(settings: object) -> object:
        logging.getLogger("onrecord.index.anything").warning("The disk is %s.", "slow")
        logging.getLogger("chromadb").error("telemetry failed")
        return opened(settings)  # type: ignore[arg-type]

    monkeypatch.setattr(cli_open, "open_library", warn)
    result = stage.run("list", "--json")
    assert json.loads(result.stdout)["count"] == 0
    assert result.stderr == "onrecord: The disk is slow.\n"


def test_the_version_is_printed(stage: Stage) -> None:
    assert stage.run("--version").stdout.startswith("onrecord 0.")


def test_models_are_listed_with_size_and_licence(stage: Stage) -> None:
    shown = stage.run("models").stdout
    assert shown == stage.run("models", "list").stdout
    assert "qwen2.5-coder-1.5b" in shown
    assert "Apache-2.0" in shown
    listed = stage.json("models")
    assert listed["folder"] == str(stage.folder / "models")
    assert not any(model["here"] for model in listed["models"])
    assert {"name", "bytes", "licence", "here", "repository"} <= set(listed["models"][0])


def test_the_list_says_what_suits_the_machine_what_was_not_run_and_what_is_not_calibrated(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onrecord.index.models.suggestion.machine_memory", lambda: 16 * 2**30)
    monkeypatch.setattr("onrecord.qa.engines.llamacpp.physical_cores", lambda: 8)
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in stage.run("models").stdout.splitlines()}
    about, size, memory, licence, here = rows["qwen3-4b-instruct-2507"]
    assert about.endswith("; suggested for this machine; not run by us; uncalibrated")
    assert (size, memory, licence, here) == ("2.5 GB", "4.4 GB", "Apache-2.0", "")
    assert rows["qwen3.5-2b"][1] == "about 1.4 GB"
    assert rows["qwen2.5-coder-1.5b"][0] == "writes the answers (default)"
    listed = {model["name"]: model for model in stage.json("models")["models"]}
    assert [name for name, model in listed.items() if model["suggested"]] == ["qwen3-4b-instruct-2507"]
    assert [name for name, model in listed.items() if model["calibrated"]] == ["qwen2.5-coder-1.5b", "all-minilm-l6-v2"]
    (address,) = listed["granite-4.1-3b"]["addresses"]
    assert address.startswith("https://") and address.endswith("/granite-4.1-3b-Q4_K_M.gguf")


def test_a_model_that_is_not_in_the_catalogue_cannot_be_pulled(stage: Stage) -> None:
    document = stage.json("models", "pull", "smollm2-135m", "gpt-9", code=1)
    assert document["kind"] == "InputError"
    assert "gpt-9" in document["error"]


def test_a_model_is_pulled_from_a_file_only_if_it_is_the_publishers(stage: Stage) -> None:
    (stage.folder / "wrong.gguf").write_bytes(b"GGUF but not the one")
    result = stage.run("models", "pull", "smollm2-135m", "--from", "wrong.gguf")
    assert result.exit_code == 1
    assert "checksum" in result.stderr
    assert result.stderr.count("\n") == 1


def test_several_models_are_pulled_with_their_progress(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled: list[str] = []

    def pull(name: str, *, on_progress: object, sources: object) -> Path:
        pulled.append(name)
        return stage.folder / name

    monkeypatch.setattr("onrecord.index.models.pull.pull", pull)
    document = stage.json("models", "pull", "smollm2-135m", "all-minilm-l6-v2", "smollm2-135m")
    assert pulled == ["smollm2-135m", "all-minilm-l6-v2"]
    assert [model["name"] for model in document["pulled"]] == pulled
    assert "smollm2-135m pulled (98.4 MB)." in stage.run("models", "pull", "smollm2-135m").stdout


@pytest.mark.page
def test_chat_serves_the_collection_with_the_settings_given(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from onrecord.ui.server import app as server

    stage.fill()
    stage.engine = FakeEngine()
    served: dict[str, object] = {}

    def create_app(library: object, assistant: object, **options: object) -> str:
        served.update(options, library=library)
        return "app"

    monkeypatch.setattr(server, "create_app", create_app)
    monkeypatch.setattr(doors, "add_doors", lambda app, **options: served.update(doors=options["host"]))
    monkeypatch.setattr(server, "serve", lambda app, host, port, **_: served.update(app=app, port=port))
    port = free_port()
    result = stage.run("chat", "--port", str(port), "--auth", "ada:secret:x", "--no-browser")
    assert result.exit_code == 0, result.output
    assert (served["app"], served["port"], served["host"]) == ("app", port, "127.0.0.1")
    assert served["users"] == {"ada": "secret:x"}
    assert served["doors"] == "127.0.0.1", "the doors for other programs are open too"
    assert stage.engine.closed
    assert stage.json("list")["count"] == 3, "the folder is free again"


@pytest.mark.page
def test_a_port_in_use_is_said_before_anything_is_loaded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_open, "open_library", None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = stage.run("chat", "--port", port)
    assert result.exit_code == 1
    assert f"Port {port}" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.page
def test_the_page_is_not_served_to_other_machines_without_a_password(stage: Stage) -> None:
    result = stage.run("chat", "--host", "0.0.0.0")
    assert result.exit_code == 1
    assert "--auth" in result.stderr
    assert stage.run("chat", "--auth", "ada").exit_code == 2


def test_pairs_of_name_and_password_may_hold_colons_in_the_password() -> None:
    assert users_of(("a:b:c", "d:e")) == {"a": "b:c", "d": "e"}


def test_json_is_printed_whatever_the_output_can_encode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xff.txt")
    for encoding in ("ascii", "utf-8"):
        with (tmp_path / encoding).open("w", encoding=encoding) as out:
            cli_group.print_json({"path": name, "é": "“"}, to=out)
        assert json.loads((tmp_path / encoding).read_text(encoding)) == {"path": name, "é": "“"}


def test_a_further_collection_shares_the_embedder_of_the_first(tmp_path: Path) -> None:
    with Library(tmp_path / "first", embedder=FakeEmbedder()) as first:
        beside = cli_open.open_beside(Settings(data=tmp_path / "first"), first, tmp_path / "beside")
        with beside:
            assert beside.embedder is first.embedder and beside.path == tmp_path / "beside"
