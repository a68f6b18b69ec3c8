"""A PostgreSQL of the tests' own: Debian's, on a temporary folder, reached by a socket there and by loopback."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from onrecord.ui.server.cluster import nginx_program, postgresql, postgresql_programs
from tests.ports import free_port

PASSWORD = "st/ill@water"
_schemas = count(1)


@dataclass(frozen=True)
class Server:
    """``new()`` is the address of a collection that nobody has used; ``outside()``: with a password, by loopback."""

    folder: Path
    port: int

    def new(self) -> str:
        return f"postgresql://tester@/postgres?host={self.folder}&port={self.port}&schema=s{next(_schemas)}"

    def outside(self, password: str) -> str:
        return f"postgresql://tester:{password}@127.0.0.1:{self.port}/postgres?schema=s{next(_schemas)}"


def need_all_parts() -> None:
    """For a test of a whole cluster."""
    must_be_there(PostgreSQL=postgresql_programs(), nginx=nginx_program())


def must_be_there(**programs: object) -> None:
    """Where one of them is None the test is skipped, but in CI that is a failure."""
    if missing := " and ".join(name for name, found in programs.items() if found is None):
        said = f"{missing}, which `make test` installs where it can (apt-get install postgresql nginx-light)"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have {said}")
        pytest.skip(f"not installed here: {said}")


@contextmanager
def running() -> Iterator[Server]:
    """A server, until the end."""
    programs = postgresql_programs()
    must_be_there(PostgreSQL=programs)
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="onrecord-postgres-", dir="/tmp"))
    port = free_port()
    try:
        with postgresql(programs, folder, port, user="tester", password=PASSWORD):
            yield Server(folder, port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
