"""How the archive grows: one collection, brought to one size after the other, measured at each in a fresh process.

The articles are made: sentences of words drawn as often as the suite's articles use them, so that the vocabulary and
its frequencies are real and the sense is not. A passage's vector is that of one of the suite's passages, moved by how
two others that are near to one another differ: so vectors differ in the directions, and by about as much, as real ones
do (``STEP``). Noise alike in all directions would make neighbours that nothing tells apart. Queries are the suite's
questions, embedded as ever.
"""

import json
import os
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

# The share of the difference. As many made of 3,000 have, beside 41,643 real ones, a cosine to the nearest other one of
# .74 (real .80), to the 10th .65 (.60), to the 100th .35 (.44); questions to the 10th .37 (.42).
STEP = 0.7
NEAR = 8  # the nearest others, one of which it is taken to
SENTENCES, SHORTEST, LONGEST = 45, 12, 28  # of a made article, in words: about ten passages
SINGLES = 5  # articles added one by one at each size
SEARCHES = 60
BATCH = 200  # articles brought in at once
VECTORS = 3000  # real ones, of which the made ones are made
VECTORS_FILE = "made-of.npy"
SOURCES = 8
_SEED = 2016
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """The figures of one size. Seconds and milliseconds are medians but for ``p95``; memory is in MiB.

    ``bulk``: articles a second since the size before; ``one``: seconds to add one more article, ``after``: of the
    first search behind it, ``removing``: to take one out; ``cpu_ms``: of a search, in the processor, as the machine may
    be shared; ``load``: how many processes wanted it; ``opening``: of a fresh process, from opening the folder to the
    end of its first search; ``searched``: memory after all searches, ``bare``: before the collection was opened, with
    the embedder loaded. ``recall``: of the ten nearest vectors, the share that the search by vectors has among its ten.
    """

    passages: int
    articles: int
    bulk: float
    one: float
    after: float
    removing: float
    opening: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    filtered_p95_ms: float
    filtered_cpu_ms: float
    recall: float
    bare: float
    searched: float
    disk: float
    load: float


class Made:
    """Vectors like the suite's own, in place of embedding made texts; queries are embedded."""

    def __init__(self, embedder: Embedder, seen: Vectors) -> None:
        self._embedder = embedder
        self._seen = seen
        alike = seen @ seen.T
        np.fill_diagonal(alike, -1)
        self._near = np.argsort(-alike, axis=1)[:, :NEAR]
        self.fingerprint, self.dimension = embedder.fingerprint, embedder.dimension

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(zlib.crc32(text.encode())) for text in texts])

    def _vector(self, seed: int) -> Vectors:
        rng = np.random.default_rng(seed)
        one, other = rng.integers(0, len(self._seen), 2)
        step = self._seen[other] - self._seen[rng.choice(self._near[other])]
        vector = self._seen[one] + STEP * step
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
    embedder = load_embedder("all-minilm-l6-v2")
    made = Made(embedder, _seen(embedder, suite, folder, say))
    questions = _questions(suite)
    for size in sorted(sizes):
        with Library(folder, embedder=made) as library:
            number, began = library.article_count(), time.perf_counter()
            first = number
            while library.passage_count < size:
                library.add([texts.article(number + n) for n in range(BATCH)])
                number += BATCH
                say(f"{library.passage_count:,} of {size:,} passages")
            bulk = (number - first) / (time.perf_counter() - began)
            library.search(questions[0])
            singles = [_one(library, texts.article(number + n), questions[n]) for n in range(SINGLES)]
            passages, articles = library.passage_count, number + SINGLES
            began = time.perf_counter()
            library.remove([texts.article(number).id])
            removing = time.perf_counter() - began
            library.add([texts.article(number)])
        probe = _probe(folder, questions)
        one, after = np.median(np.array(singles), axis=0)
        disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
        load = os.getloadavg()[0]
        found = Size(passages, articles, bulk, float(one), float(after), removing, disk=disk, load=load, **probe)
        say(json.dumps(asdict(found)))
        yield found


