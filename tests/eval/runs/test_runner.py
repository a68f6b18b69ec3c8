"""Running suites: resuming, refusing, and surviving systems that fail. Each worker is a real process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onrecord.eval.runs.folder import load_run, rows_path
from onrecord.eval.runs.progress import LineProgress
from onrecord.eval.runs.runner import RunSettings, run
from onrecord.eval.suites.loading import Question
from onrecord.eval.suites.records import ResultRow, read_rows
from onrecord.eval.suites.sampling import stratified_sample
from onrecord.eval.systems.base import SystemOptions
from onrecord.index.errors import InputError

# A system of the user's own: it logs what it is asked, and fails in the way that the question's id names.
SYSTEM = """
import os, time
from pathlib import Path
from onrecord.eval.suites.records import CitationRow, ResultRow, RetrievedRow, SentenceRow

LOG = Path(__file__).with_name("asked.txt")

class Fake:
    name = "fake"
    info = {"model": "none"}

    def __init__(self, options):
        self.options = options

    def prepare(self, suite):
        self.texts = suite.texts

    def answer(self, question):
        with LOG.open("a") as log:
            log.write(question.id + "\\n")
        print("noise on standard output")
        if question.id.startswith("raises"):
            raise RuntimeError("out of ideas")
        if question.id.startswith("hangs"):
            time.sleep(600)
        if question.id.startswith("dies"):
            os._exit(3)
        if question.id.startswith("nonsense"):
            return "forty-two"
        if question.id.startswith("other"):
            return ResultRow("q99", "fake", "?", "answered")
        time.sleep(PAUSE)
        return ResultRow(question.id, "fake", question.question, "answered", text="Yes.", sentences=(
            SentenceRow("Yes.", citations=(CitationRow(1, "a1", 0, 4, self.texts["a1"][:4]),)),))

    def retrieve(self, question, *, top_k):
        return ResultRow(question.id, "fake", question.question, "retrieved",
                         retrieved=tuple(RetrievedRow("a1", 0, 4) for _ in range(top_k)))

    def close(self):
        LOG.with_name("closed.txt").touch()

class Broken(Fake):
    def prepare(self, suite):
        raise ValueError("no such model")
