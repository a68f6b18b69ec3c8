"""One file's bytes -> its articles, whatever its bytes are: every failure is one sentence about that file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onrecord.index.errors import ReadError
from onrecord.index.reading.articles import article_from_text, normalise
from onrecord.index.reading.drafts import Draft, Parsed, Problem
from onrecord.index.reading.formats import parse
from onrecord.index.types import Article

LARGEST_TEXT = 50 * 1024 * 1024
"""Characters of all articles of one file together; a small archive can unpack to more."""

_PLACES_SHOWN = 8
_REASONS_SHOWN = 3
_REASON_SHOWN = 120
_STATED_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Content:
    """``error`` is empty when all of the file could be read; with rows, some articles may still be.

    ``note``: what the file states of its articles and could not be used, which is no error.
    """

    articles: tuple[Article, ...] = ()
    error: str = ""
    note: str = ""


def articles_in(data: bytes, name: str, suffix: str) -> Content:
    """Read one file's bytes by its ``suffix``; ``name`` is what the sentence calls it. Raises ``MemoryError`` only."""
    try:
        return _articles_in(data, name, suffix)
    except ReadError as error:
        return Content(error=_one_sentence(str(error)))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  one file of many: whatever a parser lets through is this file's failure
        reason = _one_sentence(f"{type(error).__name__}: {error}")[:_REASON_SHOWN]
        return Content(error=f"{name} could not be read ({reason}); save its text as .txt and add that.")


def _one_sentence(text: str) -> str:
    """Without newlines, or what a terminal would obey: parsers quote the file."""
    return " ".join(normalise(text).split())


def _articles_in(data: bytes, name: str, suffix: str) -> Content:
    parsed = parse(data, name, suffix)
    if sum(len(draft.text) for draft in parsed.drafts) > LARGEST_TEXT:
        raise ReadError(f"{name} holds more than {LARGEST_TEXT // 1024 // 1024} million letters; split it.")
    articles = tuple(_article(draft, name) for draft in parsed.drafts)
    if not articles and not parsed.problems:
        raise ReadError(f"{name} holds no articles; each row needs a text.")
    note = " ".join(filter(None, (parsed.note, _left_out(parsed, articles, name))))
    return Content(articles, _one_sentence(_unread(parsed, name)), _one_sentence(note))


def _unread(parsed: Parsed, name: str) -> str:
    """How many rows were read, and which were not."""
    if not parsed.problems:
        return ""
    unit = parsed.problems[0][0].partition(" ")[0]
    read, unread = _counted(len(parsed.drafts), unit), _counted(len(parsed.problems), unit)
    return f"{name}: {read} read, {unread} not: {_grouped(parsed.problems)}. Mend these and add the file again."


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'s' if count != 1 else ''}"


def _left_out(parsed: Parsed, articles: Sequence[Article], name: str) -> str:
    """The dates and addresses that are none."""
    pairs = list(zip(parsed.drafts, articles, strict=True))
    days = [(draft.place, _stated(draft.published)) for draft, one in pairs if draft.published and not one.published]
    links = [(draft.place, _stated(draft.url)) for draft, one in pairs if draft.url and not one.url]
    parts = []
    if days:
        parts.append(f"left out as the date: {_grouped(days)}, which is no day; write days as 2024-03-09")
    if links:
        parts.append(f"left out as the address: {_grouped(links)}; write addresses as https://…")
    return f"{name}: {'; '.join(parts)}." if parts else ""


def _stated(text: str) -> str:
    return f"“{text[:_STATED_SHOWN]}{'…' if len(text) > _STATED_SHOWN else ''}”"


def _grouped(problems: Iterable[Problem]) -> str:
    """
    >>> _grouped([("line 1", "not JSON"), ("line 3", "no text"), ("line 7", "no text"), ("", "“soon”")])
    'line 1 (not JSON), lines 3, 7 (no text), “soon”'
    """
    places: dict[str, list[str]] = {}
    for place, what in problems:
        places.setdefault(what, []).append(place)
    shown = [_at(where, what) for what, where in list(places.items())[:_REASONS_SHOWN]]
    more = sum(map(len, list(places.values())[_REASONS_SHOWN:]))
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _at(places: Sequence[str], what: str) -> str:
    if not places[0]:
        return what
    unit, _, first = places[0].partition(" ")
    numbers = [first, *(place.partition(" ")[2] for place in places[1:_PLACES_SHOWN])]
    more = f" and {len(places) - _PLACES_SHOWN:,} more" if len(places) > _PLACES_SHOWN else ""
    return f"{unit}{'s' if len(places) > 1 else ''} {', '.join(numbers)}{more} ({what})"


def _article(draft: Draft, name: str) -> Article:
    try:
        return article_from_text(
            draft.text,
            title=draft.title,
            source=draft.source,
            published=draft.published,
            url=draft.url,
            language=draft.language,
        )
    except ReadError as error:
        raise ReadError(f"{name} holds no words; give it some text or leave it out.") from error
