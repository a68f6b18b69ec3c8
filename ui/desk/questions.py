"""Questions that one sentence of an article answers, made from the words of that sentence. English alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from onrecord.index.text.words import STOPWORDS
from onrecord.index.types import Sentence
from onrecord.qa.steps.person_words import NOT_PERSONS, ROLES
from onrecord.ui.desk.clauses import (
    AMOUNT,
    BESIDE,
    COUNTED,
    FINITE,
    NAMED,
    PAST_OF,
    ROUGHLY,
    SMALL,
    TIME,
    Clause,
    clause,
    is_person,
    subject_of,
    untitled,
)

Kind = Literal["who", "when", "how many", "why", "what", "how much", "where", "who is", "how old"]
_SOMEWHERE = frozenset("hold find bear arrest shoot kill build launch stab sign".split())  # where these were done
_NOBODY_DOES = frozenset("die collapse crash cost erupt explode".split())
_OF_MONEY = frozenset("pay spend raise cost donate earn lose award".split())
_LONGEST = 14  # words of a question
_MEASURE = re.compile(  # after "how many" these ask for a length, an age or an hour
    rf"\b(?:{SMALL}|years?|months?|weeks?|days?|hours?|minutes?|seconds?|decades|centuries|times|percent|points?|degrees|"
    r"miles|\w*met(?:er|re)s|feet|inches|acres|tons|tonnes|pounds|dollars|euros|yen|counts|of|in|is|was|has|others)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    rf"{ROUGHLY}(?:(?:US|A|C)?[$€£] ?\d[\d,.]*(?: ?(?:thousand|million|billion|trillion|[mb]n?))?|"
    rf"{AMOUNT} (?:dollars|euros|yen))(?= |$)(?P<after>.*)"
)
_DATELINE = re.compile(r"^(?:[A-Z][\w.,’' /-]{0,40})?(?:\([\w. ]{2,20}\))?\s*(?:--|—|–)\s+")
_UNCLEAR = re.compile(  # what points to something outside the question, and what a cut may have broken
    r"\b(?:he|she|it|they|we|you|I|him|her|his|hers|its|them|\w+sel(?:f|ves)|us|our|my|me|your|this|these|those|that|"
    r"there(?! (?:in|at|near|on|under|inside|outside))|here|another|others?|same|such|similar|also|both|each|latter|"
    r"former|if|whether|as|than|how|what|not|never|no|only|just|more|most|between|who|whose|which|where|when|all|so|too|even|still|already|been|one|first|second|new)\b|"
    r"[\"“”‘«»\[\]%/…]|n['’]t\b",
)
_LOOSE_END = re.compile(
    r"\b(?:of|in|on|at|to|for|with|by|from|and|or|a|an|the|into|about|against|over|under|some|very|up|out|off|next|last|hours|days|weeks|"
    r"months|years)$"
)
_BARE = re.compile(r"\bthe [a-z-]+(?:$| (?:on|at|to|from)\b)")
_NAME = rf"{NAMED}(?: (?:al-|de |von |van |bin |[A-Z]\. )?{NAMED}){{1,4}}"
_SPEAKER = re.compile(
    rf"(?P<before>\w+ )?(?P<name>{_NAME})(?:, [^,]{{3,80}},)? (?:(?P<accused>accused) (?P<whom>.{{3,60}}?) of \w+ing\b|"
    rf"said (?:(?:yesterday|today|{TIME.pattern}) )?(?:that )?(?P<about>(?:[\w’'-]+ ){{1,6}}?)"
    r"(?:was|were|is|are|would|will|has|had|have|could|can|should) |called (?P<called>the (?:[\w-]+ ){1,3}?)"
    r"(?=[“\"]|(?:an?|of|far|too|very|as) |[\w-]+[.,]))"
)
_SAID = re.compile(r"^[^“\"]{4,160}? said (?:that )?(?=the |some )")
_THERE = re.compile(rf"\bthere (?P<be>were|are) (?=(?:{ROUGHLY})(?:{AMOUNT}) )")


@dataclass(frozen=True, slots=True)
class Question:
    """``anchored``: it names something, so that it can be understood by who has not read the article."""

    text: str
    kind: Kind
    anchored: bool


def questions(sentence: Sentence, article: str = "") -> Iterator[Question]:
    """Questions that this very sentence answers. ``article``: its whole text, from which short names are completed.

    >>> text = "Mayor Ilse Brandt closed the Old Mill Bridge on Monday because of cracks."
    >>> for question in questions(Sentence("a", 0, 0, len(text), text)):
    ...     print(question.text)
    When did Mayor Ilse Brandt close the Old Mill Bridge?
    Why did Mayor Ilse Brandt close the Old Mill Bridge?
    Who closed the Old Mill Bridge?
    """
    text = _DATELINE.sub("", " ".join(sentence.text.split()))
    for kind, asked, named in (
        *_of_clauses(text, article),
        *_of_counts(text),
        *_of_statement(text, article),
        *_of_person(text),
    ):
        sound = not _UNCLEAR.search(asked) and (" accuse " in asked or not _LOOSE_END.search(asked))
        if sound and len(asked.split()) <= _LONGEST:
            names = [name for name in re.findall(NAMED, named) if not TIME.fullmatch(name)]
            yield Question(f"{asked}?", kind, bool(names) and not _BARE.search(asked))


_Asked = tuple[Kind, str, str]
"""The kind, the question without its mark, and the part of it in which something must be named."""


def _of_clauses(text: str, article: str) -> Iterator[_Asked]:
    """Of the sentence's own first clause, and of that which somebody said."""
    said = _SAID.match(text)
    for part in (text, text[said.end() :] if said else ""):
        if found := clause(part, article):
            yield from _of_clause(found)


