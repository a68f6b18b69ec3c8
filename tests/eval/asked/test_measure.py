"""The questions that say how questions are read: their fields, and how they are counted."""

import json
from collections import Counter

import pytest

from onrecord.eval.asked.measure import FOLLOW_UPS, PARTS, TEST, Reading, Tally, follow_ups, tally


def test_every_row_says_how_it_should_be_read() -> None:
    rows = [json.loads(line) for line in PARTS.read_text(encoding="utf-8").splitlines()]
    assert all(set(row) == {"question", "parts"} and row["parts"] for row in rows)
    assert Counter(len(row["parts"]) > 1 for row in rows) == {True: 60, False: 60}
    assert all(row["parts"] == [row["question"]] for row in rows if len(row["parts"]) == 1)
    rows = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    assert all(set(row) == {"conversation", "question", "standalone", "must"} for row in rows)
    for row in rows:
        assert row["conversation"] and len(row["conversation"]) % 2 == 0, "a question and its answer, each time"
        assert all(name in row["standalone"].casefold() for name in row["must"])
    assert Counter(bool(row["must"]) for row in rows) == {True: 55, False: 25}


def test_what_leans_and_what_does_not_are_counted_apart() -> None:
    readings = [
        Reading("Who won, and when?", True, ("Who won?", "When?"), ("Who won, and when?",), False),
        Reading("Where was it?", True, ("Where was it?",), ("Where was it?",), True),
        Reading("Who won?", False, ("Who won?",), ("Who won?",), True),
    ]
    assert tally(readings) == Tally(leaning=2, read=1, others=1, left_alone=1)


@pytest.mark.parametrize("rows", [slice(None), TEST])
def test_without_a_model_most_follow_ups_are_completed(rows: slice) -> None:
    counts = tally(follow_ups(None, rows))
    assert counts.read > 0.7 * counts.leaning and counts.left_alone > 0.8 * counts.others
