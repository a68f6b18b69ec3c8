"""What is kept of an answer when an article it was made from is gone, and what goes with a deleted conversation."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from onrecord.index.errors import UnknownArticle
from onrecord.index.types import Article, Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.forgetting import GONE, ArticleLookup, without_removed
from onrecord.ui.desk.records import Found, Record

BRIDGE = "The bridge is shut"
CITED = Citation(1, Sentence("bridge", 0, 0, 18, BRIDGE), "Bridge", also_in=("copy",))
SEEN = Evidence(2, Sentence("bridge", 1, 19, 40, "A mayor spoke of it."), "Bridge")
OTHER = Evidence(3, Sentence("ferry", 0, 0, 17, "The ferry sails. "), "Ferry")
FERRY = Article("ferry", "Ferry", "The ferry sails. ")
ANSWER = Answer(
    "What is shut?",
    "What is shut?",
    (AnswerSentence("The bridge is shut.", (CITED,), "supported"),),
    status="answered",
    unconfirmed=(AnswerSentence("A mayor shut it.", (SEEN,), "unsupported"),),
    evidence=(Evidence(1, CITED.sentence, "Bridge", also_in=("copy",)), SEEN, OTHER),
)
FOUND = (Found("bridge", 1, 0.9, "dense", "A mayor spoke of it.", "Bridge"), Found("ferry", 0, 0.1, "dense", "The"))
RECORD = Record("t1", ANSWER, "done", found=FOUND)


def library(*articles: Article) -> ArticleLookup:
    held = {one.id: one for one in articles}

    def article(key: str) -> Article:
        if key not in held:
            raise UnknownArticle(key)
        return held[key]

    return ArticleLookup(article)


def test_a_removed_article_leaves_the_quotes_that_were_cited_and_a_word_on_it() -> None:
    less = without_removed(RECORD, library(FERRY))
    assert [q.quote for q in less.answer.citations] == ["The bridge is shut"]
    assert [q.article_id for q in less.answer.evidence] == ["bridge", "ferry"]
    assert [h.article_id for h in less.found] == ["ferry"]
    assert less.answer.unconfirmed == ()
    assert less.answer.citations[0].also_in == ()
    assert less.answer.warnings == (GONE,)
    assert "mayor" not in json.dumps(less.to_dict())
    assert without_removed(less, library(FERRY)) == less


def test_an_answer_whose_articles_stand_is_left_as_it_is() -> None:
    bridge = Article("bridge", "Bridge", "The bridge is shut A mayor spoke of it.")
    record = replace(RECORD, answer=replace(ANSWER, evidence=(), unconfirmed=(), sentences=()))
    assert without_removed(record, library(FERRY, bridge)) == record


def test_an_article_that_says_something_else_now_counts_as_gone() -> None:
    less = without_removed(RECORD, library(FERRY, Article("bridge", "Bridge", "The bridge is open again.")))
    assert "mayor" not in json.dumps(less.to_dict())


def test_what_is_kept_follows_the_title_source_and_date_of_its_article() -> None:
    bridge = Article("bridge", "Old bridge", "The bridge is shut A mayor spoke of it.", "Courier", "2024-03-04")
    record = without_removed(RECORD, library(FERRY, bridge))
    facts = {(q.title, q.source, q.published) for q in record.answer.citations}
    assert facts == {("Old bridge", "Courier", "2024-03-04")} and record.found[0].title == "Old bridge"


def test_all_owners_conversations_forget_and_so_does_an_answer_that_is_kept_afterwards(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "conversations.sqlite")
    keys = {owner: kept.begin(owner, "q") for owner in ("ann", "bob")}
    for owner, key in keys.items():
        kept.keep(owner, key, replace(RECORD, id=owner))
    kept.follow(library(FERRY)._article, 2)
    kept.keep("ann", keys["ann"], replace(RECORD, id="late"))
    records = [record for owner, key in keys.items() for record in kept.turns(owner, key)]
    assert [record.answer.warnings for record in records] == [(GONE,)] * 3
    assert not any(b"mayor" in one.read_bytes() for one in tmp_path.iterdir())
    kept.close()


@pytest.mark.parametrize("change", ["drop", "again", "rename", "delete"])
def test_what_is_taken_out_of_a_conversation_is_in_no_file_while_it_is_open(tmp_path: Path, change: str) -> None:
    kept = Conversations(tmp_path / "conversations.sqlite")
    key = kept.begin("", "zebrafish")
    kept.rename("", key, "zebrafish") if change == "rename" else kept.rename("", key, "A name")
    if change != "rename":
        kept.keep("", key, replace(RECORD, answer=replace(ANSWER, question="zebrafish"), state="writing"))
    assert any(b"zebrafish" in one.read_bytes() for one in tmp_path.iterdir())
    match change:
        case "drop":
            kept.drop_turn("", key, RECORD.id)
        case "again":
            kept.keep("", key, RECORD)
        case "rename":
            kept.rename("", key, "Another")
        case "delete":
            kept.delete("", key)
    assert [one.name for one in tmp_path.iterdir() if b"zebrafish" in one.read_bytes()] == []
    kept.close()


def test_a_file_of_before_is_cleaned_when_it_is_opened(tmp_path: Path) -> None:
    import sqlite3

    from onrecord.ui.desk import tables

    db = sqlite3.connect(tmp_path / "c.sqlite", isolation_level=None)
    db.execute("PRAGMA secure_delete=OFF")
    db.executescript(tables._SCHEMA.format(order=""))
    db.execute("INSERT INTO conversations VALUES ('k', '', 'zebrafish', '', '')")
    db.execute("DELETE FROM conversations")
    db.close()
    assert b"zebrafish" in (tmp_path / "c.sqlite").read_bytes()
    kept = Conversations(tmp_path / "c.sqlite")
    assert not any(b"zebrafish" in one.read_bytes() for one in tmp_path.iterdir())
    kept.close()
