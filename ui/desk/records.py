"""What the page keeps of one question and its answer: pointers into articles, with the quote as it was.

A record is what is drawn, stored and exported; it holds no article text beyond the sentences that were quoted, and the
first one of each passage that was found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from onrecord.index.errors import InputError
from onrecord.index.types import Filter, Hit
from onrecord.qa import records
from onrecord.qa.render import marked, nearest
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence

# "ending": it waits for a model whose answer was stopped, and which finishes what it was reading.
State = Literal["searching", "waiting", "ending", "reading", "writing", "done", "stopped", "failed"]
LIVE: tuple[State, ...] = ("searching", "waiting", "ending", "reading", "writing")


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
class Stale:
    """A cited place at which the article no longer says the quote: it "changed", or is "gone"."""

    article_id: str
    start_char: int
    how: str


@dataclass(frozen=True, slots=True)
class Record:
    """One question and its answer as far as it is there: without its ``hits``, in whose place ``found`` is kept."""

    id: str
    answer: Answer
    state: State = "searching"
    place: int = 0
    found: tuple[Found, ...] = ()
    scope: Filter = field(default_factory=Filter)
    error: str = ""
    feedback: str = ""
    asked: str = ""
    stale: tuple[Stale, ...] = ()
    best: int = 0  # see `EvidenceFound`

    @property
    def lead(self) -> Citation | None:
        """What the article itself says: number 1, shown as soon as it is found, and above what is written then.

        None where what is written quotes it, and where the articles were found not to answer, or the answer failed.
        """
        answer = self.answer
        best = next((one for one in answer.evidence if one.number == self.best), None)
        if best is None or not (self.live or self.state == "stopped" or answer.sentences or answer.disagreements):
            return None
        positions = [position for one in answer.disagreements for position in one.positions]
        quoted = {one.text for one in answer.sentences} | {one.quote for line in positions for one in line.citations}
        return None if best.quote in quoted else replace(best.cite(), number=1)

    @property
    def nearest(self) -> tuple[Citation, ...]:
        """The sentences that came nearest, where the articles do not answer, numbered as they are shown."""
        return tuple(replace(one.cite(), number=number) for number, one in enumerate(nearest(self.answer), start=1))

    @property
    def shown(self) -> Answer:
        """The answer with its citations numbered in reading order behind the `lead`."""
        lead, answer = self.lead, self.answer
        if lead is None:
            return answer
        differ = answer.disagreements
        every = [*answer.sentences, *(position for one in differ for position in one.positions)]
        places = dict.fromkeys([lead.place, *(cited.place for line in every for cited in line.citations)])
        numbers = {place: number for number, place in enumerate(places, start=1)}
        return replace(
            answer,
            sentences=tuple(_renumbered(line, numbers) for line in answer.sentences),
            disagreements=tuple(
                replace(one, positions=tuple(_renumbered(line, numbers) for line in one.positions)) for one in differ
            ),
        )

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The `lead` and what the answer cites, each once, in order of their numbers."""
        lead, cited = self.lead, self.shown.citations
        return cited if lead is None or (cited[:1] and cited[0].place == lead.place) else (lead, *cited)

    @property
    def question(self) -> str:
        return self.answer.question

    @property
    def status(self) -> str:
        """That of the answer, empty before it is finished."""
        return self.answer.status if self.state == "done" else ""

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def uncited(self) -> tuple[Evidence, ...]:
        """Evidence that the model saw, and that is not shown with the answer."""
        used = {citation.place for citation in self.citations}
        return tuple(one for one in self.answer.evidence if one.place not in used)

    @property
    def answer_text(self) -> str:
        """The answer as plain text with its markers, for history and for copying."""
        written = self.shown.text if self.state == "done" else " ".join(map(marked, self.shown.sentences))
        return self.error or written

    def staleness(self, cited: Citation) -> str:
        """ "" while the article still says the quote at its place, else "changed" or "gone"."""
        return next((one.how for one in self.stale if (one.article_id, one.start_char) == cited.place), "")

    def to_dict(self) -> dict[str, Any]:
        return records.to_dict(self)


def _renumbered(line: AnswerSentence, numbers: Mapping[tuple[str, int], int]) -> AnswerSentence:
    cited = [replace(one, number=numbers[one.place]) for one in line.citations]
    return replace(line, citations=tuple(sorted(cited, key=lambda one: one.number)))


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
    evidence = answer.evidence or record.answer.evidence
    return replace(record, state="done", place=0, answer=replace(answer, hits=(), evidence=evidence))


def from_dict(data: Mapping[str, Any]) -> Record:
    """The record that :meth:`Record.to_dict` wrote; earlier versions had the answer's fields beside its own."""
    try:
        return records.from_dict(Record, data if "answer" in data else _of_before(data))
    except (InputError, KeyError, TypeError) as error:
        raise InputError(f"A stored answer cannot be read ({error}); it was written by another version.") from error


def _of_before(data: Mapping[str, Any]) -> dict[str, Any]:
    def sentences(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**line, "citations": line["quotes"]} for line in lines]

    answer = {
        **data,
        "standalone_question": data["searched"],
        "status": data["status"] or "abstained",
        "sentences": sentences(data["lines"]),
        "disagreements": [{**one, "positions": sentences(one["positions"])} for one in data["disputes"]],
        "unconfirmed": sentences(data["unconfirmed"]),
        "index_revision": data["revision"],
        "hits": (),
    }
    return {**data, "answer": answer, "found": data["hits"]}
