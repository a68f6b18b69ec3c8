"""Files and folders -> articles. One bad file never stops the rest: its result says what is wrong and what to do."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from onrecord.index.articles import NORMALISER_VERSION, article_from_text, normalise
from onrecord.index.drafts import Draft
from onrecord.index.errors import ReadError
from onrecord.index.formats import SUFFIXES, parse, suffix_of
from onrecord.index.types import Article

__all__ = ["LARGEST_FILE", "NORMALISER_VERSION", "ReadResult", "article_from_text", "normalise", "read_paths"]

LARGEST_FILE = 50 * 1024 * 1024
"""Bytes. No article is that long, and reading it would take the memory of everything else."""

_PROBLEMS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one file gave. ``error`` is empty when all of it could be read; with rows, some articles may still be."""

    path: str
    articles: tuple[Article, ...] = ()
    error: str = ""


def read_paths(paths: Sequence[Path | str]) -> Iterator[ReadResult]:
    """Read each file once, in sorted order within a folder; folders recursively, without hidden files.

    In a folder, files that are no articles by their ending are passed over; a file that is named must be readable.
    """
    seen: set[Path] = set()
    for given in paths:
        path = Path(given)
        if not path.is_dir():
            yield from _read_new((path,), seen)
            continue
        files = list(_files_below(path))
        if not files:
            yield ReadResult(str(path), error=f"{path} holds no file that can be read ({_kinds()}).")
        yield from _read_new(files, seen)


def _read_new(files: Sequence[Path], seen: set[Path]) -> Iterator[ReadResult]:
    for file in files:
        real = file.resolve()
        if real not in seen:
            seen.add(real)
            yield _read(file)


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and suffix_of(path):
                yield path


def _read(path: Path) -> ReadResult:
    try:
        suffix = suffix_of(path)
        data = _bytes_of(path, suffix)
        parsed = parse(data, str(path), suffix)
        articles = tuple(_article(draft, path) for draft in parsed.drafts)
    except ReadError as error:
        return ReadResult(str(path), error=str(error))
    problems = parsed.problems
    if problems:
        shown = "; ".join(problems[:_PROBLEMS_SHOWN])
        more = f"; and {len(problems) - _PROBLEMS_SHOWN} more" if len(problems) > _PROBLEMS_SHOWN else ""
        return ReadResult(str(path), articles, f"{path}: {shown}{more}. Mend these and add the file again.")
    if not articles:
        return ReadResult(str(path), error=f"{path} holds no articles; each row needs a text.")
    return ReadResult(str(path), articles)


def _article(draft: Draft, path: Path) -> Article:
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
        raise ReadError(f"{path} holds no words; give it some text or leave it out.") from error


def _bytes_of(path: Path, suffix: str) -> bytes:
    """The file's content, never more than the limit of it, whatever happens to the file meanwhile."""
    try:
        if not path.exists():
            raise ReadError(f"{path} does not exist; check the name, or it vanished while it was being added.")
        if not path.is_file():
            raise ReadError(f"{path} is not a file; name a file or a folder of files.")
        if not suffix:
            raise ReadError(f"{path} is of a kind that OnRecord does not read; save it as one of {_kinds()}.")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except PermissionError as error:
        raise ReadError(f"{path} may not be read by you; change its permissions.") from error
    except FileNotFoundError as error:
        raise ReadError(f"{path} vanished while it was being read; add it again when it is back.") from error
    except OSError as error:
        raise ReadError(
            f"{path} could not be read ({error.strerror or error}); check the disk and the name."
        ) from error
    if len(data) > LARGEST_FILE:
        raise ReadError(f"{path} is larger than {LARGEST_FILE // 1024 // 1024} MB; split it into smaller files.")
    if not data.strip():
        raise ReadError(f"{path} is empty; give it some text or leave it out.")
    return data


def _kinds() -> str:
    return ", ".join(SUFFIXES)
