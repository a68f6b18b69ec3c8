"""One file's bytes -> its articles, whatever its bytes are: every failure is one sentence about that file."""

from dataclasses import dataclass

from onrecord.index.errors import ReadError
from onrecord.index.reading.articles import article_from_text, normalise
from onrecord.index.reading.drafts import Draft
from onrecord.index.reading.formats import parse
from onrecord.index.types import Article

LARGEST_TEXT = 50 * 1024 * 1024
"""Characters of all articles of one file together; a small archive can unpack to more."""

_PROBLEMS_SHOWN = 3
_REASON_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Content:
    """``error`` is empty when all of the file could be read; with rows, some articles may still be."""

    articles: tuple[Article, ...] = ()
    error: str = ""


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
    problems = parsed.problems
    if problems:
        shown = "; ".join(problems[:_PROBLEMS_SHOWN])
        more = f"; and {len(problems) - _PROBLEMS_SHOWN} more" if len(problems) > _PROBLEMS_SHOWN else ""
        return Content(articles, f"{name}: {shown}{more}. Mend these and add the file again.")
    if not articles:
        raise ReadError(f"{name} holds no articles; each row needs a text.")
    return Content(articles)


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