"""


def write_suite(folder: Path, ids: list[str], *, name: str = "small", draft: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.json").write_text(json.dumps({"name": name}))
    (folder / "articles.jsonl").write_text(json.dumps({"id": "a1", "title": "T", "text": "It was so."}) + "\n")
    rows = [
        {
            "id": i,
            "question": f"Is {i} so?",
            "kind": f"k{n % 2}",
            "answerable": True,
            "answers": ["Yes"],
            "draft": draft,
        }
        for n, i in enumerate(ids)
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def fake(tmp_path: Path) -> str:
    return write_system(tmp_path / "fake.py")


def write_system(path: Path, *, pause: float = 0.0) -> str:
    path.write_text(SYSTEM.replace("PAUSE", str(pause)))
    return f"{path}:Fake"


def asked(tmp_path: Path) -> list[str]:
    return (tmp_path / "asked.txt").read_text().split()


def start(tmp_path: Path, ids: list[str], system: str, **settings: object) -> object:
    suite = write_suite(tmp_path / "suite", ids)
    options = SystemOptions(index_folder=tmp_path / "index")
    return run([suite], [system], out=tmp_path / "out", settings=RunSettings(**settings), options=options)  # type: ignore[arg-type]


def test_every_question_gets_one_row_and_a_row_is_one_line(tmp_path: Path, fake: str) -> None:
    result = run(
        [write_suite(tmp_path / "suite", ["q1", "q2", "q3"])],
        [fake],
        out=tmp_path / "out",
        options=SystemOptions(index_folder=tmp_path / "index"),
    )
    assert (result.asked, result.failed, result.ok) == (3, 0, True)
    (cell,) = load_run(tmp_path / "out").cells
    assert [row.question_id for row in cell.rows] == ["q1", "q2", "q3"]
    assert cell.rows[0].citations[0].quote == "It w"
    assert cell.rows[0].timings["peak_memory_mib"] > 1
    assert cell.info["model"] == "none"
    assert (tmp_path / "closed.txt").exists()


@pytest.mark.slow
def test_a_system_that_raises_dies_or_returns_nonsense_gives_error_rows_and_the_run_goes_on(
    tmp_path: Path, fake: str
) -> None:
    result = start(tmp_path, ["raises", "q1", "dies", "q2", "nonsense", "other", "q3"], fake)
    rows = {row.question_id: row for row in read_rows(rows_path(tmp_path / "out", "small", fake))}
    assert not result.ok and result.failed == 4  # type: ignore[attr-defined]
    assert [i for i, row in rows.items() if row.status == "answered"] == ["q1", "q2", "q3"]
    assert rows["raises"].error == "RuntimeError: out of ideas"
    assert "process ended" in rows["dies"].error
    assert "returned str, not a ResultRow" in rows["nonsense"].error
    assert "'q99'" in rows["other"].error


@pytest.mark.slow
def test_a_system_that_hangs_is_stopped_after_the_time_limit_and_the_run_goes_on(tmp_path: Path, fake: str) -> None:
    result = start(tmp_path, ["hangs", "q1"], fake, time_limit=1.5)
    rows = read_rows(rows_path(tmp_path / "out", "small", fake))
    assert [(row.question_id, row.status) for row in rows] == [("hangs", "failed"), ("q1", "answered")]
    assert "no answer within 1.5 s" in rows[0].error
    assert result.failed == 1  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_system_that_cannot_be_prepared_is_refused_with_its_reason_and_the_others_still_run(
    tmp_path: Path, fake: str
) -> None:
    suite = write_suite(tmp_path / "suite", ["q1"])
    broken = fake.replace(":Fake", ":Broken")
    result = run([suite], [broken, fake], out=tmp_path / "out", options=SystemOptions(index_folder=tmp_path / "i"))
    assert not result.ok and result.asked == 1
    assert "ValueError: no such model" in result.refused[0]


@pytest.mark.slow
def test_a_run_that_dies_on_every_question_is_given_up(tmp_path: Path, fake: str) -> None:
    result = start(tmp_path, [f"dies{n}" for n in range(8)], fake)
    assert result.asked == 5 and "given up" in result.refused[0]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_torn_last_line_is_cut_and_nothing_is_asked_twice(tmp_path: Path, fake: str) -> None:
    start(tmp_path, ["q1", "q2", "q3"], fake)
    path = rows_path(tmp_path / "out", "small", fake)
    first, second, third = path.read_text().splitlines(keepends=True)
    path.write_text(first + second + third[:40])
    result = start(tmp_path, ["q1", "q2", "q3"], fake)
    assert (result.kept, result.asked) == (2, 1)  # type: ignore[attr-defined]
    assert asked(tmp_path) == ["q1", "q2", "q3", "q3"]
    assert [row.question_id for row in read_rows(path)] == ["q1", "q2", "q3"]
    assert path.read_text().endswith("}\n")


@pytest.mark.slow
def test_a_run_killed_in_the_middle_goes_on_where_it_stopped(tmp_path: Path) -> None:
    system = write_system(tmp_path / "fake.py", pause=0.25)
    suite = write_suite(tmp_path / "suite", [f"q{n}" for n in range(8)])
    code = (
        "from onrecord.eval.runs.runner import run; from onrecord.eval.systems.base import SystemOptions\n"
        "from pathlib import Path\n"
        f"run([{str(suite)!r}], [{system!r}], out={str(tmp_path / 'out')!r}, "
        f"options=SystemOptions(index_folder=Path({str(tmp_path / 'i')!r})))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    path = rows_path(tmp_path / "out", "small", system)
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text().count("\n") >= 3) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1.0)  # the orphaned worker notices within half a second and ends
    written = [row.question_id for row in read_rows(path)]
    before = asked(tmp_path)
    assert 3 <= len(written) < 8 and len(before) <= len(written) + 1
    result = run([suite], [system], out=tmp_path / "out", options=SystemOptions(index_folder=tmp_path / "i"))
    assert result.kept == len(written)
    assert asked(tmp_path)[len(before) :] == [f"q{n}" for n in range(len(written), 8)]
    assert [row.question_id for row in read_rows(path)] == [f"q{n}" for n in range(8)]


@pytest.mark.slow
def test_failed_questions_are_kept_unless_they_are_to_be_retried(tmp_path: Path, fake: str) -> None:
    start(tmp_path, ["raises", "q1"], fake)
    assert start(tmp_path, ["raises", "q1"], fake).asked == 0  # type: ignore[attr-defined]
    assert start(tmp_path, ["raises", "q1"], fake, retry_failed=True).asked == 1  # type: ignore[attr-defined]
    assert asked(tmp_path) == ["raises", "q1", "raises"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that ended, which those below only read."""
    folder = tmp_path_factory.mktemp("done")
    start(folder, ["q1"], write_system(folder / "fake.py"))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"ids": ["q1", "q9"]}, "other suites"),
        ({"seed": 7}, "other settings"),
        ({"model": "smollm2-135m"}, "other settings"),
        ({"system": "bm25", "retrieval_only": False}, "can only search"),
    ],
)
def test_an_output_folder_of_another_run_is_refused(
    tmp_path: Path, done: Path, change: dict[str, object], named: str
) -> None:
    suite = write_suite(tmp_path / "suite", list(change.get("ids", ["q1"])))  # type: ignore[call-overload]
    model = str(change.get("model", "qwen2.5-coder-1.5b"))
    options = SystemOptions(index_folder=done / "index", model=model)
    settings = RunSettings(seed=int(str(change.get("seed", 0))))
    with pytest.raises(InputError, match=named):
        run(
            [suite],
            [str(change.get("system", f"{done / 'fake.py'}:Fake"))],
            out=done / "out",
            settings=settings,
            options=options,
        )


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path, fake: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("do not lose me")
    with pytest.raises(InputError, match="holds no run"):
        start(tmp_path, ["q1"], fake)


