"""Files that are made to harm: each is one sentence, within the limits, and those beside it are stored."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest

from onrecord.index.library import Library
from onrecord.index.reading import process as reading
from onrecord.index.reading.articles import article_from_text, iso_date
from onrecord.index.reading.markdown import without_marks
from onrecord.index.reading.process import ReadLimits, readers
from onrecord.index.settings import IndexSettings
from onrecord.index.text.sentences import sentence_spans
from tests.conftest import FakeEmbedder

STORY = "The city closed the old bridge on Monday after inspectors found cracks. Repairs will take nine months."
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx_with(document: str) -> bytes:
    """A DOCX whose word/document.xml is ``document``."""
    whole, changed = io.BytesIO(), io.BytesIO()
    docx.Document().save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, document if name == "word/document.xml" else old.read(name))
    return changed.getvalue()


def table_with(cell: str) -> bytes:
    row = f"<w:tr><w:tc><w:tcPr>{cell}</w:tcPr><w:p/></w:tc></w:tr>"
    return docx_with(f"<w:document {W}><w:body><w:tbl>{row}</w:tbl></w:body></w:document>")


def pdf_with_kids(count: int) -> bytes:
    """A PDF that names one page over and over; each page's words are long."""
    shown = " ".join(f"({STORY}) Tj T*" for _ in range(20))
    stream = f"BT /F1 12 Tf 14 TL 50 700 Td {shown} ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{'3 0 R ' * count}] /Count {count} >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 "
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return (body + end).encode()


# Plain faults: each broke off the whole batch, or kept what was read from being stored.
FAULTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "no-body.docx": ("damaged", lambda: docx_with(f"<w:document {W}/>")),
    "other-root.docx": ("damaged", lambda: docx_with("<html/>")),
    "merge-first.docx": ("damaged", lambda: table_with("<w:vMerge/>")),
    "span.docx": ("damaged", lambda: table_with('<w:gridSpan w:val="x"/>')),
    "date.txt": ("", lambda: f"Mon, 01 Jan 99999999999 00:00:00 GMT\n\n{STORY}".encode()),
    "undefined.html": ("", lambda: b'<html><head><meta charset="undefined"></head><p>' + STORY.encode() + b" \xff\xfe"),
    "surrogate.jsonl": (
        "",
        lambda: f'{{"text": "{STORY} X.", "url": "http://x/\\ud800", "title": "\\udfff"}}'.encode(),
    ),
}
# Bombs and endless ones: each is refused or read, but in time.
HEAVY: dict[str, Callable[[], bytes]] = {
    "paragraphs.docx": lambda: docx_with(f"<w:document {W}><w:body>{'<w:p/>' * 12_000_000}</w:body></w:document>"),
    "span.docx": lambda: table_with('<w:gridSpan w:val="99999999"/>'),
    "paragraphs.html": lambda: ("<html><body><article>" + f"<p>{STORY[:40]}</p>" * 200_000).encode(),
    "rows.csv": lambda: b"title,text\n" + b"a,b c d e f\n" * 2_000_000,
    "kids.pdf": lambda: pdf_with_kids(20_000),
}


def add(folder: Path, files: dict[str, bytes], *, seconds: int = 60, memory_mib: int = 1024) -> dict[str, str]:
    """Adds the files beside two good ones, which must be stored; the errors by file name."""
    news = folder / "news"
    news.mkdir()
    good = {"a-good.txt": STORY.encode(), "z-good.txt": f"{STORY} It was old.".encode()}
    for name, content in {**files, **good}.items():
        Path(os.fsdecode(os.path.join(os.fsencode(news), name.encode("latin-1")))).write_bytes(content)  # noqa: PTH118
    settings = IndexSettings(read_seconds=seconds, read_memory_mib=memory_mib)
    with Library(folder / "data", embedder=FakeEmbedder(), settings=settings) as library:
        report = library.add_paths([news])
        texts = {library.article(one).text for one in report.added}
    assert {STORY, f"{STORY} It was old."} <= texts
    assert all("\n" not in why and name in why for name, why in report.failed)
    return {Path(name).name: why for name, why in report.failed}


def test_every_faulty_file_is_one_sentence_and_the_others_are_stored(tmp_path: Path) -> None:
    failed = add(tmp_path, {name: content() for name, (_, content) in FAULTS.items()})
    for name, (says, _) in FAULTS.items():
        assert says in failed.get(name, "")
    assert set(failed) >= {"no-body.docx", "other-root.docx", "span.docx"}
    assert "date.txt" not in failed and "surrogate.jsonl" not in failed


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_file_is_held_within_the_limits(tmp_path: Path, name: str) -> None:
    readers.close()
    failed = add(tmp_path, {name: HEAVY[name]()}, seconds=4, memory_mib=400)
    assert list(failed) in ([name], [])
    if failed:
        assert any(
            words in failed[name] for words in ("seconds to read", "MB of memory", "damaged", "made the program")
        )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_whose_name_is_no_text_is_stored_and_shown_escaped(tmp_path: Path) -> None:
    failed = add(tmp_path, {"caf\xe9.txt": f"{STORY} Or not.".encode(), "bad\xe9.txt": b""})
    assert list(failed) == ["bad\\xe9.txt"]


