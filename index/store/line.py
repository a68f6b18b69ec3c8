"""A line of migrations: tables that change together, and where a database notes how far it has come along the line.

Nothing here imports Alembic: `onrecord.index.store.migrating` does, for tables that are behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from onrecord.index.errors import StoreError


@cache
def own_version() -> str:
    """Of this OnRecord."""
    return version("onrecord")


@dataclass(frozen=True, slots=True)
class Line:
    """``tables``: as the last migration leaves them, in the words for SQLite; a new place gets these at once.

    ``migrations``: the folder of the files that lead there, named by their numbers. ``sign``: one of the tables, by
    which one knows that they are there. ``noted``: the table for the number of the last one that was made, Alembic's
    own, and for the OnRecord that made it. ``file``: what a new file of SQLite gets besides.
    """

    tables: str
    migrations: Path
    sign: str
    noted: str = "alembic_version"
    file: str = ""

    @property
    def known(self) -> list[str]:
        """The numbers of all migrations, in their order."""
        return sorted(file.name[:4] for file in self.migrations.glob("[0-9]*.py"))

    @property
    def newest(self) -> str:
        return self.known[-1]

    @property
    def table(self) -> str:
        """The statement that makes ``noted``, as Alembic would, and with a column more."""
        columns = "version_num VARCHAR(32) PRIMARY KEY, made_by VARCHAR NOT NULL DEFAULT ''"
        return f"CREATE TABLE IF NOT EXISTS {self.noted} ({columns});"

    @property
    def made(self) -> str:
        """The statements that make the tables, and note that they are the newest."""
        return f"{self.tables} {self.table} INSERT INTO {self.noted} VALUES ('{self.newest}', '{own_version()}');"

    @property
    def asked(self) -> str:
        """The query for what is noted."""
        return f"SELECT version_num, made_by FROM {self.noted}"

    def is_behind(self, noted: Sequence[str] | None, where: str) -> bool:
        """Whether there are newer tables than these. Raises ``StoreError`` for those that only a newer OnRecord knows.

        ``noted``: what is noted; None for tables that are older than any note. ``where``: the beginning of a sentence.
        """
        known = self.known
        if noted and noted[0] not in known:
            raise StoreError(
                f"{where} was written by a newer OnRecord ({noted[1]}, schema {noted[0]}; this one knows those up to "
                f"{known[-1]}); update OnRecord, or choose another place with --data."
            )
        return not noted or noted[0] != known[-1]
