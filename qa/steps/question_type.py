"""What kind of thing a question asks for: a number, a day, a person, a place, a reason, yes or no."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onrecord.index.text.words import Words, stem, words_of
from onrecord.qa.steps.recency import without_time

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

_PLACED = r"\b(?:in|on|at|by|as|for|to|with|from|during|after|before|when|while)\b"
_OR = re.compile(rf"\bor\b(?! not\b)(?P<last>\s+(?:{_PLACED})?(?:(?!{_PLACED})[^?.;])+)", re.IGNORECASE)
_ARTICLES = r"(?:articles?|stor(?:y|ies)|reports?|sources?|pieces?|papers?|outlets?)\b"
_EACH = (
    r"(?:(?:each|every|both)(?: of)?(?: the| these| those)?|(?:all|the|these|those)(?: the)? (?:two|three)) "
    + _ARTICLES
)
_IN_EACH = re.compile(rf",? *(?:\b(?:according to|going by|in|by|across|from) ){_EACH}(?: *,)?", re.IGNORECASE)
_AGREED = re.compile(
    rf"(?:(?:how|where|on what|in what) )?(?:do|does|did) (?:{_EACH}|(?:the|these|those) {_ARTICLES}) (?:dis)?"
    r"(?:agree|differ|contradict each other)(?: (?:on|about|over|as to|in))? +(?P<rest>(?!with\b|that\b|to\b)\w.*)",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"what (?:do|does|did) {_EACH} (?:say|tell|report)(?: us)? (?:about|of|on) +(?P<rest>\w.*)", re.IGNORECASE
)
_ASKS = re.compile(r"(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
_COUNTED = re.compile(r"\bhow many (?:(?:more|other|of the|different) )?(?P<noun>[^\W\d_]+)", re.IGNORECASE)


_ANYTHING = frozenset(  # words that ask what there is, and name nothing
    stem(word)
    for word in """happen occur take place go come new news headline story article report event development
    something anything important big main interesting say tell know summarise summarize update""".split()
)


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


def hold_what_is_asked(question: str, texts: Sequence[Words]) -> list[bool]:
    """Of each text, whether it holds the kind of thing that ``question`` asks for."""
    wanted = wants(question)
    return [wanted.met_by(words) for words in texts]


def counted(question: str) -> str:
    """The stem of what a question counts; empty where it counts nothing.

    >>> counted("How many civilians were left?") == stem("civilian"), counted("Who was left?")
    (True, '')
    """
    match = _COUNTED.search(question)
    return stem(match["noun"]) if match else ""


def question_stems(question: str) -> frozenset[str]:
    """The stems of the content words that a question gives away: all but the alternatives that it offers.

    What an answer says beyond these is what it answers.

    >>> sorted(question_stems("Who stopped the buses, rebels or soldiers?")) == sorted([stem("stopped"), stem("buses")])
    True
    """
    return words_of(question).content - offered(question)


def topic(question: str) -> frozenset[str]:
    """The stems of the content words that a question is about: a time such as "last week" is none.

    >>> sorted(topic("Who struck last week?")) == [stem("struck")]
    True
    """
    return words_of(without_time(question)).content


def names_subject(question: str) -> bool:
    """Whether a question names more to look for than a time.

    >>> names_subject("What happened last week?"), names_subject("What happened to the bridge last week?")
    (False, True)
    """
    return any(not word.isdigit() for word in topic(question) - _ANYTHING)


def offered(question: str) -> frozenset[str]:
    """The stems of the content words between which a question asks to choose."""
    return words_of(_alternatives(question)).content


def _alternatives(question: str) -> str:
    """The words between which a question asks to choose; empty where it asks for no choice.

    "Was it A or B?" and "Who did it, A or B?" do; "Who did A or B?" and "How many did A or B?" do not.
    """
    match, wanted = _OR.search(question), wants(question)
    if match is None or wanted.number or wanted.day:
        return ""
    before = question[: match.start()].rstrip(" ,")
    mark = ":" if ":" in before else "," if "," in before else " "
    if mark == " " and not wanted.yes_no:
        return ""
    return f"{before.rpartition(mark)[2]} {match['last']}"


def of_each(question: str) -> str:
    """The question that is put to each article alone; empty where it is put to all of them together.

    >>> of_each("How many people were left, according to each article?"), of_each("Who won?")
    ('How many people were left?', '')
    >>> of_each("Do both articles agree who made the deal?"), of_each("Do the articles differ on the number of dead?")
    ('Who made the deal?', 'What is said about the number of dead?')
    """
    text = question.strip()
    if match := (_AGREED.match(text) or _SAID.match(text)):
        rest = match["rest"].split("?")[0].strip(" .")
        asks = bool(_ASKS.match(rest)) and match.re is _AGREED
        alone = f"{rest}?" if asks else f"What is said about {rest}?"
    elif match := _IN_EACH.search(text):
        left = f"{text[: match.start()]} {text[match.end() :]}".strip(" ,")
        alone = re.sub(r"\s+([?.!])", r"\1", left) if len(left.split()) > 2 else ""
    else:
        return ""
    return alone[:1].upper() + alone[1:]
