"""The answer while it is being made: what each step found out, and how long it took."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from onrecord.index import Hit, Vectors
from onrecord.index.errors import InputError
from onrecord.qa.engines.base import Usage
from onrecord.qa.judges.injection import stated
from onrecord.qa.steps.write import Numbering, repeats
from onrecord.qa.types import Answer, AnswerSentence, Disagreement, Evidence, Reason


@dataclass
class Draft:
    """Filled step by step; `finish` freezes it into an `Answer`."""

    question: str
    started: float
    before: Usage | None
    standalone: str = ""
    article_id: str = ""  # the one article that it is asked of
    language: str = "en"
    translate: bool = False
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    vector: Vectors = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    nearness: float = 0.0
    signals: dict[str, float] = field(default_factory=dict)
    answerability: float | None = None
    threshold: float | None = None
    sentences: list[AnswerSentence] = field(default_factory=list)
    unconfirmed: list[AnswerSentence] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    missing: str = ""
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    numbering: Numbering = field(default_factory=Numbering)

    @classmethod
    def begin(cls, question: str, *, limit: int, usage: Usage | None) -> "Draft":
        """A draft for one question; raises `InputError` for one that is empty or over ``limit`` characters."""
        asked = " ".join(question.split())
        if not asked:
            raise InputError("The question is empty; type what you want to know.")
        if len(asked) > limit:
            raise InputError(
                f"The question has {len(asked):,} characters; at most {limit:,} are read. Shorten it, and add long "
                "texts as articles instead."
            )
        return cls(question=asked, started=time.perf_counter(), before=usage)

    def part(self, question: str, *, article_id: str = "") -> "Draft":
        """A draft for one of the questions that this one asks, or for one article that it is asked of.

        Its citations are numbered on, its time counts here.
        """
        return Draft(
            question=question,
            started=self.started,
            before=self.before,
            standalone=question,
            article_id=article_id,
            warnings=self.warnings,
            timings=self.timings,
            numbering=self.numbering,
        )

    @property
    def asked(self) -> str:
        """The question, with the article that it was asked of."""
        title = next((stated(item.title) for item in self.evidence if self.article_id), "")
        return f"{self.standalone.rstrip('?.! ')}, according to “{title}”?" if title else self.standalone

    def gather(self, parts: Sequence["Draft"]) -> None:
        """What was found for the parts, each passage and each sentence once."""
        if len(parts) == 1:
            return
        hits = {hit.passage.id: hit for part in parts for hit in part.hits}
        evidence = {(e.sentence.article_id, e.sentence.index): e for part in parts for e in part.evidence}
        numbered = [replace(item, number=number) for number, item in enumerate(evidence.values(), start=1)]
        self.found(tuple(hits.values()), tuple(numbered))

    def join(self, parts: Sequence["Draft"], reasons: Sequence[Reason]) -> Reason:
        """What the parts came to: the reason for silence when all are silent; else the silent ones are missing."""
        if len(parts) == 1:
            return reasons[0]
        for part in parts:
            self.sentences += [s for s in part.sentences if not repeats(s.text, self.sentences)]
            self.unconfirmed += part.unconfirmed
            self.disagreements += part.disagreements
        surest = max(parts, key=lambda part: part.answerability or 0.0)
        self.signals, self.answerability, self.threshold = surest.signals, surest.answerability, surest.threshold
        self.missing = " ".join(part.asked for part, reason in zip(parts, reasons, strict=True) if reason)
        return reasons[0] if all(reasons) else ""

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Adds the seconds spent inside to ``timings[step]``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[step] = self.timings.get(step, 0.0) + time.perf_counter() - start

    def found(self, hits: Sequence[Hit], evidence: Sequence[Evidence]) -> None:
        """The evidence is there; from here on the person sees something."""
        self.hits, self.evidence = tuple(hits), tuple(evidence)
        self.timings["to_evidence"] = time.perf_counter() - self.started

    def first_token(self) -> None:
        """The model has written its first word."""
        self.timings.setdefault("to_first_token", time.perf_counter() - self.started)

    def translated(self, translate: Callable[[AnswerSentence], str]) -> None:
        """Put every sentence that is shown into the user's language; quotes stay as the articles have them."""
        self.sentences = [s if _is_quote(s) else replace(s, text=translate(s)) for s in self.sentences]
        if not all(_is_quote(s) for s in self.sentences):
            self.warnings.append("The model translated this answer; the quotes are the articles' own words.")

    def finish(self, reason: Reason, *, model: str, index_revision: int, usage: Usage | None) -> Answer:
        """The answer; abstained, without sentences, when there is a reason."""
        self.timings["total"] = time.perf_counter() - self.started
        if usage is not None and self.before is not None:
            self.timings["evaluated_tokens"] = usage.evaluated_tokens - self.before.evaluated_tokens
            self.timings["reused_tokens"] = usage.reused_tokens - self.before.reused_tokens
            self.timings["generated_tokens"] = usage.generated_tokens - self.before.generated_tokens
            self.timings["model_calls"] = usage.calls - self.before.calls
        return Answer(
            question=self.question,
            standalone_question=self.standalone,
            sentences=() if reason else tuple(self.sentences),
            hits=self.hits,
            status="abstained" if reason else "answered",
            reason=reason,
            disagreements=() if reason else tuple(self.disagreements),
            timings=self.timings,
            model=model,
            index_revision=index_revision,
            evidence=self.evidence,
            unconfirmed=tuple(self.unconfirmed),
            missing="" if reason else self.missing,
            answerability=self.answerability,
            threshold=self.threshold,
            signals=self.signals,
            warnings=tuple(self.warnings),
            language=self.language,
        )


def _is_quote(sentence: AnswerSentence) -> bool:
    return any(sentence.text == citation.quote for citation in sentence.citations)
