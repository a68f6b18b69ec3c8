"""Whatever is added, changed and removed, the scores are those of an index built at one go."""

import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.index.store import keywords, postings
from onrecord.index.store.keyword_store import KeywordStore
from onrecord.index.store.keywords import KeywordIndex
from onrecord.index.text.terms import Terms

WORDS = ("bridge", "ferry", "coin", "harbour", "mayor", "euro", "crack", "diver", "5000", "US")
K1, B = 1.5, 0.5

texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
# Each step adds passages, takes some out (by their place among those that are there), saves, or opens anew.
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "change", "purge", "save", "reopen"]),
        st.lists(texts, min_size=1, max_size=6),
        st.lists(st.integers(0, 30), min_size=1, max_size=4),
    ),
    max_size=14,
)


def by_the_formula(held: dict[int, str], query: str) -> list[float]:
    """BM25 in plain Python, of every passage by ascending key."""
    terms = {key: Counter(Terms()(text)) for key, text in held.items()}
    average = sum(sum(one.values()) for one in terms.values()) / (len(terms) or 1)
    scores = []
    for _, one in sorted(terms.items()):
        score = 0.0
        for term in Terms()(query):
            df = sum(term in other for other in terms.values())
            idf = math.log(1 + (len(terms) - df + 0.5) / (df + 0.5))
            if one[term]:
                score += idf * one[term] / (one[term] + K1 * (1 - B + B * sum(one.values()) / average))
        scores.append(score)
    return scores


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps=steps, query=texts)
def test_scores_are_those_of_a_whole_build_after_any_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[str], list[int]]], query: str
) -> None:
    store = KeywordStore(tmp_path_factory.mktemp("index"), k1=K1, b=B)
    index, held, last = store.empty(), dict[int, str](), 0

    def take_out(places: list[int]) -> KeywordIndex:
        gone = sorted({sorted(held)[place] for place in places if place < len(held)})
        for key in gone:
            del held[key]
        return index.without(np.array(gone, dtype=np.int64))

    for step, some, places in steps:
        if step in ("remove", "change"):
            index = take_out(places)
        if step in ("add", "change"):
            fresh = {last + n: text for n, text in enumerate(some, start=1)}
            last += len(some) + 1  # keys have gaps
            held |= fresh
            index = index.plus(fresh.items())
        if step == "purge":
            index = index.purged()
        if step in ("save", "reopen"):
            index = store.save(index, 1)
        if step == "reopen":
            opened = store.load(1)
            assert opened is not None
            index = opened
    whole = KeywordIndex.build(sorted(held.items()), k1=K1, b=B)
    for one in (index, store.save(index, 2), store.latest()):
        assert one is not None
        assert one.keys.tolist() == sorted(held)
        assert one.scores(query).tolist() == whole.scores(query).tolist()  # to the last bit
        assert one.scores(query).tolist() == pytest.approx(by_the_formula(held, query), rel=1e-5)
        for word in WORDS:
            assert one.document_frequency(word) == whole.document_frequency(word)
            assert one.document_frequency(word) == sum(word.casefold() in t.casefold().split() for t in held.values())


def test_a_term_is_kept_as_a_number_and_its_passage_s_removal_takes_it_out_of_the_files(tmp_path: Path) -> None:
    store = KeywordStore(tmp_path, k1=K1, b=B)
    index = store.build(1, [(1, "A bridge in Larnville."), (2, "The zeppelin of Zanzibar.")])
    codes = [code.to_bytes(8, "little") for code in Terms().codes("zeppelin Zanzibar")]

    def found() -> list[bool]:
        content = b"".join(file.read_bytes() for file in (tmp_path / "keywords").iterdir()).lower()
        assert b"zeppelin" not in content
        assert b"larnvill" not in content
        content = b"".join(file.read_bytes() for file in (tmp_path / "keywords").iterdir())
        return [code in content for code in codes]

    assert found() == [True, True]
    store.save(index.without(np.array([2])).purged(), 2)
    assert found() == [False, False]
    assert index.document_frequency("zeppelin") == 1, "what another thread still searches stays usable"


def test_adding_one_by_one_tokenises_each_text_once_and_keeps_few_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(Terms, "codes", _counted(Terms.codes, read))
    index = KeywordIndex.build([], k1=K1, b=B)
    most = 0
    for key in range(1, 501):
        index = index.plus([(key, f"bridge number {key}")])
        most = max(most, len(index.parts))
    assert len(read) == 500
    assert most <= 10  # the logarithm of their number


def test_no_merge_is_of_more_passages_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keywords, "LARGEST", 20)
    index = KeywordIndex.build([], k1=K1, b=B)
    for key in range(1, 101):
        index = index.plus([(key, f"bridge {key}")])
    assert max(part.count for part in index.parts) <= 20
    assert index.document_frequency("bridge") == 100


def test_a_segment_that_is_a_quarter_dead_is_renewed() -> None:
    index = KeywordIndex.build([(key, f"bridge {key}") for key in range(1, 101)], k1=K1, b=B)
    index = index.without(np.arange(1, 10))
    assert len(index.parts[0].segment.keys) == 100
    index = index.without(np.arange(10, 31))
    assert len(index.parts[0].segment.keys) == 70
    assert index.keys.tolist() == list(range(31, 101))


def test_only_what_is_new_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeywordStore(tmp_path, k1=K1, b=B)
    index = store.build(1, [(key, f"bridge {key}") for key in range(1, 101)])
    written: list[int] = []
    real = postings.write

    def write(segment: postings.Segment, file: Path) -> int:
        written.append(len(segment.keys))
        return real(segment, file)

    monkeypatch.setattr(postings, "write", write)
    index = store.save(index.plus([(101, "a ferry")]).without(np.array([7])), 2)
    assert written == [1]
    again = store.load(2)
    assert again is not None
    assert again.keys.tolist() == [key for key in range(1, 102) if key != 7]


def _counted(real: Callable[[Terms, str], list[int]], read: list[str]) -> Callable[[Terms, str], list[int]]:
    def counted(self: Terms, text: str) -> list[int]:
        read.append(text)
        return real(self, text)

    return counted


def test_the_words_of_the_tests_are_terms_of_their_own() -> None:
    assert all(len(Terms()(word)) == 1 and re.fullmatch(r"\w+", word) for word in WORDS)
    assert len({Terms()(word)[0] for word in WORDS}) == len(WORDS)
