"""How well a question is read before anything is searched: taken apart where it asks several things, completed where
it follows another. README.md says where the questions are from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from onrecord.eval.suites.jsonl import Row, read_jsonl
from onrecord.qa.steps.split import parts_of
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.understand import reply, standalone
from onrecord.qa.types import Turn

PARTS = Path(__file__).with_name("parts.jsonl")
FOLLOW_UPS = Path(__file__).with_name("follow_ups.jsonl")
TEST = slice(1, None, 2)  # the half that nothing was worded or chosen from


@dataclass(frozen=True, slots=True)
class Reading:
    """One question as it should be read and as it was: parts, or the one question that stands alone. ``leans``:
    whether it asks several things, or leans on what was said."""

    question: str
    leans: bool
    wanted: tuple[str, ...]
    read: tuple[str, ...]
    right: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the questions that lean, how many were read rightly; of the others, how many were left alone."""

    leaning: int
    read: int
    others: int
    left_alone: int


def parts(model: Model, rows: slice = slice(None)) -> list[Reading]:
    """Questions taken apart: right is the right number of parts."""
    found = []
    for row in list(read_jsonl(PARTS))[rows]:
        wanted, read = row.texts("parts"), parts_of(row.text("question"), model)
        found.append(Reading(row.text("question"), len(wanted) > 1, wanted, read, len(read) == len(wanted)))
    return found


def follow_ups(model: Model | None, rows: slice = slice(None)) -> list[Reading]:
    """Follow-ups completed: right is all that it must name, and a question that leans on nothing as it was asked."""
    rewrite = partial(reply, model) if model else None
    found = []
    for row in list(read_jsonl(FOLLOW_UPS))[rows]:
        read = standalone(row.text("question"), _turns(row), rewrite).text
        must = row.texts("must")
        right = all(name in read.casefold() for name in must) if must else _same(read, row.text("question"))
        found.append(Reading(row.text("question"), bool(must), (row.text("standalone"),), (read,), right))
    return found


def tally(readings: Iterable[Reading]) -> Tally:
    """The counts of some readings."""
    known = list(readings)
    leaning, others = [one for one in known if one.leans], [one for one in known if not one.leans]
    return Tally(len(leaning), sum(one.right for one in leaning), len(others), sum(one.right for one in others))


def _turns(row: Row) -> list[Turn]:
    return [Turn("assistant" if at % 2 else "user", said) for at, said in enumerate(row.texts("conversation"))]


def _same(one: str, other: str) -> bool:
    return one.casefold().rstrip("?. ") == other.casefold().rstrip("?. ")
