"""Commands on a folder that a running server has open go through the server, and say the same as if they had it."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from typer.testing import Result

from onrecord.index import Library
from onrecord.index.store.lock import owner_of
from onrecord.qa.build import build_assistant
from onrecord.ui.cli import opening as cli_open
from onrecord.ui.cli import served
from onrecord.ui.desk.collections import Collections
from onrecord.ui.http.client import place_of
from onrecord.ui.server.connections import Config, ConnectionLimits
from onrecord.ui.server.doors import create_api
from onrecord.ui.server.guard import Guard
from onrecord.ui.server.keys import FILE_NAME, Keys
from onrecord.ui.server.serving import Server
from tests.conftest import FakeEmbedder, FakeEngine, fill
from tests.ports import free_port
from tests.ui.behind_doors import until
from tests.ui.cli_stage import Stage, staged

QUESTION = "How many people does the boat hold?"
REPLY = "The boat holds 60 people."
STORY = "The bridge was closed on Monday. Repairs will take nine months."


class Running:
    """A server over ``library`` that asks everybody for a key, as `onrecord serve --require-key` does."""

    def __init__(self, folder: Path, engine: FakeEngine | None, *, several: bool = False) -> None:
        self.library = Library(folder, embedder=FakeEmbedder())
        if not (folder / FILE_NAME).exists():
            Keys(folder / FILE_NAME).add("somebody")

        def opener(beside: Path) -> Any:
            library = Library(beside, embedder=FakeEmbedder())
            return library, build_assistant(cli_open.settings_of(None), library, None)

        assistant = build_assistant(cli_open.settings_of(None), self.library, engine)
        self.app = create_api(self.library, assistant, keys_required=True, opener=opener if several else None)
        self.collections: Collections = self.app.state.collections
        self.port = free_port()
        config = Config(self.app, limits=ConnectionLimits(), host="127.0.0.1", port=self.port)
        self.server = Server(config, to=sys.stderr, collections=self.collections)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        until(lambda: "address" in owner_of(folder))

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.library.close()


def engine() -> FakeEngine:
    made = FakeEngine()
    made.enqueue(*[REPLY] * 8)
    return made


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The same articles in the folder of the stage, which nobody has open, and in `served`."""
    stage = staged(tmp_path, monkeypatch)
    stage.fill()
    fill(tmp_path / "served", FakeEmbedder())
    monkeypatch.setattr(
        "onrecord.ui.cli.models.examined_models",
        lambda settings: [{"name": "small", "state": "fine", "needed": True, "cure": ""}],
    )
    for module in ("files", "process"):  # which file is being read is said of slow ones, and here that is chance
        monkeypatch.setattr(f"onrecord.index.reading.{module}.SLOW", 1e4)
    monkeypatch.setattr("onrecord.index.folders.SETTLED", 0.0)
    (tmp_path / "news").mkdir()
    files = {"one.txt": STORY, "two.txt": STORY.replace("Monday", "Friday"), "bad.txt": "", "x.pages": "x"}
    for name, text in files.items():
        (tmp_path / "news" / name).write_text(text)
    return stage


@pytest.fixture
def running(stage: Stage) -> Iterator[Running]:
    made = Running(stage.folder / "served", engine())
    yield made
    made.stop()


def comparable(text: str) -> str:
    """Without what no two runs have in common: where the collection is, when, and how long it took."""
    text = re.sub(r'"([a-z_]+)": ("20\d\d-\d\d-\d\dT[^"]*"|\d+\.\d+(e-\d+)?)', r'"\1": 0', text)
    text = re.sub(r'(?m)^[0-9a-f]{8}  |"id": "[0-9a-f]{8}"', "", text)
    text = re.sub(r"Adding articles: \d+ %\n", "", text)  # it is said of what takes long, and here that is chance
    text = re.sub(r"\d\d-\d\dT\d\d:\d\d", "0", text)  # in a table, whose columns may break a line
    return text.replace(str(Path("served")), "data")


