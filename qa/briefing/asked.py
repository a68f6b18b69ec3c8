"""A question that asks for a brief: "What is this about?", "Summarise the article about X", "Brief me on last week".

A small exact grammar: the whole question must be one of its forms, so that nobody who asks for a fact gets a summary.
"""

import re
from dataclasses import dataclass, replace

from onrecord.index import Filter
from onrecord.qa.steps.recency import time_in
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.understand import readable

_ONE = r"(?:article|story|report|piece|text|document)"
_NOUNS = (
    r"(?:(?:news )?(?:articles?|stories|story|reports?|pieces?|texts?|documents?|files?)|news|headlines|coverage|"
    r"collection|library|selection|events?|developments?)"
)
_THE = r"(?:the|this|these|those|my|our|all|all (?:of )?(?:the|these|my|our)|the (?:latest|newest|recent|whole|entire))"
_ALL = rf"(?:this|these|it|them|that|everything|all of (?:it|this|these|them)|{_THE} {_NOUNS}|{_NOUNS})"
_ON = r"(?:about|on|concerning|regarding|covering|of|that (?:is|are|deals?|tells?|reports?) (?:about|on|with))"
# Not what asks a question of its own, nor what asks for a length that a brief does not have.
_X = (
    r"(?P<about>(?!(?:who|what|when|where|why|how|whether|if|which)\b)[^?!;:]{2,120}"
    r"(?<!\bsentences)(?<!\bsentence)(?<!\bwords)(?<!\bword)(?<!\bparagraph))"
)
_KIND = r"(?:summary|overview|briefing|brief|digest|recap|gist|rundown|outline|synopsis)"
_A = r"(?:(?:an?|the|your) )?(?:(?:short|brief|quick|concise|five-sentence|general) )?"
_GIVE = (
    r"(?:(?:give|write|make|show|get|prepare)(?: me| us)? |(?:i|we)(?: want| need| would like|[’']d like) |"
    r"can (?:i|we) have )"
)
_POLITE = re.compile(
    r"^(?:(?:hi|hello|please|ok|okay|so|now|and)[,.!]? )*(?:(?:can|could|would|will) you (?:please )?)?(?:please )?|"
    r"[,]? (?:please|for me|for us|in (?:five|a few) sentences|briefly|in (?:short|brief))$",
    re.IGNORECASE,
)
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"what(?: is|[’']s| are) (?:{_ALL}|they)(?: all)? about",
        rf"what (?:do|does) {_THE} {_NOUNS} (?:cover|deal with)",
        rf"(?:summari[sz]e|sum up|recap|brief (?:me|us)|outline)(?: {_ALL})?",
        rf"(?:summari[sz]e|sum up|recap) (?:{_THE}|an?) (?:(?P<one>{_ONE})|{_NOUNS}) {_ON} {_X}",
        rf"(?:summari[sz]e|sum up|recap|(?:brief|update) (?:me|us) {_ON}|(?:catch me up|get me up to speed) on) "
        rf"(?:{_ALL}|{_X})",
        rf"(?:{_GIVE})?{_A}{_KIND}(?: {_ON} (?:{_ALL}|(?:{_THE}|an?) (?:(?P<one>{_ONE})|{_NOUNS}) {_ON} {_X}))?",
        rf"{_GIVE}{_A}{_KIND} {_ON} {_X}",
        rf"what(?: is|[’']s) the (?:gist|summary) of (?:{_ALL}|{_X})",
    )
)
_BEFORE_TIME = re.compile(
    r"(?:^|[ ,]+)(?:(?:on|of|from|in|over|during|for|about|within|since) )?(?:the )?$", re.IGNORECASE
)
UNDATED = "No article has a date, so the time was not looked at."


@dataclass(frozen=True, slots=True)
class Wish:
    """``about``: what the brief is to be about, empty for all of ``scope``; ``one``: one article, the best, is meant.

    ``notes``: what a time that was named is taken as.
    """

    about: str = ""
    one: bool = False
    scope: Filter | None = None
    notes: tuple[str, ...] = ()


def wish_of(question: str, scope: Filter | None, tools: Tools) -> Wish | None:
    """What a question wants in brief; None for one that wants anything else. Raises `InputError` as `readable` does."""
    asked = _POLITE.sub("", _POLITE.sub("", readable(question).rstrip(" ?.!")))
    named = time_in(asked)
    if named and asked.endswith(named):
        form, time = form_of(_BEFORE_TIME.sub("", asked.removesuffix(named))), tools.sources.time_of(asked)
        if form is None:
            return None
        if time is None:
            return Wish(*form, scope, (UNDATED,))
        scope = scope or Filter()
        first = max(filter(None, (scope.published_from, time.first.isoformat())))
        last = min(filter(None, (scope.published_to, time.last.isoformat())))
        return Wish(*form, replace(scope, published_from=first, published_to=last), time.taken_as)
    form = form_of(asked)
    return form and Wish(*form, scope)


def form_of(asked: str) -> tuple[str, bool] | None:
    """What is to be summarised, and whether that is one article; None where nothing is.

    >>> form_of("What is this about"), form_of("Summarise the article about the flood"), form_of("brief me on Syria")
    (('', False), ('the flood', True), ('Syria', False))
    >>> form_of("What is the treaty about"), form_of("Who wrote the summary")
    (None, None)
    """
    for form in _FORMS:
        if found := form.fullmatch(asked):
            groups = found.groupdict()
            return (groups.get("about") or "").strip(" “”\"'"), bool(groups.get("one"))
    return None
