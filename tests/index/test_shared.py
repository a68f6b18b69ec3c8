"""A collection in PostgreSQL: several processes over one catalogue, each with search indexes of its own."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from onrecord.index import InputError, Library, StoreError
from onrecord.index.database_address import parse
from onrecord.index.errors import LibraryBusy
from onrecord.index.moving import NUMBERED, TABLES, Moved, Place, move
from onrecord.index.settings import IndexSettings, SearchOptions
from onrecord.index.store.catalogue import LINE, Catalogue
from onrecord.index.store.code_store import CodeStore
from onrecord.index.store.database import SqliteDatabase
from onrecord.index.store.faults import VARIABLE
from onrecord.index.types import Article
from tests.conftest import ARTICLES, FakeEmbedder
from tests.index.store.test_catalogue import entry_of
from tests.postgres import PASSWORD, Server

Open = Callable[..., Library]
LARGE = SearchOptions(exact_below=0)
pytestmark = pytest.mark.slow  # a server of their own, processes


@pytest.fixture
def url(postgresql: Server) -> str:
    return postgresql.new()


@pytest.fixture
def opened(tmp_path: Path, url: str) -> Iterator[Open]:
    """Opens the one collection in a folder of this name, as a server of its own would."""
    with ExitStack() as stack:

        def open_library(name: str, search: SearchOptions | None = None) -> Library:
            settings, embedder = IndexSettings(catalogue_url=url), FakeEmbedder()
            return stack.enter_context(Library(tmp_path / name, embedder=embedder, settings=settings, search=search))

        yield open_library


def coded(folder: Path) -> set[int]:
    """The passages of which a large collection's server has something in its folder."""
    rows = CodeStore(folder).load()
    return set() if rows is None else set(rows.keys.tolist())


def found(library: Library, query: str) -> list[str]:
    return [hit.passage.article_id for hit in library.search(query, top_k=1)]


