"""Older tables are brought up to date when a collection is opened: all of it, once, or not at all."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from onrecord.index import Library, StoreError
from onrecord.index.errors import DiskFull
from onrecord.index.moving import NUMBERED, TABLES
from onrecord.index.store import catalogue as catalogues
from onrecord.index.store.catalogue import FILE, LINE, Catalogue
from onrecord.index.store.faults import VARIABLE
from onrecord.index.store.line import Line
from onrecord.index.types import Article
from tests.conftest import ARTICLES, FakeEmbedder
from tests.index.store.test_catalogue import entry_of, in_a_file
from tests.postgres import Server
from tests.structure import differences, engine_of, migrated_from_nothing, numbers, same, structure

Open = Callable[[], Catalogue]
BEFORE = Path(__file__).with_name("format_1.sql")  # a folder's file as it was made before there were migrations

# SQLite cannot add such a rule to a table, which is therefore made anew, and others refer to it.
SECTIONS = """
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
op.create_table("sections", sa.Column("name", TEXT, primary_key=True), sqlite_with_rowid=False)
with op.batch_alter_table("articles", table_kwargs={"sqlite_autoincrement": True}) as articles:
    articles.add_column(sa.Column("section", TEXT, nullable=False, server_default=""))
    articles.create_check_constraint("titled", sa.text("length(title) > 0"))
