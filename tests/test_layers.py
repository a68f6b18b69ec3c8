"""The rooms' doors and the directions in which they may be used."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "index": {"index"},
    "qa": {"qa", "index"},
    "ui": {"ui", "qa", "index"},
    "eval": {"eval", "qa", "index"},
}
ONE_HOME = {
    "chromadb": {"index/chroma.py", "eval/peers.py"},  # the peer is LlamaIndex over Chroma
    "sentence_transformers": {"index/embedders.py", "eval/bench.py", "qa/verify_nli.py", "index/export.py"},
    "xllamacpp": {"qa/llamacpp.py"},
}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules() -> list[Path]:
    return sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    used = {name.split(".")[1] for name in imports(path) if name.startswith("onrecord.")}
    assert used <= MAY_IMPORT[room]


@pytest.mark.parametrize("library", ONE_HOME)
def test_a_heavy_library_is_imported_in_its_own_file_only(library: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in modules()
        if any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    assert found <= ONE_HOME[library]


@pytest.mark.parametrize("room", ["index", "qa"])
def test_everything_that_a_door_names_is_there(room: str) -> None:
    door = importlib.import_module(f"onrecord.{room}")
    assert door.__all__ == sorted(door.__all__, key=str)
    assert all(hasattr(door, name) for name in door.__all__)