@pytest.mark.slow
class TestLimits:
    def test_a_file_that_takes_too_long_says_how_to_raise_the_limit(self) -> None:
        data = b"title,text\n" + b"a,the bridge was closed on Monday said the mayor again\n" * 300_000
        content = readers.read(data, "rows.csv", ".csv", ReadLimits(seconds=1))
        assert content.error.startswith("rows.csv took more than 1 seconds to read; split it")

    def test_a_file_that_needs_too_much_memory_says_how_to_raise_the_limit(self) -> None:
        readers.close()
        data = b"The bridge was closed. " * 2_000_000
        content = readers.read(data, "long.txt", ".txt", ReadLimits(memory_mib=64))
        assert content.error.startswith("long.txt needs more than 64 MB of memory to be read")
        assert readers.read(STORY.encode(), "a.txt", ".txt", ReadLimits()).error == ""

    def test_a_reader_that_crashes_is_this_files_failure_and_the_next_one_is_read(self) -> None:
        process, _ = readers._taken()
        assert process._popen is not None
        process._popen.send_signal(signal.SIGSTOP)
        os.kill(process._popen.pid, signal.SIGSEGV)
        process._popen.send_signal(signal.SIGCONT)
        assert process.ask(b"x", "a.txt", ".txt", ReadLimits(), None) is None
        process.settle()
        process._ready = True
        assert "made the program that reads it fail (code -11)" in process.reason("a.txt", ReadLimits())
        assert readers.read(STORY.encode(), "a.txt", ".txt", ReadLimits()).error == ""

    def test_the_clock_ends_a_reader_that_stands_still(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "_CLOCK", 0.5)
        readers.read(STORY.encode(), "a.txt", ".txt", ReadLimits(seconds=60))
        process, kept = readers._taken()
        assert kept and process._popen is not None
        process._popen.send_signal(signal.SIGSTOP)
        assert process.ask(STORY.encode(), "a.txt", ".txt", ReadLimits(seconds=1), None) is None
        process.settle()
        assert "took more than 1 seconds" in process.reason("a.txt", ReadLimits(seconds=1))
        assert not process.alive

    def test_a_reader_that_ended_of_its_own_will_is_replaced_unseen(self) -> None:
        readers.read(STORY.encode(), "a.txt", ".txt", ReadLimits())
        (process, *_) = readers._idle
        assert process._popen is not None and process._popen.stdin is not None
        process._popen.stdin.close()
        process._popen.wait()
        assert readers.read(STORY.encode(), "a.txt", ".txt", ReadLimits()).error == ""

    def test_one_process_reads_file_after_file(self) -> None:
        readers.close()
        for number in range(20):
            assert readers.read(f"{STORY} {number}".encode(), "a.txt", ".txt", ReadLimits()).error == ""
        assert len(readers._idle) == 1

    def test_the_reading_process_loads_nothing_heavy_and_ignores_the_folder_it_is_in(self, tmp_path: Path) -> None:
        (tmp_path / "struct.py").write_text("raise SystemExit('read from the working folder')")
        (tmp_path / "a.txt").write_text(STORY)
        program = (
            "import sys; sys.path.remove('')\nfrom onrecord.index import read_paths\n"
            "print([len(result.articles) for result in read_paths(['a.txt'])])"
        )
        ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=250)
        assert ran.stdout == "[1]\n", ran.stderr
        check = (
            "import sys, onrecord.index.reading.worker; heavy = {'torch', 'gradio', 'onnxruntime', 'chromadb'}\n"
            "print(heavy & set(sys.modules))"
        )
        ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=250)
        assert ran.stdout == "set()\n", ran.stderr


class TestInThisProcess:
    """A text that is given, not read from a file, never leaves the process that was given it."""

    def test_a_date_of_any_size_is_no_date(self) -> None:
        assert iso_date("Mon, 01 Jan 99999999999 00:00:00 GMT") == ""
        assert iso_date("Mon, 01 Jan 2024 00:00:00 +99999999999999999999") in ("", "2024-01-01T00:00:00+00:00")
        assert iso_date("Mon, " + "9" * 1_000_000 + ":") == ""

    def test_lone_surrogates_can_be_stored_in_no_field(self) -> None:
        article = article_from_text(
            STORY, title="\ud800", source="\ud800", published="\ud800", url="http://x/\ud800", language="\ud800"
        )
        assert "".join((article.title, article.source, article.url, article.language, article.published)).encode()

    @pytest.mark.slow
    @pytest.mark.parametrize("sign", ["[", "![", "<!--", "*", "_", "`", "](", "[a](", "> ", "- - ", "# a   "])
    def test_markdown_of_one_sign_is_read_in_time_that_grows_with_its_length(self, sign: str) -> None:
        # Sixteen times the length: a search that runs over its text again would take 256 times as long.
        short, long = (sign * (length // len(sign)) for length in (75_000, 1_200_000))
        assert takes_less(64 * seconds(lambda: without_marks(short)) + 0.3, lambda: without_marks(long))

    def test_a_heading_of_much_space_is_read_in_no_time(self) -> None:
        assert takes_less(2, lambda: without_marks("# a" + " " * 300_000 + "b"))

    @pytest.mark.slow
    @pytest.mark.parametrize("sign", [".)", "a? b ", "`。", ". ", "(a. B ", "“a.” "])
    def test_sentences_are_found_in_time_that_grows_with_the_length(self, sign: str) -> None:
        short, long = ("Start " + sign * (size // len(sign)) for size in (15_000, 60_000))
        most = 8 * seconds(lambda: list(sentence_spans(short))) + 0.2
        assert takes_less(most, lambda: list(sentence_spans(long)))


def seconds(work: Callable[[], object]) -> float:
    """The least processor time of three runs: what else the machine does only adds to it."""
    return min(_seconds(work) for _ in range(3))


def takes_less(most: float, work: Callable[[], object]) -> bool:
    """Whether one of three runs takes less than so many seconds; the first that does is the last."""
    return any(_seconds(work) < most for _ in range(3))


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
