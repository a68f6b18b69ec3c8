"""What the judge of support is trained on: claims of which copying does not tell whether they are supported."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.fitting import claim_groups
from onrecord.eval.fitting.claim_groups import asked, changed_in_common, copies, filler, frames, stated
from onrecord.eval.fitting.minimal_pairs import CONTRAST_PAIRS

TEXT = "Ana Ortiz sued Marta Vale in Leeds. The court in Leeds heard 12 witnesses on Friday."


def row(question: str, answer: str) -> dict[str, Any]:
    start = TEXT.find(answer)
    return {
        "source": "squad2-train",
        "question": question,
        "text": TEXT,
        "answerable": start >= 0,
        "answers": [answer],
        "spans": [[start, start + len(answer)]],
    }


def test_a_question_is_a_claim_with_its_answer_and_a_false_one_with_another_name_of_the_sentence() -> None:
    found = list(asked([row("Who sued Marta Vale?", "Ana Ortiz")], random.Random(0)))
    assert ("Ana Ortiz sued Marta Vale.", 1.0) in {(pair.second, pair.label) for pair in found}
    assert {pair.second for pair in found if not pair.label} >= {"Leeds sued Marta Vale."}


def test_a_near_copy_is_false_in_both_directions() -> None:
    directions = set()
    for seed in range(20):
        for pair in copies("Ana Ortiz sued Marta Vale before the trial.", random.Random(seed), []):
            if not pair.label:
                directions.add(pair.first == "Ana Ortiz sued Marta Vale before the trial.")
            else:
                assert pair.first == pair.second
    assert directions == {True, False}


def test_evidence_is_changed_only_in_what_the_claim_repeats() -> None:
    for seed in range(20):
        new = changed_in_common(
            "Ana Ortiz paid 12 million euros in May.", "She paid 12 million.", random.Random(seed), []
        )
        assert not new or not {"12", "million"} <= set(new.split())


def test_a_frame_has_one_name_for_each_slot_and_labels_its_claims() -> None:
    fill = filler(random.Random(0))
    assert fill("{P1} and {L1}").endswith(fill("{P1}").split()[-1])
    assert int(fill("{Y1}")) < int(fill("{Y2}"))
    assert fill("{C1}") != fill("{C2}")


def test_every_frame_of_the_package_can_be_filled() -> None:
    found = list(frames(random.Random(0)))
    claims = [claim for group in found for claim in group.statements]
    assert len(claims) > 8_000
    assert not [text for text in [*(group.text for group in found), *(said for said, _ in claims)] if "{" in text]
    assert 0.4 < sum(label for _, label in claims) / len(claims) < 0.5


def test_no_frame_repeats_a_contrast_pair() -> None:
    def runs(path: Path) -> set[tuple[str, ...]]:
        texts = [json.loads(line)["source"].split() for line in path.read_text("utf-8").splitlines()]
        return {tuple(words[n : n + 8]) for words in texts for n in range(len(words) - 7)}

    assert not runs(claim_groups.FRAMES) & runs(CONTRAST_PAIRS)


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("Who won?", "Who won? Ortiz."),
        ("Who won the cup?", "Ortiz won the cup."),
        ("Who did Ortiz beat?", "Who did Ortiz beat? Ortiz."),
    ],
)
def test_only_a_question_for_the_subject_becomes_a_sentence(question: str, claim: str) -> None:
    assert stated(question, "Ortiz") == claim
