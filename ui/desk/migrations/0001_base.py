"""The tables as they were when migrations began; what was kept before gets what it lacks of them.

In PostgreSQL a column numbers the rows as they come, as SQLite does by itself.
"""

from alembic import op

revision, down_revision = "0001", None

TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL{order});
CREATE TABLE IF NOT EXISTS turns (
  id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL{order});
CREATE INDEX IF NOT EXISTS turns_of ON turns(conversation, position);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pinned (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, quote TEXT NOT NULL, line TEXT NOT NULL{order});
CREATE TABLE IF NOT EXISTS saved (id TEXT PRIMARY KEY, owner TEXT NOT NULL, revision TEXT NOT NULL,
  seen TEXT NOT NULL, now TEXT NOT NULL, written TEXT NOT NULL{order});
CREATE TABLE IF NOT EXISTS feedback (id TEXT PRIMARY KEY, owner TEXT NOT NULL,
  conversation TEXT REFERENCES conversations(id) ON DELETE CASCADE, said TEXT NOT NULL{order});
"""


def upgrade() -> None:
    shared = op.get_context().dialect.name == "postgresql"
    tables = TABLES.format(order=", rowid INTEGER GENERATED ALWAYS AS IDENTITY" if shared else "")
    if shared:
        tables = tables.replace(" INTEGER", " BIGINT").replace(" TEXT", ' TEXT COLLATE "C"')
    else:
        op.execute("PRAGMA user_version=2")
    for statement in filter(str.strip, tables.split(";")):
        op.execute(statement)
