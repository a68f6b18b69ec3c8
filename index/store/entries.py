"""One article as the catalogue stores it, and the statements that put it in and take it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from onrecord.index.batches import batched
from onrecord.index.errors import StoreError
from onrecord.index.store import earlier, edits
from onrecord.index.store.base import Connection
from onrecord.index.types import Article, Passage, Sentence, Vectors

_AT_ONCE = 500  # passages in one statement
_COPY = """
INSERT INTO copies SELECT one.id, other.id FROM articles one JOIN articles other ON other.id = ? WHERE one.id = ?
ON CONFLICT DO NOTHING
"""
ARTICLE = "id, title, text, source, published, url, language, place"


@dataclass(frozen=True, slots=True)
class Entry:
    """One article, ready to be stored. ``vectors``: one row per passage. ``copies``: ids of stored near-duplicates."""

    article: Article
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    vectors: Vectors
    signature: bytes = b""
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to the passages, by key, and which articles it took out."""

    added: tuple[int, ...] = ()
    deleted: tuple[int, ...] = ()
    removed: tuple[str, ...] = ()


def check(entry: Entry) -> None:
    """Nothing is stored that a citation could not be resolved from."""
    text = entry.article.text
    if len(entry.vectors) != len(entry.passages):
        raise StoreError(
            f"Article {entry.article.id!r} has {len(entry.passages)} passages and {len(entry.vectors)} vectors."
        )
    for sentence in entry.sentences:
        if text[sentence.start_char : sentence.end_char] != sentence.text:
            raise StoreError(f"Sentence {sentence.index} of article {entry.article.id!r} is not where its offsets say.")


def insert(connection: Connection, entry: Entry, added: str) -> tuple[int, ...]:
    a = entry.article
    connection.execute(
        f"INSERT INTO articles ({ARTICLE}, words, added, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            a.id,
            a.title,
            a.text,
            a.source,
            a.published,
            a.url,
            a.language,
            a.place,
            len(a.text.split()),
            added,
            entry.signature,
        ),
    )
    connection.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?)",
        [(a.id, s.index, s.start_char, s.end_char, s.text) for s in entry.sentences],
    )
    spans = [(one.id, a.id, one.sentences[0].index, one.sentences[-1].index) for one in entry.passages]
    keys: dict[str, int] = {}
    for some in batched(spans, _AT_ONCE):
        query = f"INSERT INTO passages (id, article_id, first, last) VALUES {', '.join(['(?, ?, ?, ?)'] * len(some))}"
        keys |= dict(connection.execute(f"{query} RETURNING id, key", [*chain(*some)]).fetchall())
    connection.executemany(
        "INSERT INTO embeddings VALUES (?, ?)",
        [
            (keys[passage.id], np.ascontiguousarray(vector, dtype=np.float32).tobytes())
            for passage, vector in zip(entry.passages, entry.vectors, strict=True)
        ],
    )
    connection.executemany(_COPY, [pair for copy in entry.copies for pair in ((a.id, copy), (copy, a.id))])
    return tuple(keys[one.id] for one in entry.passages)


def delete(connection: Connection, article_id: str) -> tuple[int, ...]:
    """To be stored anew: what was set by hand stays."""
    rows = connection.execute("SELECT key FROM passages WHERE article_id = ?", (article_id,)).fetchall()
    connection.execute("DELETE FROM articles WHERE id = ?", (article_id,))
    return tuple(row[0] for row in rows)


def remove(connection: Connection, article_id: str) -> tuple[int, ...]:
    edits.forget(connection, article_id)
    connection.execute("DELETE FROM dismissed WHERE one = ? OR other = ?", (article_id, article_id))
    earlier.forget(connection, article_id)
    return delete(connection, article_id)


def retired(connection: Connection, origin: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Notes that a file holds these articles no longer, and tells which of them no other file holds."""
    connection.executemany(
        "DELETE FROM origins WHERE path = ? AND article_id = ?", [(origin, article_id) for article_id in ids]
    )
    kept = "SELECT 1 FROM origins WHERE article_id = ?"
    return tuple(article_id for article_id in ids if not connection.execute(kept, (article_id,)).fetchone())
