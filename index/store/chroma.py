"""Chroma itself: its client, its files, and what it is told. Imported when it is first used."""

import logging
import shutil
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from onrecord.index.batches import batched
from onrecord.index.errors import StoreError
from onrecord.index.store import modes
from onrecord.index.store.catalogue import VectorRow
from onrecord.index.store.faults import point
from onrecord.index.types import Filter

LARGEST_BATCH = 4000  # Chroma 1.5 takes 5,461 at once
_NO_DATE = 0
_ATTEMPTS = 60
# Cosine distance must be set when the collection is made; the rest buys recall for a few milliseconds.
HNSW = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}}

log = logging.getLogger(__name__)


def connect(url: str, folder: Path) -> Any:
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    if not url:
        modes.make_folder(folder.parent)
        modes.make_folder(folder)
        return chromadb.PersistentClient(str(folder), settings=settings)
    address = urlsplit(url if "//" in url else f"//{url}")
    return chromadb.HttpClient(
        host=address.hostname or "127.0.0.1",
        port=address.port or (443 if address.scheme == "https" else 8000),
        ssl=address.scheme == "https",
        settings=settings,
    )


def disconnect(client: Any) -> None:
    """Closes a client, and what Chroma's own closing leaves open: the connections to a server."""
    try:
        client.close()
    finally:
        session = getattr(client._server, "_session", None)
        if session is not None:
            session.close()


def delete(folder: Path) -> None:
    """Chroma closes its files a moment after it was closed, so one attempt is not always enough."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    log.warning("%s could not be deleted; it is not used any more, delete it by hand.", folder)


def blank_unused(folder: Path, done: dict[Path, int]) -> None:
    """Writes zeros over the part of Chroma's vector files that holds no vectors yet.

    Whenever it opens a small collection it makes room for more than there are and writes that room as it finds it:
    scraps of this process's memory, the text of a removed article among them. The header says how many vectors there
    are, and how large one is. ``done``: files that were blanked before, and when they were last written: those that
    are still as they were left are passed over.
    """
    for header in folder.rglob("header.bin"):
        try:
            _, room, count, size = struct.unpack_from("<QQQQ", header.read_bytes(), 4)
            for name, each in (("data_level0.bin", size), ("length.bin", 4)):
                file = header.with_name(name)
                found = file.stat()
                if found.st_mtime_ns == done.get(file):
                    continue
                if found.st_size == room * each and count <= room:  # else not the layout that is known
                    with file.open("r+b") as opened:
                        opened.seek(count * each)
                        opened.write(bytes((room - count) * each))
                    done[file] = file.stat().st_mtime_ns
        except (OSError, struct.error) as error:
            log.warning("The unused part of %s could not be blanked: %s", header.parent, error)


def fill(collection: Any, rows: Iterable[VectorRow]) -> None:
    for some in batched(rows, LARGEST_BATCH):
        point("vectors.add.before")
        collection.add(
            ids=[str(row.key) for row in some],
            embeddings=np.stack([row.vector for row in some]),
            metadatas=[
                {"article": row.article_id, "source": row.source.casefold(), "day": _day(row.published)} for row in some
            ],
        )
        point("vectors.add.after")


def where_of(where: Filter | None) -> dict[str, Any] | None:
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


def slices(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + LARGEST_BATCH] for start in range(0, len(keys), LARGEST_BATCH))


@contextmanager
def plain_errors(url: str) -> Iterator[None]:
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
