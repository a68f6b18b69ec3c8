"""Keyword search: BM25 over stemmed words, kept in files that are mapped into memory.

It is a cache of one revision of the catalogue. A new one is written to a new folder, which is renamed when it is
complete: a folder under its final name is whole.
"""

import json
import logging
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.index.catalogue import Keys
from onrecord.index.types import Vectors

log = logging.getLogger(__name__)
FOLDER = "keywords"
TOKENS_VERSION = 1  # of the rules that turn text into terms

# Function words, and the words that make a question: they say nothing about what an article is about.
STOPWORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each few for from further had has have having he her here hers
    herself him himself his how i if in into is it its itself just let me more most my myself no nor not now of off on
    once only or other our ours ourselves out over own same shall she should so some such than that the their theirs
    them themselves then there these they this those through to too under until up us very was we were what when where
    which while who whom whose why will with would you your yours yourself yourselves s t d ll m re ve don didn doesn
    isn wasn weren aren hasn haven hadn won wouldn couldn shouldn""".split()
)
_TERM = re.compile(
    r"(?:[A-Za-z]\.){2,}|\d+(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\w+"
)


class Terms:
    """Text -> the terms that are indexed: stemmed words without stopwords, numbers without their commas."""

    def __init__(self) -> None:
        import Stemmer

        self._stemmer = Stemmer.Stemmer("english")
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> list[str]:
        """``"The U.S. sent 5,000 soldiers"`` -> ``["US", "sent", "5000", "soldier"]``."""
        words = _TERM.findall(text if text.isascii() else _plain(text))
        return [term for word in words if (term := self._term(word))]

    def _term(self, word: str) -> str:
        term = self._known.get(word)
        if term is None:
            if len(self._known) > 500_000:
                self._known.clear()
            term = self._known[word] = self._make(word)
        return term

    def _make(self, word: str) -> str:
        short = word.replace(".", "") if "." in word and not word[0].isdigit() else word.replace(",", "")
        lower = short.casefold()
        if lower in STOPWORDS:
            # US, IT, WHO are names, us, it, who are not.
            return short if short.isupper() and len(short) > 1 else ""
        stem: str = self._stemmer.stemWord(lower)
        return stem


class KeywordIndex:
    """BM25 over the passages ``keys``; scores come in the same order as the keys."""

    def __init__(self, keys: Keys, bm25: Any) -> None:
        self.keys = keys
        self._bm25 = bm25
        self.terms = Terms()

    @classmethod
    def build(cls, keyed_texts: Iterable[tuple[int, str]], *, k1: float, b: float) -> "KeywordIndex":
        terms = Terms()
        vocabulary: dict[str, int] = {}
        keys, corpus = [], []
        for key, text in keyed_texts:
            keys.append(key)
            corpus.append([vocabulary.setdefault(term, len(vocabulary)) for term in terms(text)])
        bm25 = None
        if vocabulary:
            bm25 = _library().BM25(k1=k1, b=b)
            bm25.index((corpus, vocabulary), show_progress=False)
        return cls(np.array(keys, dtype=np.int64), bm25)

    def scores(self, query: str) -> Vectors:
        """BM25 of every passage, 0 where no term of the query occurs."""
        known = self._ids(self.terms(query))
        if not known:
            return np.zeros(len(self.keys), dtype=np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(known), dtype=np.float32)

    def document_frequency(self, text: str) -> int:
        """How many passages hold the word; for several words, all of them. Stopwords are passed over."""
        terms = self.terms(text)
        known = self._ids(terms)
        if len(known) < len(terms):
            return 0
        if not known:
            return len(self.keys) if re.search(r"\w", text) else 0
        starts, rows = self._bm25.scores["indptr"], self._bm25.scores["indices"]
        held = rows[starts[known[0]] : starts[known[0] + 1]]
        for term in known[1:]:
            held = np.intersect1d(held, rows[starts[term] : starts[term + 1]])
        return len(held)

    def save(self, folder: Path) -> None:
        np.save(folder / "keys.npy", self.keys)
        if self._bm25 is not None:
            self._bm25.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> "KeywordIndex":
        keys = np.load(folder / "keys.npy", mmap_mode="r")
        bm25 = None
        if (folder / "params.index.json").exists():
            bm25 = _library().BM25.load(folder, mmap=True, show_progress=False)
        return cls(keys, bm25)

    def _ids(self, terms: list[str]) -> list[int]:
        return [] if self._bm25 is None else [int(one) for one in self._bm25.get_tokens_ids(terms)]


class KeywordStore:
    """The keyword index of the catalogue's present revision, on disk."""

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        self._folder = folder / FOLDER
        self._settings = {"k1": k1, "b": b, "terms": TOKENS_VERSION}

    def load(self, revision: int) -> KeywordIndex | None:
        """The index of this revision and these settings, ``None`` when there is none or it is not whole."""
        folder = self._folder / str(revision)
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            whole = all((folder / name).stat().st_size == size for name, size in manifest["files"].items())
            return KeywordIndex.load(folder) if whole and manifest["settings"] == self._settings else None
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None

    def claims(self, revision: int) -> bool:
        """Whether something is on disk under this revision, whole or not."""
        return (self._folder / str(revision)).exists()

    def build(self, revision: int, keyed_texts: Iterable[tuple[int, str]]) -> KeywordIndex:
        """Builds, saves and returns the index of this revision; older ones are deleted."""
        index = KeywordIndex.build(keyed_texts, k1=self._settings["k1"], b=self._settings["b"])
        try:
            self._save(index, revision)
        except OSError as error:
            log.warning("The keyword index could not be kept on disk and will be built anew next time: %s", error)
        return index

    def _save(self, index: KeywordIndex, revision: int) -> None:
        self.forget()
        temporary = self._folder / f"{revision}.{os.getpid()}.part"
        temporary.mkdir(parents=True)
        index.save(temporary)
        files = {file.name: file.stat().st_size for file in temporary.iterdir()}
        manifest = {"revision": revision, "settings": self._settings, "files": files}
        (temporary / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        temporary.rename(self._folder / str(revision))

    def prune(self, revision: int) -> None:
        """Deletes what is left of other revisions."""
        if self._folder.is_dir():
            for folder in self._folder.iterdir():
                if folder.name != str(revision):
                    shutil.rmtree(folder, ignore_errors=True)

    def forget(self) -> None:
        """Deletes what is kept on disk; what this process has loaded stays usable."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _plain(text: str) -> str:
    """Letters without their accents, so that Beyonce finds Beyoncé."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def _library() -> Any:
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports every step at DEBUG and INFO
    return bm25s
