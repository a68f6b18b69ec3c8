"""After set-up nothing leaves the machine: no look-up, no connection, as Python sees it, on every system.

Native code does not show here; ``tests/attacks/test_system_calls.py`` sees that too, where strace is.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onrecord.index.private import SWITCHES

# Reports every name look-up and every connection that is not to this machine, however deep in a library it happens.
WATCH = """
import socket, sys
def watch(event, details):
    if event == "socket.getaddrinfo" and details[0] not in (None, "", "localhost", "127.0.0.1", "::1", b"127.0.0.1"):
        print("LOOKED UP", details[0], file=sys.stderr, flush=True)
    if event == "socket.connect" and isinstance(details[1], tuple) and details[1][0] not in ("127.0.0.1", "::1"):
        print("CONNECTED", details[1], file=sys.stderr, flush=True)
sys.addaudithook(watch)
"""


def run(program: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    names = ("HF_", "GRADIO_", "ONRECORD_DATA", *SWITCHES)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    command = [sys.executable, "-c", WATCH + program]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=240)


def test_the_watch_sees_a_look_up(tmp_path: Path) -> None:
    result = run("import socket\ntry: socket.getaddrinfo('nobody.invalid', 80)\nexcept OSError: pass", tmp_path)
    assert "LOOKED UP nobody.invalid" in result.stderr


@pytest.mark.model
def test_adding_searching_and_asking_reach_nobody(tmp_path: Path) -> None:
    program = """
from onrecord.index import Library, article_from_text, load_embedder
from onrecord.qa import Assistant, load_engine
with Library("data") as library:
    library.add([article_from_text("The Old Mill Bridge in Larnville was closed on Monday after cracks were found.")])
    engine = load_engine("smollm2-135m")
    print(Assistant(library, engine).ask("When was the Old Mill Bridge closed?").status)
    engine.close()
"""
    result = run(program, tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "LOOKED UP" not in result.stderr
    assert "CONNECTED" not in result.stderr


@pytest.mark.slow
def test_building_the_page_reaches_nobody(tmp_path: Path) -> None:
    program = """
import sys, time
from onrecord.ui.server.app import create_app
from onrecord.ui.server.doors import add_doors
from pathlib import Path
from onrecord.index import Library
from onrecord.qa.assistant import Assistant
from starlette.testclient import TestClient
library = Library("data")
app = create_app(library, Assistant(library, None))
add_doors(app)
TestClient(app, base_url="http://127.0.0.1").get("/api/v1/articles").raise_for_status()
tracing = ("opentelemetry.sdk", "opentelemetry.exporter", "onrecord.ui.server.traces")
print("TRACED BY", [name for name in sys.modules if name.startswith(tracing)])
time.sleep(2)  # what a library starts in the background shows within this
library.close()
"""
    result = run(program, tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout == "TRACED BY []\n"
    assert "LOOKED UP" not in result.stderr
    assert "CONNECTED" not in result.stderr


@pytest.mark.slow
def test_an_address_is_looked_up_where_it_is_named_to_be_read_and_nowhere_else(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from onrecord.index import Library, article_from_text
from onrecord.qa import Assistant
from tests.conftest import FakeEmbedder
Path("list.txt").write_text("https://in-a-file.invalid/a https://in-a-file.invalid/b")
with Library("data", embedder=FakeEmbedder()) as library:
    library.add([article_from_text("The bridge is shut; see https://in-a-text.invalid/.", url="https://of-one.invalid/")])
    library.add_paths(["list.txt", "https://among-files.invalid/a"])
    library.search("https://in-a-query.invalid/")
    try:
        Assistant(library, None).ask("https://in-a-question.invalid/a")
    except Exception as refused:
        assert "is a web address" in str(refused)
    Assistant(library, None).ask("What does https://in-a-question.invalid/a say?")
    library.web.feeds(), library.web.read_due()
    print(library.web.add(["https://named.invalid/a"]).failed)
"""
    path = f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{Path(__file__).parents[1]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        result = run(program, tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "named.invalid cannot be found" in result.stdout
    looked_up = [line for line in result.stderr.splitlines() if line.startswith(("LOOKED UP", "CONNECTED"))]
    assert set(looked_up) == {"LOOKED UP named.invalid"}
