"""Reports of a run: the figures as data, Markdown, JUnit, and one HTML page that holds everything and asks nothing."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from onrecord.eval.reports.gate import Gate, GateResult
from onrecord.eval.reports.html import page
from onrecord.eval.reports.junit import junit_of_gates, junit_of_run
from onrecord.eval.reports.report import markdown, summary_dict, write_report
from onrecord.eval.reports.scored import ScoredRun, score_run
from onrecord.eval.reports.table import refreshed, results_section
from onrecord.eval.runs.folder import RunInfo, SuiteRun, rows_path
from onrecord.eval.suites.loading import load_suite
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, RetrievedRow, SentenceRow
from onrecord.index.errors import InputError

TEXT = "The bridge closed on Monday. It is <old>. A ferry runs."
QUOTE = "The bridge closed on Monday."
NASTY = '<script>alert("x")</script><img src="http://evil.example/x.png"> & ]]> \x00'


def right(question_id: str, system: str, **changes: object) -> ResultRow:
    row = ResultRow(
        question_id,
        system,
        f"When, {question_id}?",
        "answered",
        text="On Monday. [1]",
        sentences=(SentenceRow("On Monday.", "supported", (CitationRow(1, "a1", 0, 28, QUOTE),)),),
        retrieved=(RetrievedRow("a1", 0, 55, 1.0),),
        evidence=(EvidenceRow("a1", 0, 28, QUOTE, 1, 0.9),),
        answerability=0.8,
        threshold=0.5,
        timings={"time_to_evidence": 0.1, "time_to_first_token": 0.5, "time_to_answer": 1.5},
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def made_run(folder: Path) -> Path:
    suite_folder = folder / "suite"
    suite_folder.mkdir(parents=True)
    (suite_folder / "suite.json").write_text(json.dumps({"name": "small", "about": "About <this>."}))
    (suite_folder / "articles.jsonl").write_text(json.dumps({"id": "a1", "title": "T", "text": TEXT}) + "\n")
    gold = {"answers": ["Monday"], "evidence": [{"article": "a1", "quote": QUOTE}]}
    questions = [
        {"id": f"q{n}", "question": f"When, q{n}?", "kind": "fact" if n < 3 else "miss", "answerable": n < 3}
        | (gold if n < 3 else {})
        for n in range(5)
    ]
    (suite_folder / "questions.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))
    suite = load_suite(suite_folder)
    ids = tuple(q.id for q in suite.questions)
    out = folder / "run"
    out.mkdir()
    settings = {"model": "m", "embedder": "e", "seed": 0}
    info = RunInfo(
        (SuiteRun("small", str(suite_folder), suite.fingerprint, ids),), ("ours", "http://peer/"), settings, "abc123"
    )
    (out / "run.json").write_text(info.to_json())
    ours = [
        right("q0", "ours"),
        right("q1", "ours", text=NASTY, sentences=(SentenceRow(NASTY),), answerability=0.6),
        ResultRow("q2", "ours", "?", "failed", error=f"RuntimeError: {NASTY}"),
        ResultRow(
            "q3", "ours", "?", "abstained", reason="not_answered", text="The articles do not say.", answerability=0.1
        ),
        right("q4", "ours", answerability=0.55),
    ]
    peer = [right(i, "http://peer/", answerability=None, threshold=None) for i in ids]
    for name, rows in (("ours", ours), ("http://peer/", peer)):
        path = rows_path(out, "small", name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(row.to_json() + "\n" for row in rows))
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ScoredRun:
    """What the tests below only read."""
    return score_run(made_run(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def shown(run: ScoredRun) -> str:
    """The page, whose pictures take a while to draw."""
    return page(run)


class Page(HTMLParser):
    """What a browser would make of the page: its elements, and the addresses that it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "action", "data", "poster")]


def test_the_summary_has_every_figure_with_its_n_and_interval(run: ScoredRun) -> None:
    summary = json.loads(json.dumps(summary_dict(run), allow_nan=False))
    ours, peer = summary["results"]
    assert (summary["schema_version"], summary["commit"]) == (1, "abc123")
    assert ours["overall"]["outcomes"] == {
        "answered_right": 1,
        "answered_wrong": 2,
        "failed": 1,
        "abstained_rightly": 1,
    }
    figure = ours["overall"]["metrics"]["right"]
    assert figure["n"] == 5 and figure["low"] < figure["value"] == 0.4 < figure["high"]
    assert set(ours["kinds"]) == {"fact", "miss"}
    assert peer["costs"]["time_to_answer"]["p50"] == 1.5


