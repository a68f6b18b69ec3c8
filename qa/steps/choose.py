"""Hits -> the numbered sentences that the model is shown, within a token budget.

Each sentence of the retrieved passages gets a score: its own nearness to the question, the rank of its passage, the
share of the question's words that it holds (rare words weigh more), the same share with its neighbours, how many names
and numbers it states, and whether it holds the kind of thing that is asked for. The best are kept; a sentence that
leans on the one before it ("He estimated ...") brings that one along; copies of one wire story count once.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from onrecord.index import Article, Hit, Sentence, Vectors
from onrecord.index.text.words import Words, words_of
from onrecord.qa.engines.tokens import estimate_tokens
from onrecord.qa.judges.answers import AnswerJudge
from onrecord.qa.judges.injection import Key, orders_in
from onrecord.qa.steps import prompts
from onrecord.qa.steps.antecedents import Antecedent
from onrecord.qa.steps.question_type import hold_what_is_asked
from onrecord.qa.steps.sources import Sources
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.values import Found, Part, Searched
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
# What a unit of the judge's logit is worth, and how many sentences it reads, best first. The answering sentence comes
# first of squad2-dev's .89 (.82 without the judge), clapnq-dev's .74 (.67) and realtimeqa-dev's .48 (.34), of those
# that have one among the twelve. At .3: .87, .75, .44; at 1: .88, .73, .52. Reading 32 instead of 12 changes nothing.
ANSWERS, MOST_JUDGED = 0.5, 12
LEFT_OUT = "Sentences that give orders to whoever answers, instead of reporting, were left out."
AROUND = 400  # tokens of a prompt that are neither evidence, question nor answer
# How much better than all others a sentence must be that may give orders, chosen on held-out families of orders.
GIVES_WAY = 0.25
LEANS_ON = 0.85  # the sentence that a pronoun points back to is worth this share of the one that needs it

_LEANING = re.compile(
    r"^(?:[“\"'‘]?\s*)(?:but |and |however,? |meanwhile,? |instead,? |then )?"
    r"(?:he|she|they|it|his|her|their|its|this|that|these|those|the deal|the move|the group|the statement|the two)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with its score; ``leans``: it needs the sentence before it to be understood.

    ``answers``: the judge's logit, None where it did not read the sentence.
    """

    sentence: Sentence
    score: float
    leans: bool
    answers: float | None = None

    @property
    def key(self) -> Key:
        """Where the sentence is."""
        return self.sentence.article_id, self.sentence.index


def choose(part: Part, searched: Searched, tools: Tools, *, lead_ins: bool = True) -> Found:
    """The evidence for one part. ``lead_ins``: a sentence that leans on the one before it brings that one along.

    Raises `UnknownArticle` where an article is removed meanwhile (see `search.settled`).
    """
    sources = tools.sources
    with tools.trace.timed("evidence"):
        orders = orders_in(searched.hits)
        ids = {hit.passage.article_id for hit in searched.hits}
        ranked = candidates(
            part.text,
            searched.hits,
            query_vector=searched.vector,
            embed=sources.embed,
            rarity=sources.rarity,
            timely=searched.timely,
            left_out=orders.certain,
        )
        behind = giving_way(ranked, orders.suspects)
        ranked = [candidate for candidate in ranked if candidate.key not in behind]
        hidden_keys = orders.certain | orders.suspects
        if all(sources.article(article_id).language == "en" for article_id in ids):  # it reads no other
            ranked = by_answer(part.text, ranked, tools.answers, sources.lead_ins)

        def before(sentence: Sentence) -> Sentence | None:
            hidden = not lead_ins or (sentence.article_id, sentence.index - 1) in hidden_keys
            return None if hidden else sources.before(sentence)

        tokens, warnings = budget(part.text, tools)
        kept = best_that_fit(
            _once(ranked, ids, sources),
            before=before,
            count_tokens=tools.model.count_tokens if tools.model else estimate_tokens,
            max_tokens=tokens,
            max_sentences=tools.settings.evidence_sentences,
        )
        return shown(searched, kept, sources, warnings=(LEFT_OUT, *warnings) if orders.certain else warnings)


def _once(ranked: Sequence[Candidate], ids: Set[str], sources: Sources) -> list[Candidate]:
    """The candidates without those of a copy, where the article that was published first was found too."""
    kept = sources.without_copies({candidate.sentence.article_id for candidate in ranked}, ids)
    return [candidate for candidate in ranked if candidate.sentence.article_id in kept]


def giving_way(ranked: Sequence[Candidate], suspects: Set[Key]) -> frozenset[Key]:
    """The suspects among the candidates that another candidate answers as well as, or nearly: they are not shown."""
    best = max((candidate.score for candidate in ranked if candidate.key not in suspects), default=-np.inf)
    return frozenset(
        candidate.key for candidate in ranked if candidate.key in suspects and candidate.score < best + GIVES_WAY
    )


def shown(searched: Searched, kept: Sequence[Candidate], sources: Sources, *, warnings: tuple[str, ...] = ()) -> Found:
    """The chosen sentences as numbered evidence, with their nearness to the question and what the judge makes of it."""
    evidence = numbered(kept, sources.article, sources.copies, sources.antecedents)
    nearness = sources.nearest(searched.vector, [candidate.sentence for candidate in kept])
    answers = next((candidate.answers for candidate in kept if candidate.answers is not None), None)
    return Found(searched.hits, evidence, prompts.evidence_text(evidence), searched.vector, nearness, answers, warnings)


