"""An index for what a question asks of all articles: which languages there are, and the latest day."""

from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX IF NOT EXISTS articles_by_language ON articles(language, published)")
