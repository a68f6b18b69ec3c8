import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from onrecord.index import doctor as doctors
from onrecord.index.library import Library
from onrecord.index.store.catalogue import LINE
from onrecord.ui.cli import opening as cli_open
from onrecord.ui.cli.models import examined_models
from tests.conftest import ARTICLES
from tests.ui.cli_stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return staged(tmp_path, monkeypatch)


def write(
    folder: Path, name: str, text: str = "The bridge was closed on Monday. Repairs will take nine months."
) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_adding_says_what_was_added_and_how_much_there_is(stage: Stage) -> None:
    write(stage.folder, "news/one.txt")
    result = stage.run("add", "news")
    assert (result.exit_code, result.stdout) == (0, "1 added. The collection has 1 article.\n")
    assert stage.run("add", "news").stdout == "1 unchanged. The collection has 1 article.\n"


def test_a_cluster_of_workers_that_is_not_there_is_named_and_nothing_is_added(stage: Stage) -> None:
    write(stage.folder, "one.txt")
    result = stage.run("add", "one.txt", "--ray", "127.0.0.1:9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("onrecord: The Ray cluster '127.0.0.1:9' cannot be reached (Connection refused);")
    assert "No Ray cluster is named" in stage.run("add", "one.txt", "--ray", " ").stderr
    assert stage.run("add", "one.txt", "--workers", "2").exit_code == 2
    assert stage.json("list")["articles"] == []


def test_adding_quietly_prints_nothing(stage: Stage) -> None:
    write(stage.folder, "one.txt")
    assert stage.run("add", "one.txt", "--quiet").output == ""


def test_adding_prints_every_field_of_the_report_as_json(stage: Stage) -> None:
    write(stage.folder, "news/one.txt")
    write(stage.folder, "news/two.txt", "")
    report = stage.json("add", "news", code=1)
    assert len(report["added"]) == 1
    assert [Path(failure["path"]).name for failure in report["failed"]] == ["two.txt"]
    assert "empty" in report["failed"][0]["error"]
    assert report["changed"] == report["unchanged"] == report["removed"] == []


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_added(stage: Stage) -> None:
    write(stage.folder, "good.txt")
    result = stage.run("add", "good.txt", "gone.txt")
    assert result.exit_code == 1
    assert "1 added, 1 not read" in result.stdout
    assert result.stderr.startswith("onrecord: gone.txt does not exist")
    assert result.stderr.count("\n") == 1


def test_files_of_other_kinds_are_named_and_are_no_failure(stage: Stage) -> None:
    others = [
        *(f"photo{number}.jpg" for number in range(5)),
        "letter.pages",
        "mail.msg",
        "feed.xml",
        "a.json",
        "README",
    ]
    for name in ("good.txt", *others):
        write(stage.folder, f"news/{name}")
    result = stage.run("add", "news")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == [
        "Passed over 1 file without an ending: README.",
        "Passed over 1 .json file: a.json.",
        "Passed over 1 .xml file: feed.xml.",
        "Passed over 1 .pages file: letter.pages.",
        "Passed over 1 .msg file: mail.msg.",
        "Passed over 5 .jpg files: photo0.jpg, photo1.jpg, photo2.jpg and 2 more.",
    ]
    passed_over = stage.json("add", "news")["passed_over"]
    assert [Path(one["path"]).name for one in passed_over] == sorted(others)
    assert "its name ends in .json" in passed_over[1]["reason"]


def test_a_folder_of_other_kinds_alone_names_them_and_exits_1(stage: Stage) -> None:
    write(stage.folder, "news/letter.pages")
    result = stage.run("add", "news")
    assert result.exit_code == 1
    assert "news holds no file that can be read" in result.stderr
    assert result.stdout == "Passed over 1 .pages file: letter.pages.\n"


def test_a_date_that_is_none_is_said_to_be_left_out_and_is_no_failure(stage: Stage) -> None:
    write(stage.folder, "a.jsonl", '{"text": "The bridge was closed.", "published": "yesterday"}')
    result = stage.run("add", "a.jsonl")
    assert (result.exit_code, result.stdout) == (0, "1 added. The collection has 1 article.\n")
    assert "a.jsonl: left out as the date: line 1 (“yesterday”)" in result.stderr
    assert "yesterday" in stage.json("add", "a.jsonl")["notes"][0]["note"]


def test_what_libraries_log_does_not_reach_the_terminal() -> None:
    code = "import logging\nfrom onrecord.ui.cli import group\ngroup._quiet_libraries()\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}logging.getLogger('pypdf._reader').warning('invalid pdf header')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""


def test_a_file_that_takes_long_to_read_is_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onrecord.index.reading.files.SLOW", 0.0)
    write(stage.folder, "long.txt")
    assert "Reading long.txt…" in stage.run("add", "long.txt").stderr
    assert stage.run("add", "long.txt", "--quiet").output == ""


@pytest.mark.parametrize("make", ["nothing", "folder", "binary", "empty"])
def test_when_nothing_could_be_added_the_reason_is_one_line_and_the_exit_code_is_1(stage: Stage, make: str) -> None:
    path = stage.folder / "given"
    match make:
        case "folder":
            path.mkdir()
        case "binary":
            path = stage.folder / "given.txt"
            path.write_bytes(bytes(range(256)) * 40)
        case "empty":
            path = write(stage.folder, "given.txt", "")
    result = stage.run("add", str(path))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"onrecord: {path}")
    assert result.stderr.count("\n") == 1
    document = stage.json("add", str(path), code=1)
    assert document["kind"] == "ReadError"
    assert str(path) in document["error"]


