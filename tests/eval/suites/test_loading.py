import json
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.suites.loading import load_grounding, load_suite
from onrecord.index.errors import InputError
from onrecord.index.reading.articles import article_from_text

ROOT = Path(__file__).parents[3]
ARTICLE = {"id": "bridge", "title": "Bridge closed", "text": "The bridge closed on Monday. It is old. It is old."}
QUESTION = {
    "id": "q1",
    "question": "When did the bridge close?",
    "kind": "fact",
    "answerable": True,
    "answers": ["Monday", "re:mon(day)?"],
    "evidence": [{"article": "bridge", "quote": "The bridge closed on Monday."}],
}


def write_suite(folder: Path, *questions: dict[str, Any], articles: tuple[dict[str, Any], ...] = (ARTICLE,)) -> Path:
    (folder / "suite.json").write_text(json.dumps({"name": "small"}))
    (folder / "articles.jsonl").write_text("\n".join(map(json.dumps, articles)), encoding="utf-8")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    return folder


def refusal(folder: Path, **kwargs: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_suite(folder, **kwargs)
    return str(caught.value)


def test_a_gold_quote_has_its_place_in_the_article(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, QUESTION))
    (gold,) = suite.questions[0].evidence
    assert (gold.start_char, gold.end_char) == (0, 28)
    assert suite.texts["bridge"][gold.start_char : gold.end_char] == gold.quote


def test_fields_that_are_left_out_have_plain_defaults(tmp_path: Path) -> None:
    question = load_suite(write_suite(tmp_path, QUESTION)).questions[0]
    assert (question.needs, question.all_of, question.draft, question.scope) == (1, False, False, ())


def test_articles_are_normalised_as_the_index_does_it_and_quotes_with_them(tmp_path: Path) -> None:
    article = {"id": "a", "title": "", "text": "\r\n\u200bThe Cafe\u0301 closed.\r\nIt is old.\r\n"}
    question = QUESTION | {"evidence": [{"article": "a", "quote": "The Cafe\u0301 closed."}]}
    suite = load_suite(write_suite(tmp_path, question, articles=(article,)))
    assert suite.texts["a"] == article_from_text(str(article["text"])).text
    assert suite.questions[0].evidence[0].quote == "The Caf\u00e9 closed."


def test_a_quote_that_is_not_in_the_article_is_named_by_file_and_line(tmp_path: Path) -> None:
    second = QUESTION | {"id": "q2", "evidence": [{"article": "bridge", "quote": "The bridge  closed on Monday."}]}
    message = refusal(write_suite(tmp_path, QUESTION, second))
    assert f"{tmp_path / 'questions.jsonl'}:2: 'q2'" in message
    assert "is not in article 'bridge'" in message
    assert "byte for byte" in message


def test_a_quote_that_occurs_twice_counts_where_it_is_first_with_a_warning(tmp_path: Path) -> None:
    question = QUESTION | {"evidence": [{"article": "bridge", "quote": "It is old."}]}
    suite = load_suite(write_suite(tmp_path, question))
    assert suite.questions[0].evidence[0].start_char == 29
    assert len(suite.warnings) == 1 and "2 times" in suite.warnings[0]


def test_a_quote_that_occurs_twice_is_refused_in_strict_loading(tmp_path: Path) -> None:
    question = QUESTION | {"evidence": [{"article": "bridge", "quote": "It is old."}]}
    assert "start_char" in refusal(write_suite(tmp_path, question), strict=True)


def test_start_char_picks_the_occurrence_that_is_meant(tmp_path: Path) -> None:
    question = QUESTION | {"evidence": [{"article": "bridge", "quote": "It is old.", "start_char": 40}]}
    suite = load_suite(write_suite(tmp_path, question), strict=True)
    assert suite.questions[0].evidence[0].start_char == 40


def test_a_start_char_where_the_quote_is_not_is_refused(tmp_path: Path) -> None:
    question = QUESTION | {"evidence": [{"article": "bridge", "quote": "It is old.", "start_char": 3}]}
    assert "at start_char" in refusal(write_suite(tmp_path, question))


