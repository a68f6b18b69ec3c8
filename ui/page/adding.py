"""Articles that come through the page: files that were sent, pasted text, or a folder on the server."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onrecord.index.errors import InputError, OnRecordError
from onrecord.index.types import Article, SyncReport
from onrecord.ui.desk import uploads
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import Limits
from onrecord.ui.desk.passed_over import passed_over_lines

if TYPE_CHECKING:
    from onrecord.index.reading.files import ReadResult

Row = tuple[str, str, bool]
Step = tuple[list[Row], str]  # what became of each file so far, and a line on the whole
Say = Callable[[str], None]


def add_files(collection: Collection, paths: Sequence[str], limits: Limits) -> Iterator[Step]:
    """Reads and stores sent files, and deletes them whatever happens; yields the state as it goes."""
    try:
        if len(paths) > limits.files:
            raise InputError(f"{len(paths)} files at once; send at most {limits.files}.")
        rows: list[Row] = []
        articles: list[Article] = []
        for path in paths:
            name = Path(path).name
            yield rows, f"Reading {name}…"
            refusal = _refusal(Path(path), limits)
            if refusal:
                rows.append((name, refusal, False))
                continue
            for result in collection.library.read_paths([Path(path)], named=uploads.sent_name):
                articles += result.articles
                rows.append((name, _outcome(result), not result.error))
        yield from _store(collection, articles, rows)
    finally:
        for path in paths:
            with contextlib.suppress(OSError):
                Path(path).unlink()


def _outcome(result: "ReadResult") -> str:
    """What became of a file."""
    count = len(result.articles)
    read = f"{count:,} article{'s' if count != 1 else ''} read" if count else ""
    return "; ".join(part for part in (read, result.error, result.note) if part)


def _refusal(path: Path, limits: Limits) -> str:
    if not path.is_file():  # two people may send the same file, and it is deleted when the first has been served
        return "is no longer here; choose it again"
    if path.stat().st_size > limits.file_bytes:
        return f"is larger than {limits.file_bytes // 1_000_000} MB"
    return ""


def add_text(collection: Collection, text: str, *, title: str, source: str, published: str, url: str) -> Iterator[Step]:
    from onrecord.index.reading.files import article_from_text

    if not text.strip():
        raise InputError("Paste the article's text first.")
    article = article_from_text(text, title=title.strip(), source=source.strip(), published=published, url=url.strip())
    yield from _store(collection, [article], [])


def add_folder(collection: Collection, path: str) -> Iterator[Step]:
    folder = Path(path.strip()).expanduser()
    if not path.strip() or not folder.exists():
        raise InputError(f"There is no folder or file “{path.strip()}” on this machine; check the path.")
    yield from _reported(lambda say: _add_paths(collection, folder, say), lambda name: Path(name).name)


def watch_folder(collection: Collection, path: str) -> Iterator[Step]:
    """Watches a folder, and reads what is new in it."""
    if not path.strip():
        raise InputError("Type the path of the folder first.")
    folders = collection.library.folders
    folder = folders.watch(path.strip())

    def look(say: Say) -> SyncReport:
        return folders.look(
            folder.path, on_progress=_indexing(say), on_reading=lambda file: say(f"Reading {Path(file).name}…")
        )

    yield from _reported(look, lambda name: Path(name).name)


def add_addresses(collection: Collection, text: str, limits: Limits) -> Iterator[Step]:
    """Fetches the addresses, one a line, and stores what is there."""
    addresses = text.split()
    if not addresses:
        raise InputError("Type the address of a page first, one a line.")
    if len(addresses) > limits.files:
        raise InputError(f"{len(addresses)} addresses at once; give at most {limits.files}.")
    yield from _reported(lambda say: _fetch(collection, addresses, say), lambda address: address)


def _reported(work: Callable[[Say], SyncReport], named: Callable[[str], str]) -> Iterator[Step]:
    """How far the work is, then what became of what it did not take whole, each ``named`` as a person knows it."""
    report: SyncReport | None = None
    for note, result in relayed(work):
        report = result
        yield [], note
    if report:
        rows = [(named(name), why, False) for name, why in report.failed]
        rows += [(named(name), what, True) for name, what in report.notes]
        rows += [("Passed over", f"{line}.", False) for line in passed_over_lines(report.passed_over)]
        yield rows, _said(report)


def _fetch(collection: Collection, addresses: Sequence[str], say: Say) -> SyncReport:
    return collection.library.web.add(addresses, on_reading=lambda address: say(f"Reading {address}…"))


def _add_paths(collection: Collection, folder: Path, say: Say) -> SyncReport:
    return collection.library.add_paths(
        [folder], on_progress=_indexing(say), on_reading=lambda path: say(f"Reading {Path(path).name}…")
    )


def _indexing(say: Say) -> Callable[[float, int], None]:
    return lambda at, total: say(f"Indexing {int(at):,} of {total:,}{_share(at)}…")


def _share(at: float) -> str:
    """How far the article is that is under way; short ones are not taken apart."""
    return f", {at % 1:.0%} of the next" if at % 1 else ""


def _store(collection: Collection, articles: Sequence[Article], rows: list[Row]) -> Iterator[Step]:
    report: SyncReport | None = None
    if articles:
        for note, result in relayed(lambda say: collection.library.add(articles, on_progress=_indexing(say))):
            report = result
            yield rows, note
    yield rows, _said(report)


def _said(report: SyncReport | None) -> str:
    if report is None:
        return "Nothing was added."
    parts = [(len(report.added), "added"), (len(report.changed), "replaced"), (len(report.unchanged), "already there")]
    return (", ".join(f"{n:,} {word}" for n, word in parts if n) or "nothing new").capitalize() + "."


def relayed(work: Callable[[Say], SyncReport]) -> Iterator[tuple[str, SyncReport | None]]:
    """Runs ``work`` beside this generator and passes on how far it is; its result comes last, its error is raised."""
    steps: queue.Queue[str | None] = queue.Queue()
    done: list[SyncReport] = []
    failed: list[OnRecordError] = []

    def run() -> None:
        try:
            done.append(work(steps.put))
        except OnRecordError as error:
            failed.append(error)
        finally:
            steps.put(None)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    while (step := steps.get()) is not None:
        yield step, None
    worker.join()
    if failed:
        raise failed[0]
    if not done:
        raise InputError("The articles could not be stored; see the server's messages.")
    yield "", done[0]