def test_a_list_for_a_pipe_has_one_line_per_article_with_tabs(stage: Stage) -> None:
    stage.fill()
    lines = stage.run("list").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["bridge", "ferry", "museum"]
    assert "Larnville Courier\t2024-03-04" in lines[0]


def test_the_list_of_an_empty_collection_says_how_to_fill_it(stage: Stage) -> None:
    result = stage.run("list")
    assert result.exit_code == 0
    assert "onrecord add" in result.stdout
    assert stage.json("list") == {"count": 0, "articles": []}


def test_the_list_as_json_has_the_facts_of_each_article(stage: Stage) -> None:
    stage.fill()
    listed = stage.json("list", "--source", "River Herald")
    assert listed["count"] == 1
    (article,) = listed["articles"]
    assert article["id"] == "ferry"
    assert article["url"] == "https://herald.example/ferry"
    assert set(article) == {"id", "title", "source", "published", "url", "language", "place", "words", "added"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--article", "museum", "--article", "bridge"], ["bridge", "museum"]),
        (["--source", "River Herald", "--source", "Asel Weekly"], ["ferry", "museum"]),
        (["--from", "2024-03-09"], ["ferry", "museum"]),
        (["--to", "2024-03-09"], ["bridge", "ferry"]),
        (["--from", "2024-03-05", "--to", "2024-03"], ["ferry"]),
    ],
)
def test_filters_restrict_the_list_and_the_search(stage: Stage, options: list[str], expected: list[str]) -> None:
    stage.fill()
    assert [article["id"] for article in stage.json("list", *options)["articles"]] == expected
    hits = stage.json("search", "bridge ferry coins museum", *options)["hits"]
    assert {hit["article_id"] for hit in hits} == set(expected)


def test_a_filter_that_leaves_nothing_says_so(stage: Stage) -> None:
    stage.fill()
    assert "No article matches the filter" in stage.run("list", "--from", "2031").stderr
    unknown = stage.run("search", "bridge", "--source", "Daily Planet").stderr
    assert "'Daily Planet'" in unknown
    assert "River Herald" in unknown


@pytest.mark.parametrize("day", ["2024-13-01", "yesterday", "2024-02-30"])
def test_a_date_that_is_none_is_wrong_usage(stage: Stage, day: str) -> None:
    result = stage.run("list", "--from", day)
    assert result.exit_code == 2
    assert day in result.stderr
    assert result.stderr.count("\n") == 1


def test_removing_takes_the_article_away(stage: Stage) -> None:
    stage.fill()
    assert stage.json("remove", "bridge", "museum") == {"removed": ["bridge", "museum"]}
    assert [article["id"] for article in stage.json("list")["articles"]] == ["ferry"]


def test_the_facts_of_an_article_are_edited_and_a_bad_date_is_one_sentence(stage: Stage) -> None:
    stage.fill()
    result = stage.run("edit", "ferry", "--source", "Sky Post", "--published", "11 March 2024")
    assert result.stdout == "ferry: Ferry to replace closed bridge · Sky Post · 11 March 2024\n"
    assert [one["id"] for one in stage.json("list", "--source", "sky post", "--from", "2024-03-11")["articles"]] == [
        "ferry"
    ]
    refused = stage.run("edit", "ferry", "--published", "yesterday")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "onrecord: “yesterday” is no day; write the date as 2024-03-09.\n",
    )
    assert "give --title, --source or --published" in stage.run("edit", "ferry").stderr


def test_an_unknown_id_is_named_and_nothing_is_removed(stage: Stage) -> None:
    stage.fill()
    result = stage.run("remove", "bridge", "nowhere")
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert stage.json("remove", "nowhere", code=1)["kind"] == "UnknownArticle"
    assert stage.json("list")["count"] == 3


