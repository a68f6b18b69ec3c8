"""What people set of an article by hand: it holds over what its file or page says when that is read again."""

from collections.abc import Mapping

from onrecord.index.store.base import Connection

TABLE = """
CREATE TABLE IF NOT EXISTS edits (
    article_id TEXT NOT NULL, fact TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (article_id, fact)
) WITHOUT ROWID;
"""


def keep(connection: Connection, article_id: str, facts: Mapping[str, str]) -> None:
    query = "INSERT INTO edits VALUES (?, ?, ?) ON CONFLICT (article_id, fact) DO UPDATE SET value = excluded.value"
    connection.executemany(query, [(article_id, fact, value) for fact, value in facts.items()])


def of(connection: Connection, article_id: str) -> dict[str, str]:
    return dict(connection.execute("SELECT fact, value FROM edits WHERE article_id = ?", (article_id,)))


def every(connection: Connection) -> dict[str, dict[str, str]]:
    """By the article's id."""
    found: dict[str, dict[str, str]] = {}
    for article_id, fact, value in connection.execute("SELECT article_id, fact, value FROM edits"):
        found.setdefault(article_id, {})[fact] = value
    return found


def forget(connection: Connection, article_id: str) -> None:
    connection.execute("DELETE FROM edits WHERE article_id = ?", (article_id,))
