"""What passes from one step to the next: frozen values, each made by one step and read by those after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from onrecord.index import Filter, Hit, Vectors
from onrecord.qa.types import AnswerSentence, Disagreement, Evidence, Reason


@dataclass(frozen=True, slots=True)
class Asked:
    """``text``: the question that stands alone, in a language of the articles; ``translate``: the answer goes back."""

    question: str
    text: str
    language: str = "en"
    translate: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One of the questions that are asked, and the articles that it is put to.

    ``article_id``: the one article that it is put to, where each article is asked by itself. ``filtered``: the person
    chose articles. ``refused``: why the question's text alone shows that no article answers it.
    """

    text: str
    scope: Filter | None = None
    article_id: str = ""
    filtered: bool = False
    refused: Reason = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """The passages of a search, best first, and the unit vector that was searched with.

    ``timely``: how well the date of each article suits the question, 0 to 1, by its id; empty if it asks for no time.
    """

    hits: tuple[Hit, ...] = ()
    vector: Vectors = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    timely: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What may answer. ``text``: the evidence as the model reads it; ``nearness``: the highest cosine of one of its
    sentences with the question; ``answers``: the judge's logit of the best one, None where it read none.
    """

    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    text: str = ""
    vector: Vectors = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    nearness: float = 0.0
    answers: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> int:
        """The number of the sentence that rather answers than not, as the judge sees it; 0 where none does."""
        ranked = sorted(self.evidence, key=lambda item: -item.score)
        return ranked[0].number if ranked and self.answers is not None and self.answers > 0 else 0


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the evidence answers: ``reason`` is empty where it does. The rest is how that was decided."""

    reason: Reason = ""
    answerability: float | None = None
    threshold: float | None = None
    signals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """The sentences that may be shown, numbered, and the drafted ones that the articles do not support."""

    sentences: tuple[AnswerSentence, ...] = ()
    unconfirmed: tuple[AnswerSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one part."""

    part: Part
    found: Found
    checked: Checked
    written: Written = Written()
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def reason(self) -> Reason:
        """Why this part has no answer; empty where it has one."""
        return self.checked.reason or ("" if self.written.sentences else "not_supported")
