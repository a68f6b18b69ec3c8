"""What the page keeps of one question and its answer: pointers into articles, with the quote as it was.

A record is what is drawn, stored and exported; it holds no article text beyond the sentences that were quoted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from onrecord.index.errors import InputError
from onrecord.index.types import Filter, Hit
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence

State = Literal["searching", "waiting", "reading", "writing", "done", "stopped", "failed"]
LIVE: tuple[State, ...] = ("searching", "waiting", "reading", "writing")


@dataclass(frozen=True, slots=True)
class Quote:
    """One sentence of one article, as it stood when it was quoted."""

    number: int
    article_id: str
    index: int
    start_char: int
    end_char: int
    quote: str
    title: str
    source: str = ""
    published: str = ""
    url: str = ""
    also_in: tuple[str, ...] = ()
    score: float = 0.0
    standing: str = ""  # "changed" or "gone" when the article no longer says this there

    @property
    def place(self) -> tuple[str, int]:
        return self.article_id, self.start_char


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of an answer and what it cites."""

    text: str
    verdict: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Dispute:
    """Something on which the articles differ."""

    about: str
    positions: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that the search returned."""

    article_id: str
    index: int
    score: float
    found_by: str
    preview: str
    title: str = ""
    source: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One question and all that is known about its answer so far."""

    id: str
    question: str
    state: State = "searching"
    searched: str = ""
    place: int = 0
    status: str = ""
    reason: str = ""
    lines: tuple[Line, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    unconfirmed: tuple[Line, ...] = ()
    missing: str = ""
    evidence: tuple[Quote, ...] = ()
    hits: tuple[Found, ...] = ()
    warnings: tuple[str, ...] = ()
    model: str = ""
    revision: int = 0
    answerability: float | None = None
    threshold: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    scope: Filter = field(default_factory=Filter)
    error: str = ""
    feedback: str = ""
    asked: str = ""

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def cited(self) -> tuple[Quote, ...]:
        """Every quote that the answer uses, once, in order of its number."""
        lines = [*self.lines, *(p for d in self.disputes for p in d.positions)]
        by_number = {q.number: q for line in lines for q in line.quotes}
        return tuple(by_number[n] for n in sorted(by_number))

    @property
    def uncited(self) -> tuple[Quote, ...]:
        """Evidence that the model saw and the answer does not use."""
        used = {q.place for q in self.cited}
        return tuple(q for q in self.evidence if q.place not in used)

    @property
    def answer_text(self) -> str:
        """The answer as plain text with its markers, for history and for copying."""
        if self.error:
            return self.error
        if self.status == "abstained":
            return "The articles do not say."
        return " ".join(line.text + "".join(f" [{q.number}]" for q in line.quotes) for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def quote_of(cited: Citation | Evidence, score: float = 0.0) -> Quote:
    sentence = cited.sentence
    return Quote(
        number=cited.number,
        article_id=sentence.article_id,
        index=sentence.index,
        start_char=sentence.start_char,
        end_char=sentence.end_char,
        quote=sentence.text,
        title=cited.title,
        source=cited.source,
        published=cited.published,
        url=cited.url,
        also_in=tuple(cited.also_in),
        score=score,
    )


def line_of(sentence: AnswerSentence) -> Line:
    return Line(sentence.text, sentence.verdict, tuple(quote_of(c) for c in sentence.citations))


def evidence_of(evidence: Sequence[Evidence]) -> tuple[Quote, ...]:
    return tuple(quote_of(item, item.score) for item in evidence)


def found_of(hits: Sequence[Hit], titles: Mapping[str, tuple[str, str, str]]) -> tuple[Found, ...]:
    """``titles``: article id -> title, source, date."""
    return tuple(
        Found(
            hit.passage.article_id,
            hit.passage.sentences[0].index,
            hit.score,
            hit.found_by,
            hit.passage.sentences[0].text,
            *titles.get(hit.passage.article_id, ("", "", "")),
        )
        for hit in hits
    )


def finish(record: Record, answer: Answer) -> Record:
    """``record`` with everything that the finished answer says."""
    return replace(
        record,
        state="done",
        place=0,
        searched=answer.standalone_question,
        status=answer.status,
        reason=answer.reason,
        lines=tuple(line_of(s) for s in answer.sentences),
        disputes=tuple(Dispute(d.about, tuple(line_of(p) for p in d.positions)) for d in answer.disagreements),
        unconfirmed=tuple(line_of(s) for s in answer.unconfirmed),
        missing=answer.missing,
        evidence=evidence_of(answer.evidence) or record.evidence,
        warnings=tuple(answer.warnings),
        model=answer.model,
        revision=answer.index_revision,
        answerability=answer.answerability,
        threshold=answer.threshold,
        timings=dict(answer.timings),
    )


def _lines(rows: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    return tuple(Line(row["text"], row["verdict"], _quotes(row["quotes"])) for row in rows)


def _quotes(rows: Sequence[Mapping[str, Any]]) -> tuple[Quote, ...]:
    return tuple(Quote(**{**row, "also_in": tuple(row["also_in"])}) for row in rows)


def from_dict(data: Mapping[str, Any]) -> Record:
    """The record that :meth:`Record.to_dict` wrote."""
    try:
        scope: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list | tuple) else v for key, v in data["scope"].items()
        }
        return Record(
            **{
                **data,
                "lines": _lines(data["lines"]),
                "unconfirmed": _lines(data["unconfirmed"]),
                "disputes": tuple(Dispute(d["about"], _lines(d["positions"])) for d in data["disputes"]),
                "evidence": _quotes(data["evidence"]),
                "hits": tuple(Found(**row) for row in data["hits"]),
                "warnings": tuple(data["warnings"]),
                "scope": Filter(**scope),
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"A stored answer cannot be read ({error}); it was written by another version.") from error
