"""Evidence that answers -> the sentences of the answer, each with the citations that bear it out.

`ModelWriter` lets the model draft; `cite` gives each drafted sentence its citations and its verdict. Where nothing of
the draft is supported, the evidence sentence that the draft most likely drew on is quoted instead, which needs no
verifying. `QuoteWriter` quotes the best evidence.

A draft is cut into sentences as it is written, their markers apart. The model's own ``[n]`` are a hint and no more:
small models write them wrongly about as often as not.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from onrecord.index import tracing
from onrecord.index.text.sentences import sentence_spans
from onrecord.qa.engines.base import Messages
from onrecord.qa.judges.reader import READER
from onrecord.qa.judges.verify import Verifier
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps import prompts
from onrecord.qa.steps.check import silence
from onrecord.qa.steps.cite import (
    citations_of,
    cite_and_verify,
    counts_another,
    likely_source,
    numbered,
    quoted,
    repeats,
    sources_cover_answer,
)
from onrecord.qa.steps.trace import Model, Trace
from onrecord.qa.steps.values import Checked, Found, Part, Written
from onrecord.qa.types import AnswerSentence, Citation, Event, Evidence, SentenceDone, Writing

# Without a model: a second sentence is quoted when its score is at least this share of the best. Then a quote answers
# .89 of squad2-dev's questions and .78 of clapnq-dev's, and .79 and .71 of the quotes do; without the judge of answers,
# at .93, .86 and .80, and .70 and .66.
QUOTES_ENOUGH = 0.87
# A draft that fails is itself a reason to doubt. A quote takes its place when answerability times the
# probability that the quote answers when it is read alone is at least this. On four dev suites (394 questions) such
# quotes are right, or of an answerable question, 63 of 84 times; with a bound of .6 on each of the two 51 of 67.
STANDS_IN = 0.3
# A reader is asked about that sentence and so many more. On three dev suites (90 questions, 8 failed drafts) it was
# this sure of one, rightly; the next, a wrong one, had .59.
READ_ALONE, SURE = 3, 0.7
OWN_WORDS = "Quoted in the article's own words: what was drafted was not confirmed by the sentences found."
TASKS = {"phrase": prompts.PHRASE, "sentence": prompts.SENTENCE, "detailed": prompts.DETAILED}
Marked = tuple[str, tuple[int, ...]]  # a sentence without its markers, and their numbers

_MARKER = r"[\[【]\s*(?:(?:sentences?|sources?|evidence)\s*)?\d+(?:\s*(?:[,;&–-]|and)\s*\d+)*\s*[\]】]"
_MARKERS = re.compile(_MARKER, re.IGNORECASE)
_OPEN_MARKER = re.compile(r"[\[【][^\]】\n]{0,40}$")
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+)")


@dataclass(frozen=True, slots=True)
class QuoteWriter:
    """Answers with the best sentences of the evidence themselves."""

    def write(
        self, part: Part, found: Found, checked: Checked, cited: Sequence[Citation], trace: Trace
    ) -> Generator[Event, None, Written]:
        """Yields each sentence as it is done; ``cited``: what the answer cites already, whose numbers go on."""
        ranked = sorted(found.evidence, key=lambda item: -item.score)
        sentences: list[AnswerSentence] = []
        for item in ranked[:2]:
            if item.score >= QUOTES_ENOUGH * ranked[0].score:
                sentences.append(numbered(quoted(item, found.evidence), citations_of(sentences, cited)))
                yield SentenceDone(sentences[-1])
        return Written(tuple(sentences))


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Answers with sentences that the model drafts, those that their sources cover."""

    model: Model
    verifier: Verifier
    settings: AnswerSettings

    def write(
        self, part: Part, found: Found, checked: Checked, cited: Sequence[Citation], trace: Trace
    ) -> Generator[Event, None, Written]:
        """Yields each sentence as it is done; ``cited``: what the answer cites already, whose numbers go on."""
        with trace.timed("write"):
            return (yield from self._write(part, found, checked, cited, trace))

    def _write(
        self, part: Part, found: Found, checked: Checked, cited: Sequence[Citation], trace: Trace
    ) -> Generator[Event, None, Written]:
        prompt = prompts.about(part.text, found.text, TASKS[self.settings.length])
        sentences: list[AnswerSentence] = []
        unconfirmed: list[AnswerSentence] = []
        likely: Evidence | None = None
        drafts = drafted(self.model, prompt, max_tokens=self.settings.max_answer_tokens)
        for piece, marked in enumerate(drafts):
            if not piece:
                trace.reached("to_first_token")
            if marked is None:
                yield Writing()
                continue
            text, markers = marked
            if repeats(text, sentences):
                continue
            other = counts_another(part.text, text, found.evidence)
            if other is not None:
                likely = likely or other
                unconfirmed.append(AnswerSentence(text, (), "unsupported"))
                continue
            with tracing.step("verify"):
                done = cite_and_verify(text, markers, found.evidence, self.verifier)
            done = numbered(done, citations_of(sentences, cited))
            if done.verdict != "unsupported" and sources_cover_answer(part.text, done):
                sentences.append(done)
                if done.text != text:  # the article says it with a speaker, the draft without
                    unconfirmed.append(AnswerSentence(text, (), "unsupported"))
                    trace.warn(OWN_WORDS)
            else:
                done = AnswerSentence(text, (), "unsupported")
                unconfirmed.append(done)
                likely = likely or likely_source(part.text, text, found.evidence)
            yield SentenceDone(done)
        instead = None if sentences or not unconfirmed else self._instead(part.text, likely, found.evidence, checked)
        if instead is not None:
            sentences.append(numbered(quoted(instead, found.evidence), cited))
            trace.warn(OWN_WORDS)
            yield SentenceDone(sentences[-1])
        return Written(tuple(sentences), tuple(unconfirmed))

    def _instead(
        self, question: str, likely: Evidence | None, evidence: Sequence[Evidence], checked: Checked
    ) -> Evidence | None:
        """The sentence that may be quoted in place of a failed draft: it has to answer when it is read on its own."""
        answered = 1.0 if checked.answerability is None else checked.answerability
        if answered < STANDS_IN:
            return None
        reads = READER in checked.signals
        best = sorted(evidence, key=lambda item: -item.score)[: READ_ALONE if reads else 0]
        alone = {
            item.number: 1.0 - (silence(self.model, question, with_lead_in(item, evidence)) or 0.0)
            for item in dict.fromkeys([*([likely] if likely else []), *best])
        }
        number = max(alone, key=lambda one: alone[one], default=0)
        if not number or (alone[number] < SURE if reads else answered * alone[number] < STANDS_IN):
            return None
        return next(item for item in evidence if item.number == number)