op.execute("INSERT INTO sections SELECT DISTINCT source FROM articles")
op.execute("UPDATE articles SET section = source")
"""
SECTION = "section TEXT DEFAULT '' NOT NULL, CONSTRAINT titled CHECK (length(title) > 0)"
WITH_SECTIONS = (
    LINE.tables.replace("signature BLOB NOT NULL\n", f"signature BLOB NOT NULL, {SECTION}\n")
    + "CREATE TABLE sections (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;"
)


LATER = f"{int(LINE.newest) + 1:04}"


def later(folder: Path, does: str) -> Line:
    """The line with one migration more, in a folder of its own."""
    copytree(LINE.migrations, folder, ignore=ignore_patterns("__pycache__"))
    head = (
        f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision, down_revision = "{LATER}", "{LINE.newest}"\n\n'
    )
    (folder / f"{LATER}_later.py").write_text(f"{head}def upgrade():\n{textwrap.indent(does, '    ')}")
    return replace(LINE, tables=WITH_SECTIONS, migrations=folder)


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """From then on collections have one migration more."""
    return lambda does: monkeypatch.setattr(catalogues, "LINE", later(tmp_path / "migrations", does))


@pytest.fixture
def reopen(tmp_path: Path, catalogue_url: str) -> Open:
    """Opens a collection that has articles, one of them edited, one changed, and one that was removed."""
    with closing(Catalogue(tmp_path / "data", catalogue_url)) as made:
        for article in ARTICLES:
            made.put(entry_of(article), origin=f"https://{article.id}.example/")
        made.put(entry_of(replace(ARTICLES[0], text="It was opened again.")), origin="https://bridge.example/")
        made.put(entry_of(ARTICLES[1], copies=("bridge",)), facts={"title": "Another title"})
        made.put(entry_of(Article("gone", "T", "It goes. It has gone.")))
        made.remove(["gone"])
        made.web.follow("https://feed.example/", "A feed")
    return lambda: Catalogue(tmp_path / "data", catalogue_url)


def everything(catalogue: Catalogue) -> list[object]:
    """All rows, of the articles without what a later migration adds, and the greatest numbers ever given."""
    with catalogue.snapshot() as connection:
        rows = {one: sorted(map(tuple, connection.execute(f"SELECT * FROM {one}").fetchall())) for one in TABLES}
    rows["articles"] = [row[:12] for row in rows["articles"]]
    return [rows, [catalogue.last_number(*one) for one in NUMBERED], catalogue.note("id"), catalogue.note("revision")]


class TestTables:
    def test_those_that_the_migrations_lead_to_are_those_of_a_new_place(
        self, tmp_path: Path, catalogue_url: str
    ) -> None:
        Catalogue(tmp_path, catalogue_url).close()
        url = catalogue_url and f"{catalogue_url}_too"
        assert same(engine_of(tmp_path / FILE, catalogue_url), migrated_from_nothing([LINE], tmp_path / "other", url))

    def test_so_they_are_after_one_more(
        self, tmp_path: Path, catalogue_url: str, reopen: Open, follow: Callable[[str], None]
    ) -> None:
        follow(SECTIONS)
        reopen().close()
        url = catalogue_url and f"{catalogue_url}_too"
        Catalogue(tmp_path, url).close()
        assert same(engine_of(tmp_path / FILE, url), engine_of(tmp_path / "data" / FILE, catalogue_url))

    @pytest.mark.parametrize(
        ("said", "instead"),
        [(SECTIONS, "pass"), ("nullable=False", "nullable=True"), ('server_default=""', 'server_default="a"')],
        ids=["nothing", "nullable", "default"],
    )
    def test_one_that_leads_elsewhere_is_seen(
        self, tmp_path: Path, said: str, instead: str, follow: Callable[[str], None]
    ) -> None:
        follow(SECTIONS.replace(said, instead))
        Catalogue(tmp_path).close()
        made, migrated = (
            engine_of(tmp_path / FILE, ""),
            migrated_from_nothing([catalogues.LINE], tmp_path / "other", ""),
        )
        assert differences(made, migrated)
        assert structure(made) != structure(migrated)

    @pytest.mark.parametrize(
        ("catalogue_url", "said", "instead"),
        [
            ("sqlite", 'table_kwargs={"sqlite_autoincrement": True}', ""),
            pytest.param("postgresql", 'sa.Text(collation="C")', "sa.Text()", marks=pytest.mark.slow),
        ],
        indirect=["catalogue_url"],
    )
    def test_one_that_numbers_or_sorts_otherwise_is_seen(
        self, *, tmp_path: Path, catalogue_url: str, said: str, instead: str, follow: Callable[[str], None]
    ) -> None:
        follow(SECTIONS.replace(said, instead))
        Catalogue(tmp_path, catalogue_url).close()
        made, url = engine_of(tmp_path / FILE, catalogue_url), catalogue_url and f"{catalogue_url}_too"
        migrated = migrated_from_nothing([catalogues.LINE], tmp_path / "other", url)
        assert differences(made, migrated) == []  # which know nothing of it
        assert structure(made) != structure(migrated)

    def test_each_migration_follows_the_one_before(self) -> None:
        assert numbers(LINE) == LINE.known == [f"{number:04}" for number in range(1, len(LINE.known) + 1)]


class TestOlderOnes:
    def test_every_row_and_number_stays(self, reopen: Open, follow: Callable[[str], None]) -> None:
        with closing(reopen()) as catalogue:
            before, schema = everything(catalogue), catalogue.schema
        follow(SECTIONS)
        for _ in range(2):  # the second time there is nothing to do
            with closing(reopen()) as catalogue:
                assert (schema, catalogue.schema) == (LINE.newest, LATER)
                assert everything(catalogue) == before
                assert catalogue.problems() == ()
                with catalogue.snapshot() as connection:
                    found = connection.execute("SELECT source, section FROM articles").fetchall()
                    named = connection.execute("SELECT name FROM sections").fetchall()
                assert {tuple(row) for row in found} == {(name, name) for (name,) in named}
        with closing(reopen()) as catalogue:
            last = catalogue.last_number("passages", "key")
            assert min(catalogue.put(entry_of(Article("new", "T", "It is new."))).added) > last
            assert "gone" not in catalogue.article_ids() and catalogue.copies("ferry") == ("bridge",)

    @pytest.mark.parametrize("lacking", [(), ("derived", "pairs", "dismissed", "folder_files", "edits")])
    def test_a_folder_of_before_is_known_and_gets_what_it_lacks(self, tmp_path: Path, lacking: tuple[str, ...]) -> None:
        with closing(sqlite3.connect(tmp_path / FILE)) as old:
            old.executescript(BEFORE.read_text(encoding="utf-8"))
            for table in lacking:
                old.execute(f"DROP TABLE {table}")
            kept = {one: sorted(old.execute(f"SELECT * FROM {one}")) for one in TABLES if one not in lacking}
        with closing(Catalogue(tmp_path)) as catalogue, catalogue.snapshot() as connection:
            rows = {one: sorted(connection.execute(f"SELECT * FROM {one}")) for one in TABLES}
        assert rows == {one: kept.get(one, []) for one in TABLES}
        assert same(engine_of(tmp_path / FILE, ""), migrated_from_nothing([LINE], tmp_path / "other", ""))
        with Library(tmp_path, embedder=FakeEmbedder()) as library:
            assert library.search("silver coins from the harbour", top_k=1)[0].passage.article_id == "museum"
            assert library.article("ferry").title == "Another title"
            assert library.add(ARTICLES[:1]).unchanged == ("bridge",)

    @pytest.mark.slow
    def test_a_database_of_before_is_known_and_gets_what_it_lacks(self, tmp_path: Path, postgresql: Server) -> None:
        url = postgresql.new()
        with closing(Catalogue(tmp_path, url)) as catalogue:
            catalogue.put(entry_of(ARTICLES[0]))
            before = everything(catalogue)
        with engine_of(tmp_path, url).begin() as old:
            old.exec_driver_sql(f"DROP TABLE {LINE.noted}; DROP TABLE derived; DROP TABLE pairs")
            old.exec_driver_sql("UPDATE meta SET value = '1' WHERE name = 'format'")
        with closing(Catalogue(tmp_path, url)) as catalogue:
            assert everything(catalogue) == before
            assert catalogue.note("format") == "2"
        assert same(engine_of(tmp_path, url), migrated_from_nothing([LINE], tmp_path, f"{url}_too"))


def test_a_newer_one_is_refused_in_one_sentence_and_left_alone(
    tmp_path: Path, catalogue_url: str, reopen: Open, follow: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(SECTIONS)
    with closing(reopen()) as catalogue:
        before = everything(catalogue)
    newer = catalogues.LINE
    monkeypatch.setattr(catalogues, "LINE", LINE)
    with pytest.raises(StoreError) as caught:
        reopen()
    place = rf"(data folder {tmp_path}/data|collection at postgresql://tester@/postgres\?schema=\w+)"
    wanted = (
        rf"The {place} was written by a newer OnRecord \({version('onrecord')}, schema {LATER}; this one knows those "
        rf"up to {LINE.newest}\); update OnRecord, or choose another place with --data\."
    )
    assert re.fullmatch(wanted, str(caught.value))
    monkeypatch.setattr(catalogues, "LINE", newer)
    with closing(reopen()) as catalogue:
        assert everything(catalogue) == before


class TestFailures:
    """All stays as it was, whatever was done before."""

    @pytest.mark.parametrize(
        ("wrong", "error", "said"),
        [
            (
                'op.execute("DELETE FROM nowhere")',
                StoreError,
                rf"{LATER} \((no such table|relation \"nowhere\" does not)",
            ),
            ('op.drop_index("nowhere")', StoreError, rf"{LATER} \((no such index|index \"nowhere\" does not)"),
            (
                "with op.batch_alter_table('a', recreate='always'): pass",
                StoreError,
                rf"{LATER} \(a\), and is as it was; use",
            ),
            ("raise KeyError('a mistake')", KeyError, "a mistake"),
        ],
        ids=["table", "index", "batch", "mistake"],
    )
    def test_one_that_fails_at_its_end_leaves_nothing(
        self,
        *,
        tmp_path: Path,
        catalogue_url: str,
        reopen: Open,
        follow: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
        wrong: str,
        error: type[Exception],
        said: str,
    ) -> None:
        with closing(reopen()) as catalogue:
            before = everything(catalogue)
        engine = engine_of(tmp_path / "data" / FILE, catalogue_url)
        looked = structure(engine)
        follow(f"{SECTIONS}{wrong}")
        with pytest.raises(error, match=said):
            reopen()
        assert structure(engine) == looked
        monkeypatch.setattr(catalogues, "LINE", LINE)
        with closing(reopen()) as catalogue:
            assert (catalogue.schema, everything(catalogue)) == (LINE.newest, before)

    @in_a_file
    def test_one_that_would_leave_rows_that_refer_to_nothing(self, reopen: Open, follow: Callable[[str], None]) -> None:
        follow("op.execute(\"DELETE FROM articles WHERE id = 'bridge'\")")
        with pytest.raises(
            StoreError, match=rf"could not be brought to schema {LATER} \(\d+ rows of \w+ would refer to noth"
        ):
            reopen()

    @in_a_file
    def test_a_full_disk_is_called_that(self, reopen: Open, follow: Callable[[str], None]) -> None:
        follow(f"{SECTIONS}op.execute('PRAGMA max_page_count=1')\nop.execute('CREATE TABLE a AS SELECT zeroblob(1e6)')")
        with pytest.raises(DiskFull, match="The disk is full; make room for"):
            reopen()

    @in_a_file
    @pytest.mark.slow  # a process
    def test_one_that_is_killed_leaves_nothing(
        self, tmp_path: Path, catalogue_url: str, reopen: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with closing(reopen()) as catalogue:
            before = everything(catalogue)
        opening = opened_elsewhere(tmp_path, catalogue_url, SECTIONS, fault="catalogue.migrated.before:1")
        opening.communicate("\n")
        assert opening.returncode == -signal.SIGKILL
        with closing(reopen()) as catalogue:
            assert (catalogue.schema, everything(catalogue)) == (LINE.newest, before)


OPENED = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    from onrecord.index.store import catalogue, migrating
    folder, url, migrations = sys.argv[1:]
    catalogue.LINE = replace(catalogue.LINE, migrations=Path(migrations))
    print("ready", flush=True)
    sys.stdin.readline()
    print(catalogue.Catalogue(Path(folder), url).schema)
"""


