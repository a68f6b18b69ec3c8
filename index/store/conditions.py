"""A filter as SQL over the catalogue's table ``articles``."""

import json

from onrecord.index.types import Filter

# So that no filter reads the texts, which lie in front of these facts, nor do the search for copies and `languages`.
INDEXES = """
CREATE INDEX IF NOT EXISTS articles_by_facts ON articles(source, published);
CREATE INDEX IF NOT EXISTS articles_by_signature ON articles(id, signature);
CREATE INDEX IF NOT EXISTS articles_by_language ON articles(language, published);
"""

# From one source to the next by the index: to list them otherwise reads a row for each article. Where each article has
# a source of its own it takes three times as long as that.
_SOURCES = """
WITH RECURSIVE each_source(name) AS (
    SELECT min(source) FROM articles UNION ALL
    SELECT (SELECT min(source) FROM articles WHERE source > name) FROM each_source WHERE name IS NOT NULL
) SELECT name FROM each_source WHERE casefold(coalesce(name, '')) IN (SELECT value FROM json_each(?))
"""


def condition_of(where: Filter | None) -> tuple[str, list[str]]:
    """The condition and its values. With a date in the filter, articles without a date do not match."""
    if not where:
        return "true", []
    parts, values = [], []
    if where.articles:
        parts.append("id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(where.articles))
    if where.sources:
        parts.append(f"source IN ({_SOURCES})")
        values.append(json.dumps([source.casefold() for source in where.sources]))
    if where.published_from:
        parts.append("published >= ?")
        values.append(where.published_from[:10])
    if where.published_to:
        parts.append("published != '' AND substr(published, 1, 10) <= ?")
        values.append(where.published_to[:10])
    return " AND ".join(f"({part})" for part in parts), values
