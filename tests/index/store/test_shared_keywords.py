"""Keywords in PostgreSQL: they score as an index built at one go, whatever was changed, and what is gone is gone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onrecord.index import Article, Filter, Library, StoreError
from onrecord.index.doctor import examine, rebuild
from onrecord.index.moving import Place, move
from onrecord.index.settings import IndexSettings
from onrecord.index.store import keyword_tables
from onrecord.index.store.base import Connection
from onrecord.index.store.catalogue import Catalogue
from onrecord.index.store.keyword_tables import NOTED
from onrecord.index.store.keywords import KeywordIndex, Keywords
from onrecord.index.store.shared_keywords import SharedKeywords
from onrecord.index.text.passages import passage_text_for_search
from onrecord.index.text.terms import Terms
from tests.conftest import ARTICLES, FakeEmbedder
from tests.index.store.test_catalogue import entry_of
from tests.postgres import Server

Open = Callable[[str], Library]
pytestmark = pytest.mark.slow  # a server of their own
WORDS = ("bridge", "ferry", "coin", "harbour", "mayor", "euro", "crack", "diver", "5000", "US")
K1, B = 1.5, 0.5


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyword_tables, "BLOCK", 4)


@pytest.fixture
def url(postgresql: Server) -> str:
    return postgresql.new()


@pytest.fixture
def catalogue(tmp_path: Path, url: str) -> Iterator[Catalogue]:
    with closing(Catalogue(tmp_path, url)) as opened:
        yield opened


@pytest.fixture
def opened(tmp_path: Path, url: str) -> Iterator[Open]:
    """Opens the one collection in a folder of this name, as a server of its own would."""
    with ExitStack() as stack:

        def open_library(name: str) -> Library:
            where = IndexSettings(catalogue_url=url)
            return stack.enter_context(Library(tmp_path / name, embedder=FakeEmbedder(), settings=where))

        yield open_library


def keywords(catalogue: Catalogue) -> SharedKeywords:
    assert catalogue.words is not None
    return SharedKeywords(catalogue.words, k1=K1, b=B)


def whole(catalogue: Catalogue) -> KeywordIndex:
    """As a folder has it, of all that the catalogue holds."""
    keys = catalogue.passage_rows()[0].tolist()
    texts = [(key, passage_text_for_search(title, one)) for key, title, one in catalogue.titled_passages(keys)]
    return KeywordIndex.build(texts, k1=K1, b=B)


def scored(index: Keywords, query: str) -> dict[int, float]:
    keys, scores = index.matches(query)
    return dict(zip(keys.tolist(), scores.tolist(), strict=True))


def article(name: str, text: str = "") -> Article:
    return Article(name, "T", text or f"The committee of {name}x met in the hall. It talked about bridges.")


def terms_in(catalogue: Catalogue) -> set[int]:
    """Every term that is in a row, of a block or of the latest."""
    with catalogue.snapshot() as connection:
        kept = [term for (term,) in connection.execute("SELECT term FROM keywords").fetchall()]
        latest = connection.execute("SELECT terms FROM keyword_latest WHERE key > ?", (-1,)).fetchall()
    each = [np.frombuffer(some, dtype=np.uint64).tolist() for (some,) in latest]
    return {*np.array(kept, dtype=np.int64).view(np.uint64).tolist(), *(code for codes in each for code in codes)}


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)
steps = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "remove", "renew"]), st.sampled_from("abcdefgh"), texts),
    min_size=3,
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, query=texts)
def test_scores_are_those_of_a_folder_s_index_after_any_changes(
    tmp_path_factory: pytest.TempPathFactory, postgresql: Server, steps: list[tuple[str, str, str]], query: str
) -> None:
    with closing(Catalogue(tmp_path_factory.mktemp("data"), postgresql.new())) as catalogue:
        for step, name, text in steps:
            match step:
                case "put":
                    catalogue.put(entry_of(article(name, ". ".join([text.capitalize()] * 3))))
                case "remove" if catalogue.find_article(name):
                    catalogue.remove([name])
                case "renew":
                    catalogue.renew_words()
            keywords(catalogue).matches("bridge")  # so that what was read is known to be old
        found, index = keywords(catalogue), whole(catalogue)
        assert scored(found, query) == scored(index, query)  # to the last bit
        for word in WORDS:
            assert found.document_frequency(word) == index.document_frequency(word)
        assert found.keys.tolist() == index.keys.tolist()
        assert found.load(0) is found


def test_nothing_of_a_removed_article_is_left_in_a_block_or_among_the_latest(catalogue: Catalogue) -> None:
    names = [f"name{n}" for n in range(6)]  # the first four make a block
    for name in names:
        catalogue.put(entry_of(article(name)))
    codes = {name: Terms().codes(f"{name}x")[0] for name in names}
    assert set(codes.values()) <= terms_in(catalogue)
    catalogue.remove(["name1", "name5"])
    assert {name for name, code in codes.items() if code in terms_in(catalogue)} == {"name0", "name2", "name3", "name4"}
    catalogue.put(entry_of(article("name0", "Another text.")))
    assert codes["name0"] not in terms_in(catalogue)
    catalogue.remove(["name0", "name2", "name3", "name4"])
    assert terms_in(catalogue) == set()
    assert keywords(catalogue).keys.tolist() == []


def test_passages_whose_keys_are_far_apart_are_in_blocks_of_their_own(catalogue: Catalogue) -> None:
    for n in range(8):
        with catalogue._change() as connection:
            catalogue.count_on(connection, "passages", "key", 50_000 * (n + 1))
        catalogue.put(entry_of(article(f"name{n}")))
    assert keywords(catalogue).keys.tolist() == whole(catalogue).keys.tolist()
    for word in ("name0x", "name7x", "committee"):
        assert scored(keywords(catalogue), word) == scored(whole(catalogue), word)
    catalogue.remove([f"name{n}" for n in range(7)])
    assert keywords(catalogue).document_frequency("committee") == 1


def test_a_change_that_fails_half_way_leaves_the_keywords_as_they_were(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        catalogue.put(entry_of(article(f"name{n}")))
    before = terms_in(catalogue), keywords(catalogue).keys.tolist()

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("onrecord.index.store.edits.keep", full)  # after the article is in, and its keywords are
    with pytest.raises(StoreError, match="disk is full"):
        catalogue.put(entry_of(article("name0", "Another text.")))
    assert (terms_in(catalogue), keywords(catalogue).keys.tolist()) == before


class TestOpening:
    def test_a_collection_of_before_is_filled(self, tmp_path: Path, url: str) -> None:
        with closing(Catalogue(tmp_path, url)) as catalogue:
            for n in range(6):
                catalogue.put(entry_of(article(f"name{n}")))
            with catalogue._change() as connection:
                connection.execute("DROP TABLE keywords, keyword_blocks, keyword_latest, alembic_version")
                connection.execute("DELETE FROM meta WHERE name = ?", (NOTED,))
        with closing(Catalogue(tmp_path, url)) as catalogue:
            assert keywords(catalogue).keys.tolist() == whole(catalogue).keys.tolist()
            assert keywords(catalogue).document_frequency("name3x") == 1

    def test_one_whose_terms_older_rules_made_is_filled_anew(self, tmp_path: Path, url: str) -> None:
        with closing(Catalogue(tmp_path, url)) as catalogue:
            catalogue.put(entry_of(article("a")))
            with catalogue._change() as connection:
                connection.execute("UPDATE keyword_latest SET terms = ?", (Terms().array("zeppelin").tobytes(),))
            catalogue.set_note(NOTED, "1")
        with closing(Catalogue(tmp_path, url)) as catalogue:
            assert not keywords(catalogue).document_frequency("zeppelin")
            assert keywords(catalogue).document_frequency("committee") == 1

    def test_one_whose_terms_newer_rules_made_is_refused_and_not_written_to(self, tmp_path: Path, url: str) -> None:
        with closing(Catalogue(tmp_path, url)) as catalogue:
            catalogue.put(entry_of(article("a")))
            catalogue.set_note(NOTED, "99")
            with pytest.raises(StoreError, match=r"made by a newer OnRecord \(rules 99.*update OnRecord"):
                catalogue.put(entry_of(article("b")))
            with pytest.raises(StoreError, match="newer OnRecord"):
                catalogue.remove(["a"])
            assert catalogue.article_ids() == ("a",)
        with pytest.raises(StoreError, match="newer OnRecord"):
            Catalogue(tmp_path, url)

    def test_the_files_of_one_that_kept_them_on_each_server_are_deleted(self, opened: Open, tmp_path: Path) -> None:
        (tmp_path / "one" / "keywords").mkdir(parents=True)
        (tmp_path / "one" / "keywords" / "1.segment").write_text("postings")
        opened("one").add(ARTICLES)
        assert not (tmp_path / "one" / "keywords").exists()

    def test_two_at_once_fill_it_once(self, tmp_path: Path, url: str) -> None:
        with closing(Catalogue(tmp_path / "first", url)) as catalogue:
            for n in range(6):
                catalogue.put(entry_of(article(f"name{n}")))
            catalogue.set_note(NOTED, "1")
        with ThreadPoolExecutor() as pool:
            one, other = pool.map(lambda name: Catalogue(tmp_path / name, url), "ab")
        with closing(one), closing(other):
            assert keywords(one).document_frequency("committee") == 6
            assert keywords(other).load(0) is not None


class TestSearches:
    @pytest.mark.parametrize(
        "where",
        [
            None,
            Filter(sources=("river herald", "Asel Weekly")),
            Filter(published_from="2024-03-05", published_to="2024-03-31"),
            Filter(articles=("museum", "bridge")),
        ],
    )
    def test_they_find_what_those_in_a_folder_find(self, opened: Open, tmp_path: Path, where: Filter | None) -> None:
        shared = opened("one")
        with Library(tmp_path / "folder", embedder=FakeEmbedder()) as folder:
            for library in (shared, folder):
                library.add([*ARTICLES, *(article(f"name{n}") for n in range(6))])
                library.remove(["name2"])
            for query in ("cracks in the old bridge", "silver coins", "name1x committee", "of the"):
                hits = [
                    [(hit.passage.id, hit.score, hit.found_by) for hit in library.search(query, top_k=5, where=where)]
                    for library in (shared, folder)
                ]
                assert hits[0] == hits[1]

    def test_what_came_since_the_view_was_made_is_passed_over(
        self, opened: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, other = opened("one"), opened("other")
        one.add([article("old")])
        assert [hit.passage.article_id for hit in one.search("committee")] == ["old"]
        with monkeypatch.context() as patched:
            patched.setattr(one._catalogue, "refresh", lambda: None)  # as if it came a moment after that was asked
            other.add([article("new")])
            assert [hit.passage.article_id for hit in one.search("committee of newx")] == ["old"]
        assert [hit.passage.article_id for hit in one.search("newx", top_k=1)] == ["new"]

    def test_the_latest_passages_are_read_once_for_each_change(
        self, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[Connection] = []
        real = keyword_tables._latest_rows

        def counted(connection: Connection) -> list[keyword_tables.KeyedCodes]:
            read.append(connection)
            return real(connection)

        monkeypatch.setattr(keyword_tables, "_latest_rows", counted)
        catalogue.put(entry_of(article("a")))
        for _ in range(3):
            assert keywords(catalogue).document_frequency("ax") == 1
        assert len(read) == 1
        catalogue.put(entry_of(article("b")))
        assert keywords(catalogue).document_frequency("bx") == 1
        assert len(read) == 2


def test_a_collection_that_was_moved_here_has_its_keywords(tmp_path: Path, url: str) -> None:
    with Library(tmp_path / "old", embedder=FakeEmbedder()) as library:
        library.add([article(f"name{n}") for n in range(6)])
    move(Place(tmp_path / "old"), Place(tmp_path / "own", url))
    with closing(Catalogue(tmp_path / "other", url)) as catalogue, catalogue.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM keyword_blocks").fetchone() == (1,)
        assert keywords(catalogue).keys.tolist() == whole(catalogue).keys.tolist()
    move(Place(tmp_path / "own", url), Place(tmp_path / "back"))
    with Library(tmp_path / "back", embedder=FakeEmbedder()) as back:
        assert back.document_frequency("committee") == 6
        assert not back._catalogue.note(NOTED)


class TestDoctor:
    @pytest.fixture
    def library(self, opened: Open) -> Library:
        library = opened("one")
        library.add([article(f"name{n}") for n in range(6)])
        assert examine(library).ok
        return library

    def harm(self, library: Library, statement: str) -> None:
        with library._catalogue._change() as connection:
            connection.execute(statement)

    def test_a_row_that_is_lost_is_seen_and_cured(self, library: Library) -> None:
        self.harm(library, "DELETE FROM keywords WHERE term = (SELECT min(term) FROM keywords)")
        (finding,) = examine(library).findings
        assert finding.message == "The keyword index on disk is damaged."
        rebuild(library)
        assert examine(library).ok

    def test_passages_that_are_not_known_are_seen_and_cured(self, library: Library) -> None:
        self.harm(library, "DELETE FROM keyword_latest")
        (finding,) = examine(library).findings
        assert finding.message == "BM25 knows 4 passages, the catalogue 6."
        rebuild(library)
        assert examine(library).ok

    def test_other_words_are_seen(self, library: Library) -> None:
        self.harm(library, "UPDATE keyword_latest SET terms = '\\x0102030405060708'")
        (finding,) = examine(library).findings
        assert "2 passages are not found by their own words" in finding.message