def opened_elsewhere(folder: Path, url: str, does: str, *, fault: str = "") -> "subprocess.Popen[str]":
    """A process that opens the collection, with one migration more, as soon as it gets a line."""
    if not (folder / "more").exists():
        later(folder / "more", does)
    arguments = [sys.executable, "-c", textwrap.dedent(OPENED), str(folder / "data"), url, str(folder / "more")]
    environment = {**os.environ, VARIABLE: fault, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


class TestAtOnce:
    @pytest.mark.slow  # two processes
    def test_one_of_two_processes_migrates_and_the_other_waits(
        self, tmp_path: Path, catalogue_url: str, reopen: Open, follow: Callable[[str], None]
    ) -> None:
        with closing(reopen()) as catalogue:
            before = everything(catalogue)
        done = tmp_path / "done"
        slowly = f"import time\nwith open({str(done)!r}, 'a') as file: file.write('once.')\n{SECTIONS}time.sleep(1.0)\n"
        processes = [opened_elsewhere(tmp_path, catalogue_url, slowly) for _ in range(2)]
        for process in processes:
            assert process.stdout and process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.communicate() for process in processes] == [(f"{LATER}\n", "")] * 2
        assert done.read_text() == "once."
        follow(SECTIONS)
        with closing(reopen()) as catalogue:
            assert everything(catalogue) == before

    def test_threads_migrate_collections_of_their_own(self, tmp_path: Path, follow: Callable[[str], None]) -> None:
        folders = [tmp_path / str(number) for number in range(6)]
        for folder in folders:
            Catalogue(folder).close()
        follow(f"import time\nfor _ in range(20):\n    op.execute('SELECT 1')\n    time.sleep(0.002)\n{SECTIONS}")

        def schema(folder: Path) -> str:
            with closing(Catalogue(folder)) as catalogue:
                return catalogue.schema

        with ThreadPoolExecutor(len(folders)) as pool:
            assert set(pool.map(schema, folders)) == {LATER}
