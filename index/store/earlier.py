"""What a page said before: its earlier texts, kept when it is read again and says something else."""

from dataclasses import dataclass

from onrecord.index.store.base import Connection, now
from onrecord.index.types import Article

TABLE = """
CREATE TABLE IF NOT EXISTS earlier (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, until TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS earlier_by_article ON earlier(article_id);
"""
KEPT = 20  # of one article, the newest


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an article said. ``until``: when it was found to say something else, ISO 8601 in UTC."""

    title: str
    text: str
    until: str


def keep(connection: Connection, article: Article) -> None:
    """The stored text and title of the article, where this one has others; to be called before it is stored."""
    stored = connection.execute("SELECT title, text FROM articles WHERE id = ?", (article.id,)).fetchone()
    if stored and tuple(stored) != (article.title, article.text):
        connection.execute(
            "INSERT INTO earlier (article_id, title, text, until) VALUES (?, ?, ?, ?)", (article.id, *stored, now())
        )
        newest = f"SELECT number FROM earlier WHERE article_id = ? ORDER BY number DESC LIMIT {KEPT}"
        connection.execute(
            f"DELETE FROM earlier WHERE article_id = ? AND number NOT IN ({newest})", (article.id, article.id)
        )


def of(connection: Connection, article_id: str) -> tuple[Earlier, ...]:
    """The oldest first."""
    rows = connection.execute(
        "SELECT title, text, until FROM earlier WHERE article_id = ? ORDER BY number", (article_id,)
    )
    return tuple(Earlier(*row) for row in rows)


def forget(connection: Connection, article_id: str) -> None:
    connection.execute("DELETE FROM earlier WHERE article_id = ?", (article_id,))
