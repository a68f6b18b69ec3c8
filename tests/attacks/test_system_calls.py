"""Nothing leaves the machine, seen from outside: system calls, in which native code shows as well as Python.

The same day's work (``a_day.py``) is done twice at once: under strace, and in a network namespace with loopback alone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from onrecord.index.models.catalogue import find_entry
from onrecord.index.private import SWITCHES

DAY = Path(__file__).with_name("a_day.py")
IDLE = 90  # seconds; onnxruntime's first look-up came 9 s after its import, others say a minute
TRACE = (
    "strace",
    "-ff",
    "--seccomp-bpf",
    "-qq",
    "-s",
    "256",
    "-e",
    "trace=connect,bind,sendto,sendmsg,sendmmsg,openat",
)
ADDRESS = re.compile(r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
# Where a name is looked up: over the network these are read first, or another process is asked through a socket.
LOOK_UP = re.compile(r'"/etc/resolv\.conf"|"/run/systemd/resolve/io\.systemd\.Resolve"|avahi-daemon/socket"')
LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")

pytestmark = [pytest.mark.slow, pytest.mark.waits, pytest.mark.timeout(900)]
# onnxruntime keeps its telemetry to itself where it finds one of these: with them the watch would prove nothing.
QUIET_WHERE = (
    "CI APPVEYOR BUILDKITE CIRCLECI CODEBUILD_BUILD_ID GITHUB_ACTIONS GITLAB_CI JENKINS_URL TEAMCITY_VERSION TF_BUILD "
    "TRAVIS"
).split()


@dataclass(frozen=True)
class Seen:
    """What a program gave, what it reached for or can be reached by, and the files that it left in its folders."""

    result: "subprocess.CompletedProcess[str]"
    outside: list[str]
    look_ups: list[str]
    left: list[str]

    @property
    def steps(self) -> dict[str, dict[str, object]]:
        assert self.result.returncode == 0, self.result.stdout[-2000:] + self.result.stderr[-4000:]
        steps: dict[str, dict[str, object]] = json.loads(self.result.stdout.splitlines()[-1])
        return steps


def able(*command: str) -> tuple[str, ...]:
    """The command, once it has run here; else the test is left out, except in CI, where that is a failure."""
    if shutil.which(command[0]):
        tried = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=60)
        if tried.returncode == 0:
            return command
        reason = f"{command[0]} is not permitted here: {tried.stderr.strip()}"
    else:
        reason = f"{command[0]} is not on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Watched:
    """A program that was started in a folder of its own, with a home and a temporary folder of its own."""

    def __init__(self, folder: Path, watch: tuple[str, ...], program: list[str], **environment: str) -> None:
        self.folder = folder
        for name in ("home", "tmp", "work", "calls"):
            (folder / name).mkdir(parents=True)
        apart = {*SWITCHES, *QUIET_WHERE}
        bare = {k: v for k, v in os.environ.items() if k not in apart and not k.startswith(("ONRECORD_", "XDG_"))}
        own = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), **environment}
        self.process = subprocess.Popen(
            [*watch, sys.executable, *program],
            cwd=folder / "work",
            env={**bare, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def seen(self) -> Seen:
        out, err = self.process.communicate(timeout=800)
        result = subprocess.CompletedProcess(self.process.args, self.process.returncode, out, err)
        lines = [line for path in (self.folder / "calls").iterdir() for line in path.read_text().splitlines()]
        outside = [
            line
            for line in lines
            if not line.startswith("openat(")
            and any(not LOOPBACK.match(four or six) for four, six in ADDRESS.findall(line))
        ]
        left = [
            str(path.relative_to(self.folder))
            for name in ("home", "tmp", "work")
            for path in sorted((self.folder / name).rglob("*"))
            if not path.is_dir()
        ]
        return Seen(result, outside, [line for line in lines if LOOK_UP.search(line)], left)


def traced(folder: Path, program: list[str], **environment: str) -> Watched:
    folder.mkdir()
    return Watched(folder / "own", (*able(*TRACE), "-o", str(folder / "own" / "calls" / "of")), program, **environment)


def shut_in(folder: Path, program: list[str], **environment: str) -> Watched:
    """In a network namespace of its own, where loopback is up and nothing else is."""
    apart = able("unshare", "-n" if os.geteuid() == 0 else "-rn")
    up = (*apart, "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    return Watched(folder, able(*up), program, **environment)


def models_without_export(folder: Path) -> str:
    """The models of this machine by links, but without the embedder's exported form, which is then made anew."""
    for name in ("all-minilm-l6-v2", "smollm2-135m"):
        entry = find_entry(name)
        for file in entry.files:
            link = folder / name / file.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(entry.folder / file.path)
    return str(folder)


