"""The switches of libraries that send something home are set before any of them is imported, by every way in."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onrecord.index.private import LIBRARIES, SWITCHES

ROOT = Path(__file__).resolve().parent.parent
# Stops at the first import of one of the libraries, before it is loaded, and says whether the switches were set.
STOP_AT_FIRST = f"""
import os, sys
class Gate:
    def find_spec(self, name, path=None, target=None):
        if name in {LIBRARIES!r}:
            unset = [key for key, value in {SWITCHES!r}.items() if os.environ.get(key) != value]
            print(name, "unset:", *unset, flush=True)
            os._exit(1 if unset else 0)
sys.meta_path.insert(0, Gate())
"""
SAY_UNSET = f"sys.exit([key for key, value in {SWITCHES!r}.items() if os.environ.get(key) != value] or None)"


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program without any of the switches in its environment."""
    bare = {key: value for key, value in os.environ.items() if key not in SWITCHES}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, env={**bare, **environment}, timeout=120)


def importing_at_their_top() -> list[str]:
    """The modules that import one of the libraries when they are imported themselves."""
    found = []
    for path in sorted(path for room in ("index", "qa", "ui", "eval") for path in (ROOT / room).rglob("*.py")):
        names, text = set(), path.read_text(encoding="utf-8")
        if not any(library in text for library in LIBRARIES):
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
        if names & set(LIBRARIES):
            found.append(".".join(("onrecord", *path.relative_to(ROOT).with_suffix("").parts)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("module", importing_at_their_top())
def test_a_module_that_imports_such_a_library_at_its_top_has_set_the_switches_first(module: str) -> None:
    result = run(f"{STOP_AT_FIRST}import {module}\nos._exit(3)")
    assert "unset:" in result.stdout, result.stderr  # the gate was reached
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "door",
    [
        "from onrecord.index import load_embedder; load_embedder(backend='onnx')",
        "from onrecord.qa import load_engine; load_engine('none.gguf')",
        "import onrecord.eval.runs.worker, onrecord.eval.systems.peers",
    ],
)
def test_what_an_app_embeds_sets_the_switches_before_anything_else(door: str) -> None:
    result = run(f"{STOP_AT_FIRST}\ntry:\n    {door}\nexcept BaseException:\n    pass\n" + SAY_UNSET)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_the_switches_cannot_be_turned_on_from_outside() -> None:
    result = run("import os, onrecord.index\nprint(os.environ['ORT_DISABLE_TELEMETRY'])", ORT_DISABLE_TELEMETRY="0")
    assert result.stdout == "1\n"


@pytest.mark.slow
def test_an_app_that_imported_onnxruntime_first_is_told_that_its_telemetry_runs() -> None:
    fake = "import sys, types\nsys.modules['onnxruntime'] = types.ModuleType('onnxruntime')\nimport onrecord.index\n"
    assert "import onrecord.index first" in run(fake).stderr
    assert run(fake, ORT_DISABLE_TELEMETRY="1").stderr == ""


def test_no_module_beside_the_one_with_the_switches_sets_one() -> None:
    for path in (path for room in ("index", "qa", "ui", "eval") for path in (ROOT / room).rglob("*.py")):
        if path.name != "private.py":
            text = path.read_text(encoding="utf-8")
            assert not [key for key in SWITCHES if key in text], path
