"""What a process notes of its own caches where the catalogue is shared with others: a small file beside them."""

import contextlib
import json
from pathlib import Path
from typing import ClassVar

from onrecord.index.store import modes
from onrecord.index.store.schema import plain_errors

FILE = "caches.json"


class OwnNotes:
    """Of one folder. What cannot be read counts as nothing noted: the caches are then brought in step again."""

    # Those that the catalogue keeps where it is not shared.
    NAMES: ClassVar = ("vectors_revision", "vectors_generation")

    def __init__(self, folder: Path) -> None:
        modes.make_folder(folder)
        self._file = folder / FILE
        self._notes: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self._notes = dict(json.loads(self._file.read_text(encoding="utf-8")))

    def get(self, name: str) -> str:
        return self._notes.get(name, "")

    def set(self, name: str, value: str) -> None:
        self._notes = {**self._notes, name: value}
        with plain_errors(self._file.parent, "list of caches"):
            modes.write_text(self._file, json.dumps(self._notes))