def test_a_search_shows_passages_with_their_places(stage: Stage) -> None:
    stage.fill()
    found = stage.json("search", "ferry for pedestrians", "--top-k", "1")
    assert found["query"] == "ferry for pedestrians"
    (hit,) = found["hits"]
    assert (hit["article_id"], hit["title"]) == ("ferry", "Ferry to replace closed bridge")
    text = {article.id: article.text for article in ARTICLES}["ferry"]
    for sentence in hit["sentences"]:
        assert text[sentence["start_char"] : sentence["end_char"]] == sentence["quote"]
    assert "9 March 2024" in stage.run("search", "ferry for pedestrians").stdout


def test_an_empty_query_is_refused(stage: Stage) -> None:
    assert stage.run("search", " ").exit_code == 1


def test_doctor_is_content_with_a_whole_library_and_its_models(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.fill()
    monkeypatch.setattr(
        "onrecord.ui.cli.models.examined_models",
        lambda settings: [{"name": "small", "state": "fine", "needed": True, "cure": ""}],
    )
    report = stage.json("doctor")
    assert report["ok"]
    assert (report["articles"], report["findings"]) == (3, [])
    assert report["schema"] == LINE.newest
    said = stage.run("doctor").stdout
    assert f"3 articles, 3 passages; schema {LINE.newest}." in said and "All is well." in said


def test_doctor_names_what_is_wrong_and_the_cure_and_exits_1(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = doctors.Finding("vectors", "Chroma lacks 2 of 3 passages.", "run `onrecord rebuild`")
    monkeypatch.setattr(doctors, "examine", lambda library: doctors.Report((finding,), 3))
    result = stage.run("doctor")
    assert result.exit_code == 1
    assert "onrecord: Chroma lacks 2 of 3 passages. To mend it: run `onrecord rebuild`." in result.stderr
    assert stage.json("doctor", code=1)["findings"] == [
        {"kind": "vectors", "message": "Chroma lacks 2 of 3 passages.", "cure": "run `onrecord rebuild`"}
    ]


def test_doctor_tells_a_missing_model_from_a_damaged_one(stage: Stage) -> None:
    from onrecord.index.models.catalogue import find_entry

    entry = find_entry("smollm2-135m")
    entry.folder.mkdir(parents=True)
    with entry.path.open("wb") as file:
        file.truncate(entry.bytes)
    states = {model["name"]: model["state"] for model in examined_models(cli_open.settings_of(None))}
    assert states == {"smollm2-135m": "damaged", "all-minilm-l6-v2": "missing", "qwen2.5-coder-1.5b": "missing"}


def test_rebuild_makes_the_search_work_again_after_chroma_was_deleted(stage: Stage) -> None:
    stage.fill()
    assert stage.json("rebuild") == {"articles": 3, "passages": 3, "embedded_again": 0}
    assert stage.json("search", "silver coins", "--top-k", "1")["hits"][0]["article_id"] == "museum"


def test_a_data_folder_that_cannot_be_one_is_a_plain_sentence(stage: Stage) -> None:
    write(stage.folder, "file")
    result = stage.run("list", "--data", "file/below")
    assert result.exit_code == 1
    assert result.stderr.startswith("onrecord: The data folder file/below cannot be used")


def test_a_read_only_data_folder_is_a_plain_sentence(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    document = stage.json("list", code=1)
    assert document["kind"] == "StoreError"
    assert str(stage.data) in document["error"]
    assert "--data" in document["error"]


def test_a_data_folder_of_a_newer_version_is_left_alone(stage: Stage) -> None:
    stage.fill()
    (file,) = stage.data.glob("*.sqlite*")
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    result = stage.run("list")
    assert result.exit_code == 1
    assert "newer OnRecord" in result.stderr


def test_a_second_process_is_told_who_holds_the_folder(stage: Stage) -> None:
    with Library(stage.data):
        assert stage.json("list", code=1)["kind"] == "LibraryBusy"


def test_the_data_folder_may_be_named(stage: Stage) -> None:
    write(stage.folder, "one.txt")
    stage.run("add", "one.txt", "--data", "elsewhere")
    assert stage.json("list", "--data", "elsewhere")["count"] == 1
    assert stage.json("list")["count"] == 0


def test_settings_that_are_wrong_are_one_line(stage: Stage) -> None:
    write(stage.folder, "onrecord.toml", "[answer]\nlenght = 3\n")
    result = stage.run("list")
    assert result.exit_code == 1
    assert "lenght" in result.stderr
    assert json.loads(stage.run("list", "--json").stdout)["kind"] == "InputError"
