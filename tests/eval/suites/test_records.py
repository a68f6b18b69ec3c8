from pathlib import Path

import pytest

from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, RetrievedRow, SentenceRow, read_rows
from onrecord.index.errors import InputError

CITATION = CitationRow(1, "bridge", 0, 28, "The bridge closed on Monday.", ("copy",))
ROW = ResultRow(
    question_id="q1",
    system="onrecord",
    question="When?",
    status="answered",
    text="It closed on Monday. [1]",
    sentences=(SentenceRow("It closed on Monday.", "supported", (CITATION,)),),
    positions=(SentenceRow("It was Tuesday.", "supported", (CitationRow(2, "ferry", 0, 5, "It wa"), CITATION)),),
    retrieved=(RetrievedRow("bridge", 0, 50, 0.7),),
    evidence=(EvidenceRow("bridge", 0, 28, "The bridge closed on Monday.", 1, 0.9),),
    answerability=0.8,
    timings={"total": 1.5},
)


def test_a_row_survives_the_way_through_json() -> None:
    line = ROW.to_json()
    assert "\n" not in line
    assert ResultRow.from_json(line) == ROW


def test_every_cited_place_is_listed_once_in_the_order_of_first_use() -> None:
    assert [citation.article_id for citation in ROW.citations] == ["bridge", "ferry"]


def test_markers_are_not_part_of_what_is_compared() -> None:
    assert ROW.plain_text == "It closed on Monday. It was Tuesday."
    assert ResultRow("q", "s", "?", "answered", text="On Monday [1], [2, 3].").plain_text == "On Monday,."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"question_id": "q1"', "not JSON"),
        ("[]", "no object"),
        (ROW.to_json().replace('"schema_version":1', '"schema_version":99'), "schema version 99"),
        (ROW.to_json().replace('"reason"', '"raison"'), "unknown fields: raison"),
        (ROW.to_json().replace('"status":"answered"', '"status":"perhaps"'), "status must be one of"),
        (ROW.to_json().replace('"system":"onrecord",', ""), "lacks a field"),
        ('{"schema_version":1,"sentences":3}', "'sentences' must be a list"),
    ],
)
def test_a_line_that_is_no_row_is_refused(line: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        ResultRow.from_json(line)


def test_a_last_line_cut_off_by_a_kill_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(ROW.to_json() + "\n" + ROW.to_json()[:80], encoding="utf-8")
    assert read_rows(path) == (ROW,)


def test_a_last_line_cut_inside_a_character_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(f'{ROW.to_json()}\n{{"question":"où'.encode()[:-1])
    assert read_rows(path) == (ROW,)


def test_damage_anywhere_else_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(ROW.to_json()[:80] + "\n" + ROW.to_json() + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"rows\.jsonl:1: the line is not JSON"):
        read_rows(path)


def test_a_missing_results_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read"):
        read_rows(tmp_path / "none.jsonl")