# -- the watch sees what it must see ---------------------------------------------------------------------------


def test_the_trace_sees_a_look_up_and_a_connection(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        "for what in (lambda: socket.getaddrinfo('nobody.invalid', 80),"
        " lambda: socket.create_connection(('192.0.2.1', 9), 0.2)):\n"
        "    try:\n        what()\n    except OSError:\n        pass\n"
    )
    seen = traced(tmp_path / "control", ["-c", program]).seen()
    assert seen.look_ups
    assert any("192.0.2.1" in line for line in seen.outside)


def test_the_trace_takes_loopback_for_what_it_is(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        "for host in ('127.0.0.1', '::1'):\n"
        "    try: socket.create_connection((host, 9), 0.2)\n"
        "    except OSError: pass\n"
    )
    seen = traced(tmp_path / "control", ["-c", program]).seen()
    assert (seen.outside, seen.look_ups) == ([], [])


def test_the_namespace_has_no_way_out(tmp_path: Path) -> None:
    program = "import socket\nsocket.create_connection(('192.0.2.1', 9), 2)"
    assert "Network is unreachable" in shut_in(tmp_path / "control", ["-c", program]).seen().result.stderr


# -- a day's work ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """The day under strace, the day shut in, and onnxruntime as it comes: all at once, as most of it is waiting."""
    folder = tmp_path_factory.mktemp("day")
    program = [str(DAY), str(IDLE)]
    started: dict[str, Watched] = {}
    try:
        started["telemetry"] = traced(folder / "telemetry", ["-c", "import onnxruntime, time\ntime.sleep(45)"])
        for name, start in (("traced", traced), ("shut in", shut_in)):
            models = models_without_export(folder / f"models of {name}")
            started[name] = start(folder / name, program, ONRECORD_MODELS=models)
        yield {name: watched.seen() for name, watched in started.items()}
    finally:
        for watched in started.values():
            watched.process.kill()


def test_onnxruntime_as_it_comes_would_be_seen(day: dict[str, Seen]) -> None:
    assert day["telemetry"].look_ups
    assert "tmp/.ses" in day["telemetry"].left


@pytest.mark.model
def test_a_days_work_and_ninety_idle_seconds_reach_nobody(day: dict[str, Seen]) -> None:
    assert day["traced"].steps.keys() == {"add", "search", "ask", "chat", "app"}
    assert day["traced"].look_ups == []
    assert day["traced"].outside == []


@pytest.mark.model
@pytest.mark.parametrize("where", ["traced", "shut in"])
def test_everything_works_without_a_way_out(day: dict[str, Seen], where: str) -> None:
    steps = day[where].steps
    assert all(step["code"] == 0 for name, step in steps.items() if name != "ask"), steps
    assert steps["ask"]["code"] in (0, 3), steps  # the smallest model may not find the answer
    assert "cracks" in str(steps["search"]["said"])
    assert "ferry" in str(steps["app"]["said"])
    assert steps["chat"]["status"] in ("answered", "abstained")


@pytest.mark.model
@pytest.mark.parametrize("where", ["traced", "shut in"])
def test_no_file_is_left_beside_the_data(day: dict[str, Seen], where: str) -> None:
    """Empty folders of caches may be; no identifier fits into one."""
    assert {path for path in day[where].left if not path.startswith("work/")} == set()
    assert {path.split("/")[1] for path in day[where].left} == {"article.txt", "chat.log", "data", "app-data"}
