"""The commands of ``onrecord eval``: their exit codes and what they print."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from onrecord.eval.cli.main import app
from onrecord.eval.runs.folder import rows_path
from onrecord.eval.suites.records import read_rows
from onrecord.index.errors import InputError
from tests.eval.reports.test_report import made_run
from tests.eval.runs.test_runner import write_suite, write_system


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_sound_suite_is_checked_and_a_broken_one_is_named_by_file_and_line(tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", ["q1", "q2"])
    assert "small: 2 questions" in call("check", suite).output
    with (suite / "questions.jsonl").open("a") as file:
        file.write(json.dumps({"id": "q1", "question": "?", "kind": "k", "answerable": False}) + "\n")
    result = call("check", suite)
    assert result.exit_code == 1 and isinstance(result.exception, InputError)
    assert "questions.jsonl:3" in str(result.exception)


@pytest.mark.slow
def test_a_run_reports_and_exits_with_1_when_a_question_failed(tmp_path: Path) -> None:
    suite, system = write_suite(tmp_path / "suite", ["q1", "raises"]), write_system(tmp_path / "fake.py")
    result = call("run", suite, "--system", system, "--out", tmp_path / "out", "--index", tmp_path / "index")
    assert result.exit_code == 1 and "1 questions failed" in result.output
    assert (tmp_path / "out" / "report.html").exists() and (tmp_path / "out" / "summary.json").exists()


@pytest.mark.slow
def test_reporting_writes_the_files_and_prints_the_table(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    result = call("report", folder)
    assert result.exit_code == 0 and "| `ours` |" in result.output and (folder / "junit.xml").exists()


@pytest.mark.slow
def test_shifting_every_citation_by_one_is_a_loss_to_compare_and_breaks_the_gate(tmp_path: Path) -> None:
    before = many_answers(tmp_path / "before")
    shutil.copytree(before, after := tmp_path / "after")
    path = rows_path(after, "small", "ours")
    path.write_text(
        path.read_text().replace('"start_char":0,"end_char":28,"quote"', '"start_char":1,"end_char":29,"quote"')
    )
    same, shifted = call("compare", before, before), call("compare", before, after)
    assert (same.exit_code, shifted.exit_code) == (0, 1)
    assert "quotes exact" in shifted.output and "LOSS" in shifted.output
    gates = tmp_path / "gates.toml"
    gates.write_text(
        '[[gate]]\nsuite = "small"\nsystem = "ours"\nmetric = "citation_validity"\nat_least = 1.0\nmin_n = 20\n'
    )
    junit = tmp_path / "gates.xml"
    assert call("gate", before, "--gates", gates).exit_code == 0
    broken = call("gate", after, "--gates", gates, "--junit", junit)
    assert broken.exit_code == 1 and "BROKEN" in broken.output and 'failures="1"' in junit.read_text()


def test_abstention_turned_off_is_a_loss_to_compare(tmp_path: Path) -> None:
    before = many_answers(tmp_path / "before", abstains=True)
    after = many_answers(tmp_path / "after", abstains=False)
    result = call("compare", before, after, "--json")
    assert result.exit_code == 1
    flips = json.loads(result.output)["small / ours"]["flipped"]
    assert {flip["after"] for flip in flips} == {"answered_wrong"} and len(flips) == 20


def test_the_results_table_is_refreshed_from_a_run(tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    page.write_text("Hello\n<!-- eval:begin -->\n<!-- eval:end -->\n")
    assert call("table", made_run(tmp_path), "--file", page).exit_code == 0
    assert "| `ours` |" in page.read_text()


def test_grounding_prints_the_verifier_beside_the_baseline(tmp_path: Path) -> None:
    file = tmp_path / "claims.jsonl"
    rows = [
        {"id": f"c{n}", "claim": f"The ferry carries {n if n % 2 else 900} people.", "supported": bool(n % 2)}
        | {"source": f"The ferry carries {n} people. It runs every day."}
        for n in range(12)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = call("grounding", file, "--no-model")
    assert result.exit_code == 0 and "ROUGE-2" in result.output and "features" in result.output


def test_grounding_without_a_file_is_over_the_pairs_that_come_along() -> None:
    result = call("grounding", "--no-model", "--sample", 30, "--json")
    assert result.exit_code == 0
    found = json.loads(result.output)["pairs"]["features"]
    assert found["overall"]["all"]["true_above_false"]["n"] == 30
    assert sum(halves["all"]["true_refused"]["n"] for halves in found["phenomena"].values()) == 30
    text = call("grounding", "--no-model", "--sample", 30).output
    assert "true above false" in text and "pairs, 30 pairs" in text and "ROUGE-2" in text


@pytest.mark.parametrize("command", ["run", "compare", "calibrate", "draft"])
def test_a_command_without_what_it_needs_exits_with_2(command: str) -> None:
    assert call(command).exit_code == 2


def many_answers(folder: Path, *, abstains: bool = True) -> Path:
    """A run of 40 questions, 20 of them unanswerable, all well answered unless abstention is off."""
    out = made_run(folder)
    path = rows_path(out, "small", "ours")
    good = read_rows(path)[0]
    suite = folder / "suite" / "questions.jsonl"
    first, *_ = (json.loads(line) for line in suite.read_text().splitlines())
    questions = [first | {"id": f"a{n}"} for n in range(20)]
    questions += [{"id": f"u{n}", "question": "Who?", "kind": "miss", "answerable": False} for n in range(20)]
    suite.write_text("".join(json.dumps(q) + "\n" for q in questions))
    rows = [json.loads(good.to_json()) | {"question_id": q["id"]} for q in questions]
    for row in rows[20:]:
        row |= {"status": "abstained", "text": "The articles do not say.", "sentences": []} if abstains else {}
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    rows_path(out, "small", "http://peer/").unlink()
    info = json.loads((out / "run.json").read_text())
    from onrecord.eval.suites.loading import load_suite

    info["suites"][0] |= {
        "fingerprint": load_suite(folder / "suite").fingerprint,
        "questions": [q["id"] for q in questions],
    }
    (out / "run.json").write_text(json.dumps(info))
    return out
