"""BM25 over stemmed words, kept on disk or in a database."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.keyword_store import KeywordStore
from onrecord.index.store.keywords import KeyedTexts, KeywordIndex, Keywords
from onrecord.index.store.shared_keywords import SharedKeywords
from onrecord.index.text.terms import Terms

Build = Callable[[KeyedTexts, float, float], Keywords]

TEXTS = [
    (3, "The U.S. sent 5,000 soldiers to the old bridge."),
    (5, "A ferry crosses the river; the bridge is closed."),
    (9, "Divers recovered silver coins. Beyoncé sang, and the WHO and IT staff came."),
]


@pytest.fixture
def build(tmp_path: Path, catalogue_url: str) -> Iterator[Build]:
    """Of an index of a folder, and of one in a database."""
    with closing(Catalogue(tmp_path, catalogue_url)) as catalogue:

        def built(texts: KeyedTexts, k1: float, b: float) -> Keywords:
            if catalogue.words is None:
                return KeywordIndex.build(texts, k1=k1, b=b)
            with catalogue._change() as connection:
                catalogue.words.add(connection, texts)
            return SharedKeywords(catalogue.words, k1=k1, b=b)

        yield built


@pytest.fixture
def index(build: Build) -> Keywords:
    return build(TEXTS, 1.5, 0.75)


def best(index: Keywords, query: str) -> int:
    keys, scores = index.matches(query)
    return int(keys[scores.argmax()]) if len(keys) else 0


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("recovering a coin", 9),  # stems
        ("5000 soldiers", 3),  # a number without its comma
        ("Where is the US?", 3),  # a name that looks like a stopword
        ("Who is the WHO?", 9),
        ("beyonce", 9),  # without the accent
        ("ferries", 5),
        ("what is it that they did", 0),  # stopwords alone
        ("zeppelin", 0),
        ("", 0),
    ],
)
def test_a_query_finds_the_passage_that_holds_its_words(index: Keywords, query: str, key: int) -> None:
    assert best(index, query) == key


def test_the_score_is_that_of_the_formula(build: Build) -> None:
    index = build([(1, "ferry ferry bridge"), (2, "bridge"), (3, "coin")], 1.2, 0.6)
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    length = 1 - 0.6 + 0.6 * 3 / (5 / 3)
    keys, scores = index.matches("ferry")
    assert keys.tolist() == [1]
    assert scores[0] == pytest.approx(idf * 2 / (2 + 1.2 * length), rel=1e-5)


def test_document_frequency_counts_the_passages_that_hold_the_word_in_any_form(index: Keywords) -> None:
    assert index.document_frequency("bridges") == 2
    assert index.document_frequency("Ferry") == 1
    assert index.document_frequency("closed bridge") == 1
    assert index.document_frequency("zeppelin") == 0
    assert index.document_frequency("the") == 3
    assert index.document_frequency("?") == 0


def test_terms_keep_what_names_and_numbers_are_made_of() -> None:
    assert Terms()("The U.S. sent 5,000 soldiers; Israel's 2.4 million") == [
        "america", "send", "5000", "soldier", "israel", "2.4", "million",
    ]  # fmt: skip


@pytest.mark.parametrize("texts", [[], [(1, "the of and")]])
def test_an_index_without_a_single_term_finds_nothing(build: Build, texts: list[tuple[int, str]]) -> None:
    index = build(texts, 1.5, 0.75)
    assert [one.tolist() for one in index.matches("bridge")] == [[], []]
    assert index.document_frequency("bridge") == 0
    assert index.document_frequency("the") == 0


def test_what_was_saved_scores_as_what_was_built(tmp_path: Path) -> None:
    index = KeywordIndex.build(TEXTS, k1=1.5, b=0.75)
    store = KeywordStore(tmp_path, k1=1.5, b=0.75)
    store.build(7, TEXTS)
    loaded = store.load(7)
    assert loaded is not None
    assert loaded.keys.tolist() == [3, 5, 9]
    assert loaded.scores("old bridge").tolist() == index.scores("old bridge").tolist()
    assert loaded.document_frequency("bridge") == 2


def test_another_revision_or_other_settings_are_not_taken_for_it(tmp_path: Path) -> None:
    KeywordStore(tmp_path, k1=1.5, b=0.75).build(7, TEXTS)
    assert KeywordStore(tmp_path, k1=1.5, b=0.75).load(8) is None
    assert KeywordStore(tmp_path, k1=0.9, b=0.75).load(7) is None


def test_a_newer_index_takes_the_place_of_the_older(tmp_path: Path) -> None:
    store = KeywordStore(tmp_path, k1=1.5, b=0.75)
    store.build(7, TEXTS)
    store.build(8, TEXTS[:1])
    assert store.load(7) is None
    loaded = store.load(8)
    assert loaded is not None
    assert loaded.keys.tolist() == [3]
    assert len(list((tmp_path / "keywords").iterdir())) == 2  # one manifest, one segment


@pytest.mark.parametrize("harm", ["cut", "missing", "manifest", "other bytes"])
def test_a_damaged_index_is_not_used(tmp_path: Path, harm: str) -> None:
    store = KeywordStore(tmp_path, k1=1.5, b=0.75)
    store.build(7, TEXTS)
    file = next((tmp_path / "keywords").glob("manifest.json" if harm == "manifest" else "*.segment"))
    if harm == "missing":
        file.unlink()
    elif harm == "other bytes":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    else:
        file.write_bytes(file.read_bytes()[:-5])
    assert store.load(7) is None
    assert store.claims(7)


def test_an_index_that_was_cut_off_while_it_was_written_is_swept_away(tmp_path: Path) -> None:
    store = KeywordStore(tmp_path, k1=1.5, b=0.75)
    store.build(7, TEXTS)
    before = sorted((tmp_path / "keywords").iterdir())
    (tmp_path / "keywords" / "6").mkdir()
    (tmp_path / "keywords" / "9.segment").write_text("half of a seg")
    (tmp_path / "keywords" / "manifest.part").write_text("{")
    store.prune(7)
    assert sorted((tmp_path / "keywords").iterdir()) == before
    assert store.load(7) is not None


def test_a_disk_that_takes_nothing_does_not_stop_the_search(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "keywords").write_text("a file where the folder should be")
    index = KeywordStore(tmp_path, k1=1.5, b=0.75).build(7, TEXTS)
    assert best(index, "silver") == 9
    assert "could not be kept on disk" in caplog.text
