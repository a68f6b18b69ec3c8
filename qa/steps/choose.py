"""Hits -> the numbered sentences that the model is shown, within a token budget.

Each sentence of the retrieved passages gets a score: its own nearness to the question, the rank of its passage, the
share of the question's words that it holds (rare words weigh more), the same share with its neighbours, how many names
and numbers it states, and whether it holds the kind of thing that is asked for. The best are kept; a sentence that
leans on the one before it ("He estimated ...") brings that one along; copies of one wire story count once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onrecord.index import Article, Embedder, Hit, Sentence, Vectors
from onrecord.index.text.words import words_of
from onrecord.qa.steps.question_type import Wanted, wants
from onrecord.qa.types import Evidence

# Chosen on three dev suites: the share of gold sentences among twelve of 450 tokens, over all articles of squad2-dev
# (1.00) and clapnq-dev (.91), and how often the answer is among them on realtimeqa-dev (.69; .92 in all of 24
# passages). The rank of the passage is what clapnq-dev needs, names and numbers what news needs; under .05 is noise.
NEARNESS, PASSAGE, COVERAGE, CONTEXT, FACTS, KIND = 1.7, 1.1, 0.3, 0.6, 0.5, 0.35
# What a date that the question asks for is worth. On realtimeqa-dev the answer is then among the first four sentences
# of 38 questions (34 without), and among all twelve of 47 (45), of 65; beyond 0.7 little changes.
TIMELY, TIMELY_PASSAGE = 0.7, 0.5
MOST_FACTS = 6  # names and numbers beyond this add nothing
MOST_EMBEDDED = 40
LEANS_ON = 0.85  # the sentence that a pronoun points back to is worth this share of the one that needs it

_LEANING = re.compile(
    r"^(?:[“\"'‘]?\s*)(?:but |and |however,? |meanwhile,? |instead,? |then )?"
    r"(?:he|she|they|it|his|her|their|its|this|that|these|those|the deal|the move|the group|the statement|the two)\b",
    re.IGNORECASE,
)


Key = tuple[str, int]  # article id, sentence index


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with its score; ``leans``: it needs the sentence before it to be understood."""

    sentence: Sentence
    score: float
    leans: bool


def leans_back(text: str) -> bool:
    """Whether a sentence opens with a word that points back.

    >>> leans_back("He estimated there were 5,000 fighters."), leans_back("Assad estimated 5,000.")
    (True, False)
    """
    return bool(_LEANING.match(text))


def weights(question: str, rarity: Callable[[str], float]) -> dict[str, float]:
    """The stems of the question's content words with the weight of each word."""
    return {token.stem: rarity(token.text) for token in words_of(question).tokens if token.content}


def candidates(
    question: str,
    hits: Sequence[Hit],
    *,
    query_vector: Vectors,
    embed: Callable[[Sequence[Sentence]], Vectors],
    rarity: Callable[[str], float],
    timely: Callable[[str], float] = lambda article_id: 0.0,
    left_out: frozenset[Key] = frozenset(),
) -> list[Candidate]:
    """Every sentence of the hits but those ``left_out``, best first.

    ``embed``: unit vectors ``(n, d)``; ``rarity``: weight of a word >= 0; ``timely``: how well an article's date suits
    the question, 0 to 1.
    """
    rank_of: dict[Key, int] = {}
    sentences: dict[Key, Sentence] = {}
    for rank, hit in enumerate(hits):
        for sentence in hit.passage.sentences:
            key = (sentence.article_id, sentence.index)
            if key in left_out:
                continue
            sentences.setdefault(key, sentence)
            rank_of[key] = min(rank_of.get(key, rank), rank)
    weight = weights(question, rarity)
    kinds = wants(question)
    by_words = {
        key: PASSAGE * _by_rank(rank_of[key]) + _word_score(sentences, key, weight, kinds) + TIMELY * timely(key[0])
        for key in sentences
    }
    # Embedding sentences is the slow part: those that words and rank put last are not worth it.
    kept = sorted(sentences, key=lambda key: -by_words[key])[:MOST_EMBEDDED]
    if not kept:
        return []
    nearness = embed([sentences[key] for key in kept]) @ query_vector
    found = [
        Candidate(sentences[key], by_words[key] + NEARNESS * float(near), leans_back(sentences[key].text))
        for key, near in zip(kept, nearness, strict=True)
    ]
    return sorted(found, key=lambda candidate: -candidate.score)


def _by_rank(rank: int) -> float:
    """What a place in the search is worth, from 1 downwards; ``rank`` counts from 0."""
    return 1.0 / (1.0 + rank / 6.0)


