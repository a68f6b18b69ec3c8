"""The keywords of a collection in PostgreSQL: which terms are in which passages, in tables beside the articles.

They change in the transaction that changes the articles. The latest passages lie as they came, a row each. As soon as
there are ``BLOCK`` of them they become a block: for each of its terms one row, with all its postings in the block. So a
search reads of each of its terms a row for some thousand passages, and a row is written once: after that it changes
only where a passage of its block is taken out. A term is a number (`onrecord.index.text.terms`), so that both this and
the index of a folder find the same words.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onrecord.index.batches import batched
from onrecord.index.errors import StoreError
from onrecord.index.store import postings
from onrecord.index.store.base import Connection, Database, note
from onrecord.index.text.passages import text_for_search
from onrecord.index.text.terms import TOKENS_VERSION, TermCodes, Terms
from onrecord.index.types import Keys

NOTED = "keywords"  # a note of the rules that made the terms
BLOCK = 2048  # passages
_ARTICLES = 500  # taken out at once
_SPAN = 16  # bits of a passage's place in its block
_POSTING = np.dtype([("place", "<u2"), ("length", "<u2"), ("count", "u1")])  # of a passage: how many terms, how often
_LONGEST, _MOST = 2**16 - 1, 2**8 - 1
_TEXTS = """
SELECT p.key, a.title, (
    SELECT string_agg(s.text, ' ' ORDER BY s.idx) FROM sentences s
    WHERE s.article_id = p.article_id AND s.idx BETWEEN p.first AND p.last
) FROM passages p JOIN articles a ON a.id = p.article_id WHERE """

KeyedCodes = tuple[int, TermCodes]


@dataclass(frozen=True, slots=True)
class Postings:
    """The passages that hold a term, each one's number of terms, and how often it holds this one."""

    keys: Keys
    lengths: NDArray[Any]
    counts: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Of one moment: how many passages there are, how many terms in all, and the postings of those asked for."""

    passages: int
    length: int
    postings: dict[int, Postings]


@dataclass(frozen=True, slots=True)
class _Latest:
    """The passages that are in no block: their keys, ascending, and numbers of terms; all terms, and whose each is."""

    keys: Keys
    lengths: NDArray[np.int64]
    codes: TermCodes
    rows: NDArray[np.int64]

    def postings(self, code: int) -> Postings:
        rows, counts = np.unique(self.rows[self.codes == np.uint64(code)], return_counts=True)
        return Postings(self.keys[rows], self.lengths[rows], counts)


class KeywordTables:
    """Whoever changes the articles calls ``add`` and ``take_out`` within that transaction.

    Raises ``StoreError`` for keywords that a newer OnRecord has made of the texts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._terms = Terms()
        self._seen: tuple[int, _Latest] | None = None  # the latest passages as of this revision
        with database.reader() as connection:
            behind = self._is_behind(connection)
        if behind:  # once, whoever comes first: the others wait, and look again
            with database.transaction() as connection:
                if self._is_behind(connection):
                    self.fill(connection)

    # -- changes -------------------------------------------------------------------------------------------------------

    def add(self, connection: Connection, keyed_texts: Iterable[tuple[int, str]]) -> None:
        """Passages whose keys ascend, and are greater than any before."""
        self._is_behind(connection)
        rows = [(key, self._terms.array(text).tobytes()) for key, text in keyed_texts]
        connection.executemany("INSERT INTO keyword_latest VALUES (?, ?)", rows)
        (count,) = connection.execute("SELECT count(*) FROM keyword_latest").fetchone()
        if count >= BLOCK:
            for some in batched(_latest_rows(connection), BLOCK):
                _keep(connection, some)
            connection.execute("DELETE FROM keyword_latest")

    def take_out(self, connection: Connection, article_ids: Sequence[str]) -> None:
        """The passages of these articles, which are there still: nothing of a term is left of them."""
        self._is_behind(connection)
        query = """
            SELECT key, (SELECT max(block) FROM keyword_blocks WHERE block <= key) FROM unnest(?::bigint[]) AS key"""
        for some in batched(article_ids, _ARTICLES):
            codes = {key: self._terms.array(text) for key, text in _texts(connection, "p.article_id = ANY(?)", some)}
            if not codes:
                continue
            latest = "DELETE FROM keyword_latest WHERE key = ANY(?) RETURNING key"
            found = {key for (key,) in connection.execute(latest, (list(codes),)).fetchall()}
            blocks: dict[int, list[KeyedCodes]] = defaultdict(list)
            for key, block in connection.execute(query, ([key for key in codes if key not in found],)).fetchall():
                blocks[block].append((key, codes[key]))
            for block, gone in blocks.items():
                _strip(connection, block, gone)

    def fill(self, connection: Connection) -> None:
        """Makes all of it anew from the texts."""
        for table in ("keywords", "keyword_blocks", "keyword_latest"):
            connection.execute(f"DELETE FROM {table}")
        note(connection, NOTED, str(TOKENS_VERSION))
        last = 0
        while some := list(_texts(connection, "p.key > ? ORDER BY p.key LIMIT ?", last, BLOCK)):
            last = some[-1][0]
            if len(some) == BLOCK:
                _keep(connection, [(key, self._terms.array(text)) for key, text in some])
            else:
                self.add(connection, some)

    def _is_behind(self, connection: Connection) -> bool:
        """Whether the terms were made by older rules than these; ``StoreError`` for newer ones."""
        row = connection.execute("SELECT value FROM meta WHERE name = ?", (NOTED,)).fetchone()
        noted = int(row[0]) if row else 0
        if noted > TOKENS_VERSION:
            raise StoreError(
                f"The keywords of this collection were made by a newer OnRecord (rules {noted}, this one has "
                f"{TOKENS_VERSION}); update OnRecord on this machine."
            )
        return noted < TOKENS_VERSION

    # -- searches ------------------------------------------------------------------------------------------------------

    def read(self, codes: Iterable[int]) -> Found:
        """The postings of these terms."""
        signed = dict(
            zip(np.array(wanted := list(codes), dtype=np.uint64).view(np.int64).tolist(), wanted, strict=True)
        )
        revision = "SELECT value FROM meta WHERE name = 'revision'"
        query = f"SELECT ({revision}), sum(octet_length(places)), sum(length) FROM keyword_blocks WHERE block > ?"
        rows = """
            SELECT term, array_agg(block), array_agg(octet_length(postings)), string_agg(postings, '')
            FROM keywords WHERE term = ANY(?::bigint[]) GROUP BY term"""
        with self._database.snapshot() as connection:
            found, places, length = connection.execute(query, (-1,)).fetchone()
            latest = self._latest(connection, int(found or 0))
            kept = connection.execute(rows, (list(signed),)).fetchall()
        each = {code: latest.postings(code) for code in wanted}
        for term, *some in kept:
            each[signed[term]] = _joined(_of_blocks(*some), each[signed[term]])
        passages = int(places or 0) // _PLACE.itemsize + len(latest.keys)
        return Found(passages, int(length or 0) + int(latest.lengths.sum()), each)

    def keys(self) -> Keys:
        """Of all passages that are known here, ascending."""
        with self._database.snapshot() as connection:
            query = "SELECT block, places FROM keyword_blocks WHERE block > ? ORDER BY block"
            blocks = [_keys(*row) for row in connection.execute(query, (-1,)).fetchall()]
            latest = [key for key, _ in _latest_rows(connection)]
        return np.concatenate([*blocks, np.array(latest, dtype=np.int64)])

    def is_whole(self) -> bool:
        """Whether each block has as many postings as were put in and not taken out."""
        query = f"""
            SELECT count(*) FROM keyword_blocks FULL JOIN (
                SELECT block, sum(octet_length(postings)) / {_POSTING.itemsize} AS found FROM keywords GROUP BY block
            ) AS kept USING (block) WHERE coalesce(postings, 0) != coalesce(found, 0)"""
        with self._database.reader() as connection:
            return not connection.execute(query).fetchone()[0]

    def _latest(self, connection: Connection, revision: int) -> _Latest:
        """They are at most some thousand rows, and read again only when something was changed."""
        if self._seen is not None and self._seen[0] == revision:
            return self._seen[1]
        rows = _latest_rows(connection)
        lengths = np.array([len(codes) for _, codes in rows], dtype=np.int64)
        codes = np.concatenate([np.zeros(0, dtype=np.uint64), *(codes for _, codes in rows)])
        keys = np.array([key for key, _ in rows], dtype=np.int64)
        latest = _Latest(keys, lengths, codes, np.repeat(np.arange(len(rows)), lengths))
        self._seen = revision, latest
        return latest