class TestSeveralServers:
    def test_what_one_adds_changes_and_removes_the_other_follows(self, opened: Open) -> None:
        one, other = opened("one"), opened("other")
        one.add(ARTICLES[:1])
        assert found(other, "cracks in the bridge") == ["bridge"]
        one.add(ARTICLES[1:])
        assert found(other, "silver coins from the harbour") == ["museum"]
        other.add([Article("museum", "Museum closed", "A zebrafish was seen in the basement.")])
        assert found(one, "zebrafish") == ["museum"]
        assert one.article("museum").title == "Museum closed"
        other.remove(["bridge"])
        assert "bridge" not in found(one, "cracks in the bridge")
        assert one.revision == other.revision == 5

    def test_both_may_write_in_turn_and_each_finds_all_of_it(self, opened: Open) -> None:
        one, other = opened("one"), opened("other")
        for n in range(6):
            (one, other)[n % 2].add([Article(f"a{n}", "T", f"The number w{n}w was drawn on day {n}.")])
            (other, one)[n % 2].search("number")
        for library in (one, other):
            assert [found(library, f"w{n}w") for n in range(6)] == [[f"a{n}"] for n in range(6)]

    def test_a_copy_that_another_has_stored_is_known(self, opened: Open) -> None:
        one, other = opened("one"), opened("other")
        one.add([Article("first", "T", "An unrelated story of a town and its new ferry to the other bank.")])
        other.add([ARTICLES[0]])
        one.add([Article("again", "Another title", ARTICLES[0].text, published="2024-03-05")])
        assert other.copies("bridge") == ("again",)

    def test_what_one_removes_leaves_the_files_of_the_other(self, opened: Open, tmp_path: Path) -> None:
        one, other = opened("one"), opened("other", LARGE)
        told: list[bool] = []
        other.when_purged(lambda: told.append(True))
        one.add(ARTICLES)
        assert found(other, "cracks in the bridge") == ["bridge"]
        gone = set(one._catalogue.passage_keys("bridge"))
        assert gone < coded(tmp_path / "other")
        one.remove(["bridge"])
        other.search("anything")
        assert told
        assert coded(tmp_path / "other") and not gone & coded(tmp_path / "other")

    def test_what_was_removed_meanwhile_leaves_the_files_at_the_next_opening(
        self, opened: Open, tmp_path: Path, url: str
    ) -> None:
        one, other = opened("one"), opened("other", LARGE)
        one.add(ARTICLES)
        assert found(other, "cracks in the bridge") == ["bridge"]
        other.close()
        gone = set(one._catalogue.passage_keys("bridge"))
        assert gone < coded(tmp_path / "other")
        one.remove(["bridge"])
        again = opened("other", LARGE)
        assert coded(tmp_path / "other") and not gone & coded(tmp_path / "other")
        assert not again._catalogue.purge_due

    def test_chroma_of_each_holds_what_the_catalogue_holds(self, tmp_path: Path, url: str) -> None:
        settings, search = IndexSettings(catalogue_url=url), SearchOptions(exact_below=0)
        with ExitStack() as stack:
            one, other = (
                stack.enter_context(Library(tmp_path / name, embedder=FakeEmbedder(), settings=settings, search=search))
                for name in ("one", "other")
            )
            one.add(ARTICLES[:1])
            assert found(other, "cracks in the bridge") == ["bridge"]
            other.add(ARTICLES[1:2])  # before it has seen the next one
            one.add(ARTICLES[2:])
            one.remove(["bridge"])
            for library in (one, other):
                assert found(library, "silver coins from the harbour") == ["museum"]
                with library.parts() as parts:
                    assert parts.vectors.keys() == {int(key) for key in parts.catalogue.passage_rows()[0]}
                assert library._vectors.in_step

    def test_one_folder_is_still_one_processes(self, opened: Open, tmp_path: Path, url: str) -> None:
        opened("one")
        with pytest.raises(LibraryBusy):
            Library(tmp_path / "one", settings=IndexSettings(catalogue_url=url))

    def test_writers_take_turns_and_no_key_or_revision_is_given_twice(self, tmp_path: Path, url: str) -> None:
        catalogues = [Catalogue(tmp_path / str(n), url) for n in range(3)]
        keys: list[int] = []

        def write(catalogue: Catalogue, name: str) -> None:
            for n in range(8):
                keys.extend(catalogue.put(entry_of(Article(f"{name}{n}", "T", "One. Two. Three."))).added)

        threads = [threading.Thread(target=write, args=(one, f"w{n}-")) for n, one in enumerate(catalogues)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for catalogue in catalogues:
            catalogue.refresh()
            assert catalogue.revision == 24
        assert sorted(keys) == catalogues[0].passage_rows()[0].tolist()
        assert len(set(keys)) == len(keys)
        for catalogue in catalogues:
            catalogue.close()


KILLED = """
    import sys
    from pathlib import Path
    from onrecord.index.store.catalogue import Catalogue
    from onrecord.index.types import Article
    from tests.index.store.test_catalogue import entry_of
    catalogue = Catalogue(Path(sys.argv[1]), sys.argv[2])
    import os
    os.environ["ONRECORD_FAULT"] = sys.argv[3]
    catalogue.put(entry_of(Article("a", "T", "The new text.")))
"""


@pytest.mark.parametrize(("fault", "text"), [("before", "The old text."), ("after", "The new text.")])
def test_a_writer_that_is_killed_leaves_all_or_nothing_and_holds_nobody_up(
    tmp_path: Path, url: str, fault: str, text: str
) -> None:
    with closing(Catalogue(tmp_path / "one", url)) as catalogue:
        catalogue.put(entry_of(Article("a", "T", "The old text.")))
        code = textwrap.dedent(KILLED)
        path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
        arguments = [str(tmp_path / "other"), url, f"catalogue.commit.{fault}:1"]
        environment = {**os.environ, "PYTHONPATH": path}
        environment.pop(VARIABLE, None)
        done = subprocess.run([sys.executable, "-c", code, *arguments], check=False, env=environment)
        assert done.returncode == -signal.SIGKILL
        assert catalogue.article("a").text == text
        catalogue.put(entry_of(Article("b", "T", "Written at once.")))
        assert catalogue.problems() == ()


def test_a_connection_that_was_cut_is_replaced(tmp_path: Path, url: str, postgresql: Server) -> None:
    with closing(Catalogue(tmp_path, url)) as catalogue:
        catalogue.put(entry_of(Article("a", "T", "One.")))
        with psycopg.connect(f"host={postgresql.folder} port={postgresql.port} user=tester dbname=postgres") as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")
        assert catalogue.article_ids() == ("a",)
        catalogue.put(entry_of(Article("b", "T", "Two.")))
        assert catalogue.article_ids() == ("a", "b")


class TestAddresses:
    def test_a_password_opens_it(self, tmp_path: Path, postgresql: Server) -> None:
        word = PASSWORD.replace("/", "%2F").replace("@", "%40")
        with closing(Catalogue(tmp_path, postgresql.outside(word))) as catalogue:
            assert catalogue.article_ids() == ()

    def test_a_wrong_password_is_said_without_it(self, tmp_path: Path, postgresql: Server) -> None:
        with pytest.raises(StoreError, match=r"tester@127\.0\.0\.1.* cannot be reached .*password auth") as caught:
            Catalogue(tmp_path, postgresql.outside("hush-hush"))
        assert "hush" not in str(caught.value) + str(caught.value.__cause__)

    def test_a_server_that_is_not_there_is_named_with_the_cure(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"postgresql://u@127\.0\.0\.1:9/db cannot be reached .*check the address"):
            Catalogue(tmp_path, "postgresql://u:hush@127.0.0.1:9/db")

    @pytest.mark.parametrize(
        "address",
        [
            "postgresql://u:hu/sh@host/db",
            "postgresql://u:12/hush@host/db",
            "postgresql://u:hush@host",
            "postgresql://u:hush@host/db#more",
            "postgresql://u:hush@host/db?schema=Odd name",
            "mysql://u:hush@host/db",
        ],
    )
    def test_one_that_cannot_be_read_is_not_repeated(self, address: str) -> None:
        with pytest.raises(InputError, match="cannot be read; write postgresql://USER@HOST/DATABASE") as caught:
            IndexSettings(catalogue_url=address)
        assert "sh" not in str(caught.value).replace("slash", "")
        assert caught.value.__cause__ is None

    def test_settings_do_not_show_it(self) -> None:
        assert "hush" not in repr(IndexSettings(catalogue_url="postgresql://u:hush@host/db"))
        assert "hush" not in repr(parse("postgresql://u:hush@host/db?sslpassword=hush"))


class TestOthersTables:
    def test_those_of_another_program_are_refused_and_left_alone(
        self, tmp_path: Path, url: str, postgresql: Server
    ) -> None:
        schema = parse(url).schema
        with psycopg.connect(f"host={postgresql.folder} port={postgresql.port} user=tester dbname=postgres") as other:
            other.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.photos (id INT)")
        with pytest.raises(StoreError, match=r"is not OnRecord's; choose another with \?schema="):
            Catalogue(tmp_path, url)

    def test_those_of_a_newer_version_are_refused(self, tmp_path: Path, url: str) -> None:
        with closing(Catalogue(tmp_path, url)) as catalogue:
            catalogue.set_note("format", "99")
            with catalogue.filling() as connection:  # as one that notes no migrations
                connection.execute(f"DROP TABLE {LINE.noted}")
        with pytest.raises(StoreError, match=r"newer OnRecord \(format 99.*update OnRecord"):
            Catalogue(tmp_path, url)


class TestMoving:
    def everything(self, catalogue: Catalogue) -> list[object]:
        with catalogue.snapshot() as connection:
            tables = [sorted(map(tuple, connection.execute(f"SELECT * FROM {one}").fetchall())) for one in TABLES]
        return [*tables, *(catalogue.note(name) for name in ("id", "revision", "fingerprint"))]

    def test_there_and_back_all_is_as_it_was_and_numbers_go_on(
        self, opened: Open, tmp_path: Path, url: str, embedder: FakeEmbedder
    ) -> None:
        with Library(tmp_path / "old", embedder=embedder) as library:
            library.add([*ARTICLES, Article("last", "T", "It goes. It has gone.")])
            library.edit("ferry", title="Another title")
            (tmp_path / "watched").mkdir()
            library.folders.watch(tmp_path / "watched")
            library.derived("kind", 1, lambda article, _: article.title)
            library.remove(["last"])
            last = [library._catalogue.last_number(*one) for one in NUMBERED]
            before = self.everything(library._catalogue)
        assert move(Place(tmp_path / "old"), Place(tmp_path / "own", url)) == Moved(3, 3)
        moved = opened("own")
        assert self.everything(moved._catalogue) == before
        assert [moved._catalogue.last_number(*one) for one in NUMBERED] == last
        assert found(moved, "silver coins from the harbour") == ["museum"]
        moved.close()
        move(Place(tmp_path / "own", url), Place(tmp_path / "back"))
        with Library(tmp_path / "back", embedder=embedder) as back:
            assert self.everything(back._catalogue) == before
            back.add([Article("new", "T", "It is new.")])
            assert min(back._catalogue.passage_keys("new")) > dict(zip(NUMBERED, last, strict=True))["passages", "key"]

    def test_a_place_that_holds_articles_is_left_alone(self, opened: Open, tmp_path: Path, url: str) -> None:
        with Library(tmp_path / "old", embedder=FakeEmbedder()) as library:
            library.add(ARTICLES[:1])
        opened("other").add(ARTICLES[1:2])
        with pytest.raises(InputError, match="There are articles at the new place already"):
            move(Place(tmp_path / "old"), Place(tmp_path / "own", url))

    def test_a_folder_without_a_collection_is_named(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(InputError, match=r"There is no collection in .*nowhere"):
            move(Place(tmp_path / "nowhere"), Place(tmp_path / "own", url))

    def test_every_table_is_moved(self, tmp_path: Path) -> None:
        with closing(Catalogue(tmp_path)) as catalogue, catalogue.snapshot() as connection:
            made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert made - {"meta", "sqlite_sequence", LINE.noted} == set(TABLES)


def test_a_database_in_a_file_is_not_shared() -> None:
    assert not SqliteDatabase.shared