def both(stage: Stage, arguments: list[str]) -> tuple[Result, Result]:
    stage.engine = engine()
    alone = stage.run(*arguments, "--data", "data")
    return alone, stage.run(*arguments, "--data", "served")


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize(
    "commands",
    [
        ["add news", "add news/one.txt", "list", "add news/one.txt gone.txt --quiet", "add gone.txt", "add bad"],
        ["list", "list --source 'River_Herald'", "list --source Planet", "list --from 2031", "list --article none"],
        ["watch", "watch news", "watch", "watch news --remove-gone", "unwatch news", "unwatch news", "watch nowhere"],
        ["remove bridge nowhere", "remove bridge museum", "list", "remove bridge"],
        [
            "edit ferry --source Sky --published 2024-03-11",
            "edit ferry --published soon",
            "edit none --title X",
            "list",
        ],
        [
            "search boat",
            "search boat -k 300",
            "search zebra --from 2031",
            "search boat --min-score 1",
            "search boat --article none",
            "list --to x",
        ],
        ["ask Q --no-model", "ask Q", "ask Q --length phrase", "ask Q --source River", "ask Q --article none"],
        ["ask capital_of_Australia? --no-model", "ask Q --no-model --from 2031", "ask Q --no-model --article museum"],
        ["doctor", "ask Q --model fake-engine"],
        ["people", "people --top 1 --source River", "said Brandt", "said Lavrov", "said ?", "said Brandt --from 2031"],
        ["questions", "questions save Q", "questions save Q --article none", "questions ask", "questions seen"],
        ["questions seen none", "questions remove none", "questions save Q --source River", "questions"],
    ],
    ids=lambda commands: commands[0].replace(" ", "_"),
)
def test_a_command_says_the_same_through_a_server(
    stage: Stage, running: Running, commands: list[str], as_json: list[str]
) -> None:
    for command in commands:
        words = [QUESTION if word == "Q" else word.replace("_", " ").strip("'") for word in command.split()]
        alone, through = both(stage, words + as_json)
        assert through.exit_code == alone.exit_code, (command, through.output)
        assert comparable(through.stdout) == comparable(alone.stdout), command
        assert comparable(through.stderr) == comparable(alone.stderr), command
    assert running.library.revision  # it was the server's all along


