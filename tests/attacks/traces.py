"""Helpers of the attacks on what is stored: invented words, an embedder without a model, and the search for bytes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from onrecord.index.library import Library
from onrecord.index.settings import SearchOptions
from onrecord.index.text.terms import Terms
from onrecord.index.types import Article, Vectors
from onrecord.ui.desk import uploads


class HashedEmbedder:
    """A bag of words: the same vectors in every process, and no model."""

    dimension, fingerprint = 64, "hashed-1"

    def embed_query(self, text: str) -> Vectors:
        return self.embed_passages([text])[0]  # type: ignore[no-any-return]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[sum(n * byte for n, byte in enumerate(word.encode(), 1)) % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)  # type: ignore[no-any-return]


def library_at(folder: Path) -> Library:
    """One that is searched in Chroma however small it is, so that Chroma follows each change at once."""
    return Library(folder, embedder=HashedEmbedder(), search=SearchOptions(exact_below=0, chroma_from=0))


def size(full: int) -> int:
    """How much of a campaign runs: all of it, or a tenth."""
    return full if os.environ.get("ONRECORD_ATTACK") == "all" else full // 10


def article(name: str, *, words: Sequence[str], sentences: int = 12) -> Article:
    """An article in whose text, title, source and address each of the invented words stands."""
    text = " ".join(f"The {words[n % len(words)]} council met number {n} near the harbour." for n in range(sentences))
    title, source = f"About {words[0]}", f"{words[1 % len(words)]} Courier"
    return Article(name, title, text, source, "2024-03-04", f"https://{words[2 % len(words)]}.example/a")


def traces(words: Iterable[str], *folders: Path) -> dict[str, list[str]]:
    """Which words stand in which files below the folders: in their bytes, in whatever case, and in their names.

    The keyword index keeps a number of 64 bits in place of a word; that counts as the word.
    """
    terms = Terms()
    wanted = {word.lower(): [code.to_bytes(8, "little") for code in terms.codes(word)] for word in words}
    found: dict[str, list[str]] = {}
    for file in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        raw = file.read_bytes()
        content = raw.lower() + os.fsencode(file.name).lower()
        hits = [
            word
            for word, codes in wanted.items()
            if word.encode() in content or word.encode("utf-16-le") in content or any(code in raw for code in codes)
        ]
        if hits:
            found[str(file)] = hits
    return found


class Victims:
    """The process of ``victim.py``, with a temporary folder and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.temporary, self.home = folder / "tmp", folder / "home"
        for one in (self.temporary, self.home):
            one.mkdir(parents=True)
        root = Path(__file__).resolve().parents[2]
        path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        # Where an app of this process has its uploads is not where a new process puts its own.
        kept = {name: value for name, value in os.environ.items() if name != uploads.CACHE}
        self._errors = (folder / "victims.log").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("victim.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**kept, "TMPDIR": str(self.temporary), "HOME": str(self.home), "PYTHONPATH": path},
        )

    def run(self, folder: Path, job: str, *, fault: str = "", after: float = 0.0) -> tuple[int, list[str]]:
        """How one victim ended, and every line that it said."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(
            json.dumps({"folder": str(folder), "job": job, "fault": fault, "after": after}) + "\n"
        )
        self._process.stdin.flush()
        said: list[str] = []
        while line := self._process.stdout.readline():
            if line.startswith("ended "):
                return int(line.split()[1]), said
            said.append(line.strip())
        raise AssertionError(f"The process that forks victims has ended: {self.log()}")

    def log(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-4000:]

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._errors.close()


def passings(said: Sequence[str]) -> list[str]:
    """Every place that a victim passed and lived, once for each time: what a fault can be."""
    counts = next(json.loads(line.removeprefix("passed ")) for line in said if line.startswith("passed "))
    return [f"{name}:{n}" for name, count in sorted(counts.items()) for n in range(1, count + 1)]