def test_markdown_has_a_row_per_system(run: ScoredRun) -> None:
    text = markdown(run)
    assert "| `ours` | 40.0" in text and "| `http://peer/` | 60.0" in text and "ours: 1 failed" in text


def test_junit_has_a_failure_per_wrong_outcome_and_an_error_per_failed_question(run: ScoredRun) -> None:
    suites = ElementTree.fromstring(junit_of_run(run)).findall("testsuite")
    assert [(s.get("tests"), s.get("failures"), s.get("errors")) for s in suites] == [("5", "2", "1"), ("5", "2", "0")]
    assert len(suites[0].findall("testcase/failure")) == 2 and len(suites[0].findall("testcase/error")) == 1


def test_junit_of_gates_fails_where_a_gate_is_broken() -> None:
    gates = [GateResult(Gate("small", "right"), True, "kept"), GateResult(Gate("small", "right"), False, "0.4 < 0.8")]
    (suite,) = ElementTree.fromstring(junit_of_gates(gates)).findall("testsuite")
    assert suite.get("failures") == "1"
    assert [f.get("message") for f in suite.findall("testcase/failure")] == ["0.4 < 0.8"]


def test_the_page_fetches_nothing_and_runs_nothing_that_an_answer_said(shown: str) -> None:
    text = shown
    read = Page(text)
    assert [a for a in read.addresses if not a.startswith("#")] == []
    assert read.tags.count("script") == 1 and "img" not in read.tags and "link" not in read.tags
    assert "default-src 'none'" in text and "@import" not in text and not re.search(r"url\((?!#)", text)
    assert "&lt;script&gt;" in text and "About &lt;this&gt;." in text


def test_the_page_has_each_question_with_what_was_shown_and_citations_against_gold(shown: str) -> None:
    text = shown
    assert text.count('<details class="question"') == 5
    assert f"<mark>{QUOTE}</mark>" in text and "✓ gold" in text and "shown to the model: 1" in text
    assert "answerability 0.80 (needs 0.50)" in text and "RuntimeError" in text
    assert text.count("<figure") == 4


@pytest.mark.slow
def test_a_cited_place_that_is_not_in_the_article_is_said_to_be_so(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    path = rows_path(folder, "small", "ours")
    path.write_text(
        path.read_text().replace('"start_char":0,"end_char":28,"quote"', '"start_char":1,"end_char":29,"quote"')
    )
    assert "not in the article at this place" in page(score_run(folder))


@pytest.mark.slow
def test_every_form_is_written_into_the_folder(tmp_path: Path, run: ScoredRun) -> None:
    files = write_report(run, tmp_path / "elsewhere")
    assert all(path.stat().st_size > 100 for path in (files.summary, files.markdown, files.junit, files.html))
    assert write_report(run).html.parent == run.folder


def test_a_suite_that_changed_since_the_run_is_refused(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    with (tmp_path / "suite" / "questions.jsonl").open("a") as file:
        file.write(json.dumps({"id": "new", "question": "New?", "kind": "fact", "answerable": False}) + "\n")
    with pytest.raises(InputError, match="has changed since"):
        score_run(folder)


def test_a_folder_without_a_run_or_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run\.json"):
        score_run(tmp_path)
    folder = made_run(tmp_path)
    for path in folder.glob("small/*.jsonl"):
        path.unlink()
    with pytest.raises(InputError, match="no answer yet"):
        score_run(folder)


def test_the_page_gets_the_table_between_its_markers_and_nothing_else_changes(run: ScoredRun) -> None:
    before = "# Title\n<!-- eval:begin -->\nstale figures\n<!-- eval:end -->\nEnd \\1\n"
    after = refreshed(before, results_section(run))
    assert after.startswith("# Title\n<!-- eval:begin -->\n") and after.endswith("<!-- eval:end -->\nEnd \\1\n")
    assert "`abc123`" in after and "| `ours` |" in after and "stale" not in after
    assert refreshed(after, results_section(run)) == after
    with pytest.raises(InputError, match="eval:begin"):
        refreshed("no markers", "table")
