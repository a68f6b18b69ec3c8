"""The catalogue: what is stored comes back, whole or not at all, and says plainly when it cannot be used."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from onrecord.index.errors import StoreError, UnknownArticle
from onrecord.index.store import entries
from onrecord.index.store.base import Connection
from onrecord.index.store.catalogue import FILE, Catalogue
from onrecord.index.store.conditions import condition_of
from onrecord.index.store.entries import Entry
from onrecord.index.store.schema import SCHEMA_VERSION
from onrecord.index.text.passages import build_passages
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Filter, Passage, Sentence


def entry_of(article: Article, *, copies: tuple[str, ...] = ()) -> Entry:
    sentences = split_sentences(article)
    passages = build_passages(article, sentences, words=20)
    vectors = np.arange(len(passages) * 4, dtype=np.float32).reshape(-1, 4)
    return Entry(article, sentences, passages, vectors, signature=b"s", copies=copies)


in_a_file = pytest.mark.parametrize("catalogue_url", [""], ids=["sqlite"])


@pytest.fixture
def catalogue(tmp_path: Path, catalogue_url: str) -> Iterator[Catalogue]:
    with closing(Catalogue(tmp_path, catalogue_url)) as opened:
        yield opened


def test_an_article_comes_back_as_it_was_stored(catalogue: Catalogue) -> None:
    article = Article(
        "a", "Títle", "“Café” — naïve 🙂.\nSecond line: 5,000 fighters.", "BBC", "2016-12-14", "u://x", "en", "Y"
    )
    entry = entry_of(article)
    catalogue.put(entry)
    assert catalogue.article("a") == article
    assert catalogue.sentences("a") == entry.sentences


def test_passages_come_back_with_their_sentences_and_offsets(
    catalogue: Catalogue, articles: tuple[Article, ...]
) -> None:
    entry = entry_of(articles[0])
    change = catalogue.put(entry)
    found = catalogue.passages(change.added)
    assert tuple(found[key] for key in change.added) == entry.passages
    for passage in found.values():
        assert articles[0].text[passage.start_char : passage.end_char].startswith(passage.sentences[0].text)


def test_vectors_come_back_bit_for_bit(catalogue: Catalogue, articles: tuple[Article, ...]) -> None:
    entry = entry_of(articles[0])
    change = catalogue.put(entry)
    keys, vectors = catalogue.vectors()
    assert tuple(keys) == change.added
    assert np.array_equal(vectors, entry.vectors)


def test_a_changed_article_takes_the_place_of_the_old_one_under_new_keys(catalogue: Catalogue) -> None:
    old = catalogue.put(entry_of(Article("a", "T", "The old text.")))
    new = catalogue.put(entry_of(Article("a", "T", "The new text.")))
    assert new.deleted == old.added
    assert not set(new.added) & set(old.added)
    assert [one.id for one in catalogue.articles()] == ["a"]
    assert catalogue.article("a").text == "The new text."


def test_keys_are_never_given_twice(catalogue: Catalogue) -> None:
    first = catalogue.put(entry_of(Article("a", "T", "One.")))
    catalogue.remove(["a"])
    assert min(catalogue.put(entry_of(Article("b", "T", "Two."))).added) > max(first.added)


def test_each_change_has_its_own_revision_which_is_remembered(tmp_path: Path, catalogue_url: str) -> None:
    catalogue = Catalogue(tmp_path, catalogue_url)
    catalogue.put(entry_of(Article("a", "T", "One.")))
    catalogue.remove(["a"])
    catalogue.close()
    with closing(Catalogue(tmp_path, catalogue_url)) as again:
        assert again.revision == 2


def test_a_change_that_fails_half_way_leaves_no_trace(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.put(entry_of(Article("a", "T", "The old text.")))
    real = entries.insert

    def fails(connection: Connection, entry: Entry, added: str) -> tuple[int, ...]:
        real(connection, entry, added)
        raise RuntimeError("half way")

    monkeypatch.setattr(entries, "insert", fails)
    with pytest.raises(RuntimeError):
        catalogue.put(entry_of(Article("a", "T", "The new text.")))
    assert catalogue.article("a").text == "The old text."
    assert catalogue.revision == 1


def test_a_sentence_that_is_not_where_it_says_is_not_stored(catalogue: Catalogue) -> None:
    sentence = Sentence("a", 0, 0, 3, "Two")
    entry = Entry(
        Article("a", "T", "One."), (sentence,), (Passage("a:0-3", "a", (sentence,)),), np.zeros((1, 4), np.float32)
    )
    with pytest.raises(StoreError, match="not where its offsets say"):
        catalogue.put(entry)


def test_filters_restrict_by_article_source_and_date(catalogue: Catalogue, articles: tuple[Article, ...]) -> None:
    for article in (*articles, Article("undated", "T", "No date here.")):
        catalogue.put(entry_of(article))

    def ids(**fields: object) -> set[str]:
        return set(catalogue.article_ids(Filter(**fields)))  # type: ignore[arg-type]

    assert ids() == {"bridge", "ferry", "museum", "undated"}
    assert ids(articles=("ferry", "unknown")) == {"ferry"}
    assert ids(sources=("river HERALD",)) == {"ferry"}
    assert ids(published_from="2024-03-09") == {"ferry", "museum"}
    assert ids(published_to="2024-03-09") == {"bridge", "ferry"}
    assert ids(published_from="2024-03-05", published_to="2024-04-19") == {"ferry"}
    assert ids(sources=("Nobody",)) == set()


def test_a_date_time_counts_as_its_day(catalogue: Catalogue) -> None:
    catalogue.put(entry_of(Article("a", "T", "Late news.", published="2024-03-09T23:30:00+01:00")))
    assert catalogue.article_ids(Filter(published_to="2024-03-09")) == ("a",)
    assert catalogue.article_ids(Filter(published_from="2024-03-09")) == ("a",)
    assert catalogue.article_ids(Filter(published_from="2024-03-10")) == ()


@in_a_file
def test_a_filter_by_source_looks_at_no_other_articles(catalogue: Catalogue) -> None:
    condition, values = condition_of(Filter(sources=("Sky Post", "River Herald"), published_from="2024"))
    with catalogue.snapshot() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT number FROM articles WHERE {condition}", values)
        steps = [str(row[3]) for row in plan]
    assert any("(source=? AND published>?)" in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN articles")], steps


def test_each_language_comes_with_its_latest_day(catalogue: Catalogue) -> None:
    assert catalogue.languages() == {}
    days = {"a": ("en", "2024-03-09"), "b": ("de", ""), "c": ("en", "2023-01-01"), "d": ("fr", "2025"), "e": ("en", "")}
    for name, (language, day) in days.items():
        catalogue.put(entry_of(Article(name, "T", "It is so.", language=language, published=day)))
    assert catalogue.languages() == {"de": "", "en": "2024-03-09", "fr": "2025"}
    catalogue.remove(["a", "d"])
    assert catalogue.languages() == {"de": "", "en": "2023-01-01"}


def test_copies_are_found_from_either_side_and_through_one_another(catalogue: Catalogue) -> None:
    catalogue.put(entry_of(Article("late", "T", "One.", published="2024-03-03")))
    catalogue.put(entry_of(Article("early", "T", "One!", published="2024-03-01"), copies=("late",)))
    catalogue.put(entry_of(Article("undated", "T", "One?"), copies=("early",)))
    assert catalogue.copies("late") == ("early", "undated")
    assert catalogue.copies("undated") == ("early", "late")
    catalogue.remove(["early"])
    assert catalogue.copies("late") == ()


def test_an_unknown_id_is_named_with_the_cure(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownArticle, match=r"'nowhere'.*onrecord list"):
        catalogue.article("nowhere")


def test_a_folder_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Catalogue(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match=r"newer OnRecord .*update OnRecord"):
        Catalogue(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE photos (id)")
    connection.close()
    with pytest.raises(StoreError, match="not a catalogue of OnRecord"):
        Catalogue(tmp_path)


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(StoreError, match="damaged"):
        Catalogue(tmp_path)


@in_a_file
def test_a_full_disk_is_told_plainly_and_costs_nothing_stored(catalogue: Catalogue) -> None:
    catalogue.put(entry_of(Article("a", "T", "One.")))
    with catalogue._database.writer() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="full; make room"):
        catalogue.put(entry_of(Article("b", "T", "A long text. " * 5000)))
    assert catalogue.article_ids() == ("a",)
    assert catalogue.revision == 1
    with catalogue._database.writer() as connection:
        connection.execute("PRAGMA max_page_count=1000000")
    catalogue.put(entry_of(Article("b", "T", "Room again.")))
    assert catalogue.article_ids() == ("a", "b")


def test_readers_of_other_threads_see_whole_articles_while_one_writes(catalogue: Catalogue) -> None:
    torn: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            for info in catalogue.articles():
                sentences = catalogue.sentences(info.id)
                if len(sentences) not in (0, 3):  # 0: removed between the two looks
                    torn.append(info)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(40):
        catalogue.put(entry_of(Article(f"a{n % 5}", "T", f"One {n}. Two {n}. Three {n}.")))
        if n % 7 == 0:
            catalogue.remove([f"a{n % 5}"])
    stop.set()
    for thread in threads:
        thread.join()
    assert torn == []


def test_a_snapshot_reads_one_moment(catalogue: Catalogue) -> None:
    catalogue.put(entry_of(Article("a", "T", "One.")))
    with catalogue.snapshot():
        before = catalogue.passage_count()
        writer = threading.Thread(target=lambda: catalogue.put(entry_of(Article("b", "T", "Two."))))
        writer.start()
        writer.join()
        assert catalogue.passage_count() == before
        assert catalogue.note("revision") == "1"
    assert catalogue.passage_count() == before + 1


def test_problems_names_passages_without_a_vector(catalogue: Catalogue) -> None:
    catalogue.put(entry_of(Article("a", "T", "One.")))
    assert catalogue.problems() == ()
    with catalogue._database.writer() as connection:
        connection.execute("DELETE FROM embeddings")
    assert catalogue.problems() == ("1 passages without a vector",)
