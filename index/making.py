"""What is made of an article before it is stored: sentences and passages, their vectors, and what tells its copies.

None of it knows the collection, so it may be done anywhere, by another machine too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from onrecord.index.settings import OVERLAP
from onrecord.index.store.duplicates import Shingles, mark_and_shingles
from onrecord.index.text.passages import build_passages, passage_text_for_search
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Passage, Sentence, Vectors

Embed = Callable[[Sequence[str]], Vectors]
LONG = 256  # passages of one article after which its progress is shown
TOGETHER = 128  # passages embedded at once: enough to sort by length, few enough to show progress


@dataclass(frozen=True, slots=True)
class Cut:
    """An article before it is embedded. ``texts``: what of its passages is embedded."""

    article: Article
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """An article ready to be stored. ``vectors``: one row per passage; the last two tell its copies."""

    article: Article
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    vectors: Vectors
    mark: bytes
    shingles: Shingles


def cut(article: Article, *, words: int) -> Cut:
    """The article in passages of about so many words."""
    sentences = split_sentences(article)
    passages = build_passages(article, sentences, words=words, overlap=OVERLAP)
    texts = tuple(passage_text_for_search(article.title, one) for one in passages)
    return Cut(article, sentences, passages, texts)


def made(cuts: Sequence[Cut], embed: Embed, on_part: Callable[[float], None] = lambda share: None) -> list[Made]:
    """All of them, embedded together; ``on_part`` is told which share of many passages is done."""
    texts = [text for one in cuts for text in one.texts]
    parts = []
    for start in range(0, len(texts), LONG):
        if start:
            on_part(start / len(texts))
        parts.append(embed(texts[start : start + LONG]))
    vectors = np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)
    done, start = [], 0
    for one in cuts:
        own, start = vectors[start : start + len(one.texts)], start + len(one.texts)
        done.append(Made(one.article, one.sentences, one.passages, own, *mark_and_shingles(one.article.text)))
    return done
