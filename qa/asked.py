"""What kind of thing a question asks for: a number, a day, a person, a place, a reason, yes or no."""

import re
from dataclasses import dataclass

from onrecord.qa.words import Words, stem

_NUMBER = re.compile(
    r"\bhow (?:many|much|old|tall|far|large|big|high|long|often|fast)\b|\bwhat (?:number|percentage|share|proportion|"
    r"age|amount|score|price|cost|population)\b|\bfinal score\b|\bby how much\b",
    re.IGNORECASE,
)
_DAY = re.compile(r"\bwhen\b|\b(?:what|which) (?:year|day|date|month|time|week|season|century|decade)\b", re.IGNORECASE)
_PERSON = re.compile(
    r"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?(?:person|man|woman|minister|president|actor|leader)\b", re.I
)
_PLACE = re.compile(r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|country|place|town|state|province|region)\b", re.I)
_REASON = re.compile(
    r"\bwhy\b|\b(?:what|which) (?:was |is |were )?(?:the )?(?:reason|cause)\b|\bhow come\b", re.IGNORECASE
)
_YES_NO = re.compile(
    r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)\b", re.IGNORECASE
)

_COUNTED = re.compile(r"\bhow many (?:(?:more|other|of the|different) )?(?P<noun>[^\W\d_]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The kinds of thing a question asks for; several may hold."""

    number: bool = False
    day: bool = False
    person: bool = False
    place: bool = False
    reason: bool = False
    yes_no: bool = False

    def met_by(self, words: Words) -> bool:
        """Whether a text holds what is asked for, as far as its surface tells; true where it cannot tell."""
        if self.number:
            return bool(words.quantities)
        if self.day:
            return bool(words.days) or bool(words.quantities)
        if self.person or self.place:
            return bool(words.names)
        return True


def wants(question: str) -> Wanted:
    """The kinds of thing that ``question`` asks for.

    >>> wants("How many people live there?").number, wants("Who won?").person, wants("Did he go?").yes_no
    (True, True, True)
    """
    return Wanted(
        number=bool(_NUMBER.search(question)),
        day=bool(_DAY.search(question)),
        person=bool(_PERSON.search(question)),
        place=bool(_PLACE.search(question)),
        reason=bool(_REASON.search(question)),
        yes_no=bool(_YES_NO.match(question.strip())),
    )


def counted(question: str) -> str:
    """The stem of what a question counts; empty where it counts nothing.

    >>> counted("How many civilians were left?") == stem("civilian"), counted("Who was left?")
    (True, '')
    """
    match = _COUNTED.search(question)
    return stem(match["noun"]) if match else ""
