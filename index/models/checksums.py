"""Checksums of files that rarely change: hashed once, then remembered by a stamp beside them.

The stamp is cheap to compare: size, times of change of content and of inode, and the inode's number. A file whose stamp
differs in any of them is hashed again, whatever its other marks say.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

STAMP = ".verified.json"


def checksums(folder: Path, paths: Iterable[str], *, trust_stamp: bool = True) -> dict[str, str]:
    """The sha256 of each of these files below ``folder``; those that are not there are not in the result."""
    known = _read(folder)
    sums, stamps = {}, {}
    for path in paths:
        file = folder / path
        if not file.is_file():
            continue
        stat = file.stat()  # before the file is read: a change in the meantime makes another stamp
        marks = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        if trust_stamp and known.get(path, [])[:-1] == marks:
            sums[path] = str(known[path][-1])
        else:
            sums[path] = sha256_of(file)
            stamps[path] = [*marks, sums[path]]
    if stamps:
        _write(folder, {**known, **stamps})
    return sums


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(folder: Path) -> dict[str, list[Any]]:
    try:
        stamps = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    stamps = stamps if isinstance(stamps, dict) else {}
    return {path: stamp for path, stamp in stamps.items() if isinstance(stamp, list) and stamp}


def _write(folder: Path, stamps: Mapping[str, Any]) -> None:
    """A folder that cannot be written (shared by an administrator, say) costs a hash each time, nothing more."""
    temporary = folder / f"{STAMP}.{os.getpid()}"
    try:
        temporary.write_text(json.dumps(stamps), encoding="utf-8")
        temporary.replace(folder / STAMP)
    except OSError:
        return
