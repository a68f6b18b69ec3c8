"""Conversations: kept, owned, searched, deleted; and what is written out of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from onrecord.index.errors import InputError, StoreError
from onrecord.index.types import Filter, Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Evidence
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.records import Found, Record, Stale, from_dict
from onrecord.ui.page.export import for_clipboard, render

QUOTE = Citation(
    3,
    Sentence("bridge", 1, 10, 40, "Repairs would cost 2.4 million."),
    "Old *bridge*",
    "Courier",
    "2024-03-04",
    "https://a.example/b",
)
SAID = (AnswerSentence("2.4 million euros.", (QUOTE,), "supported"),)
DIFFER = (Disagreement("cost", SAID),)
ANSWER = Answer("What would repairs cost?", "What would repairs cost?", SAID, status="answered")
RECORD = Record("t1", ANSWER, "done")


def test_what_is_kept_comes_back_the_same(kept: Conversations) -> None:
    key = kept.begin("", RECORD.question)
    disputed = replace(RECORD, id="t2", answer=replace(ANSWER, disagreements=DIFFER, unconfirmed=SAID))
    kept.keep("", key, RECORD)
    kept.keep("", key, disputed)
    assert kept.turns("", key) == (RECORD, disputed)


def test_a_turn_that_is_kept_again_keeps_its_place(kept: Conversations) -> None:
    key = kept.begin("", "q")
    kept.keep("", key, RECORD)
    kept.keep("", key, replace(RECORD, id="t2"))
    kept.keep("", key, replace(RECORD, feedback="right"))
    assert [(r.id, r.feedback) for r in kept.turns("", key)] == [("t1", "right"), ("t2", "")]


def test_an_answer_that_was_cut_off_counts_as_stopped(kept: Conversations) -> None:
    key = kept.begin("", "q")
    kept.keep("", key, replace(RECORD, state="writing"))
    assert kept.turns("", key)[0].state == "stopped"


def test_nobody_sees_or_changes_what_another_owns(kept: Conversations) -> None:
    key = kept.begin("ann", "q")
    kept.keep("ann", key, RECORD)
    assert kept.list("bob") == ()
    for attempt in (
        lambda: kept.turns("bob", key),
        lambda: kept.keep("bob", key, RECORD),
        lambda: kept.rename("bob", key, "mine"),
        lambda: kept.delete("bob", key),
        lambda: kept.drop_turn("bob", key, "t1"),
        lambda: kept.title("bob", key),
    ):
        with pytest.raises(InputError):
            attempt()
    assert kept.turns("ann", key) == (RECORD,)


def test_a_search_finds_words_of_questions_answers_and_quotes_and_takes_signs_as_they_are(kept: Conversations) -> None:
    key = kept.begin("", RECORD.question)
    kept.keep("", key, RECORD)
    assert [c.id for c in kept.list("", "MILLION repairs")] == [key]
    assert kept.list("", "ferry") == ()
    assert kept.list("", "%") == ()


@pytest.mark.parametrize("catalogue_url", [""])  # in a file
def test_what_is_deleted_is_no_longer_in_the_file(kept: Conversations, tmp_path: Path) -> None:
    key = kept.begin("", "A question with zebrafish")
    kept.keep("", key, replace(RECORD, answer=replace(ANSWER, question="A question with zebrafish")))
    kept.delete("", key)
    kept.close()
    assert kept_files_with(tmp_path, b"zebrafish") == []


def kept_files_with(folder: Path, word: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if word in path.read_bytes()]


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="newer OnRecord"):
        Conversations(tmp_path / "c.sqlite")


def test_a_name_is_needed(kept: Conversations) -> None:
    key = kept.begin("", "q")
    with pytest.raises(InputError, match="at least one character"):
        kept.rename("", key, "  ")


def test_a_record_of_another_version_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="another version"):
        from_dict({"id": "x"})


# One quote as it was kept before an answer had one shape in JSON.
OLD_QUOTE = {
    "number": 3, "article_id": "bridge", "index": 1, "start_char": 10, "end_char": 40,
    "quote": "Repairs would cost 2.4 million.", "title": "Old *bridge*", "source": "Courier", "published": "2024-03-04",
    "url": "https://a.example/b", "also_in": ["copy"], "score": 0.5, "standing": "gone",
}  # fmt: skip
OLD_LINE = {"text": "2.4 million euros.", "verdict": "supported", "quotes": [OLD_QUOTE]}
OLD = {
    "id": "t1", "question": "What would repairs cost?", "state": "done", "searched": "What would they cost?",
    "place": 0, "status": "answered", "reason": "", "lines": [OLD_LINE],
    "disputes": [{"about": "cost", "positions": [OLD_LINE]}], "unconfirmed": [OLD_LINE],
    "missing": "When?", "evidence": [OLD_QUOTE], "warnings": ["Careful."],
    "model": "m", "hits": [
        {"article_id": "bridge", "index": 0, "score": 0.25, "found_by": "fused", "preview": "It.", "title": "T",
         "source": "S", "published": "2024"}
    ],
    "revision": 7, "answerability": 0.9, "threshold": 0.5, "timings": {"total": 1.3}, "error": "", "feedback": "right",
    "scope": {"articles": ["bridge"], "sources": [], "published_from": "2024", "published_to": ""}, "asked": "now",
}  # fmt: skip


def test_a_conversation_that_an_earlier_version_kept_is_read(kept: Conversations) -> None:
    key = kept.begin("", "q")
    kept.keep("", key, RECORD)
    with kept.changing():
        kept.execute("UPDATE turns SET record=?", (json.dumps(OLD),))
    cited = replace(QUOTE, also_in=("copy",))
    evidence = Evidence(3, QUOTE.sentence, "Old *bridge*", "Courier", "2024-03-04", QUOTE.url, ("copy",), 0.5)
    said = (AnswerSentence("2.4 million euros.", (cited,), "supported"),)
    answer = Answer(
        "What would repairs cost?",
        "What would they cost?",
        said,
        status="answered",
        disagreements=(Disagreement("cost", said),),
        timings={"total": 1.3},
        model="m",
        index_revision=7,
        evidence=(evidence,),
        unconfirmed=said,
        missing="When?",
        answerability=0.9,
        threshold=0.5,
        warnings=("Careful.",),
    )
    found = (Found("bridge", 0, 0.25, "fused", "It.", "T", "S", "2024"),)
    scope = Filter(("bridge",), published_from="2024")
    record = Record("t1", answer, "done", found=found, scope=scope, feedback="right", asked="now")
    assert kept.turns("", key) == (record,)


def test_a_turn_that_an_earlier_version_cut_off_is_read_as_stopped(kept: Conversations) -> None:
    key = kept.begin("", "q")
    kept.keep("", key, RECORD)
    with kept.changing():
        kept.execute("UPDATE turns SET record=?", (json.dumps({**OLD, "state": "writing", "status": ""}),))
    [record] = kept.turns("", key)
    assert (record.state, record.status, record.answer_text) == ("stopped", "", "2.4 million euros. [3]")


def test_markdown_numbers_its_references_and_escapes_what_it_did_not_write() -> None:
    text = render("Markdown", "My *story*", [RECORD, replace(RECORD, id="t2")])
    assert r"# My \*story\*" in text
    assert "2.4 million euros. [1]" in text
    assert text.count("\n1. ") == 1 and "\n2. " not in text
    assert r"Old \*bridge\*, Courier, 4 March 2024. <https://a.example/b> “Repairs would cost 2.4 million.”" in text


def test_markdown_escapes_nothing_that_is_no_sign_at_its_place() -> None:
    said = "The all-male jury, usatoday.com wrote, was 3.5 hours (or so) late!"
    answer = replace(ANSWER, sentences=(AnswerSentence(said, (QUOTE,), "supported"),))
    text = render("Markdown", "t", [replace(RECORD, answer=answer)])
    assert f"{said} [1]" in text


@pytest.mark.parametrize("kind", ["Markdown", "HTML"])
def test_an_abstention_is_exported_with_its_reason(kind: str) -> None:
    silent = replace(ANSWER, sentences=(), disagreements=(), missing="", status="abstained", reason="not_answered")
    text = render(kind, "t", [replace(RECORD, answer=silent)])
    assert "The articles do not say. Sentences about this were found, but none of them answers the question." in text


def test_html_stands_alone_and_escapes_everything() -> None:
    said = (AnswerSentence("<img src=x>", (QUOTE,), "partly"),)
    bad = replace(RECORD, answer=replace(ANSWER, question="<script>alert(1)</script>", sentences=said))
    text = render("HTML", "<b>t</b>", [bad])
    assert "<script" not in text and "<img" not in text and "<b>" not in text
    assert "src=" not in text.replace("&lt;img src=x&gt;", "")
    assert '<a href="#r1">[1]</a>' in text and "partly supported" in text


def test_json_holds_places_and_quotes() -> None:
    data = json.loads(render("JSON", "t", [replace(RECORD, stale=(Stale("bridge", 10, "gone"),))]))
    reference = data["references"][0]
    assert (reference["start_char"], reference["end_char"], reference["standing"]) == (10, 40, "gone")
    assert data["turns"][0]["sentences"][0]["references"] == [1]


def test_a_link_that_is_not_the_webs_is_never_written() -> None:
    said = (AnswerSentence("x", (replace(QUOTE, url="javascript:alert(1)"),), "supported"),)
    bad = replace(RECORD, answer=replace(ANSWER, sentences=said))
    assert "javascript" not in render("Markdown", "t", [bad]) + render("HTML", "t", [bad]) + for_clipboard(bad)


def test_the_clipboard_gets_the_answer_with_its_references() -> None:
    assert for_clipboard(RECORD).splitlines()[0] == "2.4 million euros. [3]"
    assert "[3] Old *bridge*, Courier, 4 March 2024. https://a.example/b “Repairs" in for_clipboard(RECORD)
