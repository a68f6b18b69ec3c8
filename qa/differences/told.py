"""Differences as an answer: when a question asks for them, and how each is put into words."""

import re
from collections.abc import Sequence

from onrecord.qa.differences.values import Difference, Relation, Side
from onrecord.qa.judges.differs import Kind
from onrecord.qa.steps.cite import citations_of, numbered
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement

MOST = 10  # of an answer; the tab Overview and `onrecord differences` show all
WHAT: dict[Kind, str] = {
    "number": "a number",
    "currency": "a currency",
    "date": "a date",
    "post": "somebody’s office",
    "denial": "whether it is so",
    "other": "what happened",
}
WHEN: dict[Relation, str] = {
    "disagree": "",
    "later": "the later report says otherwise",
    "corrects": "the later report corrects the earlier one",
}
_THEM = (
    r"(?:(?:the|these|those|my|your|all|both|two|different) ){0,3}(?:articles|sources|reports|stories|outlets|papers)"
)
_EACH = r"(?: with each other| with one another| from each other| from one another| each other| one another)?"
_DISAGREE = rf"(?:disagree|differ|conflict|contradict(?: themselves)?){_EACH}"
_ASKED = re.compile(
    rf"(?:(?:on |about |in )?(?:what|which points|where|how) do {_THEM} {_DISAGREE}(?: on| about| in| over)?"
    rf"|do {_THEM} {_DISAGREE}(?: on anything| about anything| anywhere)?"
    rf"|(?:what|where) (?:are|is) the (?:differences?|contradictions?|disagreements?) (?:between|among|in) {_THEM}"
    rf"|(?:what|which|are there(?: any)?) (?:differences|contradictions|disagreements) (?:are there )?"
    rf"(?:between|among|in) {_THEM})",
    re.IGNORECASE,
)


def asked_by(question: str) -> bool:
    """Whether a question is for all differences, and for nothing in particular.

    >>> asked_by("What do the articles disagree on?"), asked_by("Do the articles disagree on the toll?")
    (True, False)
    """
    return bool(_ASKED.fullmatch(" ".join(question.split()).rstrip(" ?!.")))


def about(difference: Difference) -> str:
    """What it is on, in a few words: "a number; the later report says otherwise"."""
    when = WHEN[difference.relation]
    return f"{WHAT[difference.kind]}; {when}" if when else WHAT[difference.kind]


def limits(found: int, left: int) -> list[str]:
    """What is to be said beside an answer that does not show, or does not know, all."""
    said = []
    if found > MOST:
        said.append(f"{found - MOST} more can be seen on the tab Overview and with `onrecord differences`.")
    if left:
        said.append(f"{left} more article{'s are' if left != 1 else ' is'} still to be compared; ask again later.")
    return said


def shown_as_answer(question: str, found: Sequence[Difference], *, empty: bool = False) -> Answer:
    """The first of them as an answer that has nothing else. ``empty``: there are no articles."""
    if not found:
        return Answer(question, question, reason="no_articles" if empty else "no_differences")
    cited: tuple[Citation, ...] = ()
    shown = []
    for difference in found[:MOST]:
        positions = []
        for side in difference.sides:
            positions.append(numbered(_position(side), cited))
            cited = citations_of(positions[-1:], cited)
        shown.append(Disagreement(about(difference), tuple(positions)))
    return Answer(question, question, status="answered", disagreements=tuple(shown))


def _position(side: Side) -> AnswerSentence:
    return AnswerSentence(side.sentence.text, (side.cite(),), "supported")
