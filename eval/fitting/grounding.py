"""How well a verifier tells supported claims from others, beside the ROUGE-2 baseline, over the grounding files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from onrecord.eval.metrics.intervals import Estimate, bootstrap_interval, estimate_mean, over_pairs
from onrecord.eval.metrics.retrieval import balanced_accuracy, best_supporting_f1, roc_auc
from onrecord.eval.metrics.text import rouge_2_precision
from onrecord.eval.suites.loading import GroundingItem
from onrecord.index.errors import InputError
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article
from onrecord.qa.judges.verify import Verifier

_CANDIDATES = 10  # sentences that are tried as a further piece of evidence
_MOST_EVIDENCE = 4
_LEAST_GAIN = 0.02


@dataclass(frozen=True, slots=True)
class GroundingReport:
    """A verifier's figures over one file. ``evidence_f1`` is there when the file names supporting sentences.

    ``scores`` has one probability per item, in the items' order; ``thresholds`` what counted as supported.
    """

    n: int
    thresholds: tuple[float, ...]
    roc_auc: Estimate
    balanced_accuracy: Estimate
    evidence_f1: Estimate | None
    scores: tuple[float, ...]


class Rouge2Verifier:
    """The baseline: the share of the claim's word pairs that the evidence has."""

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        return rouge_2_precision(claim, " ".join(evidence))


def evaluate_verifier(
    items: Sequence[GroundingItem],
    verifier: Verifier,
    *,
    threshold: Callable[[int], float],
    with_evidence: bool = True,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> GroundingReport:
    """Every claim against its whole source, and where gold sentences are named, which sentences are chosen.

    ``threshold``: the least score of a supported claim, by how many sentences its source has.

    Raises:
        InputError: the items are all supported or all not, so that nothing can be told apart.
    """
    labels = [item.supported for item in items]
    if len(set(labels)) < 2:
        raise InputError("the grounding items must hold both supported and unsupported claims; give a larger sample")
    scores: list[float] = []
    thresholds: list[float] = []
    found: list[float] = []
    for done, item in enumerate(items, start=1):
        sentences = sentences_of(item)
        scores.append(verifier.verify(item.claim, sentences))
        thresholds.append(threshold(len(sentences)))
        if with_evidence and item.supporting:
            found.append(best_supporting_f1(choose_evidence(verifier, item.claim, sentences), item.supporting))
        if on_progress is not None:
            on_progress(done, len(items))

    def at_threshold(above: Sequence[float], truly: Sequence[bool]) -> float | None:
        return balanced_accuracy([value >= 0 for value in above], truly)

    above = [score - least for score, least in zip(scores, thresholds, strict=True)]
    return GroundingReport(
        n=len(items),
        thresholds=tuple(thresholds),
        roc_auc=_estimate(roc_auc, scores, labels, seed),
        balanced_accuracy=_estimate(at_threshold, above, labels, seed),
        evidence_f1=estimate_mean(found, seed=seed) if found else None,
        scores=tuple(scores),
    )


def evaluate_baseline(items: Sequence[GroundingItem], *, with_evidence: bool = True, seed: int = 0) -> GroundingReport:
    """ROUGE-2 over the same items, at the threshold that suits it best on these very items: it is favoured."""
    sources = [" ".join(sentences_of(item)) for item in items]
    scores = [rouge_2_precision(item.claim, source) for item, source in zip(items, sources, strict=True)]
    labels = [item.supported for item in items]
    best = max(
        sorted(set(scores)), key=lambda t: balanced_accuracy([s >= t for s in scores], labels) or 0.0, default=0.0
    )
    return evaluate_verifier(
        items, Rouge2Verifier(), threshold=lambda sentences: best, with_evidence=with_evidence, seed=seed
    )


def sentences_of(item: GroundingItem) -> tuple[str, ...]:
    """The source's sentences: as the data has them, or as articles are split."""
    if item.sentences:
        return item.sentences
    return tuple(sentence.text for sentence in split_sentences(Article(id=item.id, title="", text=item.source)))


def choose_evidence(verifier: Verifier, claim: str, sentences: Sequence[str]) -> frozenset[int]:
    """The sentences that bear the claim out: the best one, then others while they add to the score of all together."""
    if not sentences:
        return frozenset()
    alone = [verifier.verify(claim, [sentence]) for sentence in sentences]
    order = sorted(range(len(sentences)), key=lambda index: -alone[index])[:_CANDIDATES]
    chosen = [order[0]]
    score = alone[order[0]]
    while len(chosen) < min(_MOST_EVIDENCE, len(order)):
        joint = {
            index: verifier.verify(claim, [sentences[i] for i in sorted([*chosen, index])])
            for index in order
            if index not in chosen
        }
        best = max(joint, key=lambda index: joint[index])
        if joint[best] < score + _LEAST_GAIN:
            break
        chosen.append(best)
        score = joint[best]
    return frozenset(chosen)


def _estimate(
    measure: Callable[[Sequence[float], Sequence[bool]], float | None],
    scores: Sequence[float],
    labels: Sequence[bool],
    seed: int,
) -> Estimate:
    value = measure(scores, labels)
    assert value is not None  # both labels occur
    table = np.asarray(list(zip(scores, labels, strict=True)), dtype=np.float64)
    low, high = bootstrap_interval(table, statistic=over_pairs(measure), resamples=500, seed=seed)
    return Estimate(value, len(scores), low, high)
