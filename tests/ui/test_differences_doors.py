"""What the articles disagree on, over HTTP, MCP and the command line; and that a running server compares by itself."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from onrecord.index import Embedder, Library
from onrecord.qa.assistant import Assistant
from onrecord.qa.differences.values import Difference
from onrecord.ui.desk import following
from onrecord.ui.http.mcp import create_mcp
from onrecord.ui.http.router import here
from onrecord.ui.server.doors import create_api
from onrecord.ui.server.keys import Keys
from tests.qa.differences.test_finder import FOUR, NINE
from tests.ui.behind_doors import Behind, until
from tests.ui.cli_stage import Stage, staged
from tests.ui.test_mcp import call, links_of, text_of


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder) -> Iterator[Behind]:
    with closing(Behind(tmp_path / "data", embedder, (FOUR, NINE))) as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = staged(tmp_path, monkeypatch)
    made.fill(FOUR, NINE)
    return made


def test_they_are_listed_and_dismissed_over_http(behind: Behind) -> None:
    client = TestClient(behind.app, base_url="http://127.0.0.1")
    reply = client.get("/api/v1/differences").json()
    assert (reply["total"], reply["pending"], reply["warnings"]) == (1, 0, [])
    (one,) = reply["differences"]
    assert [side["quote"] for side in one["sides"]] == [FOUR.text, NINE.text]
    assert Difference.from_dict(one).sides[1].differing == "nine"
    assert client.get("/api/v1/differences", params={"articles": "four"}).json()["total"] == 0
    assert client.get("/api/v1/differences", params={"article": "four"}).status_code == 422
    assert client.post("/api/v1/differences/none/dismiss").status_code == 422
    assert client.post(f"/api/v1/differences/{one['id']}/dismiss").json() == {"dismissed": one["id"]}
    assert client.get("/api/v1/differences").json()["total"] == 0


def test_a_key_that_may_only_read_lists_them_and_dismisses_none(behind: Behind, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    _, token = keys.add("reader", read_only=True)
    app = create_api(behind.library, Assistant(behind.library, None), keys=keys, keys_required=True)
    client = TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {token}"})
    with closing(app.state.collections):
        (one,) = client.get("/api/v1/differences").json()["differences"]
        assert client.post(f"/api/v1/differences/{one['id']}/dismiss").status_code == 403
        assert client.get("/api/v1/differences").json()["total"] == 1


def test_a_language_models_host_gets_them_with_links_to_the_articles(behind: Behind) -> None:
    server = create_mcp(here(behind.app.state.service))
    result = call(server, "list_differences")
    assert "The articles differ on a number:" in text_of(result) and NINE.text in text_of(result)
    assert links_of(result) == ["onrecord://articles/four", "onrecord://articles/nine"]
    assert result.structured_content["total"] == 1
    assert "No two sentences" in text_of(call(server, "list_differences", articles=["four"]))


def test_the_command_lists_them_and_dismisses_one(stage: Stage) -> None:
    (one,) = stage.json("differences")["differences"]
    said = stage.run("differences").stdout
    assert said.startswith(f"{one['id']}  The articles differ on a number:\n• “{FOUR.text}”\n")
    said = stage.run("differences", "--dismiss", one["id"]).stdout
    assert said == "No two sentences of different articles were found to disagree.\n"
    wrong = stage.run("differences", "--dismiss", "none")
    assert wrong.exit_code != 0 and "No difference has the id 'none'; list them again." in wrong.stderr


def test_a_running_server_compares_what_arrives(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK", 0.02)
    with (
        Library(tmp_path / "data", embedder=embedder) as library,
        TestClient(create_api(library, Assistant(library, None)), base_url="http://127.0.0.1"),
    ):
        library.add([FOUR, NINE])
        until(lambda: len(library.pairs.pairs()) == 1)
