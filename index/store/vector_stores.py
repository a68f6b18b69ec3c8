"""Which store of vectors a catalogue has: one of its folder, or one that is shared as the catalogue is."""

from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.vectors import VectorStore


def vector_store(catalogue: Catalogue, url: str, at_once_from: int) -> VectorStore:
    """``url``: of a Chroma server, else ""; ``at_once_from``: as `VectorStore` has it."""
    if catalogue.shared and url:
        from onrecord.index.store.shared_vectors import SharedVectorStore  # with PostgreSQL's driver

        return SharedVectorStore(catalogue, url=url)
    return VectorStore(catalogue, url=url, at_once_from=at_once_from)
