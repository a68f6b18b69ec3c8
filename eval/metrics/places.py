"""Scores of places: what was retrieved, shown and cited, against the gold places of a question.

A place counts when it shares at least half of the shorter span with a gold quote. Several gold places may say the
same thing: ``recall`` is over all of them, ``enough`` asks only for as many as a full answer needs.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Protocol

from onrecord.eval.metrics.retrieval import average_precision, ndcg_at_k, recall_at_k, reciprocal_rank, spans_match
from onrecord.eval.suites.loading import GoldQuote, Question
from onrecord.eval.suites.records import CitationRow, ResultRow

CUTS = (1, 5, 10, 20)


class Place(Protocol):
    """Anything that stands at a place of an article."""

    @property
    def article_id(self) -> str: ...

    @property
    def start_char(self) -> int: ...

    @property
    def end_char(self) -> int: ...


def gold_of(question: Question) -> tuple[GoldQuote, ...]:
    """The gold places, each once."""
    return tuple({(g.article, g.start_char, g.end_char): g for g in question.evidence}.values())


def covers(place: Place, gold: GoldQuote) -> bool:
    """Whether the place is in the gold quote's article and matches its span."""
    same_article = place.article_id == gold.article
    return same_article and spans_match((place.start_char, place.end_char), (gold.start_char, gold.end_char))


def cites(citation: CitationRow, gold: GoldQuote) -> bool:
    """Whether a citation stands for the gold quote: by its place, or as the same words elsewhere.

    The same words count in another place of the same article (a quote may be there twice) and in a copy of it.
    """
    if covers(citation, gold):
        return True
    same_words = citation.quote.split() == gold.quote.split()
    return same_words and gold.article in (citation.article_id, *citation.also_in)


def retrieval_scores(question: Question, row: ResultRow) -> dict[str, float | None]:
    """Ranking measures of the retrieved passages, and how much of the gold the model was shown."""
    scores: dict[str, float | None] = {}
    found = [passage.article_id for passage in row.retrieved]
    gold_articles = set(question.articles_holding_answer) or {gold.article for gold in question.evidence}
    if gold_articles:
        for k in (1, 5, 10):
            scores[f"article_found@{k}"] = float(bool(gold_articles & set(found[:k])))
    gold = gold_of(question)
    if gold:
        scores |= _ranking_scores(row.retrieved, gold, question.needs)
        if row.evidence:
            shown = sum(any(covers(piece, one) for piece in row.evidence) for one in gold)
            scores["gold_shown"] = shown / len(gold)
            scores["enough_shown"] = min(1.0, shown / question.needs)
    return scores


def _ranking_scores(passages: Sequence[Place], gold: Sequence[GoldQuote], needs: int) -> dict[str, float | None]:
    """Measures over passages; one is relevant when it covers a gold sentence that no better one does.

    So a sentence in two overlapping passages counts once. How many relevant passages exist is known only for the
    sentences that were found: each of the others counts as one relevant passage that was not.
    """
    missing = set(range(len(gold)))
    new: list[int] = []  # per rank: how many gold sentences are first covered there
    for passage in passages:
        covered = {index for index in missing if covers(passage, gold[index])}
        missing -= covered
        new.append(len(covered))
    relevant = [count > 0 for count in new]
    total = sum(relevant) + len(missing)
    scores: dict[str, float | None] = {}
    for k in CUTS:
        scores[f"recall@{k}"] = sum(new[:k]) / len(gold)
        scores[f"passage_recall@{k}"] = recall_at_k(relevant, total=total, k=k)
        scores[f"enough@{k}"] = min(1.0, sum(new[:k]) / needs)
    scores["reciprocal_rank"] = reciprocal_rank(relevant)
    scores["ndcg@10"] = ndcg_at_k([float(hit) for hit in relevant], ideal=[1.0] * total, k=10)
    scores["average_precision"] = average_precision(relevant, total=total)
    return scores


def is_valid(citation: CitationRow, texts: Mapping[str, str]) -> bool:
    """Whether the quote stands in its article at its offsets, to the letter."""
    text = texts.get(citation.article_id, "")
    in_order = 0 <= citation.start_char < citation.end_char <= len(text)
    return in_order and text[citation.start_char : citation.end_char] == citation.quote


def citation_scores(question: Question, texts: Mapping[str, str], row: ResultRow) -> dict[str, float | None]:
    """Scores of an answer's citations and verdicts.

    Precision is over the distinct places cited and recall over the gold ones, as ALCE has it (Gao et al. 2023), but
    against places that a person chose, not against a model's judgement. An answer without citations has no precision
    and a recall of 0.
    """
    cited = row.citations
    scores: dict[str, float | None] = {}
    if row.shown:
        scores["cited_share"] = sum(bool(s.citations) for s in row.shown) / len(row.shown)
    if any(sentence.verdict for sentence in row.shown):
        scores["supported_share"] = sum(s.verdict == "supported" for s in row.shown) / len(row.shown)
    if cited:
        scores["citation_validity"] = sum(is_valid(citation, texts) for citation in cited) / len(cited)
        scores["words_per_citation"] = float(median(len(citation.quote.split()) for citation in cited))
    gold = gold_of(question)
    if gold:
        named = sum(any(cites(citation, one) for citation in cited) for one in gold)
        scores["citation_recall"] = named / len(gold)
        scores["citation_enough"] = min(1.0, named / question.needs)
        if cited:
            right = sum(any(cites(citation, one) for one in gold) for citation in cited)
            scores["citation_precision"] = right / len(cited)
    return scores
