"""What a file states of an article, and the files that state it in rows: JSON lines and CSV."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from onrecord.index.errors import ReadError
from onrecord.index.reading.decoding import decode

ALIASES = {
    "title": ("title", "headline"),
    "text": ("text", "body", "content", "article"),
    "source": ("source", "publisher", "publication", "outlet"),
    "published": ("published", "date", "published_at", "publish_date", "pubdate"),
    "url": ("url", "link"),
    "language": ("language", "lang"),
}
"""The names by which each fact is known in column headings, JSON keys, front matter and header lines."""

_COLUMNS_SHOWN, _LONGEST_SHOWN = 10, 40
_KINDS = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as its file states it; every field but ``text`` may be empty.

    ``place``: where in a file of rows it is, "line 3".
    """

    text: str
    title: str = ""
    source: str = ""
    published: str = ""
    url: str = ""
    language: str = ""
    place: str = ""


Problem = tuple[str, str]
"""Where a row is, "line 3", and why it could not be used, "no text"."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds. ``problems``: the rows that could not be used; ``note``: what was left out of it, no error."""

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...] = ()
    note: str = ""


def read_json_lines(data: bytes, name: str) -> Parsed:
    """One JSON object a line; a line that is none is a problem, not the end."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for number, line in enumerate(decode_lines(data, name).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            problems.append((f"line {number}", "not JSON"))
            continue
        _take_row(row, f"line {number}", drafts, problems)
    return Parsed(tuple(drafts), tuple(problems))


def read_csv(data: bytes, name: str) -> Parsed:
    """A table with headings, separated by comma, semicolon or tab, whichever the first line has most of."""
    text = decode_lines(data, name)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # an article is longer than the default of 128 kB
    drafts: list[Draft] = []
    problems: list[Problem] = []
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = [column.strip().lower() for column in reader.fieldnames or ()]
    if not any(alias in columns for alias in ALIASES["text"]):
        shown = ", ".join(column[:_LONGEST_SHOWN] for column in columns[:_COLUMNS_SHOWN])
        more = ", …" if len(columns) > _COLUMNS_SHOWN else ""
        raise ReadError(
            f'{name} has no column "text" (its columns: {shown or "none"}{more}); name them title, text, '
            "source, published, url."
        )
    try:
        for row in reader:
            _take_row(row, f"row {reader.line_num}", drafts, problems)
    except csv.Error as error:
        problems.append((f"row {reader.line_num}", f"not CSV: {error}"))
    return Parsed(tuple(drafts), tuple(problems))


def _take_row(row: object, place: str, drafts: list[Draft], problems: list[Problem]) -> None:
    if not isinstance(row, Mapping):
        problems.append((place, "not an object with a text"))
        return
    given = {str(key).strip().lower(): value for key, value in row.items() if value not in (None, "")}
    text = next((given[alias] for alias in ALIASES["text"] if alias in given), "")
    if not isinstance(text, str):
        problems.append((place, f"its text is {_KINDS[type(text)]}, not text"))
    elif not re.search(r"\w", text):
        problems.append((place, "no text"))
    else:
        stated = {key: str(value) for key, value in given.items() if isinstance(value, str | int | float)}
        drafts.append(replace(from_fields(stated, text), place=place))


def from_fields(fields: Mapping[str, str], text: str) -> Draft:
    """A draft of ``text`` with the facts found in ``fields``, whose keys are in lower case."""
    facts = {key: _pick(fields, key).strip() for key in ALIASES if key != "text"}
    return replace(Draft(text=text), **facts)


def _pick(fields: Mapping[str, str], key: str) -> str:
    return next((fields[alias] for alias in ALIASES[key] if fields.get(alias)), "")


def decode_lines(data: bytes, name: str) -> str:
    """The text of ``data`` with ``\\n`` alone as newline."""
    return decode(data, name).replace("\r\n", "\n").replace("\r", "\n")