def _texts(connection: Connection, condition: str, *values: object) -> Iterator[tuple[int, str]]:
    """What is searched of the passages, by their keys."""
    for key, title, text in connection.execute(_TEXTS + condition, values).fetchall():
        yield key, text_for_search(title, text)


def _latest_rows(connection: Connection) -> list[KeyedCodes]:
    query = "SELECT key, terms FROM keyword_latest WHERE key > ? ORDER BY key"
    return [(key, np.frombuffer(codes, dtype=np.uint64)) for key, codes in connection.execute(query, (-1,)).fetchall()]


# -- blocks: one's number is the key of its first passage, a passage's place in it is how much greater its key is ------

_PLACE = np.dtype("<u2")


def _keep(connection: Connection, passages: Sequence[KeyedCodes]) -> None:
    """Writes passages, whose keys ascend, as a block, or as some where their keys are far apart."""
    for _, near in groupby(passages, lambda one: one[0] >> _SPAN):
        segment = postings.of_codes(near)
        block = int(segment.keys[0])
        found = np.empty(len(segment.rows), dtype=_POSTING)
        found["place"] = segment.keys[segment.rows] - block
        found["length"] = np.minimum(segment.lengths, _LONGEST)[segment.rows]
        found["count"] = np.minimum(segment.counts, _MOST)
        connection.execute(
            "INSERT INTO keyword_blocks VALUES (?, ?, ?, ?)",
            (block, (segment.keys - block).astype(_PLACE).tobytes(), int(segment.lengths.sum()), len(found)),
        )
        connection.execute(
            "INSERT INTO keywords SELECT term, ?::bigint, postings "
            "FROM unnest(?::bigint[], ?::bytea[]) AS one(term, postings)",
            (block, segment.terms.view(np.int64).tolist(), _cut(found, segment.starts)),
        )


