"""How the archive grows: one collection, brought to one size after the other, measured at each in a fresh process.

The articles are made: sentences of words drawn as often as the suite's articles use them, so that the vocabulary and
its frequencies are real and the sense is not. A passage's vector is one of the suite's passages with noise, so that
vectors lie in heaps as real ones do; queries are the suite's questions, embedded as ever.
"""

import json
import re
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.eval.suites.types import Suite
from onrecord.index.errors import StoreError
from onrecord.index.text.passages import build_passages, passage_text_for_search
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Embedder, Vectors

NOISE = 0.6  # the length of what is added to a unit vector: the cosine to where it came from is about .86
SENTENCES, SHORTEST, LONGEST = 45, 12, 28  # of a made article, in words: about ten passages
SINGLES = 5  # articles added one by one at each size
SEARCHES, FILTERED = 60, 20
BATCH = 200  # articles brought in at once
VECTORS = 600  # real ones, around which the made ones lie
SOURCES = 8
_SEED = 2016
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """The figures of one size. Seconds and milliseconds are medians but for ``p95``; memory is in MiB.

    ``bulk``: articles a second since the size before; ``one``: seconds to add one more article, ``after``: of the
    first search behind it; ``opening``: of a fresh process, from opening the folder to the end of its first search;
    ``searched``: memory after all searches, ``bare``: before the collection was opened, with the embedder loaded.
    ``recall``: of the ten nearest vectors, the share that the search by vectors has among its ten.
    """

    passages: int
    articles: int
    bulk: float
    one: float
    after: float
    opening: float
    p50_ms: float
    p95_ms: float
    filtered_p95_ms: float
    recall: float
    bare: float
    searched: float
    disk: float


