"""An answer and everything that it stands on.

``Answer -> AnswerSentence -> Citation -> one Sentence -> one place in one article``. A citation's quote is
copied from the stored article by offset; it is never text that a model wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from onrecord.index.inert import web_address
from onrecord.index.types import Hit, Sentence
from onrecord.qa import records
from onrecord.qa.render import answer_text

Verdict = Literal["supported", "partly", "unsupported"]
Status = Literal["answered", "abstained"]
EXTRACTIVE = "extractive"  # the name of what wrote an answer that is made of quotes alone
Reason = Literal[
    "",
    "no_articles",
    "no_subject",
    "nothing_found",
    "not_answered",
    "not_supported",
    "outside_filter",
    "no_differences",
    "not_a_question_for_the_articles",
]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Citation:
    """``[number]`` -> one sentence of one article, with the facts to show beside it.

    ``who``: whom the "he" or "she" of the quote is, as the article names them, where it is clear; a reader is shown it
    in square brackets behind the first ``who_at`` characters of the quote, which itself stays as it is.
    """

    number: int
    sentence: Sentence
    title: str
    source: str = ""
    published: str = ""
    url: str = ""
    also_in: tuple[str, ...] = ()  # ids of articles that carry a copy of this one
    who: str = field(default="", kw_only=True)
    who_at: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", web_address(self.url))

    @property
    def article_id(self) -> str:
        return self.sentence.article_id

    @property
    def quote(self) -> str:
        return self.sentence.text

    @property
    def place(self) -> tuple[str, int]:
        """The article, and where in it the sentence begins."""
        return self.sentence.article_id, self.sentence.start_char


@dataclass(frozen=True, slots=True)
class Evidence(Citation):
    """One sentence shown to the model, under its number. ``score``: higher is better."""

    score: float = 0.0

    def cite(self) -> Citation:
        """This evidence as a citation."""
        return Citation(**{one.name: getattr(self, one.name) for one in fields(Citation)})


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of the answer, without markers in its text; its citations stand beside it."""

    text: str
    citations: tuple[Citation, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Statements about one thing that differ. ``positions``: what each says, by date where known."""

    about: str
    positions: tuple[AnswerSentence, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, what stands, and how it came about.

    ``status`` is ``abstained`` when the articles do not say; ``reason`` then says why. ``missing``: the parts of
    the question that a partial answer leaves open, as questions. ``unconfirmed`` holds drafted sentences that the
    articles do not support. ``answerability`` is the probability that the evidence answers the question, ``threshold``
    what it had to reach, ``signals`` what it was computed from.
    ``timings``: seconds per step, plus ``evaluated_tokens``, ``generated_tokens`` and ``model_calls``.
    """

    question: str
    standalone_question: str
    sentences: tuple[AnswerSentence, ...] = ()
    hits: tuple[Hit, ...] = ()
    status: Status = "abstained"
    reason: Reason = ""
    disagreements: tuple[Disagreement, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    index_revision: int = 0
    evidence: tuple[Evidence, ...] = ()
    unconfirmed: tuple[AnswerSentence, ...] = ()
    missing: str = ""
    answerability: float | None = None
    threshold: float | None = None
    signals: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    language: str = "en"

    @property
    def text(self) -> str:
        """The answer with ``[n]`` after each sentence; the plain abstention when nothing stands."""
        return answer_text(self)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation once, in order of its number."""
        shown = [*self.sentences, *(p for d in self.disagreements for p in d.positions)]
        by_number = {c.number: c for s in shown for c in s.citations}
        return tuple(by_number[number] for number in sorted(by_number))

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the field names, as every door prints it and what is kept has it."""
        return records.to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Answer":
        """The answer that `to_dict` wrote, its numbers rounded; `InputError` where it is none."""
        return records.from_dict(cls, data)


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """The evidence, before the model has written a word; again, in place of it, where the question was taken apart.

    ``best``: the number of the sentence that the judge of answers takes for an answer; 0 where it takes none for one.
    """

    standalone_question: str
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    best: int = 0


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """The model is writing; ``answerability`` is the check's outcome where there was one."""

    answerability: float | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """The model has written another piece, of which nothing can be shown yet; a place at which to stop it."""


@dataclass(frozen=True, slots=True)
class SentenceDone:
    """One sentence with its citations and its verdict. Unsupported ones will not be in the answer."""

    sentence: AnswerSentence


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer; the last event of every stream."""

    answer: Answer


Event = EvidenceFound | AnswerStarted | Writing | SentenceDone | Finished
