"""A cluster on one machine, to try it: PostgreSQL and Chroma, servers over them, nginx before; nothing is kept."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from onrecord.index.errors import InputError, OnRecordError

NGINX = """\
upstream onrecord {{
  least_conn;
{servers}}}
server {{
  listen {listen};
  client_max_body_size 60m;
  location / {{
    proxy_pass http://onrecord;
    proxy_connect_timeout 2s;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_buffering off;
    proxy_read_timeout 600s;
    proxy_next_upstream error timeout http_503 non_idempotent;
    proxy_next_upstream_tries 3;
  }}
}}
"""
_PATHS = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # where nginx may be, though no person's commands are there
_PATIENCE = 200.0  # seconds for a server to start
_ENDING = 30.0  # seconds for a process to end before it is killed

Process = subprocess.Popen[bytes]


def nginx_lines(listen: str, ports: Sequence[int]) -> str:
    """What nginx is told of servers at these ports of this machine."""
    # A question may be asked twice, so what a server has not begun to answer is put to another (non_idempotent).
    # With failures counted, two servers that restart one after the other would both be left alone, and people refused.
    servers = "".join(f"  server 127.0.0.1:{port} max_fails=0;\n" for port in ports)
    return NGINX.format(listen=listen, servers=servers)


def nginx_program() -> str | None:
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), *_PATHS]))


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's programs; the latest where there are several."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    there = found[-1] if found else shutil.which("initdb")
    return Path(there).parent if there else None


@contextmanager
def postgresql(programs: Path, folder: Path, port: int, *, user: str, password: str = "") -> Iterator[None]:
    """A PostgreSQL in an empty folder, until the end, for ``user``: by a socket there; by loopback with a password."""
    account: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to be run by root
        account = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres")
    folder.chmod(0o755)
    data, word = str(folder / "data"), folder / "password"
    ways = ["--auth-local=trust", "--auth-host=scram-sha-256"]
    if password:
        word.write_text(password, encoding="utf-8")
        ways.append(f"--pwfile={word}")
    make = [str(programs / "initdb"), "-D", data, "-U", user, "-E", "UTF8", "--locale=C", "--no-sync", *ways]
    _run(make, folder, account)
    address = "127.0.0.1" if password else ""
    options = f"-k {folder} -p {port} -c unix_socket_permissions=0700 -c listen_addresses={address} -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", data, "-w", "-l", f"{data}/log"]
    _run([*control, "-o", options, "start"], folder, account)
    try:
        yield
    finally:
        _run([*control, "-m", "immediate", "stop"], folder, account, must=False)


def _run(command: list[str], folder: Path, account: dict[str, Any], *, must: bool = True) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, **account)
    if must and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise OnRecordError(f"PostgreSQL could not be started here: {said[-1] if said else command[0]}")


@dataclass(slots=True)
class Member:
    """A process that answers at a port, with a folder of its own."""

    port: int
    folder: Path
    command: Sequence[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = _started(self.command, log, env={**os.environ, **self.settings})

    def wait(self) -> None:
        """Until it answers; `OnRecordError` where it ended before that."""
        _wait(self.process, self.port, self.folder / "log")


def _chroma(port: int, folder: Path) -> Member:
    command = [sys.executable, "-c", "from chromadb.cli.cli import app; app()", "run", "--host", "127.0.0.1"]
    return Member(port, folder, [*command, "--port", str(port), "--path", str(folder)])


def _server(port: int, folder: Path, url: str, chroma: str, flags: Sequence[str]) -> Member:
    """One ``onrecord serve`` over the database and Chroma."""
    own = {"DATA": str(folder), "INDEX_CATALOGUE_URL": url, "INDEX_CHROMA_URL": chroma}
    command = [sys.executable, "-m", "onrecord.ui.cli.main", "serve", "--port", str(port), *flags]
    return Member(port, folder, command, {f"ONRECORD_{name}": value for name, value in own.items()})


@dataclass(frozen=True, slots=True)
class Cluster:
    """``address``: where nginx listens; ``url``: the database, for ``--data``."""

    address: str
    url: str
    chroma: Member
    servers: Sequence[Member]

    def ended(self) -> Iterator[Member]:
        """Those that went away, each once the one that is started in its place answers."""
        for server in (self.chroma, *self.servers):
            if server.process.poll() is not None:
                server.start()
                server.wait()
                yield server


@contextmanager
def cluster(listen: int, chroma_port: int, ports: Sequence[int], flags: Sequence[str]) -> Iterator[Cluster]:
    """PostgreSQL, Chroma, a server at each of ``ports``, and nginx at ``listen``, of this machine alone, until the end.

    Raises `InputError` where PostgreSQL or nginx is not installed.
    """
    programs, nginx = postgresql_programs(), nginx_program()
    if programs is None or nginx is None:
        raise InputError("PostgreSQL and nginx are needed for this; on Debian: apt-get install postgresql nginx-light.")
    with ExitStack() as ends:
        folder = Path(ends.enter_context(TemporaryDirectory(prefix="onrecord-cluster-", ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        base = folder / "postgresql"
        base.mkdir()
        ends.enter_context(postgresql(programs, base, 5432, user="onrecord"))
        url = f"postgresql://onrecord@/postgres?host={quote(str(base), safe='')}"
        chroma = _chroma(chroma_port, folder / "chroma")
        ends.callback(lambda: _end(chroma.process))
        servers = []
        for number, port in enumerate(ports, start=1):
            at = f"http://127.0.0.1:{chroma_port}"
            servers.append(_server(port, folder / f"server-{number}", url, at, flags))
            ends.callback(lambda one: _end(one.process), servers[-1])
        for one in (chroma, *servers):
            one.wait()
        config = folder / "nginx.conf"
        config.write_text(_nginx_config(folder, nginx_lines(f"127.0.0.1:{listen}", ports)), encoding="utf-8")
        before = _started([nginx, "-c", str(config), "-e", str(folder / "nginx.log")], subprocess.DEVNULL)
        ends.callback(_end, before)
        _wait(before, listen, folder / "nginx.log")
        yield Cluster(f"http://127.0.0.1:{listen}", url, chroma, servers)


def _nginx_config(folder: Path, lines: str) -> str:
    """With all that nginx writes in a folder of our own."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    kept = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    start = f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\n{user}events {{}}\n"
    return f"{start}http {{\naccess_log off;\n{kept}{lines}}}\n"


def _started(command: Sequence[str], out: Any, **options: Any) -> Process:
    """In a session of its own, so that Ctrl-C reaches this process alone, which then ends the others in order."""
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **options
    )


def _wait(process: Process, port: int, log: Path) -> None:
    """Until this port answers, be it that it cannot; `OnRecordError` where the process ended before that."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    raise OnRecordError(f"A process could not be started: {said[-1] if said else 'it said nothing'}")


def _end(process: Process) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