class Jittered:
    """The suite's own vectors with noise, in place of embedding made texts; queries are embedded."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self._embedder = embedder
        self._seen = embedder.embed_passages(texts)
        self.fingerprint, self.dimension = embedder.fingerprint, embedder.dimension

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(zlib.crc32(text.encode())) for text in texts])

    def _vector(self, seed: int) -> Vectors:
        noise = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        vector = self._seen[seed % len(self._seen)] + noise * (NOISE / np.sqrt(self.dimension))
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


class Texts:
    """Made articles, the same for the same number."""

    def __init__(self, articles: Sequence[Article]) -> None:
        counted = Counter(word for one in articles for word in re.findall(r"[^\W_]+(?:['’]\w+)?", one.text))
        self._words = np.array(list(counted))
        self._upto = np.cumsum(np.array(list(counted.values()), dtype=np.float64))

    def article(self, number: int) -> Article:
        rng = np.random.default_rng([_SEED, number])
        lengths = rng.integers(SHORTEST, LONGEST, SENTENCES + 1)
        places = np.searchsorted(self._upto, rng.random(int(lengths.sum())) * self._upto[-1], side="right")
        drawn = np.split(self._words[places], np.cumsum(lengths)[:-1])
        title, *text = [" ".join(words).capitalize() + "." for words in drawn]
        day = f"{2000 + number % 25}-{number // 25 % 12 + 1:02}-{number // 300 % 28 + 1:02}"
        return Article(
            f"made-{number}", title, " ".join(text), source=f"Source {number % SOURCES}", published=day, language="en"
        )


def grow(suite: Suite, folder: Path, sizes: Sequence[int], *, say: Say = lambda _: None) -> Iterator[Size]:
    """The figures at each number of passages, in ascending order. ``folder``: empty, or left by an earlier run."""
    from onrecord.index import Library, load_embedder

    texts = Texts(suite.articles)
    jittered = Jittered(load_embedder("all-minilm-l6-v2"), _passages(suite.articles[:100])[:VECTORS])
    questions = _questions(suite)
    for size in sorted(sizes):
        with Library(folder, embedder=jittered) as library:
            number, began = len(library.articles()), time.perf_counter()
            first = number
            while library.passage_count < size:
                library.add([texts.article(number + n) for n in range(BATCH)])
                number += BATCH
                say(f"{library.passage_count:,} of {size:,} passages")
            bulk = (number - first) / (time.perf_counter() - began)
            library.search(questions[0])
            singles = [_one(library, texts.article(number + n), questions[n]) for n in range(SINGLES)]
            passages, articles = library.passage_count, number + SINGLES
        probe = _probe(folder, questions)
        one, after = np.median(np.array(singles), axis=0)
        disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
        yield Size(passages, articles, bulk, float(one), float(after), disk=disk, **probe)


def growth_table(sizes: Sequence[Size]) -> str:
    """The curve as lines for people, each with its goal."""
    rows = [
        ("passages", "", [f"{one.passages:,}" for one in sizes]),
        ("articles", "", [f"{one.articles:,}" for one in sizes]),
        ("articles a second, all together", "", [f"{one.bulk:.0f}" for one in sizes]),
        ("one more article, s", "2", [f"{one.one:.2f}" for one in sizes]),
        ("the search after it, s", "", [f"{one.after:.3f}" for one in sizes]),
        ("opening, s", "3", [f"{one.opening:.2f}" for one in sizes]),
        ("search p50, ms", "", [f"{one.p50_ms:.0f}" for one in sizes]),
        ("search p95, ms", "100", [f"{one.p95_ms:.0f}" for one in sizes]),
        ("filtered p95, ms", "", [f"{one.filtered_p95_ms:.0f}" for one in sizes]),
        ("recall@10 of the vectors", ".98", [f"{one.recall:.3f}" for one in sizes]),
        ("memory beside the model, MiB", "4,096", [f"{one.searched - one.bare:,.0f}" for one in sizes]),
        ("on the disk, MiB", "", [f"{one.disk:,.0f}" for one in sizes]),
    ]
    lines = ["| | goal |" + " |" * len(sizes), "|---|---|" + "---|" * len(sizes)]
    return "\n".join([*lines, *(f"| {name} | {goal} | {' | '.join(found)} |" for name, goal, found in rows)])


def growth_json(sizes: Sequence[Size]) -> str:
    return json.dumps([asdict(one) for one in sizes], indent=1)


def _questions(suite: Suite) -> list[str]:
    return [question.question for question in suite.questions][:SEARCHES]


def _passages(articles: Sequence[Article]) -> list[str]:
    return [
        passage_text_for_search(article.title, passage)
        for article in articles
        for passage in build_passages(article, split_sentences(article))
    ]


def _one(library: Any, article: Article, query: str) -> tuple[float, float]:
    began = time.perf_counter()
    library.add([article])
    added = time.perf_counter()
    library.search(query)
    return added - began, time.perf_counter() - added


def _probe(folder: Path, questions: Sequence[str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "onrecord.eval.speed.growth", str(folder)],
        input=json.dumps(list(questions)),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise StoreError(f"The searches over {folder} failed: {lines[-1]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measured(folder: Path, questions: Sequence[str]) -> dict[str, float]:
    """In a process of its own: opening, searches, memory, and what the search by vectors misses."""
    from onrecord.eval.speed.bench import memory_mib
    from onrecord.index import Library, load_embedder
    from onrecord.index.types import Filter

    embedder = load_embedder("all-minilm-l6-v2")
    vectors = np.stack([embedder.embed_query(question) for question in questions])
    bare, began = memory_mib(), time.perf_counter()
    with Library(folder, embedder=embedder) as library:
        library.search(questions[0])
        opening = time.perf_counter() - began
        times = [_seconds(library, question, None) for question in questions]
        some = Filter(sources=("Source 1", "Source 2"), published_from="2005")
        filtered = [_seconds(library, question, some) for question in questions[:FILTERED]]
        searched = memory_mib()
        recall = _recall(library, vectors)
    p50, p95 = np.quantile(np.array(times) * 1000, (0.5, 0.95))
    return {
        "opening": opening,
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "filtered_p95_ms": float(np.quantile(np.array(filtered) * 1000, 0.95)),
        "recall": recall,
        "bare": bare,
        "searched": searched,
    }


def _seconds(library: Any, query: str, where: Any) -> float:
    began = time.perf_counter()
    library.search(query, where=where)
    return time.perf_counter() - began


def _recall(library: Any, queries: Vectors, *, top: int = 10) -> float:
    """Beside exact search over every vector of the catalogue; 1 where searches are exact anyway."""
    with library.parts() as parts:
        if parts.searcher.view().vectors is not None:
            return 1.0
        keys = [int(key) for key in parts.searcher.view().keys]
        found = parts.vectors.query_many(queries, top_k=top)
        best: list[list[tuple[float, int]]] = [[] for _ in queries]
        for some, vectors in parts.catalogue.vectors_of(keys):
            for row, scores in enumerate(queries @ vectors.T):
                nearest = np.argpartition(-scores, min(top, len(scores) - 1))[:top]
                more = [(float(scores[place]), int(some[place])) for place in nearest]
                best[row] = sorted(best[row] + more, reverse=True)[:top]
    pairs = zip(found, best, strict=True)
    shares = [len({key for key, _ in ours} & {key for _, key in exact}) / top for ours, exact in pairs]
    return float(np.mean(shares))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(Path(sys.argv[1]), json.loads(sys.stdin.read()))) + "\n")