def _of_clause(one: Clause) -> Iterator[_Asked]:
    where = f" {one.place}" if one.place else ""
    happened = " ".join(part for part in (one.auxiliary, one.verb, one.rest) if part)
    if counted := COUNTED.fullmatch(one.subject):
        if not _MEASURE.search(counted["noun"]) and not re.search(rf"\b(?:{SMALL}|\d)", counted["after"]):
            asked = f"{counted['noun']}{counted['after']} {happened}{where}"
            yield "how many", f"How many {asked}", asked
        return
    object_counted = None if one.passive else COUNTED.fullmatch(one.rest)
    money = _MONEY.fullmatch(one.rest) if one.base in _OF_MONEY else None
    if object_counted and not _MEASURE.search(object_counted["noun"]):
        noun, after = object_counted["noun"], object_counted["after"]
        yield "how many", f"How many {noun} {_inverted(one, after)}{where}", f"{one.subject}{after}{where}"
    elif money and (money["after"] or one.base == "cost"):
        yield "how much", f"How much {_inverted(one, money['after'])}{where}", one.subject
    asks = _inverted(one, one.rest)
    if one.dated:
        yield "when", f"When {asks}{where}", one.subject
    if one.because:
        yield "why", f"Why {asks}{where}", one.subject
    somewhere = (one.base in _SOMEWHERE and one.passive) or one.base in ("die", "crash")
    if somewhere and one.place and not re.search(r"\b(?:in|at|near|on|from)\b", asks):
        yield "where", f"Where {asks}", one.subject
    if one.by:
        did = {"will": f"will {one.base}", "would": f"would {one.base}"}.get(
            one.auxiliary, PAST_OF[one.verb.split()[-1]]
        )
        yield "who", f"Who {did} {one.subject}", one.subject
    acts = one.auxiliary in ("", "has") and not one.passive and one.base not in _NOBODY_DOES
    if acts and one.rest and one.subject[0].isupper():
        yield "who", f"Who {happened}{where}", f"{one.rest}{where}"


def _inverted(one: Clause, rest: str) -> str:
    """ "did the council close the bridge"."""
    verb = one.verb if one.auxiliary else one.base
    return " ".join(part for part in (one.auxiliary or "did", one.subject, verb, rest.strip()) if part)


def _of_counts(text: str) -> Iterator[_Asked]:
    """ "There were 5,000 fighters in the city": how many fighters were there in the city?"""
    there = _THERE.search(text)
    rest = re.split(r"[,;.]\s|[.]$", text[there.end() :])[0].replace(" still ", " ") if there else ""
    counted = COUNTED.fullmatch(rest)
    if there and counted and counted["after"] and not _MEASURE.search(counted["noun"]):
        after = f"{there['be']} there{counted['after']}"
        yield "how many", f"How many {counted['noun']} {after}", counted["after"]


def _of_statement(text: str, article: str) -> Iterator[_Asked]:
    """What somebody said about something, or accused somebody of."""
    said = _SPEAKER.search(text)
    before = (said["before"] or "").strip() if said else ""
    if not said or before.lower() in STOPWORDS or not (before.islower() or is_person(said["name"])):
        return
    if NOT_PERSONS & set(said["name"].lower().split()):
        return
    name = untitled(said["name"])
    if said["accused"]:
        if whom := subject_of(said["whom"], article) if not FINITE & set(said["whom"].split()) else "":
            yield "what", f"What did {name} accuse {whom} of", name
        return
    about = (said["about"] or said["called"]).strip()
    named = about.split()[0] == "the" or about.split()[0] not in STOPWORDS
    if (
        named
        and len(about.split()) <= 5
        and not re.search(rf"\d|\b(?:told|\w+ed)\b|{TIME.pattern}", about)
        and not FINITE & set(about.split())
    ):
        yield "what", f"What did {name} say about {about}", about if about.startswith("the ") else name


def _of_person(text: str) -> Iterator[_Asked]:
    """Who somebody is, or how old, as it is said behind the name."""
    beside = BESIDE.match(text)
    if not beside or beside[1].split()[0].lower() in STOPWORDS:
        return
    name, said, verb = untitled(beside[1]), beside[2], text[beside.end() :].partition(" ")[0]
    person = is_person(beside[1])
    if re.fullmatch(r"(?:aged )?\d{1,2}", said):
        if person and verb in FINITE:
            was = "was" if re.search(r"\b(?:died|dead|kill\w*|body|murder\w*)\b", text) else "is"
            yield "how old", f"How old {was} {name}", name
        return
    speaks = verb in ("said", "told", "says") and " " in name and not NOT_PERSONS & set(beside[1].lower().split())
    described = not said.startswith(("who ", "whose ", "which ")) and ROLES & set(
        re.findall("[a-z-]+", said.lower())[:7]
    )
    if (person or speaks) and described:
        yield "who is", f"Who is {name}", name
