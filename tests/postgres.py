"""A PostgreSQL of the tests' own: Debian's, on a temporary folder, reached by a socket there and by loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

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


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    there = found[-1] if found else shutil.which("initdb")
    return Path(there).parent if there else None


@contextmanager
def running() -> Iterator[Server]:
    """A server, until the end. Without PostgreSQL the test is skipped, but in CI that is a failure."""
    programs = _programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL must be installed for CI: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed here: apt-get install postgresql")
    account: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="onrecord-postgres-", dir="/tmp"))
    if os.geteuid() == 0:  # it refuses to be run by root
        account = {"user": "postgres", "group": "postgres", "extra_groups": []}
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    folder.chmod(0o755)
    word = folder / "password"
    word.write_text(PASSWORD, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        data = str(folder / "data")
        ways = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={word}"]
        make = [str(programs / "initdb"), "-D", data, "-U", "tester", "-E", "UTF8", "--locale=C", "--no-sync", *ways]
        subprocess.run(make, check=True, capture_output=True, cwd=folder, **account)
        options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40"
        control = [str(programs / "pg_ctl"), "-D", data, "-w", "-l", f"{data}/log"]
        subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd=folder, **account)
        try:
            yield Server(folder, port)
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder, **account
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
