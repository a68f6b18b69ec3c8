from collections.abc import Sequence

import pytest

from onrecord.eval.fitting.grounding import (
    Rouge2Verifier,
    choose_evidence,
    evaluate_baseline,
    evaluate_verifier,
    sentences_of,
)
from onrecord.eval.suites.loading import GroundingItem
from onrecord.index.errors import InputError

SENTENCES = ("The bridge closed on Monday.", "A ferry runs every hour.", "The museum shows coins.")


class WordVerifier:
    """The share of the claim's words that the evidence has."""

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        words = set(claim.lower().strip(".").split())
        return len(words & set(" ".join(evidence).lower().replace(".", "").split())) / len(words)


def item(number: int, claim: str, supported: bool, *supporting: int) -> GroundingItem:
    gold = (frozenset(supporting),) if supporting else ()
    return GroundingItem(f"c{number}", claim, supported, sentences=SENTENCES, supporting=gold)


ITEMS = (
    item(1, "The bridge closed on Monday.", True, 0),
    item(2, "The bridge closed and a ferry runs every hour.", True, 0, 1),
    item(3, "The harbour froze in winter.", False),
    item(4, "Nobody was hurt.", False),
)


def test_a_verifier_that_tells_all_claims_apart_is_perfect() -> None:
    report = evaluate_verifier(ITEMS, WordVerifier(), threshold=lambda sentences: 0.8)
    assert report.roc_auc.value == report.balanced_accuracy.value == 1.0
    assert report.evidence_f1 is not None and report.evidence_f1.value == 1.0
    assert (report.n, report.evidence_f1.n, len(report.scores)) == (4, 2, 4)


def test_a_threshold_that_everything_reaches_is_worth_a_half() -> None:
    report = evaluate_verifier(ITEMS, WordVerifier(), threshold=lambda sentences: 0.0)
    assert report.balanced_accuracy.value == 0.5
    assert report.roc_auc.value == 1.0


def test_the_evidence_is_as_few_sentences_as_bear_the_claim_out() -> None:
    assert choose_evidence(WordVerifier(), ITEMS[0].claim, SENTENCES) == {0}
    assert choose_evidence(WordVerifier(), ITEMS[1].claim, SENTENCES) == {0, 1}
    assert choose_evidence(WordVerifier(), "anything", ()) == frozenset()


def test_the_baseline_gets_the_threshold_that_suits_it_best() -> None:
    report = evaluate_baseline(ITEMS)
    assert report.balanced_accuracy.value == 1.0
    assert report.thresholds == pytest.approx([6 / 8] * len(report.thresholds))
    assert Rouge2Verifier().verify("a ferry runs", ["A ferry", "runs"]) == 1.0


def test_a_source_that_is_one_text_is_split_as_articles_are() -> None:
    one = GroundingItem("c", "x", True, source="U.S. forces left at 5 p.m. local time. A ferry runs.")
    assert sentences_of(one) == ("U.S. forces left at 5 p.m. local time.", "A ferry runs.")


def test_progress_is_told_and_a_one_sided_sample_is_refused() -> None:
    told: list[tuple[int, int]] = []
    evaluate_verifier(
        ITEMS, WordVerifier(), threshold=lambda sentences: 0.5, on_progress=lambda done, n: told.append((done, n))
    )
    assert told[-1] == (4, 4) and len(told) == 4
    with pytest.raises(InputError, match="both supported and unsupported"):
        evaluate_verifier(ITEMS[:2], WordVerifier(), threshold=lambda sentences: 0.5)


def test_what_counts_as_supported_may_depend_on_how_much_a_claim_is_held_against() -> None:
    lengths: list[int] = []

    def threshold(sentences: int) -> float:
        lengths.append(sentences)
        return 0.0

    report = evaluate_verifier(ITEMS, WordVerifier(), threshold=threshold)
    assert lengths == [len(sentences_of(item)) for item in ITEMS]
    assert len(report.thresholds) == len(ITEMS)