def timely_first(hits: Sequence[Hit], timely: Callable[[str], float], *, top_k: int) -> tuple[Hit, ...]:
    """The best ``top_k`` hits by rank and by how well their date suits the question."""
    worth = {n: _by_rank(n) + TIMELY_PASSAGE * timely(hit.passage.article_id) for n, hit in enumerate(hits)}
    return tuple(hits[n] for n in sorted(worth, key=lambda n: -worth[n])[:top_k])


def _word_score(sentences: Mapping[Key, Sentence], key: Key, weight: Mapping[str, float], kinds: Wanted) -> float:
    """What a sentence's words alone are worth: the question's words here and next door, facts, the kind asked for."""
    words = words_of(sentences[key].text)
    total = sum(weight.values()) or 1.0
    around = set(words.stems)
    for neighbour in ((key[0], key[1] - 1), (key[0], key[1] + 1)):
        if neighbour in sentences:
            around |= words_of(sentences[neighbour].text).stems
    here = sum(weight[stem] for stem in weight.keys() & words.stems) / total
    near = sum(weight[stem] for stem in weight.keys() & around) / total
    facts = min(len(words.names) + len(words.quantities), MOST_FACTS) / MOST_FACTS
    return COVERAGE * here + CONTEXT * near + FACTS * facts + KIND * float(kinds.met_by(words))


def choose(
    ranked: Sequence[Candidate],
    *,
    before: Callable[[Sentence], Sentence | None],
    count_tokens: Callable[[str], int],
    max_tokens: int,
    max_sentences: int,
    representative: Callable[[str], str] = lambda article_id: article_id,
) -> list[Candidate]:
    """The best candidates that fit, in order of score. ``representative``: the article that stands for a copy."""
    chosen: dict[tuple[str, int], Candidate] = {}
    texts: set[str] = set()
    spent = 0

    def take(candidate: Candidate) -> bool:
        nonlocal spent
        key = (candidate.sentence.article_id, candidate.sentence.index)
        text = " ".join(candidate.sentence.text.split()).casefold()
        cost = count_tokens(candidate.sentence.text) + 4
        if key in chosen or text in texts or len(chosen) >= max_sentences or (chosen and spent + cost > max_tokens):
            return False
        chosen[key] = candidate
        texts.add(text)
        spent += cost
        return True

    for candidate in ranked:
        if representative(candidate.sentence.article_id) != candidate.sentence.article_id:
            continue
        if not take(candidate) or not candidate.leans:
            continue
        previous = before(candidate.sentence)
        if previous is not None:
            take(Candidate(previous, candidate.score * LEANS_ON, leans=False))
    return sorted(chosen.values(), key=lambda candidate: -candidate.score)


def numbered(
    chosen: Sequence[Candidate],
    article: Callable[[str], Article],
    also_in: Callable[[str], tuple[str, ...]] = lambda article_id: (),
) -> tuple[Evidence, ...]:
    """Evidence numbered from 1: articles by their best sentence, sentences of an article in reading order."""
    best: dict[str, float] = {}
    for candidate in chosen:
        key = candidate.sentence.article_id
        best[key] = max(best.get(key, -np.inf), candidate.score)
    reading_order = sorted(
        chosen, key=lambda c: (-best[c.sentence.article_id], c.sentence.article_id, c.sentence.index)
    )
    evidence = []
    for number, candidate in enumerate(reading_order, start=1):
        facts = article(candidate.sentence.article_id)
        evidence.append(
            Evidence(
                number=number,
                sentence=candidate.sentence,
                title=facts.title,
                source=facts.source,
                published=facts.published,
                url=facts.url,
                score=candidate.score,
                also_in=also_in(facts.id),
            )
        )
    return tuple(evidence)


class SentenceVectors:
    """Embeds sentences, remembering the most recent ones: follow-ups ask about the same passages."""

    def __init__(self, embedder: Embedder, *, keep: int = 20_000) -> None:
        self._embedder = embedder
        self._keep = keep
        self._known: dict[str, Vectors] = {}

    def __call__(self, sentences: Sequence[Sentence]) -> Vectors:
        """Unit vectors of shape ``(len(sentences), dimension)``."""
        return self.texts([sentence.text for sentence in sentences])

    def texts(self, texts: Sequence[str]) -> Vectors:
        """The same of texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            if len(self._known) + len(new) > self._keep:
                self._known.clear()
                new = list(dict.fromkeys(texts))
            self._known.update(zip(new, self._embedder.embed_passages(new), strict=True))
        return np.stack([self._known[text] for text in texts])
