"""A brief: a few sentences that stand for an article or a selection of them, each with the sentences it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from onrecord.qa import records
from onrecord.qa.steps.recency import days_text
from onrecord.qa.types import AnswerSentence, Citation, Disagreement, Reason

IN_BRIEF, HAPPENED, SAID = "In brief", "What happened when", "Who says what"
DISPUTED, UNKNOWN = "Where the articles differ", "What the articles say is not known"


@dataclass(frozen=True, slots=True)
class Dated:
    """A sentence that names the day (``2016-12-14``) of what it reports; "Friday" is that before the article."""

    day: str
    sentence: AnswerSentence


@dataclass(frozen=True, slots=True)
class Said:
    """Whom the articles quote, and the sentences with the quotations."""

    speaker: str
    sentences: tuple[AnswerSentence, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """``about``: what it was asked about, empty for all of the selection; ``articles``: how many it was chosen from.

    ``copies``: further articles of the selection that are copies of those, and count once. ``first``, ``last``: the
    days between which the dated ones were published, empty where none is. ``reason``: why there are no sentences.
    ``happened``: in order of the day; ``said``: who is quoted most comes first; ``disputed``: where two articles
    differ, what disagrees first; ``unknown``: where they themselves say that something is not known. The numbers of
    citations go on from one to the next.
    """

    about: str
    sentences: tuple[AnswerSentence, ...] = ()
    happened: tuple[Dated, ...] = ()
    said: tuple[Said, ...] = ()
    disputed: tuple[Disagreement, ...] = ()
    unknown: tuple[AnswerSentence, ...] = ()
    articles: int = 0
    copies: int = 0
    first: str = ""
    last: str = ""
    reason: Reason = ""
    warnings: tuple[str, ...] = ()
    model: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)
    index_revision: int = 0

    @property
    def covered(self) -> str:
        """What it was chosen from, in words; empty where there is nothing."""
        if not self.articles:
            return ""
        days = f", {_between(self.first, self.last)}" if self.first else ""
        copies = f"; copies of them, {self.copies:,}, count once" if self.copies else ""
        return f"A brief of {self.articles:,} article{'s' if self.articles != 1 else ''}{days}{copies}."

    @property
    def parts(self) -> tuple[tuple[str, tuple[AnswerSentence, ...]], ...]:
        """Headings with what stands under each, as they are read; none where there are no sentences."""
        found = [(IN_BRIEF, self.sentences)]
        for day, there in groupby(self.happened, key=lambda one: one.day):
            found.append(
                (f"{HAPPENED}: {days_text(*[date.fromisoformat(day)] * 2)}", tuple(one.sentence for one in there))
            )
        found += [(f"{SAID}: {one.speaker}", one.sentences) for one in self.said]
        found += [(f"{DISPUTED}: {one.about}", one.positions) for one in self.disputed]
        found.append((UNKNOWN, self.unknown))
        return tuple((heading, said) for heading, said in found if said)

    @property
    def shown(self) -> tuple[AnswerSentence, ...]:
        """Every sentence, in the order in which they are read."""
        return tuple(line for _, said in self.parts for line in said)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation once, in order of its number."""
        by_number = {quote.number: quote for line in self.shown for quote in line.citations}
        return tuple(by_number[number] for number in sorted(by_number))

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the field names."""
        return records.to_dict(self)


def _between(first: str, last: str) -> str:
    return days_text(date.fromisoformat(first), date.fromisoformat(last))
