"""Sentences -> passages: consecutive whole sentences of about the same length, the unit that is embedded and found."""

import re
from collections.abc import Sequence

from onrecord.index.types import Article, Passage, Sentence

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

SHORTEST_TAIL = 0.25
"""A last passage with less than this share of new words joins the one before: alone it would say too little."""


def build_passages(
    article: Article, sentences: Sequence[Sentence], *, words: int = 110, overlap: int = 1
) -> tuple[Passage, ...]:
    """Passages of about ``words`` words that together hold every sentence, in order.

    The last ``overlap`` sentences of a passage are also the first of the next one, so that an answer that needs two
    neighbouring sentences is found whole; an overlap that would fill half of the next passage is left out.
    A sentence longer than ``words`` is a passage of its own. ``id`` is ``<article id>:<start_char>-<end_char>``.
    """
    if words < 1 or overlap < 0:
        raise ValueError(f"words must be at least 1 and overlap at least 0, not {words} and {overlap}.")
    if not sentences:
        return ()
    counts = [count_words(sentence.text) for sentence in sentences]
    passages = []
    for start, end in _spans(counts, words, overlap):
        chosen = tuple(sentences[start:end])
        passage_id = f"{article.id}:{chosen[0].start_char}-{chosen[-1].end_char}"
        passages.append(Passage(id=passage_id, article_id=article.id, sentences=chosen))
    return tuple(passages)


def passage_text_for_search(article_title: str, passage: Passage) -> str:
    """What is embedded and keyword-indexed: the title says what the article is about where the passage does not.

    >>> from onrecord.index.types import Sentence
    >>> sentence = Sentence(article_id="a", index=0, start_char=0, end_char=13, text="It was closed.")
    >>> passage_text_for_search("Old bridge", Passage(id="a:0-13", article_id="a", sentences=(sentence,)))
    'Old bridge. It was closed.'
    """
    return text_for_search(article_title, passage.text)


def text_for_search(article_title: str, text: str) -> str:
    """The same of a passage's text."""
    title = article_title.strip()
    if not title:
        return text
    return f"{title}{'' if title.endswith(('.', '?', '!', '…')) else '.'} {text}"


def count_words(text: str) -> int:
    """Words, or for scripts that put no space between them a fair stand-in: two characters a word."""
    words = len(text.split())
    return words if text.isascii() else max(words, len(_UNSPACED.findall(text)) // 2)


def _spans(counts: Sequence[int], words: int, overlap: int) -> list[tuple[int, int]]:
    """Half-open ranges of sentence indices; each range starts after the last one started and ends after it ended."""
    spans: list[tuple[int, int]] = []
    start = done = 0  # every sentence before `done` is in a passage already
    while done < len(counts):
        end, total = done + 1, sum(counts[start : done + 1])
        while end < len(counts) and _nearer(total, total + counts[end], words):
            total += counts[end]
            end += 1
        spans.append((start, end))
        done = end
        start = max(start + 1, end - overlap)
        while start < done and sum(counts[start:done]) > words / 2:
            start += 1
    if len(spans) > 1 and sum(counts[spans[-2][1] :]) < words * SHORTEST_TAIL:
        last = spans.pop()
        spans[-1] = (spans[-1][0], last[1])
    return spans


def _nearer(now: int, then: int, words: int) -> bool:
    return abs(then - words) <= abs(words - now)
