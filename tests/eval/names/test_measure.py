"""Names are counted as they were marked; the marked sentences are places in suites, never texts."""

import json
from pathlib import Path

import pytest

from onrecord.eval.cli.main import SEEDS
from onrecord.eval.names.measure import LABELS, Marked, Tally, amounts_in_sentences, marked, measure
from onrecord.index.errors import InputError
from onrecord.index.types import Article
from onrecord.qa.names.values import KINDS

SUITES = Path(__file__).resolve().parents[4] / "shared" / "benchmarks"
NAMES = ("realtimeqa-dev", "newsqa-dev")


def test_the_labels_are_300_places_with_kinds() -> None:
    rows = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 300
    for row in rows:
        assert set(row) == {"suite", "article", "start", "end", "names"}
        for start, end, kind in row["names"]:
            assert row["start"] <= start < end <= row["end"] and kind in KINDS


def test_names_are_counted_to_the_character_and_by_overlap() -> None:
    article = Article("a", "", "The Hague met Ann Lee. It cost $5.")
    one = Marked(article, 0, len(article.text), frozenset({(4, 9, "place"), (14, 21, "person"), (31, 33, "quantity")}))
    found = measure([one], lambda *_: [(0, 9, "place"), (18, 21, "person"), (10, 13, "person")])
    assert found["place"] == Tally(marked=1, found=1, exact=1, touched=1, reached=1)
    assert found["person"] == Tally(marked=1, found=2, exact=0, touched=1, reached=1)
    assert found["quantity"] == Tally(marked=1, found=0, exact=0, touched=0, reached=0)
    assert found["person"].roughly == pytest.approx((0.5, 1.0, 2 / 3))
    assert found["quantity"].exactly == (0.0, 0.0, 0.0)


def test_a_suite_without_marked_sentences_is_refused() -> None:
    with pytest.raises(InputError, match="newsqa-dev or realtimeqa-dev"):
        marked([SEEDS])


@pytest.mark.skipif(not all((SUITES / name).is_dir() for name in NAMES), reason="needs the suites")
@pytest.mark.slow
def test_amounts_are_found_as_a_reader_marked_them() -> None:
    sentences = marked(SUITES / name for name in NAMES)
    assert len(sentences) == 300
    found = measure(sentences, amounts_in_sentences)["quantity"]
    precision, recall, _ = found.roughly
    assert precision >= 0.9 and recall >= 0.9
