"""What people keep has migrations of its own, in a file as in the database of the articles."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from onrecord.index import StoreError
from onrecord.index.store.catalogue import LINE, Catalogue
from onrecord.ui.desk.tables import FileTables, SharedTables, Tables, line
from tests.structure import engine_of, migrated_from_nothing, numbers, same

ORDER = ", rowid INTEGER GENERATED ALWAYS AS IDENTITY"
KEPT = ("SELECT * FROM conversations ORDER BY rowid", "SELECT * FROM turns ORDER BY rowid", "SELECT * FROM notes")
# Every table as it was in a file before there were migrations, but for those that came last.
BEFORE = """
CREATE TABLE conversations (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE turns (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX turns_of ON turns(conversation, position);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO conversations VALUES ('c', 'me', 'A bridge', '2026-01-01', '2026-01-02');
INSERT INTO turns VALUES ('b', 'c', 0, 'second', '{}'), ('a', 'c', 1, 'first', '{}');
INSERT INTO notes VALUES ('revision', '7');
PRAGMA user_version=1;
"""


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Tables]:
    with closing(Catalogue(folder, url)) as catalogue:
        shared = catalogue.shared
        with closing(SharedTables(shared, folder / "kept") if shared else FileTables(folder / "kept")) as tables:
            yield tables


def from_nothing(folder: Path, url: str) -> Engine:
    return migrated_from_nothing([LINE, line(ORDER)] if url else [line()], folder / "other", url and f"{url}_too")


def test_the_tables_that_the_migrations_lead_to_are_those_of_a_new_place(tmp_path: Path, catalogue_url: str) -> None:
    with opened(tmp_path, catalogue_url):
        assert same(engine_of(tmp_path / "kept", catalogue_url), from_nothing(tmp_path, catalogue_url))


def test_each_migration_follows_the_one_before() -> None:
    assert numbers(line()) == line().known == [f"{number:04}" for number in range(1, len(line().known) + 1)]


def test_a_file_of_before_is_known_and_gets_what_it_lacks(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kept")) as old:
        old.executescript(BEFORE)
        kept = [old.execute(query).fetchall() for query in KEPT]
    for _ in range(2):
        with opened(tmp_path, "") as tables:
            assert [tables.execute(query) for query in KEPT] == kept
            assert tables.execute("SELECT * FROM pinned") == tables.execute("SELECT * FROM saved") == []
    assert same(engine_of(tmp_path / "kept", ""), from_nothing(tmp_path, ""))


def test_a_database_of_before_is_known_and_gets_what_it_lacks(tmp_path: Path, catalogue_url: str) -> None:
    with opened(tmp_path, catalogue_url) as tables, tables.changing():
        tables.execute("INSERT INTO conversations (id, owner, title, created, updated) VALUES ('c', '', 'A', '1', '2')")
    engine = engine_of(tmp_path / "kept", catalogue_url)
    with engine.begin() as old:
        for table in ("saved", line().noted):
            old.exec_driver_sql(f"DROP TABLE {table}")
    with opened(tmp_path, catalogue_url) as tables:
        assert [row[0] for row in tables.execute("SELECT id FROM conversations")] == ["c"]
    assert same(engine, from_nothing(tmp_path, catalogue_url))


def test_those_of_a_newer_version_are_refused(tmp_path: Path, catalogue_url: str) -> None:
    with opened(tmp_path, catalogue_url):
        pass
    with engine_of(tmp_path / "kept", catalogue_url).begin() as newer:
        newer.exec_driver_sql(f"UPDATE {line().noted} SET version_num = '0099', made_by = '9.9'")
    with (
        pytest.raises(
            StoreError, match=r"newer OnRecord \(9\.9, schema 0099; this one knows .* 0001\); update OnRecord"
        ),
        opened(tmp_path, catalogue_url),
    ):
        pass
