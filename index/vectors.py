"""Nearest vectors: Chroma, inside this process or a server by URL, and exact search by brute force.

The catalogue holds the vectors of record; Chroma is a cache of them. It is told nothing but keys, vectors and the facts
that filters need: no text. A new generation is built beside the old one and takes its place when it is complete.
"""

import logging
import shutil
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from onrecord.index.catalogue import Catalogue, Keys, VectorRow
from onrecord.index.errors import StoreError
from onrecord.index.types import Filter, Vectors

FOLDER = "chroma"
LARGEST_BATCH = 4000  # Chroma 1.5 takes 5,461 at once
_NO_DATE = 0
_ATTEMPTS = 60
# Cosine distance must be set when the collection is made; the rest buys recall for a few milliseconds.
_HNSW = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}}

log = logging.getLogger(__name__)


def nearest(keys: Keys, vectors: Vectors, query: Vectors, *, top_k: int) -> list[tuple[int, float]]:
    """Exact search: ``(key, cosine)`` of the ``top_k`` nearest unit vectors, the nearest first."""
    if not len(keys):
        return []
    return top(keys, vectors @ query, top_k=top_k)


def top(keys: Keys, scores: Vectors, *, top_k: int) -> list[tuple[int, float]]:
    """The ``top_k`` keys of the highest scores, highest first; among equals the smaller key."""
    chosen = np.argpartition(-scores, top_k)[:top_k] if top_k < len(scores) else np.arange(len(scores))
    order = chosen[np.lexsort((keys[chosen], -scores[chosen]))]
    return [(int(keys[row]), float(scores[row])) for row in order]


