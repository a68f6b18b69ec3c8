"""A model for names that knows some of them."""

import re
from collections.abc import Iterator, Mapping, Sequence

import pytest

from onrecord.index.types import Sentence
from onrecord.qa.names import index
from onrecord.qa.names.values import NameKind


def tag(monkeypatch: pytest.MonkeyPatch, kinds: Mapping[str, NameKind], seen: list[str] | None = None) -> None:
    """From now on these are found, and nothing else; ``seen`` gets the texts that are read."""

    def tagged(text: str, sentences: Sequence[Sentence]) -> Iterator[tuple[int, int, NameKind]]:
        if seen is not None:
            seen.append(text)
        pattern = "|".join(map(re.escape, sorted(kinds, key=len, reverse=True)))
        return ((*one.span(), kinds[one.group()]) for one in re.finditer(rf"\b(?:{pattern})\b", text))

    monkeypatch.setattr(index, "tagged", tagged)
    monkeypatch.setattr(index, "available", lambda: True)
    monkeypatch.setattr("onrecord.index.extras.lacking", lambda extra: "")