def growth_table(sizes: Sequence[Size]) -> str:
    """The curve as lines for people, each with its goal."""
    rows = [
        ("passages", "", [f"{one.passages:,}" for one in sizes]),
        ("articles", "", [f"{one.articles:,}" for one in sizes]),
        ("articles a second, all together", "", [f"{one.bulk:.0f}" for one in sizes]),
        ("one more article, s", "2", [f"{one.one:.2f}" for one in sizes]),
        ("the search after it, s", "", [f"{one.after:.3f}" for one in sizes]),
        ("one removed, s", "", [f"{one.removing:.2f}" for one in sizes]),
        ("opening, s", "3", [f"{one.opening:.2f}" for one in sizes]),
        ("search p50, ms", "", [f"{one.p50_ms:.0f}" for one in sizes]),
        ("search p95, ms", "100", [f"{one.p95_ms:.0f}" for one in sizes]),
        ("filtered p95, ms", "100", [f"{one.filtered_p95_ms:.0f}" for one in sizes]),
        ("search, ms of processor", "", [f"{one.cpu_ms:.0f}" for one in sizes]),
        ("filtered, ms of processor", "", [f"{one.filtered_cpu_ms:.0f}" for one in sizes]),
        ("recall@10 of the vectors", ".98", [f"{one.recall:.3f}" for one in sizes]),
        ("memory beside the model, MiB", "4,096", [f"{one.searched - one.bare:,.0f}" for one in sizes]),
        ("on the disk, MiB", "", [f"{one.disk:,.0f}" for one in sizes]),
        ("processes that wanted the processor", "", [f"{one.load:.0f}" for one in sizes]),
    ]
    lines = ["| | goal |" + " |" * len(sizes), "|---|---|" + "---|" * len(sizes)]
    return "\n".join([*lines, *(f"| {name} | {goal} | {' | '.join(found)} |" for name, goal, found in rows)])


def growth_json(sizes: Sequence[Size]) -> str:
    return json.dumps([asdict(one) for one in sizes], indent=1)


def _questions(suite: Suite) -> list[str]:
    return [question.question for question in suite.questions][:SEARCHES]


def _seen(embedder: Embedder, suite: Suite, folder: Path, say: Say) -> Vectors:
    """Vectors of the suite's passages, kept beside the collection for the next run."""
    file = folder / VECTORS_FILE
    if not file.exists():
        passages = _passages(suite.articles)
        say(f"embedding {min(VECTORS, len(passages)):,} of {len(passages):,} real passages")
        chosen = np.random.default_rng(_SEED).permutation(len(passages))[:VECTORS]
        folder.mkdir(parents=True, exist_ok=True)
        np.save(file, embedder.embed_passages([passages[place] for place in chosen]))
    vectors: Vectors = np.load(file)
    return vectors


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
    from onrecord.index import Library, load_embedder, upkeep
    from onrecord.index.doctor import nearest_found

    upkeep.IDLE = 1e6  # Chroma, in which no search looks, is not filled meanwhile
    embedder = load_embedder("all-minilm-l6-v2")
    vectors = np.stack([embedder.embed_query(question) for question in questions])
    bare, began = memory_mib(), time.perf_counter()
    with Library(folder, embedder=embedder) as library:
        library.search(questions[0])
        opening = time.perf_counter() - began
        times = np.array([_times(library, question, None) for question in questions]) * 1000
        filtered = np.array([_times(library, question, _filter(n)) for n, question in enumerate(questions)]) * 1000
        searched = memory_mib()
        with library.parts(filled=False) as parts:
            recall = nearest_found(parts, vectors)
    p50, p95 = np.quantile(times[:, 0], (0.5, 0.95))
    return {
        "opening": opening,
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "cpu_ms": float(np.median(times[:, 1])),
        "filtered_p95_ms": float(np.quantile(filtered[:, 0], 0.95)),
        "filtered_cpu_ms": float(np.median(filtered[:, 1])),
        "recall": recall,
        "bare": bare,
        "searched": searched,
    }


def _filter(number: int) -> Any:
    """Two of the sources, and a year from which on: no two filters in a row are the same."""
    from onrecord.index.types import Filter

    sources = (f"Source {number % SOURCES}", f"Source {(number + 1) % SOURCES}")
    return Filter(sources=sources, published_from=str(2000 + number % 10))


def _times(library: Any, query: str, where: Any) -> tuple[float, float]:
    """Of one search: seconds, and seconds of the processor."""
    began, used = time.perf_counter(), time.process_time()
    library.search(query, where=where)
    return time.perf_counter() - began, time.process_time() - used


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(Path(sys.argv[1]), json.loads(sys.stdin.read()))) + "\n")
