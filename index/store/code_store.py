"""The codes on disk: a cache, so that a large collection opens without its vectors being read.

One file of rows, each a passage's key, its article's number, and its code. As a key is never given to another passage,
a row stays true as long as its passage is there; what is added goes to the end. The first row tells how many rows
count, and their checksum: what a process that was cut off has left behind them is written over.
"""

import logging
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onrecord.index.store import modes
from onrecord.index.store.codes import Codes
from onrecord.index.types import Keys

log = logging.getLogger(__name__)
FILE = "codes"
_FORMAT = 0x6F6E_7263_0001
_HEAD = 5  # numbers before the first row: the format, the revision, words of a code, rows, their checksum
_BEFORE = 2  # numbers of a row before its code


@dataclass(frozen=True, slots=True)
class CodedRows:
    """Passages in order of their keys, the number of each one's article, and each one's code."""

    keys: Keys
    numbers: NDArray[np.int64]
    codes: Codes


class CodeStore:
    """One thread at a time uses it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._last = 0  # the greatest key in the file
        self._rows, self._check = 0, 0

    def load(self) -> CodedRows | None:
        """What is on disk; ``None`` when that is nothing, or not whole."""
        try:
            found = np.fromfile(self._file, dtype=np.uint64)
            kind, _, words, rows, check = (int(number) for number in found[:_HEAD])
            width = _BEFORE + words
            table = found[_HEAD : _HEAD + rows * width].reshape(rows, width)
        except (OSError, ValueError):
            return None
        if kind != _FORMAT or not rows or zlib.crc32(table.data) != check:
            return None
        keys, numbers = (np.ascontiguousarray(table[:, place]).astype(np.int64) for place in range(_BEFORE))
        self._last, self._rows, self._check = int(keys[-1]), rows, check
        return CodedRows(keys, numbers, np.ascontiguousarray(table[:, _BEFORE:]))

    def unsaved(self, keys: Keys) -> int:
        """How many of these, which ascend, come after the last in the file."""
        return len(keys) - int(np.searchsorted(keys, self._last, side="right"))

    def append(self, rows: CodedRows | None, revision: int) -> None:
        """Keeps those that come after the last in the file. A disk that takes nothing is told in the log."""
        if rows is None or not len(rows.keys):
            return
        start = len(rows.keys) - self.unsaved(rows.keys)
        facts = [column[start:].astype(np.uint64) for column in (rows.keys, rows.numbers)]
        table = np.ascontiguousarray(np.column_stack([*facts, rows.codes[start:]]))  # row by row, as in the file
        count, check = self._rows + len(table), zlib.crc32(table.data, self._check)
        head = np.array([_FORMAT, revision, rows.codes.shape[1], count, check], dtype=np.uint64)
        try:
            modes.make_file(self._file)
            with self._file.open("r+b") as opened:
                opened.seek(head.nbytes + self._rows * table.shape[1] * table.itemsize)
                opened.truncate()
                # The head last, when what it tells of is there.
                for place, block in ((opened.tell(), table), (0, head)):
                    opened.seek(place)
                    opened.write(block.data)
                    opened.flush()
                    os.fsync(opened.fileno())
        except OSError as error:
            self.forget()
            log.warning("The codes of the vectors could not be kept on disk and will be made anew: %s", error)
            return
        self._last, self._rows, self._check = int(rows.keys[-1]), count, check

    def replace(self, rows: CodedRows | None, revision: int) -> None:
        """Keeps these and no others, so that nothing of a removed passage is left."""
        self.forget()
        self.append(rows, revision)

    def prune(self, revision: int) -> None:
        """Deletes what is of no use, or of a later revision than this one: its keys may be another's by now."""
        try:
            kind, stored = np.fromfile(self._file, dtype=np.uint64, count=2).tolist()
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            kind, stored = 0, 0
        if kind != _FORMAT or stored > revision:
            self.forget()

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)
        self._last, self._rows, self._check = 0, 0, 0