class VectorStore:
    """The catalogue's vectors in Chroma. Nothing is imported or opened before the first use."""

    def __init__(self, catalogue: Catalogue, *, url: str = "") -> None:
        self._catalogue = catalogue
        self._url = url
        self._client: Any = None
        self._collection: Any = None

    @property
    def in_step(self) -> bool:
        """True when Chroma was last known to hold what the catalogue holds now."""
        noted = self._catalogue.note("vectors_revision")
        return noted == self._stamp() if noted else not self._catalogue.passage_count()

    def close(self) -> None:
        if self._client is not None:
            with _told_plainly(self._url):
                self._client.close()
            if not self._url:
                _blank_unused(self._folder(self._generation()))
        self._client = self._collection = None

    def open(self) -> None:
        """Connects, so that a server which does not answer is known before any work is done."""
        self._opened()

    def apply(self, *, added: Sequence[int], deleted: Sequence[int]) -> None:
        """Follows one or more changes of the catalogue, the last of which made its present revision."""
        collection = self._opened()
        with _told_plainly(self._url):
            for some in _slices(deleted):
                collection.delete(ids=[str(key) for key in some])
            _fill(collection, self._catalogue.vector_rows(added))
        self._catalogue.set_note("vectors_revision", self._stamp())

    def repair(self) -> tuple[int, int]:
        """Makes Chroma hold exactly the catalogue's keys; returns how many it lacked and had too many."""
        wanted = {int(key) for key in self._catalogue.passage_rows()[0]}
        held = self.keys()
        self.apply(added=sorted(wanted - held), deleted=sorted(held - wanted))
        return len(wanted - held), len(held - wanted)

    def rebuild(self) -> None:
        """A new generation from the catalogue's vectors; the old one, and whatever its files still held, is deleted."""
        old = self._generation()
        self.close()
        self._catalogue.set_note("vectors_generation", str(old + 1))
        self._drop(old + 1)  # left over from a rebuild that was cut off
        self.apply(added=[int(key) for key in self._catalogue.passage_rows()[0]], deleted=[])
        self.close()
        self._drop(old)

    def query(self, vector: Vectors, *, top_k: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """``(key, cosine)`` of about the ``top_k`` nearest passages that match, the nearest first."""
        return self.query_many(vector[np.newaxis, :], top_k=top_k, where=where)[0]

    def query_many(self, vectors: Vectors, *, top_k: int, where: Filter | None = None) -> list[list[tuple[int, float]]]:
        collection = self._opened()
        with _told_plainly(self._url):
            found = collection.query(
                query_embeddings=vectors, n_results=top_k, where=_where(where), include=["distances"]
            )
        pairs = zip(found["ids"], found["distances"], strict=True)
        return [[(int(i), 1.0 - d) for i, d in zip(ids, distances, strict=True)] for ids, distances in pairs]

    def keys(self) -> set[int]:
        """The keys that Chroma holds."""
        collection = self._opened()
        with _told_plainly(self._url):
            return {int(one) for one in collection.get(include=[])["ids"]}

    def _opened(self) -> Any:
        if self._collection is None:
            with _told_plainly(self._url):
                self._client = self._client or _connect(self._url, self._folder(self._generation()))
                self._collection = self._client.get_or_create_collection(
                    self._name(self._generation()), configuration=_HNSW, embedding_function=None
                )
        return self._collection

    def _stamp(self) -> str:
        """Revision, generation and place: a Chroma elsewhere has yet to be filled."""
        return f"{self._catalogue.revision} {self._generation()} {self._url}"

    def _generation(self) -> int:
        return int(self._catalogue.note("vectors_generation") or 1)

    def _folder(self, generation: int) -> Path:
        return self._catalogue.folder / FOLDER / str(generation)

    def _name(self, generation: int) -> str:
        return f"onrecord-{self._catalogue.note('id')}-{generation}"

    def _drop(self, generation: int) -> None:
        if self._url:
            with _told_plainly(self._url):
                client = self._client or _connect(self._url, Path())
                if self._name(generation) in {collection.name for collection in client.list_collections()}:
                    client.delete_collection(self._name(generation))
        else:
            _delete(self._folder(generation))


def _connect(url: str, folder: Path) -> Any:
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(str(folder), settings=settings)
    address = urlsplit(url if "//" in url else f"//{url}")
    return chromadb.HttpClient(
        host=address.hostname or "127.0.0.1",
        port=address.port or (443 if address.scheme == "https" else 8000),
        ssl=address.scheme == "https",
        settings=settings,
    )


def _delete(folder: Path) -> None:
    """Chroma closes its files a moment after it was closed, so one attempt is not always enough."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    log.warning("%s could not be deleted; it is not used any more, delete it by hand.", folder)


def _blank_unused(folder: Path) -> None:
    """Writes zeros over the part of Chroma's vector files that holds no vectors yet.

    Whenever it opens a small collection it makes room for more than there are and writes that room as it finds it:
    scraps of this process's memory, the text of a removed article among them. The header says how many vectors there
    are, and how large one is.
    """
    for header in folder.rglob("header.bin"):
        try:
            _, room, count, size = struct.unpack_from("<QQQQ", header.read_bytes(), 4)
            for name, each in (("data_level0.bin", size), ("length.bin", 4)):
                file = header.with_name(name)
                if file.stat().st_size == room * each and count <= room:  # else not the layout that is known
                    with file.open("r+b") as opened:
                        opened.seek(count * each)
                        opened.write(bytes((room - count) * each))
        except (OSError, struct.error) as error:
            log.warning("The unused part of %s could not be blanked: %s", header.parent, error)


def _fill(collection: Any, rows: Iterable[VectorRow]) -> None:
    waiting = iter(rows)
    while some := list(islice(waiting, LARGEST_BATCH)):
        collection.add(
            ids=[str(row.key) for row in some],
            embeddings=np.stack([row.vector for row in some]),
            metadatas=[
                {"article": row.article_id, "source": row.source.casefold(), "day": _day(row.published)} for row in some
            ],
        )


def _where(where: Filter | None) -> dict[str, Any] | None:
    """A filter in Chroma's words. Dates are numbers there: it compares no texts."""
    parts: list[dict[str, Any]] = []
    if where and where.articles:
        parts.append({"article": {"$in": list(where.articles)}})
    if where and where.sources:
        parts.append({"source": {"$in": [source.casefold() for source in where.sources]}})
    if where and (where.published_from or where.published_to):
        parts.append({"day": {"$gte": max(_day(where.published_from), _NO_DATE + 1)}})
    if where and where.published_to:
        parts.append({"day": {"$lte": _day(where.published_to)}})
    return None if not parts else parts[0] if len(parts) == 1 else {"$and": parts}


def _day(published: str) -> int:
    """``2016-12-14`` -> 20161214; what is no full date counts as none."""
    digits = published[:10].replace("-", "")
    return int(digits) if len(digits) == 8 and digits.isdecimal() else _NO_DATE


def _slices(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + LARGEST_BATCH] for start in range(0, len(keys), LARGEST_BATCH))


@contextmanager
def _told_plainly(url: str) -> Iterator[None]:
    """Chroma raises ValueError for an absent server, httpx errors for a lost one, and its own tree for the rest."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, ValueError, httpx.HTTPError, OSError) as error:
        if url:
            cure = f"start it again (`chroma run --host … --port …` at {url}) or take chroma_url out of the settings"
            raise StoreError(f"The Chroma server at {url} failed ({error}); {cure}.") from error
        raise StoreError(
            f"The vectors could not be used ({error}); make room on the disk, then run `onrecord rebuild`."
        ) from error
