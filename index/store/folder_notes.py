"""What the catalogue keeps of watched folders: what each file was when it was last read, and which are gone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onrecord.index.errors import InputError
from onrecord.index.store.base import Database, now

TABLES = """
CREATE TABLE IF NOT EXISTS folders (
    path TEXT PRIMARY KEY, since TEXT NOT NULL, looked TEXT NOT NULL, said TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folder_files (
    folder TEXT NOT NULL REFERENCES folders(path) ON DELETE CASCADE,
    path TEXT NOT NULL, stamp TEXT NOT NULL, said TEXT NOT NULL, gone INTEGER NOT NULL, PRIMARY KEY (folder, path)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is watched. ``looked``: when it was last looked through, ISO 8601 in UTC; ``said``: why it was not.

    ``files``: how many of it are known; ``unread``: ``(path, why)`` of those that could not be read in full; ``gone``:
    those that are no longer there, whose articles still are.
    """

    path: str
    since: str
    looked: str
    said: str
    files: int = 0
    unread: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileNote:
    """A file of a folder. ``stamp``: its size and when it was last written; ``said``: why it could not be read."""

    path: str
    stamp: str
    said: str = ""


class FolderNotes:
    """Beside the articles, in the same file; nothing here changes the collection's revision."""

    def __init__(self, database: Database) -> None:
        self._reader, self._writer, self._transaction = database.reader, database.writer, database.transaction

    def folders(self) -> tuple[Folder, ...]:
        """In the order in which they were given."""
        with self._reader() as connection:
            rows = connection.execute("SELECT path, since, looked, said FROM folders ORDER BY since, path").fetchall()
            files = connection.execute("SELECT folder, path, said, gone FROM folder_files ORDER BY path").fetchall()
        found = []
        for row in rows:
            own = [one[1:] for one in files if one[0] == row[0]]
            unread = tuple((path, said) for path, said, gone in own if said and not gone)
            gone = tuple(path for path, _, gone in own if gone)
            found.append(Folder(*[*row, len(own) - len(gone), unread, gone]))
        return tuple(found)

    def folder(self, path: str) -> Folder:
        """Raises ``InputError`` for one that is not watched."""
        found = next((one for one in self.folders() if one.path == path), None)
        if found is None:
            raise InputError(f"The folder {path} is not watched; `onrecord watch` lists those that are.")
        return found

    def watch(self, path: str) -> None:
        with self._writer() as connection:
            connection.execute("INSERT INTO folders VALUES (?, ?, '', '') ON CONFLICT DO NOTHING", (path, now()))

    def unwatch(self, path: str) -> None:
        with self._writer() as connection:
            connection.execute("DELETE FROM folders WHERE path = ?", (path,))

    def stamps(self, folder: str) -> dict[str, str]:
        """What each file was that is there, as far as is known."""
        query = "SELECT path, stamp FROM folder_files WHERE folder = ? AND gone = 0"
        with self._reader() as connection:
            return dict(connection.execute(query, (folder,)))

    def read(self, folder: str, files: Iterable[FileNote]) -> None:
        """Notes what these files were when they were read."""
        query = """
            INSERT INTO folder_files VALUES (?, ?, ?, ?, 0) ON CONFLICT (folder, path)
            DO UPDATE SET stamp = excluded.stamp, said = excluded.said, gone = 0"""
        with self._transaction() as connection:
            connection.executemany(query, [(folder, one.path, one.stamp, one.said) for one in files])

    def looked(self, folder: str, *, gone: Sequence[str] = (), said: str = "") -> None:
        """Notes that the folder was looked through, and which files it has no longer."""
        with self._transaction() as connection:
            connection.execute("UPDATE folders SET looked = ?, said = ? WHERE path = ?", (now(), said, folder))
            rows = [(folder, path) for path in gone]
            connection.executemany("UPDATE folder_files SET gone = 1 WHERE folder = ? AND path = ?", rows)

    def forget(self, folder: str, files: Sequence[str]) -> None:
        with self._transaction() as connection:
            rows = [(folder, path) for path in files]
            connection.executemany("DELETE FROM folder_files WHERE folder = ? AND path = ?", rows)
