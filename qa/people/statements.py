"""An article -> who says what in it, sentence by sentence: quotations, and what is reported of them.

A wrong name is worse than none: what nobody in the article is named for is kept without a speaker.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from onrecord.index.text.quantities import Day, days
from onrecord.index.types import Article, Sentence, day_of
from onrecord.qa.people.sayings import VERB, Saying, sayings
from onrecord.qa.people.speakers import Speakers
from onrecord.qa.people.values import Kind

VERSION = 3
"""Raise it whenever the same article would give other statements."""

_MARKS = re.compile(r"[“”\"]|(?<=\s)''|``|(?<=\S)''")
_SINGLE = re.compile(r"(?<![\w’'])‘|’(?!\w)")
_LEAST_QUOTED = 3  # words between marks that are somebody's words, and no name of a film or a term
_UNNAMED = 6  # words of a quotation that is one though nobody is said to have said it
_MANY = 8  # words between marks that make a quotation of any sentence
_DATE_REACH = 45  # characters around the verb of saying within which a date is that of the saying
_OPENS = re.compile(r"(?:On|In|Late|Early|Last|Earlier|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday) ")
_WHERE = re.compile(r" (?:on|in|at|during|to|via|late|early|last|this|earlier|reporters|[A-Z][\w.]* )")
_CLAUSE = re.compile(
    r"[,;:“\"]|\b(?:that|is|was|will|would|had|has|have|he|she|it|they|were|are|could|can|may|there)\b"
)
_BEGINS = re.compile(r"(?:[\s,:—–-]|that\b)*")
_TOLD = re.compile(r"[^,;:“\"]{0,70}?\bthat\b\s*")
_WHOM = re.compile(
    r"\s*(?:reporters|jurors|lawmakers|me|him|her|them|us|"
    r"[A-Z][\w.-]*(?: [A-Z][\w.-]*)*|(?:the|a) (?:[A-Z]\w+ )*\w+),?\s*"
)
_ASIDE = re.compile(r"(?:as|while|after|before|when|adding|noting|citing|referring|of) ")
_WHERE_TO = re.compile(
    r"\s*(?:to|in|on|at|during|via|late|early|this|last|yesterday|today|[A-Z]\w+day)\b[^,;:“\"]{0,70}?\bthat\b\s*"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A statement by its sentence's number, the speaker's name in the article, and the places of the words there."""

    index: int
    kind: Kind
    speaker: str
    said_by: str
    words: tuple[tuple[int, int], ...]
    said_on: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """What stands between two marks. ``open``: no mark closes it before the paragraph ends."""

    start: int
    end: int
    open: bool


def statements_in(article: Article, sentences: Sequence[Sentence]) -> tuple[Found, ...]:
    """In the order of the text; none of an article that is not in English."""
    if article.language[:2] not in ("en", ""):
        return ()
    return tuple(_Reading(article, sentences).statements())


def quotations(text: str) -> tuple[_Span, ...]:
    """What is between quotation marks, paragraph by paragraph.

    >>> [(one.start, one.end, one.open) for one in quotations('“A,” he said. “B.')]
    [(1, 3, False), (15, 17, True)]
    """
    marks = _MARKS if re.search('[“"]', text) else _SINGLE
    found: list[_Span] = []
    for line in re.finditer(r"[^\n]+", text):
        begun = -1
        for mark in marks.finditer(text, line.start(), line.end()):
            closes = mark.group() in ("”", "’") or (begun >= 0 and mark.group() in ('"', "''", "“"))
            if closes and begun >= 0:
                found.append(_Span(begun, mark.start(), False))
                begun = -1
            elif not closes and begun < 0:
                begun = mark.end()
        if begun >= 0:
            found.append(_Span(begun, line.end(), True))
    return tuple(found)


