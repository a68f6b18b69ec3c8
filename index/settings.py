"""The settings of an index and of what is fetched for it, and the fingerprint that says when two indexes differ."""

import json
from dataclasses import dataclass, field
from typing import Literal

from onrecord.index import database_address
from onrecord.index.errors import InputError

NEVER = 2**62
OVERLAP = 1  # sentences that a passage shares with the one before it
Backend = Literal["auto", "onnx", "sentence-transformers"]
Fusion = Literal["mean", "rrf"]
Reach = Literal["none", "public", "all"]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a search works inside: for measuring, and no setting, as nobody who asks needs it.

    ``exact_below``: collections with fewer passages than this have all their vectors in memory and are searched
    exactly; of a larger one, the vectors' signs say which of the vectors to compare (`onrecord.index.store.codes`).
    ``chroma_from``: searches of this many passages or more, if they have no filter, are Chroma's; always on a server.
    ``candidates``: how many passages each of the two searches hands to the fusion. The two weights say how much each
    search counts. The last two are those of BM25.
    """

    exact_below: int = 100_000
    chroma_from: int = NEVER
    fusion: Fusion = "mean"
    dense_weight: float = 0.5
    keyword_weight: float = 0.5
    candidates: int = 100
    bm25_k1: float = 1.5
    bm25_b: float = 0.5


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How articles are cut, embedded and searched.

    ``embedder`` is a name of the model catalogue or a folder. ``chroma_url`` empty: Chroma runs inside this process.
    ``catalogue_url``: the PostgreSQL database that holds the articles; empty: they are in a file of the data folder.
    ``read_seconds`` of processor and ``read_memory_mib`` are what reading one file may take.
    """

    embedder: str = "all-minilm-l6-v2"
    backend: Backend = "auto"
    passage_words: int = 110
    chroma_url: str = ""
    catalogue_url: str = field(default="", repr=False)
    read_seconds: int = 60
    read_memory_mib: int = 1024

    def __post_init__(self) -> None:
        at_least(self, "index", read_seconds=1, read_memory_mib=64)
        if self.catalogue_url:
            database_address.parse(self.catalogue_url)

    def fingerprint(self, *, embedder: str, splitter: int, normaliser: int) -> str:
        """Readable JSON that changes whenever the stored passages or their vectors would.

        How passages are searched (`SearchOptions`, Chroma's address) has no part in it.

        >>> IndexSettings().fingerprint(embedder="minilm", splitter=1, normaliser=1)
        '{"embedder": "minilm", "normaliser": 1, "overlap": 1, "splitter": 1, "words": 110}'
        """
        parts = {
            "embedder": embedder,
            "words": self.passage_words,
            "overlap": OVERLAP,
            "splitter": splitter,
            "normaliser": normaliser,
        }
        return json.dumps(parts, sort_keys=True)


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How addresses and feeds are fetched, those that somebody named.

    ``reach``: "public" addresses of the internet only, "all" also those of this machine and its network, or "none".
    ``seconds`` and ``mib`` bound one answer, ``redirects`` those that one address may lead through. ``pause_seconds``
    lie between two requests to one host. ``feed_minutes``: how often a server reads a followed feed; 0: never.
    """

    reach: Reach = "public"
    seconds: float = 30.0
    mib: int = 20
    redirects: int = 5
    pause_seconds: float = 1.0
    feed_minutes: float = 60.0

    def __post_init__(self) -> None:
        at_least(self, "fetch", seconds=1, mib=1, redirects=0, pause_seconds=0, feed_minutes=0)


def describe_mismatch(stored: str, now: str) -> str:
    """How two fingerprints differ, and the cure."""
    before, after = json.loads(stored), json.loads(now)
    parts = [f"{name} {before.get(name)!r}, now {after[name]!r}" for name in after if before.get(name) != after[name]]
    return f"was built otherwise ({'; '.join(parts)}); set that again, or run `onrecord rebuild` to embed it anew"


def at_least(settings: object, section: str, **least: float) -> None:
    """Raises `InputError` for the first setting of the section that is under its least value."""
    for name, bound in least.items():
        if not (value := getattr(settings, name)) >= bound:  # not a number is under it, too
            raise InputError(f"{section}.{name} = {value} cannot be used: it must be {bound} or more.")
