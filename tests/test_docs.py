"""The documentation builds strictly without a network, says where things are; its notebook prints what it shows."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import onrecord.index
import onrecord.qa

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTEBOOK = DOCS / "notebooks" / "seeds.ipynb"
DECISIONS = sorted((DOCS / "decisions").glob("2*.md"))
ASKED = re.findall(r"^\| (.+?) \| `(\S+)` \| `(\S+)` \|$", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)
FOLDERS = re.findall(r"^\| `((?:index|qa|ui|eval)\S*)` \|", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)


_BUILD = """
import pytest_socket
from mkdocs.__main__ import cli
pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
cli()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages; a broken link, an unknown reference or a socket beyond loopback ends the build.

    In a process of its own: before 3.11.8 two parses at once in one process can fail (python/cpython#106905).
    """
    folder = tmp_path_factory.mktemp("site")
    building = [sys.executable, "-c", _BUILD, "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(building, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    loaded = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^\s\">]+")
    assert len(pages) > 40
    assert [found for page in pages for found in loaded.findall(page.read_text("utf-8"))] == []
    sheets = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert not any(re.search(r"(@import|url\()\W*https?:", sheet) for sheet in sheets)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "room"), [("index-room", onrecord.index), ("qa-room", onrecord.qa)])
def test_the_reference_has_every_public_name(site: Path, page: str, room: Any) -> None:
    text = (site / "api" / page / "index.html").read_text("utf-8")
    assert [name for name in room.__all__ if f'id="{room.__name__}.{name}"' not in text] == []


@pytest.mark.slow
def test_every_decision_is_listed(site: Path) -> None:
    text = (site / "decisions" / "index.html").read_text("utf-8")
    assert [path.name for path in DECISIONS if f'href="{path.stem}/"' not in text] == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_dated(path: Path) -> None:
    title, date, *text = path.read_text("utf-8").strip().split("\n\n")
    assert title.startswith("# ") and path.name.startswith(date + "-")
    assert 0 < sum(len(part.splitlines()) for part in text) <= 12


def test_ten_questions_are_answered_with_one_file_each() -> None:
    assert len(ASKED) == 10


@pytest.mark.parametrize(("question", "file", "name"), ASKED, ids=[question for question, _, _ in ASKED])
def test_where_would_i_change(question: str, file: str, name: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    if file.endswith(".py"):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        assert name in {node.name for node in ast.parse(text).body if isinstance(node, kinds)}
    else:
        assert name in text


def test_the_map_shows_every_folder_of_the_rooms() -> None:
    """But for the rooms without a part of their own (``ui``), and the parts of ``eval``, which share a line."""
    below = {
        path.parent.relative_to(ROOT).as_posix()
        for room in ("index", "qa", "ui")
        for path in (ROOT / room).rglob("*.py")
    }
    assert set(FOLDERS) == (below - {"ui"}) | {"eval"}


@pytest.mark.model
@pytest.mark.slow
def test_the_notebook_prints_what_it_shows() -> None:
    """After a change that is meant: ``jupyter execute --inplace docs/notebooks/seeds.ipynb``."""
    shown = nbformat.read(NOTEBOOK, as_version=4)
    run = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(run, timeout=240, kernel_name="python3", resources={"metadata": {"path": NOTEBOOK.parent}}).execute()
    for before, after in zip(shown.cells, run.cells, strict=True):
        assert outputs(after) == outputs(before), after.source


def outputs(cell: Any) -> tuple[str, list[Any]]:
    """What a cell prints, however it is cut into pieces, and what it gives."""
    given = cell.get("outputs", ())
    return "".join(one.get("text", "") for one in given), [one.data for one in given if "data" in one]
