"""Where a catalogue's keywords are kept: in files of its folder, or, where it is shared, in its database."""

from typing import Any

from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.keyword_store import KeywordStore
from onrecord.index.store.keywords import Kept
from onrecord.index.store.shared_keywords import SharedKeywords


def keyword_store(catalogue: Catalogue, *, k1: float, b: float) -> Kept[Any]:
    files = KeywordStore(catalogue.folder, k1=k1, b=b)
    if catalogue.words is None:
        return files
    files.forget()  # those of an OnRecord that kept them on each server
    return SharedKeywords(catalogue.words, k1=k1, b=b)