def test_a_file_that_changed_replaces_what_it_held_and_its_text_is_read_by_the_command(
    stage: Stage, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_reading(*given: object, **options: object) -> None:
        raise AssertionError("the server opened a path")

    monkeypatch.setattr(Library, "read_paths", no_reading)
    monkeypatch.setattr(Library, "add_paths", no_reading)
    arguments = ["add", "news/one.txt", "--data", "served"]
    [added] = json.loads(stage.run(*arguments, "--json").stdout)["added"]
    (stage.folder / "news/one.txt").write_text(STORY.replace("nine", "ten"))
    report = json.loads(stage.run(*arguments, "--json").stdout)
    assert len(report["changed"]) == 1 and report["removed"] in ([], [added])
    texts = [running.library.article(info.id).text for info in running.library.articles()]
    assert [text for text in texts if text.startswith("The bridge was closed on Monday. Rep")] == [
        STORY.replace("nine", "ten")
    ]


def test_a_long_addition_is_sent_in_parts_and_tells_how_far_it_is(
    stage: Stage, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "TOGETHER", 1)
    told: list[tuple[int, int]] = []
    settings, place = cli_open.settings_of(stage.folder / "served"), place_of(stage.folder / "served")
    assert place
    with contextlib.closing(served.ServedCollection(settings, place)) as collection:
        report = collection.add([stage.folder / "news"], on_progress=lambda *seen: told.append(seen), on_reading=None)
    assert told == [(1, 2), (2, 2)]
    assert len(report.added) == 2 and len(report.failed) == 1 and len(report.passed_over) == 1


def test_the_servers_model_writes_and_another_is_refused_in_one_sentence(stage: Stage, running: Running) -> None:
    stage.engine = None
    assert json.loads(stage.run("ask", QUESTION, "--json", "--data", "served").stdout)["model"] == "fake-engine"
    refused = stage.run("ask", QUESTION, "--model", "smollm2-135m", "--data", "served")
    assert refused.exit_code == 1 and "The server writes with fake-engine" in refused.stderr


def test_rebuild_and_a_second_server_say_where_the_first_one_is(stage: Stage, running: Running) -> None:
    for command in (["rebuild"], ["serve", "--port", str(free_port())]):
        refused = stage.run(*command, "--data", "served")
        assert refused.exit_code == 1
        assert f"at http://127.0.0.1:{running.port}. Use it there, or stop that one." in refused.stderr


def test_adding_by_workers_is_not_a_servers_and_says_what_to_do(stage: Stage, running: Running) -> None:
    refused = stage.run("add", "news", "--ray", "local", "--data", "served")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"The server at http://127.0.0.1:{running.port} has this collection open" in refused.stderr
    assert "stop the server" in refused.stderr


def test_the_note_is_the_accounts_alone_and_ends_with_the_server(stage: Stage, running: Running) -> None:
    note = stage.folder / "served" / "owner.json"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    token = owner_of(note.parent)["token"]
    assert (
        token == running.collections.token
        and token not in running.collections.first.folder.joinpath(FILE_NAME).read_text()
    )
    running.stop()
    assert not note.exists()
    again = Running(stage.folder / "served", None)
    try:
        call = httpx.get(f"http://127.0.0.1:{again.port}/api/v1/articles", headers={"Authorization": f"Bearer {token}"})
        assert call.status_code == 401
    finally:
        again.stop()


@pytest.mark.parametrize(
    ("path", "address", "status"),
    [
        ("/api/v1/articles", "127.0.0.1", 200),
        ("/api/v1/commands/examine", "127.0.0.1", 200),
        ("/api/v1/articles", "192.0.2.9", 401),
        ("/api/v1/commands/examine", "192.0.2.9", 401),
        ("/v1/models", "127.0.0.1", 401),
    ],
)
def test_the_token_opens_the_interface_from_this_machine_and_nothing_else(
    running: Running, path: str, address: str, status: int
) -> None:
    client = TestClient(running.app, base_url="http://127.0.0.1", client=(address, 5000))
    assert client.get(path, headers={"Authorization": f"Bearer {running.collections.token}"}).status_code == status


def test_the_token_does_not_open_the_page(running: Running) -> None:
    page = Guard(running.app, hosts=("127.0.0.1",), users={"ann": "secret"}, max_body=100)
    client = TestClient(page, base_url="http://127.0.0.1")
    assert client.get("/", headers={"Authorization": f"Bearer {running.collections.token}"}).status_code == 401


def test_a_key_does_not_open_what_only_commands_may(stage: Stage, running: Running) -> None:
    _, key = Keys(stage.folder / "served" / FILE_NAME).add("program")
    client = TestClient(running.app, base_url="http://127.0.0.1")
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/articles", headers=headers).status_code == 200
    assert client.get("/api/v1/commands/examine", headers=headers).status_code == 403
    assert client.post("/api/v1/commands/add", headers=headers, content=b"").status_code == 403


def test_a_server_that_does_not_answer_is_one_sentence(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "ANSWERS_WITHIN", 0.5)
    with Library(stage.data) as library, socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        library.announce({"address": address, "token": "run_x", "collection": "data"})
        result = stage.run("list")
        assert result.exit_code == 1 and result.stderr.count("\n") == 1
        assert f"is open in the server at {address} (process {os.getpid()}), which does not answer" in result.stderr
    assert stage.json("list")["count"] == 3


def test_a_folder_that_another_machine_has_open_is_not_looked_for_on_this_one(
    stage: Stage, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    result = stage.run("list", "--data", "served")
    assert result.exit_code == 1 and "is in use by process" in result.stderr


def test_a_collection_that_a_command_made_is_the_pages_too_and_reached_through_it(stage: Stage) -> None:
    running = Running(stage.folder / "served", None, several=True)
    try:
        stage.run("add", "news/one.txt", "--data", "harbour")
        assert "harbour" in running.collections.names()
        made = running.collections.create("port")
        assert running.collections.open("harbour").library.revision
        for name in ("harbour", "port"):
            stage.run("add", "news/two.txt", "--data", name)
            assert owner_of(stage.folder / name)["collection"] == name
        assert len(made.library.articles()) == 1
        assert len(running.collections.open("harbour").library.articles()) == 2
    finally:
        running.stop()


@pytest.mark.slow
def test_a_killed_server_leaves_a_folder_that_the_next_command_opens_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["serve", "--no-model", "--require-key", "--port", str(free_port()), "--data", "served"]
    Keys(stage.folder / "served" / FILE_NAME).add("somebody")
    process = subprocess.Popen(
        [sys.executable, "-m", "onrecord.ui.cli.main", *command],
        cwd=stage.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: "address" in owner_of(stage.folder / "served"), 200)
        opened = cli_open.open_library
        assert stage.json("list", "--data", "served")["count"] == 3
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert "token" in owner_of(stage.folder / "served")
        assert stage.json("list", "--data", "served")["count"] == 3
        assert opened is cli_open.open_library and owner_of(stage.folder / "served") == {}
    finally:
        process.kill()
        process.wait(30)
