"""What is said of two articles that do not agree: two sentences, what differs in them, and which came later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onrecord.index.types import Sentence
from onrecord.qa import records
from onrecord.qa.judges.differs import Kind
from onrecord.qa.types import Citation

Relation = Literal["disagree", "later", "corrects"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sentences, with its article's facts. ``start``, ``end``: what differs, within the sentence;
    ``speaker``: who is named in the article as having said it."""

    sentence: Sentence
    title: str
    source: str
    published: str
    url: str
    start: int
    end: int
    speaker: str = ""

    def cite(self, number: int = 0) -> Citation:
        """The sentence as a citation."""
        return Citation(number, self.sentence, self.title, self.source, self.published, self.url)

    @property
    def differing(self) -> str:
        return self.sentence.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sentences of different articles that do not agree, the earlier report first.

    ``relation``: ``disagree`` where both are of about one time; ``later`` where the second was published later, so that
    what it tells of may have gone on; ``corrects`` where it says itself that it corrects what was said before.
    """

    id: str
    kind: Kind
    relation: Relation
    sides: tuple[Side, Side]

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the field names."""
        return records.to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Difference":
        """The difference that `to_dict` wrote; `InputError` where it is none."""
        return records.from_dict(cls, data)
