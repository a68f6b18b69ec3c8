"""The first search of a fresh process: OnRecord's retrieval beside LlamaIndex over Chroma, on the same articles.

Both are indexed before; each program then starts anew, imports what it needs, opens its index and searches once. The
embedder is OnRecord's on both sides, the same weights run the same way, which is the lightest that the other side could
use. Seconds are counted inside the program, ``process`` from outside; the files are in the system's cache, because a
round that is not counted goes before. Memory is the peak of the whole process, Python's own included.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from onrecord.eval.suites.types import Suite
from onrecord.index.errors import InputError, StoreError
from onrecord.index.settings import IndexSettings

Say = Callable[[str], None]
_HEAVY = ("chromadb", "llama_index.core", "onnxruntime", "torch", "transformers", "sentence_transformers")

# Texts, because a program that is imported would bring this room's own imports into the figures.
_ONRECORD = """
from onrecord.index import Library
from onrecord.index.settings import IndexSettings
imported = time.perf_counter()
library = Library(folder, settings=IndexSettings(**settings))
opened = time.perf_counter()
found = [hit.passage.text for hit in library.search(query, top_k=10)]
searched = time.perf_counter()
library.close()
"""
_LLAMA_INDEX = """
import chromadb
from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore
imported = time.perf_counter()
from onrecord.index import load_embedder
loaded = load_embedder(settings["embedder"], backend=settings["backend"])
class Same(BaseEmbedding):
    def _get_query_embedding(self, text): return [float(x) for x in loaded.embed_query(text)]
    async def _aget_query_embedding(self, text): return self._get_query_embedding(text)
    def _get_text_embedding(self, text): return self._get_query_embedding(text)
client = chromadb.PersistentClient(path=folder, settings=chromadb.Settings(anonymized_telemetry=False))
store = ChromaVectorStore(chroma_collection=client.get_collection("articles"))
retriever = VectorStoreIndex.from_vector_store(store, embed_model=Same()).as_retriever(similarity_top_k=10)
opened = time.perf_counter()
found = [node.text for node in retriever.retrieve(query)]
searched = time.perf_counter()
"""
_PROGRAM = """
import json, sys, time
folder, query, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
started = time.perf_counter()
{body}
print(json.dumps({{
    "importing": imported - started, "opening": opened - imported, "searching": searched - opened,
    "found": len(found), "modules": len(sys.modules), "loaded": [name for name in {heavy!r} if name in sys.modules],
    "status": open("/proc/self/status").read() if sys.platform == "linux" else "",
}}))
"""


@dataclass(frozen=True, slots=True)
class FreshStart:
    """Medians over the rounds, in seconds; ``total`` is importing, opening and searching together."""

    program: str
    rounds: int
    importing: float
    opening: float
    searching: float
    total: float
    process: float
    peak_mib: float
    modules: int
    loaded: tuple[str, ...]
    found: int


def measure_fresh(
    suite: Suite, folder: Path, peer_folder: Path, *, query: str, settings: IndexSettings, rounds: int = 5, say: Say
) -> tuple[FreshStart, ...]:
    """Python alone, OnRecord, LlamaIndex over Chroma: in turns, so that a drift of the machine meets all of them.

    ``folder``: a library that nobody has open, with the suite's articles; ``peer_folder``: where the other index is,
    or will be. Raises `StoreError` when a program fails, `InputError` when the
    extra ``eval`` is not installed.
    """
    _index_peer(suite, peer_folder, settings, say)
    programs = {
        "Python alone": ("imported = opened = searched = time.perf_counter(); found = []", folder),
        "OnRecord": (_ONRECORD, folder),
        "LlamaIndex over Chroma": (_LLAMA_INDEX, peer_folder),
    }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, (body, where) in programs.items():
            run = _run(name, body, where, query, settings)
            if number:
                runs[name].append(run)
        say(f"fresh processes: round {number} of {rounds}")
    return tuple(_summary(name, found) for name, found in runs.items())


def peak_mib(process: int | str = "self") -> float:
    """The most memory that a process has had resident, in MiB; 0 where the platform does not tell."""
    try:
        return _peak(Path(f"/proc/{process}/status").read_text(encoding="utf-8"))
    except OSError:
        return 0.0


def _index_peer(suite: Suite, folder: Path, settings: IndexSettings, say: Say) -> None:
    try:
        import llama_index.vector_stores.chroma  # noqa: F401
    except ImportError as error:
        raise InputError("--fresh needs LlamaIndex's Chroma store: pip install 'onrecord[eval]'.") from error
    from onrecord.eval.systems.peers import EmbedderForLlamaIndex, build_index
    from onrecord.index import load_embedder

    def on_progress(done: int, total: int) -> None:
        say(f"LlamaIndex: indexed {done} of {total} articles")

    embedder = load_embedder(settings.embedder, backend=settings.backend)
    build_index(suite, folder, EmbedderForLlamaIndex(embedder), on_progress=on_progress)


def _run(name: str, body: str, folder: Path, query: str, settings: IndexSettings) -> dict[str, Any]:
    program = _PROGRAM.format(body=body, heavy=_HEAVY)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), query, json.dumps(asdict(settings))],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise StoreError(f"{name} failed over {folder}: {lines[-1]}; check that nothing else has the folder open")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "process": seconds, "peak": _peak(found["status"])}


def _peak(status: str) -> float:
    """From the process's own status: the counter of ``getrusage`` starts with what the parent had at the fork."""
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def _summary(name: str, runs: list[dict[str, Any]]) -> FreshStart:
    def middle(*parts: str) -> float:
        return float(median(sum(run[part] for part in parts) for run in runs))

    return FreshStart(
        program=name,
        rounds=len(runs),
        importing=middle("importing"),
        opening=middle("opening"),
        searching=middle("searching"),
        total=middle("importing", "opening", "searching"),
        process=middle("process"),
        peak_mib=middle("peak"),
        modules=runs[0]["modules"],
        loaded=tuple(runs[0]["loaded"]),
        found=runs[0]["found"],
    )