class _Reading:
    """One article while it is read."""

    def __init__(self, article: Article, sentences: Sequence[Sentence]) -> None:
        self._article, self._text, self._sentences = article, article.text, sentences
        self._spans = quotations(article.text)
        self._masked = _masked(article.text, self._spans)
        self._speakers = Speakers(article.text, sentences)
        self._sayings = [sayings(self._text, self._masked, one.start_char, one.end_char) for one in sentences]

    def statements(self) -> Iterator[Found]:
        before: Found | None = None  # the statement of the sentence before
        for sentence, own in zip(self._sentences, self._sayings, strict=True):
            found = self._of(sentence, own, before)
            yield from found
            before = found[-1] if found else None

    def _of(self, sentence: Sentence, own: Sequence[Saying], before: Found | None) -> list[Found]:
        quoted = [(max(s.start, sentence.start_char), min(s.end, sentence.end_char)) for s in self._spans_of(sentence)]
        if own:
            found: list[Found] = []
            for saying in own:
                last = found[-1] if found else before
                one = self._said(sentence, saying, own, quoted, last.speaker if last else "")
                found += [one] if one else []
            return found
        return [self._carried(sentence, quoted, before)] if self._is_quotation(sentence, quoted) else []

    def _spans_of(self, sentence: Sentence) -> list[_Span]:
        return [one for one in self._spans if one.start < sentence.end_char and sentence.start_char < one.end]

    def _said(
        self,
        sentence: Sentence,
        saying: Saying,
        own: Sequence[Saying],
        quoted: Sequence[tuple[int, int]],
        before: str,
    ) -> Found | None:
        """What this clause of saying is of: the quotations nearest to it, else the words behind or before it."""
        theirs = tuple(span for span in quoted if min(own, key=lambda one: _distance(one, span)) is saying)
        speaker = self._speakers.of(saying, sentence, before)
        said_on = self._said_on(sentence, saying)
        clauses = self._clauses(sentence, saying, own)
        words, all_words = self._words(theirs), self._words(clauses)
        beside = theirs and 0 <= saying.start - theirs[-1][1] <= 3
        if theirs and (beside or words >= min(max(_LEAST_QUOTED, all_words / 2), _MANY)):
            return Found(sentence.index, "quoted", speaker, saying.said_by, theirs, said_on)
        if all_words < _LEAST_QUOTED:
            return None
        return Found(sentence.index, "reported", speaker, saying.said_by, clauses, said_on)

    def _words(self, spans: Sequence[tuple[int, int]]) -> int:
        return sum(_count(self._text[slice(*span)]) for span in spans)

    def _clauses(self, sentence: Sentence, saying: Saying, own: Sequence[Saying]) -> tuple[tuple[int, int], ...]:
        """The words that are reported: those behind the verb, those before it, or both: "It is, he said, shut"."""
        stops = [one.start for one in own if one.start > saying.start]
        behind = self._trimmed(saying.end, min([*stops, sentence.end_char]))
        begins = [one.end for one in own if one.end <= saying.start]
        ahead = self._trimmed(max([*begins, sentence.start_char]), saying.start)
        told, told_before = self._text[slice(*behind)], self._words([ahead])
        if (
            self._text[max(0, saying.start - 3) : saying.start].rstrip()[-1:] not in (",", "”", '"', "(", "–", "—")
            or not told_before
        ):
            return (behind,)
        comma = self._text.startswith(",", saying.end)
        if told_before >= _LEAST_QUOTED and (
            not saying.leads or _count(told) < 4 or _only_when(told) or _ASIDE.match(told)
        ):
            return (ahead,)
        return (ahead, behind) if comma else (behind,)

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        """Without "that", and whom it was told."""
        told = self._text[max(0, start - 5) : start].endswith(("told", "tells"))
        patterns = (_TOLD, _WHOM) if told else (_WHERE_TO,)
        begins = next((found for one in (*patterns, _BEGINS) if (found := one.match(self._text, start, end))), None)
        start = begins.end() if begins else start
        return start, max(start, start + len(self._text[start:end].rstrip(" ,;(\n")))

    def _is_quotation(self, sentence: Sentence, quoted: Sequence[tuple[int, int]]) -> bool:
        """Whether a sentence without a verb of saying is somebody's words all the same."""
        inside = sum(_count(self._text[start:end]) for start, end in quoted)
        whole = _count(sentence.text)
        return bool(quoted) and inside >= min(_LEAST_QUOTED, whole) and inside >= 0.8 * whole

    def _carried(self, sentence: Sentence, quoted: Sequence[tuple[int, int]], before: Found | None) -> Found:
        """A sentence within marks: its speaker is told where the quotation ends, or is that of the one before it."""
        found = Found(sentence.index, "quoted", "", "", tuple(quoted))
        span = self._spans_of(sentence)[-1]
        closing = next((s for s in self._sentences[sentence.index :] if s.end_char >= span.end), sentence)
        if not span.open and closing.index > sentence.index:
            for saying in self._sayings[closing.index]:
                if 0 <= saying.start - span.end <= 3:
                    speaker = self._speakers.of(saying, closing, before.speaker if before else "")
                    return replace(found, speaker=speaker, said_by=saying.said_by)
        return (
            replace(found, speaker=before.speaker, said_by=before.said_by if not before.speaker else "")
            if (before and before.index == sentence.index - 1 and self._goes_on(sentence, before))
            else found
        )

    def _goes_on(self, sentence: Sentence, before: Found) -> bool:
        """Whether a quotation is by who spoke last: in one paragraph, behind a colon, or where the marks stay open."""
        between = self._text[self._sentences[before.index].end_char : sentence.start_char]
        last = self._sentences[before.index]
        if "\n" not in between:
            return before.kind == "quoted" or last.text.rstrip().endswith((":", ","))
        stays_open = any(one.open and one.end >= last.end_char - 1 for one in self._spans_of(last))
        return stays_open or last.text.rstrip().endswith(":")

    def _said_on(self, sentence: Sentence, saying: Saying) -> str:
        """The date beside the verb, outside of what is quoted."""
        behind = self._masked[saying.end : min(sentence.end_char, saying.end + _DATE_REACH)]
        ahead = self._masked[sentence.start_char : saying.start]
        for near in (behind, ahead if len(ahead) < _DATE_REACH and _OPENS.match(ahead) else ""):
            for day in days(near):
                between = near[: day.start]
                if near is ahead or not between.strip() or (_WHERE.match(between) and not _CLAUSE.search(between)):
                    return resolved(day, self._article.published)
        return ""


