"""Deleted text is gone from every byte of an SQLite file, and nothing else is changed in it."""

import random
import re
import sqlite3
from pathlib import Path

import pytest

from onrecord.index.store.schema import connect
from onrecord.index.store.scrub import Scrubber

TABLES = """
CREATE TABLE texts (key INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE parts (name TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (name, number))
    WITHOUT ROWID;
CREATE INDEX texts_by_text ON texts(text);
"""


def text_of(key: int, chance: random.Random) -> str:
    return f"uniq{key}x " * chance.randrange(1, 300)


@pytest.mark.slow
@pytest.mark.parametrize("shrinks", [True, False])
def test_no_byte_of_a_deleted_row_is_left_and_all_others_stay(tmp_path: Path, shrinks: bool) -> None:
    chance = random.Random(7)
    file = tmp_path / "file.sqlite3"
    connection = connect(file)
    if shrinks:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("VACUUM")
    connection.executescript(TABLES)
    scrubber = Scrubber(file)
    live: dict[int, str] = {}
    gone: set[int] = set()
    for key in range(250):
        live[key] = text_of(key, chance)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO texts VALUES (?, ?)", (key, live[key]))
        parts = [(f"uniq{key}x", n, word) for n, word in enumerate(live[key].split())]
        connection.executemany("INSERT INTO parts VALUES (?, ?, ?)", parts)
        connection.execute("COMMIT")
        if key % 4 == 3:
            out = chance.choice(sorted(live))
            del live[out]
            gone.add(out)
            connection.execute("DELETE FROM texts WHERE key = ?", (out,))
            connection.execute("DELETE FROM parts WHERE name = ?", (f"uniq{out}x",))
            assert scrubber.scrub(connection)
            content = b"".join(one.read_bytes() for one in tmp_path.iterdir())
            assert not gone & {int(key) for key in set(re.findall(rb"uniq(\d+)x", content))}
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert dict(connection.execute("SELECT key, text FROM texts")) == live
    stored = connection.execute("SELECT count(*) FROM parts").fetchone()[0]
    assert stored == sum(len(text.split()) for text in live.values())
    connection.close()
    scrubber.close()
    with sqlite3.connect(file) as again:
        assert dict(again.execute("SELECT key, text FROM texts")) == live


def test_a_reader_that_holds_on_to_the_log_is_waited_for_next_time(tmp_path: Path) -> None:
    file = tmp_path / "file.sqlite3"
    connection, reader = connect(file), connect(file)
    connection.execute("PRAGMA busy_timeout=10")
    connection.executescript(TABLES)
    connection.execute("INSERT INTO texts VALUES (1, 'a secret word')")
    scrubber = Scrubber(file)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM texts").fetchone() == (1,)
    connection.execute("DELETE FROM texts")
    assert not scrubber.scrub(connection)
    reader.execute("ROLLBACK")
    assert scrubber.scrub(connection)
    assert not any(b"secret" in one.read_bytes() for one in tmp_path.iterdir())
    for one in (reader, connection):
        one.close()
    scrubber.close()
