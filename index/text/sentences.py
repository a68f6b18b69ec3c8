"""An article's text -> its sentences, each with the exact place it stands at.

sentencex proposes the boundaries, line by line (it would merge across a single newline), on a copy of the line in
which quotation marks are blanked: that way it also splits inside a quotation of several sentences. Each proposal is
then judged here, because news has its own traps: "U.S. Secretary", "11:30 p.m. local", '"Why?" Abo Zayd asked'.
"""

import re
from collections.abc import Iterator

import sentencex

from onrecord.index.text.boundaries import CLOSERS, is_boundary, is_settled
from onrecord.index.types import Article, Sentence

SPLITTER_VERSION = 1
"""Part of the index fingerprint: raise it whenever the same text would split differently."""

_BRACKET_REACH = 400
_WINDOW = 10_000  # characters that sentencex sees at once: its time grows with their square on some lines
LONGEST = 600
"""Characters. A longer "sentence" (a list, a transcript without full stops) is cut at the best place there is."""

_QUOTES = re.compile(
    r"[\"“”„‟«»‹›]|``|''"
    r"|(?<=[.!?…,])[’'](?=\s|$)"  # a closing single quote, unlike the apostrophe in "don't"
    r"|(?<![^\s(])[‘'](?=\w)"  # an opening one
)
_ELLIPSIS_ALONE = re.compile(r"\s*(?:\.{2,}|(?:\.\s){2,}\.|…)(?=\s)")
_CLOSING = re.compile(rf"[{re.escape(CLOSERS.replace('“', ''))}]+|“(?!\w)|''")
_REFERENCE = re.compile(r"\[[^\[\]\s][^\[\]]{0,24}\]")  # "Rhenus.[note 3]"
_SPACED_CLOSING = re.compile(r"\s?(?:»|''(?=\s|$)|”(?=\s|$))")
_BELONGS = (_CLOSING, _REFERENCE, _SPACED_CLOSING, _ELLIPSIS_ALONE)
# Ends that sentencex leaves alone: inside brackets, after an ellipsis, and where a web page lost the space.
_MISSED = re.compile(
    rf"[.!?…]+[{re.escape(CLOSERS)}]*(?:\s+(?=[(\[“\"‘«„]?[^\W\d_])"
    r"|(?<=[a-zß-ÿ]{3}[.!?])(?=[A-Z][a-z]+\s)"
    r"|(?<=[a-zß-ÿ]{2}[.!?][”\"])(?=[A-Z“][a-z]+\s))"
)


def split_sentences(article: Article) -> tuple[Sentence, ...]:
    """The article's sentences in order, disjoint, none empty; headlines and bullets count as sentences.

    ``article.text[s.start_char:s.end_char] == s.text`` for each, and only white space lies between them.

    >>> text = "He met U.S. Secretary Kerry. It was 5 p.m. local time."
    >>> [s.text for s in split_sentences(Article(id="a", title="", text=text))]
    ['He met U.S. Secretary Kerry.', 'It was 5 p.m. local time.']
    """
    spans = sentence_spans(article.text, article.language)
    return tuple(
        Sentence(article_id=article.id, index=index, start_char=start, end_char=end, text=article.text[start:end])
        for index, (start, end) in enumerate(spans)
    )


def sentence_spans(text: str, language: str = "en", *, growing: bool = False) -> Iterator[tuple[int, int]]:
    """Half-open spans of the sentences of ``text``, without the white space around them.

    ``growing``: more may follow, so only those that it cannot change.

    >>> [list(sentence_spans(text, growing=True)) for text in ("He left the U.S. He", "He left the U.S. He met Kerry")]
    [[], [(0, 16)]]
    """
    offset = 0
    last = text.count("\n")
    for number, line in enumerate(text.split("\n")):
        for start, end in _line_spans(line, language or "en", growing=growing and number == last):
            for from_, to in _cut_overlong(line, start, end):
                yield offset + from_, offset + to
        offset += len(line) + 1


def _line_spans(line: str, language: str, *, growing: bool) -> Iterator[tuple[int, int]]:
    start = len(line) - len(line.lstrip())
    end = len(line.rstrip())
    if start >= end:
        return
    for sentence_end, next_start in _proposals(line, language):
        if start < sentence_end and next_start < end and is_boundary(line, start, sentence_end, next_start, language):
            if growing and not is_settled(line, start, sentence_end, next_start):
                return
            yield start, sentence_end
            start = next_start
    if not growing:
        yield start, end


def _proposals(line: str, language: str) -> list[tuple[int, int]]:
    """Where a sentence may end and the next one start, in order: ``(end, next start)``."""
    # Spaces of several bytes become plain ones: the library panics where it cuts one of them in two.
    blanked = re.sub(r"\s", " ", _QUOTES.sub(lambda match: " " * len(match.group()), line))
    found: dict[int, int] = {}
    for start in _starts(blanked, language):
        found.update((_settle(line, _before_space(blanked, start)),))
    for match in _MISSED.finditer(line):
        before = line[max(0, match.start() - _BRACKET_REACH) : match.start()]
        if match.group().strip() == "." and match.group() != "." and before.count("(") <= before.count(")"):
            continue  # a plain full stop: sentencex knows its abbreviations
        found.update((_settle(line, _before_space(line, match.end())),))
    return sorted(found.items())


def _starts(line: str, language: str) -> Iterator[int]:
    """Where sentencex sees a sentence start; a long line is given to it in windows that begin at such a start."""
    place = 0
    while place < len(line):
        window = line[place : place + _WINDOW]
        whole = place + len(window) == len(line)
        seen = [one["start_index"] for one in sentencex.get_sentence_boundaries(language, window)[1:]]
        # What follows decides, too, and is cut off near the end of a window.
        sure = seen if whole else [start for start in seen if start < 0.9 * _WINDOW]
        yield from (place + start for start in sure)
        place += len(window) if whole or not sure else sure[-1]


def _before_space(line: str, place: int) -> int:
    while place > 0 and line[place - 1].isspace():
        place -= 1
    return place


def _settle(line: str, stop: int) -> tuple[int, int]:
    """Give closing quotes and brackets, and an ellipsis that stands alone, to the sentence that ends at ``stop``."""
    while match := next(filter(None, (pattern.match(line, stop) for pattern in _BELONGS)), None):
        stop = match.end()
    following = stop
    while following < len(line) and line[following].isspace():
        following += 1
    return stop, following


def _cut_overlong(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a span of more than ``LONGEST`` characters after a semicolon, else a dash or comma, else at a space."""
    while end - start > LONGEST:
        window = line[start : start + LONGEST]
        cut = 0
        for mark in (r";\s", r"[•●▪·|]\s|\s[—–]\s|:\s", r",\s", r"\s"):
            places = [m.start() + 1 for m in re.finditer(mark, window) if m.start() > LONGEST // 4]
            if places:
                cut = places[-1]
                break
        cut = start + (cut or LONGEST)
        piece = line[start:cut].rstrip()
        yield start, start + len(piece)
        start = cut
        while line[start].isspace():
            start += 1
    yield start, end
