"""A brief: a few sentences that stand for an article or a selection of them, each with the sentences it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onrecord.qa import records
from onrecord.qa.types import AnswerSentence, Reason


@dataclass(frozen=True, slots=True)
class Brief:
    """``about``: what it was asked about, empty for all of the selection; ``articles``: how many it was chosen from.

    ``copies``: further articles of the selection that are copies of those, and count once. ``first``, ``last``: the
    days between which the dated ones were published, empty where none is. ``reason``: why there are no sentences.
    """

    about: str
    sentences: tuple[AnswerSentence, ...] = ()
    articles: int = 0
    copies: int = 0
    first: str = ""
    last: str = ""
    reason: Reason = ""
    warnings: tuple[str, ...] = ()
    model: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)
    index_revision: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the field names."""
        return records.to_dict(self)
