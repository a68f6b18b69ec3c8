"""What people say of answers: kept with their conversation, in a file or a database, and given out as a suite."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from onrecord.eval.suites.loading import load_suite
from onrecord.index import InputError, Library
from onrecord.index.settings import IndexSettings
from onrecord.qa.assistant import Assistant
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence
from onrecord.ui.cli.feedback import write_suite
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.collections import collection_in
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.feedback import Suite
from onrecord.ui.desk.records import Record
from tests.conftest import ARTICLES, FakeEmbedder
from tests.postgres import Server
from tests.ui.cli_stage import Stage, staged
from tests.ui.test_cli_served import Running

QUESTION = "What would repairs cost?"
BRIDGE, FERRY, MUSEUM = ARTICLES


@pytest.fixture
def desk(tmp_path: Path, embedder: FakeEmbedder, catalogue_url: str) -> Iterator[Collection]:
    """A collection in a folder, and in a database."""
    with ExitStack() as ends:
        yield opened(ends, tmp_path / "news", catalogue_url)


def opened(ends: ExitStack, folder: Path, url: str = "") -> Collection:
    library = ends.enter_context(Library(folder, embedder=FakeEmbedder(), settings=IndexSettings(catalogue_url=url)))
    if not library.articles():
        library.add(ARTICLES)
    made = collection_in(folder, library, Assistant(library, None))
    ends.callback(made.conversations.close)
    return made


def kept(desk: Collection, turn: str = "t1", owner: str = "ann") -> tuple[str, Record]:
    """A conversation with an answer that cites the bridge, and was shown the ferry."""
    cost, boat = desk.library.sentences("bridge")[1], desk.library.sentences("ferry")[1]
    evidence = (Evidence(1, cost, BRIDGE.title), Evidence(2, boat, FERRY.title))
    said = (AnswerSentence("2.4 million euros.", (Citation(1, cost, BRIDGE.title),), "supported"),)
    record = Record(turn, Answer(QUESTION, "", said, status="answered", evidence=evidence, model="fake"), "done")
    key = desk.conversations.begin(owner, QUESTION)
    desk.conversations.keep(owner, key, record)
    return key, record


def verdicts(desk: Collection) -> list[tuple[str, str]]:
    return [(case["id"], case["verdict"]) for case in desk.feedback.suite().questions]


def test_a_verdict_is_kept_with_its_owner_in_place_of_the_one_before(desk: Collection) -> None:
    key, record = kept(desk)
    desk.feedback.keep("ann", key, record, "wrong_answer", "At least 5 million euros")
    desk.feedback.keep("ann", key, record, "right")
    assert verdicts(desk) == [("t1", "right")]
    assert desk.conversations.execute("SELECT owner, conversation FROM feedback") == [("ann", key)]


def test_the_suite_stands_alone_and_can_be_run(desk: Collection, tmp_path: Path) -> None:
    key, record = kept(desk)
    desk.feedback.keep("ann", key, record, "right", history=[("user", "Which bridge?"), ("assistant", "The old one.")])
    other, wrong = kept(desk, "t2")
    desk.feedback.keep("ann", other, wrong, "wrong_answer", "At least 5 million euros")
    suite = desk.feedback.suite()
    write_suite(suite, tmp_path / "suite")
    read = load_suite(tmp_path / "suite", strict=True)
    right, judged = read.questions
    assert right.answers == ("2.4 million euros.",) and judged.answers == ("At least 5 million euros",)
    assert [gold.quote for gold in right.evidence] == [record.answer.citations[0].quote]
    assert {article.id for article in read.articles} == {"bridge", "ferry"}
    assert {one.stat().st_mode & 0o777 for one in (tmp_path / "suite").iterdir()} == {0o600}


def test_what_was_said_goes_with_its_conversation_but_not_with_an_answer_that_is_asked_anew(desk: Collection) -> None:
    for turn in ("t1", "t2"):
        key, record = kept(desk, turn)
        desk.feedback.keep("ann", key, record, "right")
    desk.conversations.drop_turn("ann", key, "t2")
    assert verdicts(desk) == [("t1", "right"), ("t2", "right")]
    desk.conversations.delete("ann", key)
    assert verdicts(desk) == [("t1", "right")]


def test_what_rests_on_an_article_that_is_gone_goes_and_else_the_article_alone(desk: Collection) -> None:
    key, record = kept(desk)
    desk.feedback.keep("ann", key, record, "right")
    desk.library.remove(["ferry"])
    suite = desk.feedback.suite()
    assert [article["id"] for article in suite.articles] == ["bridge"] and len(suite.questions) == 1
    assert "ferry" not in str(desk.conversations.execute("SELECT said FROM feedback"))
    desk.library.add([replace(BRIDGE, text=BRIDGE.text.replace("2.4", "7"))])
    assert verdicts(desk) == []
    desk.feedback.keep("ann", key, record, "right")
    assert verdicts(desk) == []


# -- what versions before kept in files -------------------------------------------------------------------------------


def kept_before(folder: Path, *cases: tuple[str, str], article: str = "bridge") -> None:
    """``feedback/`` of a data folder: the id of each case, and the conversation that it names."""
    old = folder / "feedback"
    old.mkdir(parents=True)
    quote = BRIDGE.text[BRIDGE.text.index("Mayor") : BRIDGE.text.index("months.") + 7]
    rows = [
        {
            "id": turn,
            "question": QUESTION,
            "answerable": True,
            "answers": ["2.4 million."],
            "evidence": [{"article": article, "quote": quote}],
            "kind": "feedback",
            "verdict": "right",
            "note": "",
            "got": {"answer": "2.4 million.", "cited": [], "model": "fake", "conversation": conversation},
        }
        for turn, conversation in cases
    ]
    (old / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (old / "articles.jsonl").write_text("".join(json.dumps({"id": one.id}) + "\n" for one in (BRIDGE, FERRY)))
    (old / "suite.json").write_text("{}")


def test_files_of_before_are_taken_over_once_without_what_is_of_a_deleted_conversation(tmp_path: Path) -> None:
    with closing(Conversations(tmp_path / FILE)) as before:
        key = before.begin("ann", QUESTION)
        before.keep("ann", key, Record("t2", Answer(QUESTION, ""), "done"))
    kept_before(tmp_path, ("t1", key), ("t2", ""), ("t3", "deleted"), ("t4", ""))
    with ExitStack() as ends:
        desk = opened(ends, tmp_path)
        rows = desk.conversations.execute("SELECT id, owner, conversation FROM feedback ORDER BY rowid")
        assert rows == [("t1", "ann", key), ("t2", "ann", key), ("t4", "", None)]
        assert {article["id"] for article in desk.feedback.suite().articles} == {"bridge", "ferry"}
    assert not (tmp_path / "feedback").exists()


def test_of_files_of_before_nothing_is_kept_that_rests_on_an_article_that_was_removed(tmp_path: Path) -> None:
    with ExitStack() as ends:
        opened(ends, tmp_path)  # which has seen this revision of the articles
    kept_before(tmp_path, ("t1", ""), article="removed")
    with ExitStack() as ends:
        assert verdicts(opened(ends, tmp_path)) == []


def test_a_file_of_before_that_cannot_be_read_is_left_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept_before(tmp_path, ("t1", ""))
    (tmp_path / "feedback" / "questions.jsonl").write_text('{"id": "t1"}\n{"id"')
    with caplog.at_level(logging.WARNING), closing(Conversations(tmp_path / FILE)) as conversations:
        assert conversations.execute("SELECT id FROM feedback") == []
    assert f"The feedback in {tmp_path / 'feedback'} cannot be taken over" in caplog.text
    assert (tmp_path / "feedback" / "questions.jsonl").exists()


@pytest.mark.slow
def test_a_server_that_kept_its_own_brings_it_along_and_it_is_the_same_at_all(
    tmp_path: Path, postgresql: Server
) -> None:
    url = postgresql.new()
    with closing(Conversations(tmp_path / "one" / FILE)) as own:
        key = own.begin("ann", QUESTION)
    kept_before(tmp_path / "one", ("t1", key))
    with ExitStack() as ends:
        other = opened(ends, tmp_path / "other", url)
        shared, record = kept(other, "t2", "bob")
        kept_before(tmp_path / "late", ("t2", shared), ("t3", shared))  # of one that had its conversations here already
        one, late = (opened(ends, tmp_path / name, url) for name in ("one", "late"))
        other.feedback.keep("bob", shared, record, "wrong_citation")
        assert verdicts(one) == verdicts(late) == [("t1", "right"), ("t3", "right"), ("t2", "wrong_citation")]
        rows = one.conversations.execute("SELECT id, owner FROM feedback ORDER BY id")
        assert rows == [("t1", "ann"), ("t2", "bob"), ("t3", "bob")]
        late.conversations.delete("bob", shared)
        assert verdicts(other) == [("t1", "right")]
    assert not [one for one in tmp_path.glob("*/*") if one.name == "feedback" or one.name.startswith(FILE)]


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = staged(tmp_path, monkeypatch)
    made.fill()
    with ExitStack() as ends:
        desk = opened(ends, made.data)
        key, record = kept(desk)
        desk.feedback.keep("ann", key, record, "right")
    return made


def test_the_command_writes_the_suite_also_while_a_server_has_the_folder(stage: Stage) -> None:
    said = stage.run("feedback", "mine").stdout
    assert said == "mine has 1 judged answer and 2 articles.\n"
    running = Running(stage.data, None)
    try:
        assert stage.json("feedback", "served") == {"folder": "served", "questions": 1, "articles": 2}
    finally:
        running.stop()
    mine, served = ({one.name: one.read_text() for one in Path(name).iterdir()} for name in ("mine", "served"))
    assert mine == served and set(mine) == {"suite.json", "questions.jsonl", "articles.jsonl"}
    assert stage.run("feedback", "mine").exit_code == 0  # in place of the one before


def test_the_command_writes_beside_no_other_files(stage: Stage) -> None:
    refused = stage.run("feedback", str(stage.data))
    assert refused.exit_code == 1 and "has other files, such as catalogue.sqlite3; name a new" in refused.stderr
    with pytest.raises(InputError, match="cannot be written"):
        write_suite(Suite((), ()), stage.data / "catalogue.sqlite3" / "suite")


@pytest.mark.slow
def test_a_collection_that_is_moved_takes_its_feedback_along_there_and_back(stage: Stage, postgresql: Server) -> None:
    url = postgresql.new()
    assert stage.run("migrate", str(stage.data), url).exit_code == 0
    assert stage.run("migrate", url, "back").exit_code == 0
    for number, place in enumerate((str(stage.data), url, "back")):
        assert stage.json("feedback", f"suite{number}", "--data", place)["questions"] == 1
    first, *others = ((Path(f"suite{number}") / "questions.jsonl").read_text() for number in range(3))
    assert others == [first, first]
