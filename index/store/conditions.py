"""A filter as SQL over the catalogue's table ``articles``."""

import json

from onrecord.index.types import Filter

# So that no filter reads the texts, which lie in front of these facts, nor do the search for copies and `languages`.
INDEXES = """
CREATE INDEX IF NOT EXISTS articles_by_facts ON articles(source, published);
CREATE INDEX IF NOT EXISTS articles_by_signature ON articles(id, signature);
CREATE INDEX IF NOT EXISTS articles_by_language ON articles(language, published);
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
        spellings = "SELECT source FROM (SELECT DISTINCT source FROM articles) AS all_sources WHERE casefold(source)"
        parts.append(f"source IN ({spellings} IN (SELECT value FROM json_each(?)))")
        values.append(json.dumps([source.casefold() for source in where.sources]))
    if where.published_from:
        parts.append("substr(published, 1, 10) >= ?")
        values.append(where.published_from[:10])
    if where.published_to:
        parts.append("published != '' AND substr(published, 1, 10) <= ?")
        values.append(where.published_to[:10])
    return " AND ".join(f"({part})" for part in parts), values