@pytest.mark.slow
def test_rows_of_questions_that_are_not_asked_are_refused(tmp_path: Path, fake: str) -> None:
    start(tmp_path, ["q1"], fake)
    path = rows_path(tmp_path / "out", "small", fake)
    path.write_text(ResultRow("q7", fake, "?", "answered").to_json() + "\n")
    with pytest.raises(InputError, match="'q7'"):
        start(tmp_path, ["q1"], fake)


@pytest.mark.slow
def test_drafts_are_refused_unless_they_are_asked_for(tmp_path: Path, fake: str) -> None:
    suite = write_suite(tmp_path / "suite", ["q1"], draft=True)
    options = SystemOptions(index_folder=tmp_path / "index")
    with pytest.raises(InputError, match="drafts"):
        run([suite], [fake], out=tmp_path / "out", options=options)
    assert run([suite], [fake], out=tmp_path / "out", settings=RunSettings(drafts=True), options=options).asked == 1


def test_an_unknown_system_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no system .onrecrd.: give one of onrecord"):
        start(tmp_path, ["q1"], "onrecrd")


@pytest.mark.slow
def test_retrieval_only_searches_and_does_not_answer(tmp_path: Path, fake: str) -> None:
    start(tmp_path, ["q1", "q2"], fake, retrieval_only=True, top_k=5)
    rows = read_rows(rows_path(tmp_path / "out", "small", fake))
    assert {row.status for row in rows} == {"retrieved"} and len(rows[0].retrieved) == 5
    assert not (tmp_path / "asked.txt").exists()


@pytest.mark.slow
def test_progress_is_a_line_every_ten_questions_where_nobody_watches(tmp_path: Path, fake: str) -> None:
    suite = write_suite(tmp_path / "suite", [f"q{n}" for n in range(12)])
    options = SystemOptions(index_folder=tmp_path / "index")
    with (tmp_path / "log").open("w+") as log:
        run([suite], [fake], out=tmp_path / "out", options=options, progress=LineProgress(log))
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 3 and "10 of 12" in lines[1] and "left" in lines[1] and "12 of 12" in lines[2]


def test_a_sample_keeps_the_mix_of_kinds_and_is_the_same_for_the_same_seed() -> None:
    questions = [Question(f"q{n}", "?", "rare" if n < 10 else "common", answerable=n % 2 == 0) for n in range(100)]
    sample = stratified_sample(questions, 20, seed=3)
    assert len(sample) == 20 and sum(q.kind == "rare" for q in sample) == 2
    assert sample == stratified_sample(questions, 20, seed=3) != stratified_sample(questions, 20, seed=4)
    assert [q.id for q in sample] == [q.id for q in questions if q in sample]
    with pytest.raises(InputError, match="sample of 0"):
        stratified_sample(questions, 0)
