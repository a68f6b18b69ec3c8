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
from onrecord.index.reading.news_xml import is_news
from onrecord.index.reading.process import SLOW, ReadLimits, readers
from onrecord.index.types import Article

__all__ = [
    "LARGEST_FILE",
    "NORMALISER_VERSION",
    "Named",
    "OnReading",
    "ReadLimits",
    "ReadResult",
    "article_from_text",
    "files_below",
    "normalise",
    "read_paths",
    "shown_path",
    "stated_address",
    "unread_address",
]

OnReading = Callable[[str], None]
Named = Callable[[Path], str]
LARGEST_FILE = 50 * 1024 * 1024
"""Bytes. No article is that long, and reading it would take the memory of everything else."""

_STATED_ADDRESS = re.compile(r"\s*(https?|ftp):/+(\S+)\s*", re.IGNORECASE)
# How browsers end the name of the folder beside a page that they save, in the languages in which they do so.
_SAVED_WITH = re.compile(
    r"(?:[_-](?:files?|filer|Dateien|fichiers|archivos|arquivos|bestanden|pliki|soubory|tiedostot)|\.files)$"
)
# What a terminal would obey, what turns the direction of what follows, and bytes of a name that are no text.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one file gave. ``error`` is empty when all of it could be read; with rows, some articles may still be.

    ``note``: what of it could not be used, a date that is none, which is no error; ``passed_over``: why a file of a
    folder was not tried, which is none either. ``path`` as `shown_path` gives it.
    ``origin``: the whole path without links, by which a file that is read again is known.
    """

    path: str
    articles: tuple[Article, ...] = ()
    error: str = ""
    passed_over: str = ""
    origin: str = ""
    note: str = ""


def stated_address(text: str) -> str:
    """The web address that ``text`` is, or nothing; as a path, one has lost a slash.

    >>> stated_address(" https:/courier.example/bridge?page=2 "), stated_address("What is https://courier.example/?")
    ('https://courier.example/bridge?page=2', '')
    """
    match = _STATED_ADDRESS.fullmatch(text)
    return f"{match[1]}://{match[2]}" if match else ""


def unread_address(address: str) -> str:
    """What is said of an address in place of a file or a question: it is fetched only where that is asked for."""
    return (
        f"{address} is a web address; `onrecord add {address}` or Read this page, on the page, adds it as an article."
    )


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


def read_paths(
    paths: Sequence[Path | str],
    *,
    limits: ReadLimits | None = None,
    on_reading: OnReading | None = None,
    named: Named = shown_path,
) -> Iterator[ReadResult]:
    """Read each file once, in sorted order within a folder; folders recursively, without hidden files.

    In a folder, files that are no articles by their ending are passed over; a file that is named must be readable.
    Each is read in another process, within ``limits``. ``on_reading`` gets the path that is being read: of a file that
    takes more than two seconds, and every two seconds of many. ``named``: what results and errors call a file.
    """
    reading = Reading(limits or ReadLimits(), on_reading)
    for one in named_files(paths, named=named):
        yield one if isinstance(one, ReadResult) else reading.read(one)


def named_files(paths: Sequence[Path | str], *, named: Named = shown_path) -> "Iterator[NamedFile | ReadResult]":
    """The files that `read_paths` reads, in its order, and of what is not read, what it says."""
    naming = _Naming(named)
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from naming.folder(path)
        elif (address := stated_address(str(given))) and not path.exists():
            yield ReadResult(shown_path(address), error=unread_address(shown_path(address)))
        else:
            yield from naming.file(path)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file to be read. ``real``: without links; ``name``: what results call it."""

    path: Path
    real: Path
    name: str

    @property
    def origin(self) -> str:
        return shown_path(self.real)


class _Naming:
    """Names files, each once."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._seen: set[Path] = set()

    def folder(self, folder: Path) -> "Iterator[NamedFile | ReadResult]":
        """All that is below it; of what is not read, why."""
        closed: list[OSError] = []
        some = False
        for path, why in _below(folder, closed):
            some = some or not why
            yield from [self._passed_over(path, why)] if why else self.file(path)
        for error in closed:
            name = self._named(Path(error.filename))
            yield ReadResult(name, error=f"{name} cannot be looked into ({error.strerror}); change its permissions.")
        if not some and not closed:
            name = self._named(folder)
            yield ReadResult(name, error=f"{name} holds no file that can be read ({_kinds()}).")

    def file(self, path: Path) -> Iterator[NamedFile]:
        """The file, unless it was named before."""
        real = path.resolve()
        if real not in self._seen:
            self._seen.add(real)
            yield NamedFile(path, real, self._named(path))

    def _passed_over(self, path: Path, why: str) -> ReadResult:
        name = self._named(path)
        return ReadResult(name, passed_over=f"{name} was passed over: {shown_path(why)}.")


class Reading:
    """Reads files one after the other, and says now and then which."""

    def __init__(self, limits: ReadLimits, on_reading: OnReading | None = None) -> None:
        self._limits = limits
        self._on_reading = on_reading
        self._shown = time.monotonic()

    def read(self, file: NamedFile) -> ReadResult:
        """Its articles, or what is wrong with it."""
        name = file.name
        if time.monotonic() - self._shown > SLOW:
            self._tell(name)
        try:
            suffix = suffix_of(file.path)
            data = _bytes_of(file.path, suffix, name)
        except ReadError as error:
            return ReadResult(name, error=str(error))
        content = readers.read(data, name, suffix, self._limits, lambda: self._tell(name))
        return ReadResult(name, content.articles, content.error, origin=file.origin, note=content.note)

    def _tell(self, name: str) -> None:
        self._shown = time.monotonic()
        if self._on_reading:
            self._on_reading(name)


def files_below(folder: Path) -> list[Path]:
    """The files that `read_paths` would read of a folder, without links."""
    return [path.resolve() for path, why in _below(folder, []) if not why]


def _below(folder: Path, closed: list[OSError]) -> Iterator[tuple[Path, str]]:
    """Every file that is not hidden, in order, and why it is not read; links to folders too. ``closed``: no way in."""
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        pages = {Path(name).stem: name for name in names if name.lower().endswith((".html", ".htm"))}
        for path in (Path(parent, name) for name in tuple(folders)):
            if page := pages.get(_SAVED_WITH.sub("", path.name) if _SAVED_WITH.search(path.name) else ""):
                folders.remove(path.name)
                yield path, f"it holds the parts of {page}, as a browser saved them"
            elif path.is_symlink():
                yield path, "it is a link to a folder, which is not followed; name that folder to have it read"
        for path in (Path(parent, name) for name in sorted(names) if not name.startswith(".")):
            yield path, _why_not_read(path)


def _why_not_read(file: Path) -> str:
    if suffix := suffix_of(file):
        return "it is XML, and no news of an agency (NewsML-G2, NITF)" if suffix == ".xml" and not _news(file) else ""
    ending = f"its name ends in {file.suffix}" if file.suffix else "its name has no ending"
    return f"{ending}; what can be read is {_kinds()}"


def _news(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return is_news(opened.read(4096))
    except OSError:
        return True  # why it cannot be read is said when it is


def _bytes_of(path: Path, suffix: str, name: str) -> bytes:
    """The file's content, never more than the limit of it, whatever happens to the file meanwhile."""
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
