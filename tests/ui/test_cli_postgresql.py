"""The commands over a collection in PostgreSQL, and the one that moves a collection there and back."""

from pathlib import Path

import pytest

from tests.postgres import PASSWORD, Server
from tests.ui.cli_stage import Stage, staged

pytestmark = pytest.mark.slow  # a server of their own


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    return staged(tmp_path, monkeypatch)


def test_what_is_added_is_found_answered_listed_checked_and_removed(stage: Stage, postgresql: Server) -> None:
    url = postgresql.new()
    (stage.folder / "one.txt").write_text("The bridge was closed on Monday. Repairs will take nine months.")
    assert stage.run("add", "one.txt", "--data", url).stdout == "1 added. The collection has 1 article.\n"
    (article,) = stage.json("list", "--data", url)["articles"]
    assert "closed on Monday" in stage.json("search", "closed bridge", "--data", url)["hits"][0]["text"]
    answer = stage.run("ask", "When was the bridge closed?", "--no-model", "--data", url)
    assert "closed on Monday" in answer.stdout
    examined = stage.run("doctor", "--data", url)
    assert examined.stdout.startswith("postgresql://tester@/postgres?schema=") and "1 articles" in examined.stdout
    assert stage.run("remove", article["id"], "--data", url).exit_code == 0
    assert stage.json("list", "--data", url)["articles"] == []
    assert not stage.data.exists()  # nothing of it is in the folder of another collection
    assert {path.name for path in (stage.folder / "own" / "onrecord" / "postgresql").iterdir()}


def test_the_address_may_be_a_variable(stage: Stage, postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONRECORD_DATA", postgresql.new())
    assert stage.json("list")["articles"] == []
    assert stage.run("list", "--data", str(stage.data)).exit_code == 0
    assert (stage.data / "catalogue.sqlite3").exists()  # what is nearer counts


def test_a_wrong_password_is_one_sentence_that_does_not_have_it(stage: Stage, postgresql: Server) -> None:
    result = stage.run("list", "--data", postgresql.outside("hush-hush"))
    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr and "hush" not in result.output + result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    right = PASSWORD.replace("/", "%2F").replace("@", "%40")
    assert stage.run("list", "--data", postgresql.outside(right)).exit_code == 0


def test_an_address_that_cannot_be_read_is_not_repeated(stage: Stage) -> None:
    result = stage.run("list", "--data", "postgresql://me:hush/hush@host/db")
    assert result.exit_code == 1
    assert "write postgresql://USER@HOST/DATABASE" in result.stderr and "hush" not in result.output + result.stderr


def test_a_folder_is_moved_there_and_back(stage: Stage, postgresql: Server) -> None:
    url = postgresql.new()
    stage.fill()
    listed = stage.json("list")
    stage.run("questions", "save", "How much will the repairs of the bridge cost?")
    saved = stage.json("questions", "list")
    assert stage.json("migrate", str(stage.data), url) == {"articles": 3, "passages": 3}
    assert stage.json("list", "--data", url) == listed
    assert stage.json("questions", "list", "--data", url) == saved != []
    said = stage.run("migrate", url, str(stage.folder / "back")).stdout
    assert said == "3 articles with 3 passages are there now; name the place with --data.\n"
    assert stage.json("list", "--data", str(stage.folder / "back")) == listed
    assert stage.json("questions", "list", "--data", str(stage.folder / "back")) == saved
    again = stage.run("migrate", str(stage.data), url)
    assert again.exit_code == 1 and "already" in again.stderr
