"""Small texts that several processes read and change: a file each or, where servers share a database, notes in it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from onrecord.index.store import modes
from onrecord.ui.desk.tables import Tables, keep_note


class Document(Protocol):
    """One text, named by `str`."""

    def read(self) -> str:
        """What was last written; empty where nothing was."""

    def changing(self) -> AbstractContextManager[object]:
        """Within, nobody else changes it, in whatever process."""

    def write(self, text: str) -> None:
        """Whole or not at all."""


def document(file: Path, tables: Tables | None) -> Document:
    """The file, or where there are ``tables`` a note of its name; the first takes over what its file held."""
    return FileDocument(file) if tables is None else SharedDocument(tables, file)


@dataclass(frozen=True, slots=True)
class FileDocument:
    """A `Document` that its owner alone can read."""

    file: Path

    def read(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def changing(self) -> AbstractContextManager[object]:
        modes.make_folder(self.file.parent)
        return FileLock(self.file.with_suffix(".lock"), timeout=10, mode=modes.FILE)

    def write(self, text: str) -> None:
        modes.write_text(self.file, text)

    def __str__(self) -> str:
        return str(self.file)


class SharedDocument:
    """A `Document` of every server over one database."""

    def __init__(self, tables: Tables, file: Path) -> None:
        self._tables, self._name = tables, file.name
        if file.exists():
            with self.changing():
                taken = not self.read()
                if taken:
                    self.write(file.read_text(encoding="utf-8"))
            if taken:  # else it stays, and says nothing any longer: what is shared is in force
                file.unlink()

    def read(self) -> str:
        rows = self._tables.execute("SELECT value FROM notes WHERE name=?", (self._name,))
        return str(rows[0][0]) if rows else ""

    @contextmanager
    def changing(self) -> Iterator[None]:
        with self._tables.changing():
            self._tables.execute("INSERT INTO notes VALUES (?, '') ON CONFLICT (name) DO NOTHING", (self._name,))
            self._tables.execute("UPDATE notes SET value=value WHERE name=?", (self._name,))  # others wait for the row
            yield

    def write(self, text: str) -> None:
        keep_note(self._tables, self._name, text)

    def __str__(self) -> str:
        return f"the note {self._name} of the database"
