"""What the documents show is run with fakes: Python blocks, ``curl`` lines, ``onrecord`` lines.

``test_readme_typed.py`` types the README with the real models.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onrecord.index import Article, Embedder, Library
from onrecord.index.moving import Place, move
from onrecord.qa import Assistant
from onrecord.ui.cli.main import app as onrecord
from onrecord.ui.server.doors import create_api

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import FakeEmbedder, fill  # noqa: E402
from tests.ui.behind_doors import serving  # noqa: E402
from tests.ui.cli_stage import staged  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECTIONS = {
    f"{path.name}, {part.partition(chr(10))[0]}": part
    for path in PAGES
    for part in path.read_text(encoding="utf-8").split("\n## ")[1:]
}
ADDRESS = "http://127.0.0.1:7860"
DATABASE = "postgresql://press@localhost/newsroom"
SILENT = 3  # the exit code where the articles do not say


def blocks(language: str) -> list[tuple[str, str]]:
    """Each block of a language, with the name of its section."""
    return [
        (name, code)
        for name, text in SECTIONS.items()
        for code in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, articles: tuple[Article, ...], embedder: Embedder) -> Path:
    """A working folder with articles in ``news`` and a collection in ``my-data``; no model is needed."""
    monkeypatch.setattr("onrecord.index.library.load_embedder", lambda *_, **__: embedder)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "news").mkdir()
    for article in articles:
        (tmp_path / "news" / f"{article.id}.txt").write_text(article.text, encoding="utf-8")
    with Library(tmp_path / "my-data") as library:
        library.add(articles)
    return tmp_path


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    with Library(folder / "served") as library:
        library.add_paths(["news"])
        with serving(create_api(library, Assistant(library, engine=None))) as address:
            yield address


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_short(name: str) -> None:
    fences = [re.sub(r"^```.*$", "", block, flags=re.MULTILINE) for block in SECTIONS[name].split("```")[1::2]]
    assert all(len(block.strip().splitlines()) <= 15 for block in fences)


@pytest.mark.parametrize(("name", "code"), blocks("python"), ids=[name for name, _ in blocks("python")])
def test_a_python_block_runs_and_prints_what_it_found(
    name: str, code: str, folder: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(code.replace(ADDRESS, address), f"README, {name}", "exec"), {"__name__": "__main__"})
    assert "bridge" in capsys.readouterr().out.lower()


CONSOLE = sorted({line for _, code in blocks("console") for line in code.splitlines()})


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in CONSOLE if line.startswith("$ curl ")])
def test_a_curl_line_runs(line: str, folder: Path, address: str) -> None:
    command = [*shlex.split(line[2:].replace(ADDRESS, address)), "--fail-with-body"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=[pytest.mark.slow] if DATABASE in line else [])
        for line in CONSOLE
        if line.startswith("$ onrecord ")
    ],
)
def test_a_line_with_the_command_runs(
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    articles: tuple[Article, ...],
    request: pytest.FixtureRequest,
) -> None:
    stage = staged(tmp_path, monkeypatch)
    stage.fill()
    if DATABASE in line:
        url = request.getfixturevalue("postgresql").new()
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
        fill(tmp_path / "my-data", FakeEmbedder())
        if "migrate my-data" not in line:
            move(Place(tmp_path / "my-data"), Place(tmp_path / "moved", url))
        line = line.replace(DATABASE, url)
    if "--ray" in line:  # its workers are processes that find the embedder of this test by its name
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "bridge.txt").write_text(articles[0].text, encoding="utf-8")
    result = stage.run(*shlex.split(line)[2:])
    assert result.exit_code in ((0, SILENT) if "$ onrecord ask " in line else (0,)), result.output


@pytest.mark.parametrize("line", CONSOLE)
def test_every_console_line_is_of_a_kind_that_a_test_runs(line: str) -> None:
    assert line.startswith(("$ make ", "$ curl ", "$ onrecord ", "$ mkdir ", "$ echo ", "$ export PATH="))


def test_the_configuration_of_an_mcp_host_starts_a_command_that_exists() -> None:
    (_, code), *_ = blocks("json")
    server = json.loads(code)["mcpServers"]["onrecord"]
    assert server["command"] == "onrecord"
    assert CliRunner().invoke(onrecord, [server["args"][0], "--help"]).exit_code == 0
