"""Nearest vectors: Chroma, inside this process or a server by URL, and exact search by brute force.

The catalogue holds the vectors of record; Chroma is a cache of them. It is told nothing but keys, vectors and the facts
that filters need: no text. What Chroma deletes stays in its files, so after a removal they are given up: a new
generation is begun at once, and filled from the catalogue, at one go or slice by slice. Until it is whole, nothing is
found in it, and searches do without. Where they do so anyway, as all inside this process do by default, it need not
follow at once: it is loaded and filled later, behind whoever writes.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.index import tracing
from onrecord.index.errors import DiskFull, StoreError
from onrecord.index.settings import NEVER
from onrecord.index.store import modes, reserve
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.chroma import (
    HNSW,
    blank_unused,
    connect,
    delete,
    disconnect,
    fill,
    plain_errors,
    slices,
    where_of,
)
from onrecord.index.store.entries import Change
from onrecord.index.store.faults import point
from onrecord.index.types import Filter, Keys, Vectors

FOLDER = "chroma"


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

    def __init__(self, catalogue: Catalogue, *, url: str = "", at_once_from: int = 0) -> None:
        self._catalogue = catalogue
        self._at_once_from = at_once_from
        self._url = url
        self._client: Any = None
        self._collection: Any = None
        self._using = threading.RLock()  # no search while the files under it are given up
        self._whole = True  # false while it lacks passages that are stored; then nothing is looked for in it
        self._lacking: list[int] | None = None  # which those are, once they were looked up
        self._blanked: dict[Path, int] = {}
        self._foreign = catalogue.foreign  # how many times others have changed the catalogue, as far as it has followed

    @property
    def in_step(self) -> bool:
        """True when Chroma was last known to hold what the catalogue holds now."""
        noted = self._catalogue.note("vectors_revision")
        return noted == self._stamp() if noted else not self._catalogue.passage_count()

    @property
    def at_once(self) -> bool:
        """Whether Chroma follows each change at once: a server does, and one in this process where searches need it."""
        return bool(self._url) or (self._at_once_from < NEVER and self.is_asked(self._catalogue.passage_count()))

    def is_asked(self, passages: int) -> bool:
        """Whether it is searched in a collection of so many."""
        return bool(self._url) or passages >= self._at_once_from

    def close(self) -> None:
        with self._using:
            if self._client is not None:
                with self._plain_errors():
                    disconnect(self._client)
                if not self._url:
                    folder = self._folder(self._generation())
                    blank_unused(folder, {})
                    modes.tighten_all(folder.parent)
            self._client = self._collection = None

    def open(self) -> None:
        """Connects, so that a server which does not answer is known before any work is done."""
        if self.at_once:
            self._opened()

    def apply(self, *, added: Sequence[int], deleted: Sequence[int]) -> None:
        """Follows one or more changes of the catalogue, the last of which made its present revision; or will later."""
        if not self.at_once:
            self._later(added, deleted)
            return
        whole, self._whole = self._whole, False
        self._change(added, deleted)
        self._whole = whole
        if whole and self._foreign == self._catalogue.foreign:  # else what is still to come will note it
            self._note_step()

    def _later(self, added: Sequence[int], deleted: Sequence[int]) -> None:
        """Notes what it lacks, so that not all keys of both need be compared."""
        lacking = [] if self._whole else self._lacking
        if deleted or lacking is None:
            self.distrust()
        else:
            self._whole, self._lacking = False, [*lacking, *added]

    def follow_others(self, change: Change | None, foreign: int) -> None:
        """Follows what other processes have changed, as many times as ``foreign``; None: it is not known what."""
        if change is None or not self._whole or not self.at_once:
            self.distrust()
            return
        self._foreign = foreign
        with self._plain_errors():
            known = set(self._opened().get(ids=[str(key) for key in change.added], include=[])["ids"])
        self.apply(added=[key for key in change.added if str(key) not in known], deleted=change.deleted)

    def distrust(self) -> None:
        """It does not hold what the catalogue holds: ``refill`` and ``repair`` mend that."""
        self._whole, self._lacking, self._foreign = False, None, self._catalogue.foreign

    def refill(self, most: int) -> bool:
        """Adds at most so many of the passages that are lacking; True when none is lacking any more."""
        if not self._whole:
            lacking, too_many = self._differences()
            self._change(lacking[:most], too_many)
            self._lacking = lacking[most:]
            if self._lacking:
                return False
            self._note_step()
            self._whole, self._lacking = True, None
            point("vectors.generation.filled")
        return True

    def repair(self) -> tuple[int, int]:
        """Makes Chroma hold exactly the catalogue's keys; returns how many it lacked and had too many."""
        self.distrust()
        lacking, too_many = self._differences()
        self.refill(len(lacking))
        return len(lacking), len(too_many)

    def renew(self) -> None:
        """Begins a new generation, still empty; the old one, and whatever its files still held, is deleted."""
        with self._using:
            old = self._generation()
            self.close()
            self.distrust()
            if not self._url and not self._folder(old).exists():
                return
            self._catalogue.set_note("vectors_generation", str(old + 1))
            point("vectors.generation.begun")
            self._drop(old)
            point("vectors.generation.dropped")

    def rebuild(self) -> None:
        """A new generation, filled from the catalogue's vectors."""
        self.renew()
        self.repair()

    def leftovers(self) -> list[Path]:
        """Folders of generations that are not, or no longer, in use."""
        folder = self._catalogue.folder / FOLDER
        present = set() if self._url else {str(self._generation())}
        return [one for one in folder.iterdir() if one.name not in present] if folder.is_dir() else []

    def prune(self) -> None:
        """Deletes what a process that was cut off has left."""
        for folder in self.leftovers():
            delete(folder)

    def query(self, vector: Vectors, *, top_k: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """``(key, cosine)`` of about the ``top_k`` nearest passages that match, the nearest first."""
        return self.query_many(vector[np.newaxis, :], top_k=top_k, where=where)[0]

    def query_many(self, vectors: Vectors, *, top_k: int, where: Filter | None = None) -> list[list[tuple[int, float]]]:
        """As ``query`` for each of the vectors. As long as passages are lacking, none are found: see ``refill``."""
        if not self._whole:
            return [[] for _ in vectors]
        with self._using, self._plain_errors():
            collection = self._opened()
            with tracing.spent("chroma"):
                found = collection.query(
                    query_embeddings=vectors, n_results=top_k, where=where_of(where), include=["distances"]
                )
        pairs = zip(found["ids"], found["distances"], strict=True)
        return [[(int(i), 1.0 - d) for i, d in zip(ids, distances, strict=True)] for ids, distances in pairs]

    def keys(self) -> set[int]:
        """The keys that Chroma holds."""
        with self._using, self._plain_errors():
            return {int(one) for one in self._opened().get(include=[])["ids"]}

    def _opened(self) -> Any:
        with self._using, self._plain_errors():
            if self._collection is None:
                self._client = self._client or connect(self._url, self._folder(self._generation()))
                self._collection = self._client.get_or_create_collection(
                    self._name(self._generation()), configuration=HNSW, embedding_function=None
                )
                if self._url:
                    self._drop_others()
            return self._collection

    def _change(self, added: Sequence[int], deleted: Sequence[int]) -> None:
        if not added and not deleted:
            return
        collection = self._opened()
        with self._plain_errors():
            for some in slices(deleted):
                point("vectors.delete.before")
                collection.delete(ids=[str(key) for key in some])
                point("vectors.delete.after")
            fill(collection, self._catalogue.vector_rows(added))
        if not self._url:
            blank_unused(self._folder(self._generation()), self._blanked)
            modes.tighten_all(self._catalogue.folder / FOLDER)

    def _differences(self) -> tuple[list[int], list[int]]:
        """Which keys Chroma lacks, and which it should not have."""
        if self._lacking is not None:
            return self._lacking, []
        wanted = {int(key) for key in self._catalogue.passage_rows()[0]}
        stored = self.keys() if self._url or self._folder(self._generation()).exists() else set()
        return sorted(wanted - stored), sorted(stored - wanted)

    def _note_step(self) -> None:
        point("vectors.noted.before")
        self._catalogue.set_note("vectors_revision", self._stamp())
        point("vectors.noted.after")

    def _stamp(self) -> str:
        """Revision, generation and place: a Chroma elsewhere has yet to be filled."""
        return f"{self._catalogue.revision} {self._generation()} {self._url}"

    def _generation(self) -> int:
        return int(self._catalogue.note("vectors_generation") or 1)

    def _folder(self, generation: int) -> Path:
        return self._catalogue.folder / FOLDER / str(generation)

    def _name(self, generation: int | str) -> str:
        return f"onrecord-{self._catalogue.note('id')}-{generation}"

    def _drop(self, generation: int) -> None:
        if self._url:
            self._opened()  # of the new generation; the server is then told to delete all others
        else:
            delete(self._folder(generation))

    def _drop_others(self) -> None:
        """On a server, those of the generations before."""
        present = self._name(self._generation())
        names = [collection.name for collection in self._client.list_collections()]
        for name in names:
            if name.startswith(self._name("")) and name != present:
                self._client.delete_collection(name)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """As the function; a full disk is known from its having no room, as Chroma does not say it alike each time."""
        try:
            with plain_errors(self._url):
                yield
        except StoreError as error:
            if not self._url and reserve.is_full(self._catalogue.folder):
                raise DiskFull(reserve.sentence(self._catalogue.folder)) from error
            raise
