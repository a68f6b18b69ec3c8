"""What a run writes: one line of JSON per question, complete enough to be scored again without asking anything.

Offsets are those of the stored article. Scoring reads these rows and the suite, nothing else, so a metric that is
added later can be computed for a run that was made before.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from onrecord.index.errors import InputError

SCHEMA_VERSION = 1

RowStatus = Literal["answered", "abstained", "retrieved", "failed"]
STATUSES: tuple[RowStatus, ...] = ("answered", "abstained", "retrieved", "failed")
_MARKER = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")


@dataclass(frozen=True, slots=True)
class CitationRow:
    """One citation of one sentence. ``also_in``: articles that carry a copy of the cited one."""

    number: int
    article_id: str
    start_char: int
    end_char: int
    quote: str
    also_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """One sentence of the answer. ``verdict`` is empty where the system gives none."""

    text: str
    verdict: str = ""
    citations: tuple[CitationRow, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrievedRow:
    """One passage that the search found, best first."""

    article_id: str
    start_char: int
    end_char: int
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One piece of text that the model was shown, under its number."""

    article_id: str
    start_char: int
    end_char: int
    text: str
    number: int = 0
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one system said to one question.

    ``status``: ``answered``; ``abstained`` (``reason`` says why); ``retrieved`` in a run that only searches;
    ``failed`` (``error`` says how). ``text`` is the answer as a person reads it, markers and all. ``timings`` holds
    seconds per step and the counts of tokens and model calls, under the names that the system gives them.
    """

    question_id: str
    system: str
    question: str
    status: RowStatus
    standalone_question: str = ""
    reason: str = ""
    text: str = ""
    sentences: tuple[SentenceRow, ...] = ()
    positions: tuple[SentenceRow, ...] = ()  # what the sources say where they differ, shown beside the answer
    retrieved: tuple[RetrievedRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    answerability: float | None = None
    threshold: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    model: str = ""
    index_revision: int = 0
    schema_version: int = SCHEMA_VERSION

    @property
    def shown(self) -> tuple[SentenceRow, ...]:
        """Every sentence that a reader sees: the answer's, then those of sources that differ."""
        return self.sentences + self.positions

    @property
    def citations(self) -> tuple[CitationRow, ...]:
        """Every cited place once, in the order in which it is first cited."""
        places: dict[tuple[str, int, int], CitationRow] = {}
        for sentence in self.shown:
            for citation in sentence.citations:
                places.setdefault((citation.article_id, citation.start_char, citation.end_char), citation)
        return tuple(places.values())

    @property
    def plain_text(self) -> str:
        """The answer without citation markers: what is compared with the accepted answers."""
        if self.shown:
            return " ".join(_MARKER.sub("", sentence.text) for sentence in self.shown)
        return _MARKER.sub("", self.text).strip()

    def to_json(self) -> str:
        """One line of JSON, without the line's end."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> "ResultRow":
        """The row of one line.

        Raises:
            InputError: the line is not JSON, is of another schema version, or holds unknown or missing fields.
        """
        try:
            raw = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"the line is not JSON ({error.msg}); was the run cut off while writing it?") from error
        if not isinstance(raw, dict):
            raise InputError("the line is JSON but no object; a result row is one object per line")
        version = raw.get("schema_version")
        if version != SCHEMA_VERSION:
            raise InputError(
                f"the row has schema version {version!r}, this program reads {SCHEMA_VERSION}; run the suite again"
            )
        row = _build(cls, raw)
        assert isinstance(row, ResultRow)
        return row


_NESTED: dict[str, type] = {
    "sentences": SentenceRow,
    "positions": SentenceRow,
    "citations": CitationRow,
    "retrieved": RetrievedRow,
    "evidence": EvidenceRow,
}


def _build(kind: type, raw: Any) -> Any:
    """An object of one of the row types from plain data; unknown, missing and mistyped fields are named."""
    if not isinstance(raw, dict):
        raise InputError(f"expected an object for {kind.__name__}, found {raw!r}")
    unknown = sorted(set(raw) - {f.name for f in fields(kind)})
    if unknown:
        raise InputError(f"the row has unknown fields: {', '.join(unknown)}")
    values = dict(raw)
    for name, inner in _NESTED.items():
        if name in values:
            if not isinstance(values[name], list):
                raise InputError(f"{name!r} must be a list, found {values[name]!r}")
            values[name] = tuple(_build(inner, item) for item in values[name])
    if "also_in" in values:
        values["also_in"] = tuple(values["also_in"])
    if kind is ResultRow and values.get("status") not in STATUSES:
        raise InputError(f"status must be one of {', '.join(STATUSES)}, found {values.get('status')!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"the row lacks a field: {error}") from error


def read_rows(path: Path | str) -> tuple[ResultRow, ...]:
    """The rows of a results file, in order.

    A last line without its line end is what a killed run leaves behind: it is dropped when it cannot be read, so that
    the question is asked again. The same damage anywhere else is an error.

    Raises:
        InputError: the file is missing, or a line cannot be read; the message names file and line.
    """
    path = Path(path)
    try:
        content = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give the results file of a run") from error
    lines = content.split("\n")
    rows: list[ResultRow] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(ResultRow.from_json(line))
        except InputError as error:
            if number == len(lines):  # nothing ended this line: the run was killed in mid-write
                break
            raise InputError(f"{path}:{number}: {error}") from error
    return tuple(rows)
