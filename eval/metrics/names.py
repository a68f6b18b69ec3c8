"""How the figures are called and shown to people: labels, explanations, and which ones come first."""

from collections.abc import Iterable

from onrecord.eval.metrics.intervals import Estimate
from onrecord.eval.metrics.scoring import LOWER_IS_BETTER

# metric -> (label, what it is). The order is the order of tables.
METRICS: dict[str, tuple[str, str]] = {
    "right": ("right", "answered right, or abstained where the articles do not say"),
    "answered_right": ("answered right", "share of the answerable questions answered with an accepted answer"),
    "false_abstention": ("falsely refused", "share of the answerable questions that were turned away"),
    "abstained_rightly": ("refused rightly", "share of the unanswerable questions that were turned away"),
    "abstention_precision": ("refusal precision", "of what was turned away, the share that is unanswerable"),
    "abstention_recall": ("refusal recall", "of what is unanswerable, the share that was turned away"),
    "abstention_f1": ("refusal F1", "harmonic mean of refusal precision and recall"),
    "citation_precision": ("citation precision", "share of the cited places that are gold"),
    "citation_recall": ("citation recall", "share of the gold places that are cited"),
    "citation_enough": ("citations enough", "share of the places that a full answer needs that are cited"),
    "citation_validity": ("quotes exact", "share of the citations whose quote stands in its article, to the letter"),
    "cited_share": ("sentences cited", "share of the shown sentences that have a citation"),
    "supported_share": ("sentences supported", "share of the shown sentences with a verdict of supported"),
    "words_per_citation": ("words per citation", "how much a reader must read to check one citation (median)"),
    "nothing_forbidden": ("nothing forbidden", "share of the answers without any text that must not be in it"),
    "gold_shown": ("gold shown", "share of the gold sentences that the model was shown"),
    "enough_shown": ("enough shown", "share of the places that a full answer needs that the model was shown"),
    "recall@1": ("recall@1", "share of the gold sentences in the first passage found"),
    "recall@5": ("recall@5", "share of the gold sentences in the first 5 passages"),
    "recall@10": ("recall@10", "share of the gold sentences in the first 10 passages"),
    "recall@20": ("recall@20", "share of the gold sentences in the first 20 passages"),
    "article_found@1": ("article@1", "an article that holds the answer is first"),
    "article_found@10": ("article@10", "an article that holds the answer is among the first 10 passages"),
    "ndcg@10": ("nDCG@10", "ranking of the passages that hold gold sentences"),
    "reciprocal_rank": ("MRR", "1 / rank of the first passage that holds a gold sentence"),
    "exact_match": ("exact match", "SQuAD's exact match with an accepted answer"),
    "token_f1": ("token F1", "SQuAD's F1 of words with the best accepted answer"),
    "squad2_f1": ("SQuAD 2 F1", "token F1, and 1 for each unanswerable question turned away"),
    "contains": ("contains", "an accepted answer stands in the answer"),
    "rouge_l": ("ROUGE-L", "longest common subsequence with the best accepted answer"),
    "all_named_none_wrong": ("all named", "all accepted answers named, no wrong one"),
    "answerability_auc": ("answerability AUC", "how well the score tells answerable from unanswerable questions"),
    "calibration_error": ("calibration error", "mean gap between the answerability score and what is true"),
    "area_under_risk": ("area under risk", "mean share of wrong answers over the coverage, surest first"),
    "completed": ("completed", "share of the questions that did not fail"),
}
HEADLINE = (
    "right",
    "answered_right",
    "abstained_rightly",
    "false_abstention",
    "citation_precision",
    "citation_enough",
    "citation_validity",
    "words_per_citation",
    "nothing_forbidden",
    "all_named_none_wrong",
    "rouge_l",
)
SEARCH_HEADLINE = ("recall@1", "recall@5", "recall@10", "recall@20", "ndcg@10", "reciprocal_rank", "article_found@10")
COSTS: dict[str, str] = {
    "time_to_evidence": "time to evidence, s",
    "time_to_first_token": "time to first token, s",
    "time_to_answer": "time to whole answer, s",
    "evaluated_tokens": "tokens evaluated",
    "generated_tokens": "tokens generated",
    "model_calls": "model calls",
    "peak_memory_mib": "peak memory, MiB",
}
_PLAIN = frozenset({"words_per_citation"})  # every other figure is a share, and shown in per cent


def label(metric: str) -> str:
    """The metric as a table's heading; an unknown one is its own name."""
    return METRICS.get(metric, (metric.replace("_", " "), ""))[0]


def explanation(metric: str) -> str:
    """What the metric is, and which way is better; empty for an unknown one."""
    text = METRICS.get(metric, ("", ""))[1]
    return f"{text}; lower is better" if text and metric in LOWER_IS_BETTER else text


def in_order(metrics: Iterable[str]) -> list[str]:
    """The metrics in the order of tables, unknown ones last by name."""
    places = {name: place for place, name in enumerate(METRICS)}
    return sorted(metrics, key=lambda name: (places.get(name, len(places)), name))


def figure(metric: str, value: float) -> str:
    """The value as it is shown: shares in per cent, with one decimal.

    >>> figure("right", 0.8421), figure("words_per_citation", 23.0)
    ('84.2', '23')
    """
    return f"{value:.0f}" if metric in _PLAIN else f"{100 * value:.1f}"


def interval(metric: str, estimate: Estimate) -> str:
    """The 95 % interval as it is shown.

    >>> interval("right", Estimate(0.9, 50, 0.79, 0.957))
    '79–96'
    """
    scale = 1 if metric in _PLAIN else 100
    return f"{scale * estimate.low:.0f}–{scale * estimate.high:.0f}"