def budget(question: str, tools: Tools) -> tuple[int, tuple[str, ...]]:
    """Tokens for evidence: as set, or what the model's context leaves, with a warning when that is less."""
    model, wanted = tools.model, tools.settings.evidence_tokens
    if model is None:
        return wanted, ()
    size = model.context_tokens
    room = size - model.count_tokens(question) - tools.settings.max_answer_tokens - AROUND
    less = f"The model reads {size} tokens at once, so it was shown less evidence than set."
    return max(40, min(room, wanted)), (less,) if room < wanted else ()


def leans_back(text: str) -> bool:
    """Whether a sentence opens with a word that points back.

    >>> leans_back("He estimated there were 5,000 fighters."), leans_back("Assad estimated 5,000.")
    (True, False)
    """
    return bool(_LEANING.match(text))


def weights(question: str, rarity: Callable[[Sequence[str]], Sequence[float]]) -> dict[str, float]:
    """The stems of the question's content words with the weight of each word."""
    words = [token for token in words_of(question).tokens if token.content]
    return dict(zip((token.stem for token in words), rarity([token.text for token in words]), strict=True))


def candidates(
    question: str,
    hits: Sequence[Hit],
    *,
    query_vector: Vectors,
    embed: Callable[[Sequence[Sentence]], Vectors],
    rarity: Callable[[Sequence[str]], Sequence[float]],
    timely: Mapping[str, float] | None = None,
    left_out: frozenset[Key] = frozenset(),
) -> list[Candidate]:
    """Every sentence of the hits but those ``left_out``, best first.

    ``embed``: unit vectors ``(n, d)``; ``rarity``: weight of each word >= 0; ``timely``: how well an article's date
    suits the question, 0 to 1, where it asks for a time.
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
    dated = timely or {}
    of_words = _word_scores(question, sentences, weights(question, rarity))
    by_words = {
        key: PASSAGE * _by_rank(rank) + of_words[key] + TIMELY * dated.get(key[0], 0.0) for key, rank in rank_of.items()
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


def by_answer(
    question: str,
    ranked: Sequence[Candidate],
    judge: AnswerJudge,
    lead_ins: Callable[[Sequence[Sentence]], Sequence[str]],
) -> list[Candidate]:
    """The first candidates in the order of what the judge makes of them too; the others, unread, stay behind them."""
    first, others = ranked[:MOST_JUDGED], ranked[MOST_JUDGED:]
    sentences = [one.sentence for one in first]
    read_with = zip((sentence.text for sentence in sentences), lead_ins(sentences), strict=True)
    logits = judge.logits(question, list(read_with)).tolist()
    read = [
        replace(one, score=one.score + ANSWERS * logit, answers=logit) for one, logit in zip(first, logits, strict=True)
    ]
    least = ANSWERS * min(logits, default=0.0)
    return sorted([*read, *(replace(one, score=one.score + least) for one in others)], key=lambda one: -one.score)


def _by_rank(rank: int) -> float:
    """What a place in the search is worth, from 1 downwards; ``rank`` counts from 0."""
    return 1.0 / (1.0 + rank / 6.0)


def timely_first(hits: Sequence[Hit], timely: Mapping[str, float], *, top_k: int) -> tuple[Hit, ...]:
    """The best ``top_k`` hits by rank and by how well their date suits the question."""
    worth = {n: _by_rank(n) + TIMELY_PASSAGE * timely[hit.passage.article_id] for n, hit in enumerate(hits)}
    return tuple(hits[n] for n in sorted(worth, key=lambda n: -worth[n])[:top_k])


def _word_scores(question: str, sentences: Mapping[Key, Sentence], weight: Mapping[str, float]) -> dict[Key, float]:
    """What each sentence's words alone are worth."""
    words = {key: words_of(sentence.text) for key, sentence in sentences.items()}
    kind = dict(zip(words, hold_what_is_asked(question, list(words.values())), strict=True))
    return {key: _word_score(words, key, weight) + KIND * kind[key] for key in words}


def _word_score(words: Mapping[Key, Words], key: Key, weight: Mapping[str, float]) -> float:
    """What a sentence is worth for the question's words, here and next door, and for its facts."""
    here = words[key]
    total = sum(weight.values()) or 1.0
    beside = [words[place] for place in ((key[0], key[1] - 1), (key[0], key[1] + 1)) if place in words]
    covered = sum(weight[stem] for stem in weight.keys() & here.stems) / total
    around = sum(weight[stem] for stem in weight.keys() & here.stems.union(*(one.stems for one in beside))) / total
    facts = min(len(here.names) + len(here.quantities), MOST_FACTS) / MOST_FACTS
    return COVERAGE * covered + CONTEXT * around + FACTS * facts


def best_that_fit(
    ranked: Sequence[Candidate],
    *,
    before: Callable[[Sentence], Sentence | None],
    count_tokens: Callable[[str], int],
    max_tokens: int,
    max_sentences: int,
) -> list[Candidate]:
    """The best candidates that fit, in order of score. ``before``: the sentence that leads in to one that leans."""
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
    antecedents: Callable[[Sequence[Sentence]], Sequence[Antecedent | None]] = lambda chosen: [None] * len(chosen),
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
    people = antecedents([candidate.sentence for candidate in reading_order])
    for number, (candidate, who) in enumerate(zip(reading_order, people, strict=True), start=1):
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
                who=who.name if who else "",
                who_at=who.behind if who else 0,
            )
        )
    return tuple(evidence)