def _strip(connection: Connection, block: int, gone: Sequence[KeyedCodes]) -> None:
    """Takes passages out of their block."""
    leaving = np.array([key for key, _ in gone], dtype=np.int64)
    terms = np.unique(np.concatenate([codes for _, codes in gone])).view(np.int64).tolist()
    query = "SELECT term, postings FROM keywords WHERE block = ? AND term = ANY(?::bigint[])"
    rows = connection.execute(query, (block, terms)).fetchall()
    found = np.frombuffer(b"".join(some for _, some in rows), dtype=_POSTING)
    owners = np.repeat(np.arange(len(rows)), [len(some) // _POSTING.itemsize for _, some in rows])
    stays = ~np.isin(found["place"], leaving - block)
    left = np.bincount(owners[stays], minlength=len(rows))
    kept = _cut(found[stays], np.concatenate([[0], np.cumsum(left)]))
    changed = [(term, some) for (term, _), some in zip(rows, kept, strict=True) if some]
    connection.execute(
        "UPDATE keywords SET postings = one.postings FROM unnest(?::bigint[], ?::bytea[]) AS one(term, postings) "
        "WHERE keywords.term = one.term AND keywords.block = ?",
        ([term for term, _ in changed], [some for _, some in changed], block),
    )
    emptied = [term for (term, _), some in zip(rows, kept, strict=True) if not some]
    connection.execute("DELETE FROM keywords WHERE block = ? AND term = ANY(?::bigint[])", (block, emptied))
    (places,) = connection.execute("SELECT places FROM keyword_blocks WHERE block = ?", (block,)).fetchone()
    remaining = np.setdiff1d(_keys(block, places), leaving) - block
    connection.execute(
        "UPDATE keyword_blocks SET places = ?, length = length - ?, postings = postings - ? WHERE block = ?",
        (
            remaining.astype(_PLACE).tobytes(),
            sum(len(codes) for _, codes in gone),
            sum(len(np.unique(codes)) for _, codes in gone),
            block,
        ),
    )
    connection.execute("DELETE FROM keyword_blocks WHERE block = ? AND places = ''", (block,))


def _cut(found: NDArray[np.void], starts: NDArray[np.int64]) -> list[bytes]:
    """Each term's postings as they are kept; ``starts``: where each begins, and the end."""
    joined = found.tobytes()
    return [joined[begin:end] for begin, end in pairwise((starts * _POSTING.itemsize).tolist())]


def _of_blocks(blocks: Sequence[int], sizes: Sequence[int], joined: bytes) -> Postings:
    found = np.frombuffer(joined, dtype=_POSTING)
    starts = np.repeat(np.array(blocks, dtype=np.int64), np.array(sizes) // _POSTING.itemsize)
    return Postings(starts + found["place"], found["length"], found["count"])


def _joined(one: Postings, other: Postings) -> Postings:
    pairs = ((one.keys, other.keys), (one.lengths, other.lengths), (one.counts, other.counts))
    return Postings(*map(np.concatenate, pairs))


def _keys(block: int, places: bytes) -> Keys:
    return np.frombuffer(places, dtype=_PLACE).astype(np.int64) + block
