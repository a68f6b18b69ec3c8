import json
import logging
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from onrecord.index import Article, Embedder, InputError, StoreError
from onrecord.ui.cli.keys import app as commands
from onrecord.ui.server.keys import Keys, Rate
from tests.ui.behind_doors import Behind, filled


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


@pytest.fixture
def guarded(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], keys: Keys) -> Iterator[Behind]:
    """An app that other machines can reach, as far as it knows."""
    keys.add("nobody in particular")
    hosts = {"host": "192.0.2.7", "allowed_hosts": ["archive.example"]}
    with closing(Behind(tmp_path / "data", embedder, articles, keys=keys, **hosts)) as made:
        yield made


def test_a_key_is_found_by_its_text_and_its_text_is_not_stored(keys: Keys, tmp_path: Path) -> None:
    key, token = keys.add("reading room", per_minute=5)
    stored = (tmp_path / "keys.json").read_text()
    assert keys.find(token) == key and keys.find(token + "x") is None and keys.find("or_zz") is None
    assert token not in stored and token.removeprefix(f"or_{key.id}_") not in stored
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_the_same_text_hashed_twice_differs_by_its_salt(keys: Keys) -> None:
    one, two = keys.add("one")[0], keys.add("two")[0]
    assert one.salt != two.salt and one.digest != two.digest


def test_a_revoked_key_is_refused_by_a_server_that_knew_it(keys: Keys, tmp_path: Path) -> None:
    _, token = keys.add("reading room")
    elsewhere = Keys(tmp_path / "keys.json")
    assert elsewhere.find(token)
    keys.revoke("reading room")
    assert elsewhere.find(token) is None


def test_a_name_is_given_once_and_must_be_known_to_be_revoked(keys: Keys) -> None:
    keys.add("reading room")
    with pytest.raises(InputError, match="reading room"):
        keys.add("reading room")
    with pytest.raises(InputError, match="the keys are: reading room"):
        keys.revoke("cellar")
    with pytest.raises(InputError, match="name"):
        keys.add("   ")


def test_a_damaged_file_of_keys_lets_nobody_in(keys: Keys, tmp_path: Path) -> None:
    _, token = keys.add("reading room")
    (tmp_path / "keys.json").write_text("[{")
    with pytest.raises(StoreError, match=r"keys\.json"):
        keys.find(token)


def test_a_rate_lets_a_minute_s_worth_through_and_then_one_at_a_time() -> None:
    now = [0.0]
    rate = Rate(lambda: now[0])
    assert [rate.wait("k", 2) for _ in range(3)] == [0.0, 0.0, 30.0]
    assert rate.wait("other", 2) == 0.0
    now[0] = 30.0
    assert rate.wait("k", 2) == 0.0 and rate.wait("k", 2) == 30.0


def test_without_a_key_nothing_but_health_is_served_to_other_machines(guarded: Behind) -> None:
    for path in ("/api/v1/articles", "/api/v1/metrics", "/api/v1/openapi.json", "/v1/models"):
        response = guarded.client.get(path)
        assert response.status_code == 401 and "Bearer" in response.headers["www-authenticate"]
    assert guarded.client.get("/api/v1/health").status_code == 200
    assert guarded.assistant.asked == []


def test_a_key_opens_every_door_until_it_is_revoked(guarded: Behind, keys: Keys) -> None:
    _, token = keys.add("reading room")
    assert guarded.client.get("/api/v1/articles", headers=bearer(token)).status_code == 200
    assert guarded.client.get("/v1/models", headers={"X-API-Key": token}).status_code == 200
    assert guarded.client.get("/v1/models", headers=bearer(token[:-1] + "!")).json()["error"]["type"] == (
        "authentication_error"
    )
    keys.revoke("reading room")
    assert guarded.client.get("/api/v1/articles", headers=bearer(token)).status_code == 401


def test_a_key_over_its_limit_is_told_when_to_come_back(guarded: Behind, keys: Keys) -> None:
    _, token = keys.add("eager", per_minute=2)
    statuses = [guarded.client.get("/v1/models", headers=bearer(token)) for _ in range(3)]
    assert [one.status_code for one in statuses] == [200, 200, 429]
    assert guarded.client.get("/api/v1/articles", headers=bearer(token)).status_code == 429, "the doors count together"
    assert 1 <= int(statuses[2].headers["retry-after"]) <= 60


def test_a_reading_key_changes_nothing(guarded: Behind, keys: Keys) -> None:
    _, token = keys.add("reader", read_only=True)
    search = guarded.client.post("/api/v1/search", json={"query": "bridge"}, headers=bearer(token))
    removal = guarded.client.delete("/api/v1/articles/ferry", headers=bearer(token))
    new = guarded.client.post("/api/v1/articles", json={"articles": [{"text": "Snow."}]}, headers=bearer(token))
    assert search.status_code == 200 and removal.status_code == new.status_code == 403
    assert len(guarded.library.articles()) == 3


