"""An app that uses the library, checked as its author would check it: mypy in strict mode, then run."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = '''
"""Another app, with an index.py of its own."""

import asyncio
from pathlib import Path

from onrecord.index import Article, Filter, Hit, Library, SyncReport, article_from_text
from onrecord.index.retriever import ArticleRetriever
from onrecord.qa.assistant import Assistant
from onrecord.qa.query_engine import AssistantQueryEngine
from onrecord.qa.types import Answer, Citation

import index


def places(library: Library, question: str) -> list[tuple[str, int, int]]:
    hits: tuple[Hit, ...] = library.search(question, top_k=3, where=Filter(sources=("Courier",)))
    return [(hit.passage.article_id, hit.passage.start_char, hit.passage.end_char) for hit in hits]


def cited(assistant: Assistant, question: str) -> list[str]:
    answer: Answer = assistant.ask(question)
    citations: tuple[Citation, ...] = answer.citations
    return [citation.quote for citation in citations]


def engine(assistant: Assistant) -> AssistantQueryEngine:
    return AssistantQueryEngine(assistant, scope=Filter(published_from="2024-01-01"))


async def many(library: Library, questions: list[str]) -> list[tuple[Hit, ...]]:
    return await asyncio.gather(*(asyncio.to_thread(library.search, one) for one in questions))


def add(path: Path) -> SyncReport:
    article: Article = article_from_text("The bridge was closed on Monday.", source="Courier")
    with Library(path) as library:
        ArticleRetriever(library, top_k=index.TOP_K)
        return library.add([article])
'''
MISUSE = """
from onrecord.index import Filter, Library

library = Library("data")
library.search("x", top_k="three")
library.search("x", where={"source": "Courier"})
Filter(source="Courier")
"""
RUN = """
import sys
import app, index
print(index.__file__, app.__file__)
for heavy in ("torch", "xllamacpp", "gradio", "sentence_transformers"):
    assert heavy not in sys.modules, heavy
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    (folder / "index.py").write_text("TOP_K: int = 4\n")
    (folder / "misuse.py").write_text(MISUSE)
    return folder


@pytest.fixture(scope="module")
def complaints(project: Path) -> list[str]:
    """What mypy says of the app, where the library is a dependency: read for its types, not reported on.

    What the library's own check leaves unread is left unread here too, and torch, which alone takes a minute.
    """
    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    unread = ",".join(name for part in own if part["follow_imports"] == "skip" for name in part["module"])
    config = project / "mypy.ini"
    config.write_text(
        f"[mypy]\nstrict = true\nmypy_path = {ROOT / '.dev'}\nexplicit_package_bases = true\n"
        f"[mypy-onrecord.*]\nfollow_imports = silent\n[mypy-{unread},torch.*,sentence_transformers.*]\n"
        "follow_imports = skip\nignore_missing_imports = true\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(project / "cache")]
    result = subprocess.run([*command, "app.py", "misuse.py"], cwd=project, capture_output=True, text=True)
    assert result.returncode in (0, 1) and not result.stderr, result.stderr
    return [line for line in result.stdout.splitlines() if ": error:" in line]


@pytest.mark.slow
def test_an_app_that_uses_the_library_rightly_passes_mypy_strict(complaints: list[str]) -> None:
    assert [line for line in complaints if not line.startswith("misuse.py:")] == []


@pytest.mark.slow
def test_an_app_that_uses_it_wrongly_is_told_where(complaints: list[str]) -> None:
    assert [line.split(":")[1] for line in complaints if line.startswith("misuse.py:")] == ["5", "6", "7"]


@pytest.mark.slow
def test_the_app_runs_with_modules_of_its_own_and_loads_nothing_heavy(project: Path) -> None:
    result = subprocess.run([sys.executable, "-c", RUN], cwd=project, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(project / "index.py"), str(project / "app.py")]