@pytest.mark.parametrize("name", ["suite.json", "articles.jsonl", "questions.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_suite(tmp_path, QUESTION)
    (tmp_path / name).unlink()
    assert f"{tmp_path / name}: the file is missing" in refusal(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no such suite" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"answer": "Monday"}, "unknown field 'answer'"),
        ({"evidence": [{"article": "bridge", "text": "x"}]}, "unknown field 'text' in 'evidence'"),
        ({"evidence": [{"article": "ferry", "quote": "x"}]}, "there is no article 'ferry'"),
        ({"evidence": [{"article": "bridge", "quote": ""}]}, "a gold quote is empty"),
        ({"scope": ["ferry"]}, "there is no article 'ferry'"),
        ({"answers": "Monday"}, "'answers' must be a list of texts"),
        ({"answers": ["re:(Mon"]}, "is no regular expression"),
        ({"answers": ["re:"]}, "would match everything"),
        ({"must_not": ["re:[x"]}, "is no regular expression"),
        ({"answerable": "yes"}, "'answerable' must be true or false"),
        ({"question": "  "}, "'question' is missing or empty"),
        ({"kind": 3}, "'kind' must be text"),
        ({"needs": 2}, "'needs' is 2, but there are 1 gold places"),
        ({"needs": True}, "'needs' must be a whole number"),
        ({"history": [{"role": "system", "content": "x"}]}, "a role of user or assistant"),
    ],
)
def test_a_bad_question_is_refused_with_its_line(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    message = refusal(write_suite(tmp_path, QUESTION | {"id": "q0"}, QUESTION | change))
    assert "questions.jsonl:2: 'q1'" in message
    assert expected in message


def test_a_question_that_does_not_say_whether_it_is_answerable_is_refused(tmp_path: Path) -> None:
    question = {name: value for name, value in QUESTION.items() if name != "answerable"}
    assert "'answerable' must be true or false" in refusal(write_suite(tmp_path, question))


def test_ids_that_are_used_twice_are_refused(tmp_path: Path) -> None:
    assert "questions.jsonl:2: 'q1': this question id is used twice" in refusal(
        write_suite(tmp_path, QUESTION, QUESTION)
    )
    assert "articles.jsonl:2: 'bridge': this article id is used twice" in refusal(
        write_suite(tmp_path, QUESTION, articles=(ARTICLE, ARTICLE))
    )


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    write_suite(tmp_path, QUESTION)
    with (tmp_path / "questions.jsonl").open("a") as stream:
        stream.write('\n{"id": "q2", "ques')
    assert "questions.jsonl:2: is not JSON" in refusal(tmp_path)


def test_an_article_without_words_and_a_suite_without_questions_are_refused(tmp_path: Path) -> None:
    assert "articles.jsonl:1: 'x'" in refusal(write_suite(tmp_path, QUESTION, articles=({"id": "x", "text": "..."},)))
    assert "holds no question" in refusal(write_suite(tmp_path))


def test_the_fingerprint_changes_with_any_file(tmp_path: Path) -> None:
    before = load_suite(write_suite(tmp_path, QUESTION)).fingerprint
    assert load_suite(tmp_path).fingerprint == before
    assert load_suite(write_suite(tmp_path, QUESTION | {"note": "mended"})).fingerprint != before


def test_drafts_are_listed(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, QUESTION, QUESTION | {"id": "q2", "draft": True}))
    assert [question.id for question in suite.drafts] == ["q2"]


def test_what_the_page_notes_beside_a_judged_answer_is_passed_over(tmp_path: Path) -> None:
    judged = QUESTION | {"verdict": "right", "got": {"answer": "Monday", "cited": [], "model": "m"}}
    assert load_suite(write_suite(tmp_path, judged)).questions == load_suite(write_suite(tmp_path, QUESTION)).questions


def test_grounding_rows_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    row: dict[str, Any] = {
        "id": "c1",
        "claim": "It is old.",
        "supported": True,
        "sentences": ["It is old.", "No."],
        "supporting": [[0]],
    }
    path.write_text(json.dumps(row))
    (item,) = load_grounding(path)
    assert item.supporting == (frozenset({0}),)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"supporting": [[2]]}, "indices from 0 to 1"),
        ({"source": "It is old."}, "either 'source'"),
        ({"supported": None}, "'supported' must be true or false"),
    ]
    for change, expected in changes:
        path.write_text(json.dumps(row | change))
        with pytest.raises(InputError, match=f"claims.jsonl:1: 'c1': .*{expected}"):
            load_grounding(path)


@pytest.mark.parametrize("name", ["seeds", "poisoned"])
def test_the_projects_own_suites_keep_every_rule(name: str) -> None:
    suite = load_suite(ROOT / "eval" / name, strict=True)
    assert suite.name == name
    assert all(question.evidence for question in suite.questions if question.answerable)
    assert not suite.drafts


def test_the_seeds_suite_is_over_the_seed_articles_to_the_letter() -> None:
    suite = load_suite(ROOT / "eval" / "seeds")
    seeds = {article_from_text(path.read_text("utf-8")).text for path in (ROOT / "seeds").glob("*.txt")}
    assert set(suite.texts.values()) == seeds


def test_the_seeds_suite_is_large_and_often_unanswerable() -> None:
    questions = load_suite(ROOT / "eval" / "seeds").questions
    assert len(questions) >= 160
    assert sum(not question.answerable for question in questions) >= 45


def test_where_sources_differ_by_design_every_answer_is_asked_for(tmp_path: Path) -> None:
    write_suite(tmp_path, QUESTION, QUESTION | {"id": "q2", "all_of": False})
    (tmp_path / "suite.json").write_text('{"name": "ramdocs-dev"}')
    assert [question.all_of for question in load_suite(tmp_path).questions] == [True, False]