def test_conversations_of_one_key_are_not_another_s(guarded: Behind, keys: Keys) -> None:
    mine, theirs = bearer(keys.add("mine")[1]), bearer(keys.add("theirs")[1])
    asked = {"question": "How many coins?", "conversation": "new"}
    key = guarded.client.post("/api/v1/ask", json=asked, headers=mine).json()["conversation"]
    assert guarded.client.get(f"/api/v1/conversations/{key}", headers=mine).status_code == 200
    assert guarded.client.get(f"/api/v1/conversations/{key}", headers=theirs).status_code == 404
    assert guarded.client.get("/api/v1/conversations", headers=theirs).json()["conversations"] == []


def test_a_server_for_other_machines_does_not_start_without_a_key(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]
) -> None:
    with pytest.raises(InputError, match="onrecord keys add"):
        Behind(tmp_path / "data", embedder, articles, host="0.0.0.0")


def test_on_this_machine_no_key_is_needed_but_a_wrong_one_is_refused(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    behind = closed_at_end(Behind(tmp_path / "data", embedder, articles))
    assert behind.client.get("/v1/models", headers=bearer("whatever a client sends")).status_code == 200
    assert behind.client.get("/v1/models", headers=bearer("or_12345678_" + "x" * 40)).status_code == 401


def test_the_access_log_has_no_question(guarded: Behind, keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    _, token = keys.add("reading room")
    with caplog.at_level(logging.INFO, "onrecord.access"):
        guarded.client.post("/api/v1/ask", json={"question": "Where is Waldo?"}, headers=bearer(token))
        guarded.client.get("/api/v1/conversations?search=Waldo", headers=bearer(token))
    assert len(caplog.messages) == 2 and not any("Waldo" in line for line in caplog.messages)
    assert caplog.messages[0].startswith('"reading room" POST /api/v1/ask 200 ')
    assert token not in caplog.text


def test_a_body_over_the_limit_is_refused_with_and_without_its_length(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    from onrecord.ui.http.service import DoorLimits

    behind = closed_at_end(Behind(tmp_path / "data", embedder, articles, limits=DoorLimits(body_bytes=1000)))
    big = json.dumps({"query": "x" * 1500}).encode()

    def in_pieces() -> Any:
        yield from (big[start : start + 400] for start in range(0, len(big), 400))

    kind = {"Content-Type": "application/json"}
    for content in (big, in_pieces()):
        response = behind.client.post("/api/v1/search", content=content, headers=kind)
        assert response.status_code == 413 and response.json()["status"] == 413, response.text
    assert behind.client.post("/v1/chat/completions", content=big, headers=kind).json()["error"]["code"] == "413"


def test_the_commands_add_list_and_revoke_keys(tmp_path: Path) -> None:
    runner, data = CliRunner(), ["--data", str(tmp_path / "data")]
    made = runner.invoke(commands, ["add", "reading room", "--per-minute", "9", "--json", *data])
    token = json.loads(made.stdout)["key"]
    assert Keys(tmp_path / "data" / "keys.json").find(token)
    listed = runner.invoke(commands, ["list", *data]).stdout
    assert "reading room" in listed and "9 a minute" in listed and token not in listed
    assert runner.invoke(commands, ["revoke", "reading room", *data]).exit_code == 0
    assert "no keys yet" in runner.invoke(commands, ["list", *data]).stdout


def test_the_command_limits_a_key_to_collections_and_to_questions_a_day(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]
) -> None:
    filled(tmp_path / "harbour", embedder, articles[2:])
    runner, data = CliRunner(), ["--data", str(tmp_path / "data")]
    limits = ["--read-only", "--collection", "harbour", "--collection", "data", "--questions-per-day", "50"]
    made = json.loads(runner.invoke(commands, ["add", "pier", *limits, "--json", *data]).stdout)
    key = Keys(tmp_path / "data" / "keys.json").find(made["key"])
    assert key and (key.read_only, key.collections, key.questions_per_day) == (True, ("harbour", "data"), 50)
    listed = runner.invoke(commands, ["list", *data]).stdout
    assert "pier  reads in harbour and data, 120 a minute, 50 questions a day, made 20" in listed
    [row] = json.loads(runner.invoke(commands, ["list", "--json", *data]).stdout)["keys"]
    assert row == {name: value for name, value in made.items() if name != "key"}
    assert "salt" not in row and "digest" not in row
    wrong = runner.invoke(commands, ["add", "port", "--collection", "harbor", *data])
    assert "There is no collection 'harbor'; the collections are: data, harbour." in str(wrong.exception)


def test_keys_that_were_made_before_there_were_limits_are_read(keys: Keys, tmp_path: Path) -> None:
    _, token = keys.add("old")
    rows = json.loads((tmp_path / "keys.json").read_text())
    for name in ("collections", "questions_per_day"):
        del rows[0][name]
    (tmp_path / "keys.json").write_text(json.dumps(rows))
    key = Keys(tmp_path / "keys.json").find(token)
    assert key and key.collections == () and key.questions_per_day == 0


def test_no_more_than_so_many_rates_are_kept_and_the_longest_unused_goes() -> None:
    rate = Rate(lambda: 0.0, most=2)
    assert [rate.wait(key, 1) for key in ("ada", "ben", "ada")] == [0.0, 0.0, 60.0]
    assert rate.wait("cy", 1) == 0.0
    assert rate.wait("ada", 1) == 60.0, "it was used after ben"
    assert rate.wait("ben", 1) == 0.0, "forgotten"