def resolved(day: Day, published: str) -> str:
    """A date as ISO, as far as it can be told; a weekday is the last one before the article, or its own day.

    >>> resolved(days("on Monday")[0], "2016-12-14"), resolved(days("in May")[0], "2016-12-14")
    ('2016-12-12', '2016-05')
    """
    base = day_of(published)
    if day.weekday >= 0:
        return (base - datetime.timedelta(days=(base.weekday() - day.weekday) % 7)).isoformat() if base else ""
    year = day.year
    if not year and base:
        later = (day.month, day.day or 1) > (base.month, base.day)
        year = base.year - later
    if not year:
        return ""
    return "-".join([f"{year:04}", *(f"{part:02}" for part in (day.month, day.day if day.month else 0) if part)])


def _masked(text: str, spans: Sequence[_Span]) -> str:
    parts, at = [], 0
    for one in spans:
        parts += [text[at : one.start], "\x01" * (one.end - one.start)]
        at = one.end
    return "".join([*parts, text[at:]])


def _distance(saying: Saying, span: tuple[int, int]) -> int:
    return max(span[0] - saying.end, saying.start - span[1])


def _count(text: str) -> int:
    return len(re.findall(r"\w[\w’'-]*", text))


def _only_when(text: str) -> bool:
    """ "on Monday", "in an interview with the paper": when and where it was said, not what."""
    return bool(
        re.match(r"(?:on|in|at|during|after|last|late|early|to|of|via|through|this|by) ", text)
    ) and not VERB.search(text)
