"""Files and folders -> articles. One bad file never stops the rest: its result says what is wrong and what to do."""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from onrecord.index.errors import ReadError
from onrecord.index.reading.articles import NORMALISER_VERSION, article_from_text, normalise
from onrecord.index.reading.formats import SUFFIXES, suffix_of
from onrecord.index.reading.process import SLOW, ReadLimits, readers
from onrecord.index.types import Article

__all__ = [
    "LARGEST_FILE",
    "NORMALISER_VERSION",
    "OnReading",
    "ReadLimits",
    "ReadResult",
    "article_from_text",
    "normalise",
    "read_paths",
    "shown_path",
]

OnReading = Callable[[str], None]
LARGEST_FILE = 50 * 1024 * 1024
"""Bytes. No article is that long, and reading it would take the memory of everything else."""

# What a terminal would obey, what turns the direction of what follows, and bytes of a name that are no text.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one file gave. ``error`` is empty when all of it could be read; with rows, some articles may still be.

    ``passed_over``: why a file of a folder was not tried, which is no error. ``path`` as `shown_path` gives it.
    ``origin``: the whole path without links, by which a file that is read again is known.
    """

    path: str
    articles: tuple[Article, ...] = ()
    error: str = ""
    passed_over: str = ""
    origin: str = ""


def read_paths(
    paths: Sequence[Path | str],
    *,
    limits: ReadLimits | None = None,
    on_reading: OnReading | None = None,
) -> Iterator[ReadResult]:
    """Read each file once, in sorted order within a folder; folders recursively, without hidden files.

    In a folder, files that are no articles by their ending are passed over; a file that is named must be readable.
    Each is read in another process, within ``limits``. ``on_reading`` gets the path that is being read: of a file that
    takes more than two seconds, and every two seconds of many.
    """
    seen: set[Path] = set()
    read = _Reading(limits or ReadLimits(), on_reading)
    for given in paths:
        path = Path(given)
        files = list(_files_below(path)) if path.is_dir() else [path]
        if path.is_dir() and not any(map(suffix_of, files)):
            yield ReadResult(shown_path(path), error=f"{shown_path(path)} holds no file that can be read ({_kinds()}).")
            continue
        for file in files:
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield _passed_over(file) if path.is_dir() and not suffix_of(file) else read(file, real)


def shown_path(path: Path | str) -> str:
    """A path as text that can be shown and stored: a name may hold bytes that are no text, or orders to a terminal.

    >>> shown_path("news/caf\\udce9\\x1b[31m.txt")
    'news/caf\\\\xe9\\\\x1b[31m.txt'
    """
    return _UNSHOWN.sub(_escaped, str(path))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    code -= 0xDC00 if 0xDC80 <= code <= 0xDCFF else 0  # a byte that was no text
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent, name)


def _passed_over(path: Path) -> ReadResult:
    ending = f"its name ends in {shown_path(path.suffix)}" if path.suffix else "its name has no ending"
    name = shown_path(path)
    return ReadResult(name, passed_over=f"{name} was passed over: {ending}; what can be read is {_kinds()}.")


class _Reading:
    """Reads files one after the other, and says now and then which."""

    def __init__(self, limits: ReadLimits, on_reading: OnReading | None) -> None:
        self._limits = limits
        self._on_reading = on_reading
        self._shown = time.monotonic()

    def __call__(self, path: Path, real: Path) -> ReadResult:
        name = shown_path(path)
        if time.monotonic() - self._shown > SLOW:
            self._tell(name)
        try:
            suffix = suffix_of(path)
            data = _bytes_of(path, suffix)
        except ReadError as error:
            return ReadResult(name, error=str(error))
        content = readers.read(data, name, suffix, self._limits, lambda: self._tell(name))
        return ReadResult(name, content.articles, content.error, origin=shown_path(real))

    def _tell(self, name: str) -> None:
        self._shown = time.monotonic()
        if self._on_reading:
            self._on_reading(name)


def _bytes_of(path: Path, suffix: str) -> bytes:
    """The file's content, never more than the limit of it, whatever happens to the file meanwhile."""
    name = shown_path(path)
    try:
        if not path.exists():
            raise ReadError(f"{name} does not exist; check the name, or it vanished while it was being added.")
        if not path.is_file():
            raise ReadError(f"{name} is not a file; name a file or a folder of files.")
        if not suffix:
            raise ReadError(f"{name} is of a kind that OnRecord does not read; save it as one of {_kinds()}.")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except PermissionError as error:
        raise ReadError(f"{name} may not be read by you; change its permissions.") from error
    except FileNotFoundError as error:
        raise ReadError(f"{name} vanished while it was being read; add it again when it is back.") from error
    except OSError as error:
        raise ReadError(
            f"{name} could not be read ({error.strerror or error}); check the disk and the name."
        ) from error
    if len(data) > LARGEST_FILE:
        raise ReadError(f"{name} is larger than {LARGEST_FILE // 1024 // 1024} MB; split it into smaller files.")
    if not data.strip():
        raise ReadError(f"{name} is empty; give it some text or leave it out.")
    return data


def _kinds() -> str:
    return ", ".join(SUFFIXES)
