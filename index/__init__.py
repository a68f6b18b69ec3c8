"""The index room: knows articles and finds passages.

``Library`` is its one class; everything else here is a value that goes into it or comes out of it. Importing this loads
no model library and no store: each is loaded when it is first needed.
"""

from onrecord.index import private  # noqa: F401  before any library that it silences

# isort: split
from onrecord.index.errors import (
    FetchError,
    IndexMismatch,
    InputError,
    LibraryBusy,
    LibraryClosed,
    ModelError,
    ModelMissing,
    OnRecordError,
    ReadError,
    StoreError,
    UnknownArticle,
)
from onrecord.index.library import Library
from onrecord.index.models.embedders import load_embedder
from onrecord.index.reading.files import article_from_text, read_paths
from onrecord.index.settings import FetchSettings, IndexSettings, SearchOptions
from onrecord.index.types import (
    Article,
    ArticleInfo,
    Embedder,
    Filter,
    Hit,
    Passage,
    Sentence,
    SyncReport,
    Vectors,
)

__all__ = [
    "Article",
    "ArticleInfo",
    "Embedder",
    "FetchError",
    "FetchSettings",
    "Filter",
    "Hit",
    "IndexMismatch",
    "IndexSettings",
    "InputError",
    "Library",
    "LibraryBusy",
    "LibraryClosed",
    "ModelError",
    "ModelMissing",
    "OnRecordError",
    "Passage",
    "ReadError",
    "SearchOptions",
    "Sentence",
    "StoreError",
    "SyncReport",
    "UnknownArticle",
    "Vectors",
    "article_from_text",
    "load_embedder",
    "read_paths",
]
