"""What importing a room may load, each in a fresh process: an app that embeds OnRecord pays only for what it uses."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onrecord.index import Library, article_from_text
from tests.conftest import FakeEmbedder

pytestmark = pytest.mark.slow  # each starts a process
HEAVY = (
    "alembic",
    "torch",
    "transformers",
    "sentence_transformers",
    "gradio",
    "chromadb",
    "llama_index",
    "xllamacpp",
    "onnxruntime",
)


def loaded_by(program: str) -> set[str]:
    """Which heavy packages are imported once the program has run."""
    report = (
        f"import sys, json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", f"{program}\n{report}"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stderr.splitlines()[-1]))


@pytest.mark.parametrize("module", ["onrecord.index", "onrecord.qa", "onrecord.qa.build", "onrecord.ui.cli.main"])
def test_importing_a_door_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") == set()


@pytest.mark.parametrize("name", ["Library", "Assistant"])
def test_the_main_class_of_a_room_can_be_had_without_loading_anything_heavy(name: str) -> None:
    room = {"Library": "onrecord.index.library", "Assistant": "onrecord.qa.assistant"}[name]
    assert loaded_by(f"from {room} import {name}") == set()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["ask", "--help"], ["models", "--help"], ["models", "list"], ["--version"]]
)
def test_help_and_lists_load_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "from onrecord.ui.cli.main import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    assert loaded_by(program) == set()


def test_a_collection_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    opened = f"Catalogue(Path({str(tmp_path)!r})).close()"
    program = f"from pathlib import Path\nfrom onrecord.index.store.catalogue import Catalogue\n{opened}\n{opened}\n"
    assert loaded_by(f"{program}import sys; assert 'sqlalchemy' not in sys.modules") == set()


def test_help_loads_neither_an_own_room_nor_numpy() -> None:
    program = (
        "from onrecord.ui.cli.main import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass\nimport sys\n"
    )
    check = "assert not {'numpy', 'onrecord.index', 'onrecord.qa', 'onrecord.eval'} & set(sys.modules)"
    assert loaded_by(program + check) == set()


# What `pip install onrecord` without an extra does not bring, as if it were not there.
WITHOUT_EXTRAS = """
import sys
from importlib.abc import MetaPathFinder
from onrecord.index.extras import _BROUGHT

BROUGHT = {package.split(".")[0] for packages in _BROUGHT.values() for package in packages}
ABSENT = BROUGHT - {"llama_index", "opentelemetry"}

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from onrecord.ui.cli.main import app
app(sys.argv[1:])
"""


def without_extras(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS, *arguments], capture_output=True, text=True)


@pytest.mark.model
@pytest.mark.slow
def test_add_and_search_need_no_extra(tmp_path: Path) -> None:
    article, data = tmp_path / "one.txt", str(tmp_path / "data")
    article.write_text("The Old Mill Bridge in Larnville was closed on Monday.")
    added = without_extras("add", str(article), "--data", data)
    assert (added.returncode, added.stderr) == (0, "")
    found = without_extras("search", "Which crossing was shut?", "--data", data)
    assert found.returncode == 0, found.stderr
    assert "Old Mill Bridge" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (["chat", "--no-model"], "gradio", "page"),
        (["serve", "--no-model"], "(starlette|uvicorn|fastapi)", "serve"),
        (["mcp", "--no-model"], "(starlette|mcp|anyio|fastapi)", "(serve|mcp)"),
        (["ask", "Why?", "--model", "{gguf}"], "xllamacpp", "llamacpp"),
        (["add", "{gguf}", "--ray", "local"], "ray", "ray"),
    ],
)
def test_a_command_names_the_extra_that_it_needs(
    tmp_path: Path, arguments: list[str], package: str, extra: str
) -> None:
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"GGUF")
    data = tmp_path / "data"
    with Library(data, embedder=FakeEmbedder()) as library:
        library.add([article_from_text("The bridge was closed on Monday.")])
    done = without_extras(*(one.format(gguf=gguf) for one in arguments), "--data", str(data))
    assert done.returncode == 1
    wanted = (
        rf"onrecord: {package} is not installed here; `pip install 'onrecord\[{extra}\]'` installs what this needs.\n"
    )
    assert re.fullmatch(wanted, done.stderr), done.stderr


def test_help_takes_no_more_than_a_few_times_the_start_of_python() -> None:
    def seconds(arguments: list[str]) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        return time.perf_counter() - started

    # A ratio, taken at its best of three, so that a busy machine does not decide.
    bare = min(seconds(["-c", "import typer, rich.console"]) for _ in range(3))
    shown = min(seconds(["-m", "onrecord.ui.cli.main", "--help"]) for _ in range(3))
    assert shown < 8 * bare
