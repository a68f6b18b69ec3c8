"""Generated text -> sentences with their markers apart, and each sentence -> the evidence that bears it out.

The model's own ``[n]`` are a hint and no more: small models write them wrongly about as often as not.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from onrecord.index.text.quantities import same_day, same_quantity
from onrecord.index.text.sentences import sentence_spans
from onrecord.index.text.words import Words, plain, words_of
from onrecord.qa.types import Evidence

Marked = tuple[str, tuple[int, ...]]

FLOOR = 0.4  # the share of a sentence's weight that its citations must cover, or it gets none
GAIN = 0.12  # what a further citation must add

_MARKER = r"[\[【]\s*(?:(?:sentences?|sources?|evidence)\s*)?\d+(?:\s*(?:[,;&–-]|and)\s*\d+)*\s*[\]】]"
_MARKERS = re.compile(_MARKER, re.IGNORECASE)
_OPEN_MARKER = re.compile(r"[\[【][^\]】\n]{0,40}$")
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+)")


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


class SentenceStream:
    """Fed pieces of generated text, gives back whole sentences with the numbers that their markers name.

    A marker that is not yet complete, or that may still follow the full stop, holds its sentence back.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> list[Marked]:
        """The sentences that ``piece`` completes."""
        self._held += piece
        done, self._held = cut(self._held, _MARKERS, growing=True)
        return _marked(done)

    def close(self) -> list[Marked]:
        """The rest, once no more text will come."""
        rest, self._held = self._held, ""
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


def marked_sentences(text: str) -> list[Marked]:
    """The sentences of generated ``text``, each with the numbers that its markers name."""
    stream = SentenceStream()
    return stream.feed(text) + stream.close()


def split_answer(text: str) -> list[str]:
    """The sentences of generated ``text``, without markers.

    >>> split_answer("The bridge is shut [1]. Mr. Addo, of the U.S. embassy, objects. [2][3]")
    ['The bridge is shut.', 'Mr. Addo, of the U.S. embassy, objects.']
    """
    return [sentence for sentence, _ in marked_sentences(text)]


def _units(claim: Words, evidence: Sequence[Words]) -> dict[str, float]:
    """What the sentence has to find in its evidence, weighted: rare words, names, numbers and quotations count more."""
    holders = {s: sum(s in e.content for e in evidence) for s in claim.content}
    units = {f"w:{s}": 1.0 if count * 2 <= len(evidence) else 0.6 for s, count in holders.items()}
    for name in claim.names:
        units |= {f"w:{s}": 1.5 for s in name if s in claim.content}
    units |= {f"q:{n}": 2.0 for n in range(len(claim.quantities))}
    units |= {f"d:{n}": 1.0 for n in range(len(claim.days))}
    return units | {f"v:{n}": 3.0 for n in range(len(claim.quotes))}


def _covered(claim: Words, evidence: Words, published: str) -> set[str]:
    """Which of the claim's units this evidence holds."""
    held = {f"w:{s}" for s in claim.content & evidence.stems}
    held |= {f"q:{n}" for n, q in enumerate(claim.quantities) if any(same_quantity(q, e) for e in evidence.quantities)}
    stated = (*evidence.days, *words_of(published[:10]).days)
    held |= {f"d:{n}" for n, d in enumerate(claim.days) if evidence.days and same_day(d, stated)}
    text = plain(evidence.text)
    return held | {f"v:{n}" for n, quote in enumerate(claim.quotes) if plain(quote) in text}


def _pairs(words: Words) -> set[tuple[str, str]]:
    stems = [t.stem for t in words.tokens]
    return set(pairwise(stems))


def align(
    sentence: str, evidence: Sequence[Evidence], *, suggested: Sequence[int] = (), max_citations: int = 3
) -> tuple[Evidence, ...]:
    """The smallest set of evidence that covers the sentence's words, names, numbers and quotations; empty if none does.

    ``suggested`` are the numbers that the model wrote: they decide between evidence that covers equally much.
    """
    claim = words_of(sentence)
    found = [words_of(e.sentence.text) for e in evidence]
    units = _units(claim, found)
    total = sum(units.values())
    if not total:
        return ()
    held = [_covered(claim, words, e.published) for words, e in zip(found, evidence, strict=True)]
    pairs = _pairs(claim)
    near = [len(pairs & _pairs(words)) / max(1, len(pairs)) for words in found]
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < max_citations:
        gains = {n: sum(units[u] for u in held[n] - covered) / total for n in range(len(evidence)) if n not in chosen}
        # Order of words breaks near-ties, so that the sentence that was copied wins over one that shares its topic.
        best = max(
            gains, key=lambda n: (gains[n] + 0.3 * near[n] + 0.02 * (evidence[n].number in suggested), -n), default=-1
        )
        if best < 0 or gains[best] < (GAIN if chosen else 1e-9):
            break
        chosen.append(best)
        covered |= held[best]
    for n in list(chosen):  # an early choice may have become idle
        rest = set().union(*(held[m] for m in chosen if m != n))
        if len(chosen) > 1 and covered <= rest:
            chosen.remove(n)
    if sum(units[u] for u in covered) / total < FLOOR:
        return ()
    return tuple(evidence[n] for n in sorted(chosen))