def drafted(model: Model, prompt: Messages, *, max_tokens: int) -> Iterator[Marked | None]:
    """The sentences of the model's draft as they are finished: (text, numbers of its markers); None between two.

    Closing this iterator stops the model. A last sentence that the token limit cut off is kept only when it is the
    only one.
    """
    stream = SentenceStream()
    pieces = model.generate(prompt, max_tokens=max_tokens)
    written = 0
    count = 0
    try:
        for piece in pieces:
            count += 1
            for marked in stream.feed(piece):
                written += 1
                yield marked
            yield None  # a place to stop, at each piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    for marked in stream.close():
        cut_off = count >= max_tokens - 1 and not marked[0].rstrip("”\"')").endswith((".", "!", "?", "…"))
        if not (cut_off and written):
            written += 1
            yield marked


def with_lead_in(item: Evidence, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The sentence, behind the one before it where that is among the evidence too."""
    key = (item.sentence.article_id, item.sentence.index - 1)
    return [*(one for one in evidence if (one.sentence.article_id, one.sentence.index) == key), item]


class SentenceStream:
    """Fed pieces of generated text, gives back whole sentences with the numbers that their markers name.

    A marker that is not yet complete, or that may still follow the full stop, holds its sentence back.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> list[Marked]:
        """The sentences that ``piece`` completes."""
        self._text += piece
        done, self._text = cut(self._text, _MARKERS, growing=True)
        return _marked(done)

    def close(self) -> list[Marked]:
        """The rest, once no more text will come."""
        rest, self._text = self._text, ""
        done, last = cut(_OPEN_MARKER.sub("", rest), _MARKERS)
        return _marked([*done, last])


def cut(text: str, markers: re.Pattern[str], *, growing: bool = False) -> tuple[list[str], str]:
    """Generated text -> its sentences, each with the markers behind it, and what is left: the last sentence.

    ``growing``: more may follow, and what that can change is left, too.

    >>> cut("It fell. [1] After World War I. [2] The army left", _MARKERS)
    (['It fell. [1] ', 'After World War I. [2] '], 'The army left')
    """
    left_out = rf"(?<=[.!?…])(?:\s*(?:{markers.pattern}))+\.?|\s*(?:{markers.pattern})"
    kept: list[tuple[int, str]] = []  # text between markers, and where it begins
    place = 0
    for match in re.finditer(left_out, text, markers.flags):
        kept.append((place, text[place : match.start()]))
        place = match.end()
    kept.append((place, _OPEN_MARKER.sub("", text[place:]) if growing else text[place:]))
    bare = "".join(part for _, part in kept)
    done, start = [], 0
    for _, end in sentence_spans(bare, growing=growing):
        following = len(bare) - len(bare[end:].lstrip())
        if following == len(bare):
            break  # a marker may still follow
        stop = _place_of(following, kept)
        done.append(text[start:stop])
        start = stop
    return done, text[start:]


def _place_of(place: int, kept: Sequence[tuple[int, str]]) -> int:
    """Where a character of the joined parts stands in the text that they were taken from."""
    for start, part in kept:
        if place < len(part):
            return start + place
        place -= len(part)
    return place


def _marked(texts: Sequence[str]) -> list[Marked]:
    bare = [(without_markers(text), marker_numbers(text)) for text in texts]
    return [(text, numbers) for text, numbers in bare if re.search(r"\w", text)]


def marker_numbers(text: str) -> tuple[int, ...]:
    """The numbers of the markers in ``text``, each once, in order.

    >>> marker_numbers("It fell [2, 1][3]【4】 [6-8]")
    (2, 1, 3, 4, 6, 7, 8)
    """
    numbers: list[int] = []
    for marker in _MARKERS.findall(text):
        for first, last in re.findall(r"(\d+)(?:\s*[–-]\s*(\d+))?", marker):
            low, high = int(first[:6]), int((last or first)[:6])
            numbers += range(low, high + 1) if low <= high <= low + 20 else (low, high)
    return tuple(dict.fromkeys(numbers))


def without_markers(text: str) -> str:
    """``text`` without its markers and the space they leave.

    >>> without_markers("It fell [2]. [3]")
    'It fell.'
    """
    bare = re.sub(rf"\s*(?:{_MARKER})", "", text, flags=re.IGNORECASE)
    bare = re.sub(r"\s+([.,;:!?])", r"\1", bare)
    bare = re.sub(r"([.!?])\.$", r"\1", " ".join(bare.split()))
    return _BULLET.sub("", bare).strip()
