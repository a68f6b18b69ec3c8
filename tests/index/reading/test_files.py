"""Files -> articles: every format, what they state, and every way in which a file can be bad."""

import csv
import io
import json
import os
import random
import stat
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.index.errors import ReadError
from onrecord.index.reading import files as readers
from onrecord.index.reading.articles import Dateline, derive_title, iso_date, read_dateline
from onrecord.index.reading.files import ReadResult, article_from_text, normalise, read_paths
from onrecord.index.types import Article

SEEDS = Path(__file__).parents[3] / "seeds"
STORY = "The city closed the old bridge on Monday after inspectors found cracks. Repairs will take nine months."
PAGE = """<html lang="en"><head><title>Bridge closed | Larn Courier</title>
<meta property="og:site_name" content="Larn Courier"><link rel="canonical" href="https://courier.example/bridge">
<meta property="article:published_time" content="2024-03-04T09:30:00+01:00"></head>
<body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav><article><h1>Bridge closed after cracks</h1>
<p>The city closed the Old Mill Bridge on Monday after inspectors found cracks in two of its supports.</p>
<p>About 11,000 drivers use it <b>every</b> day, according to the transport office – it said so.</p></article>
<footer>Copyright Larn Courier, all rights reserved</footer></body></html>"""


def read(path: Path) -> ReadResult:
    (result,) = read_paths([path])
    return result


def read_one(path: Path) -> Article:
    result = read(path)
    assert result.error == ""
    (article,) = result.articles
    return article


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def make_pdf(path: Path, lines: list[str], *, password: str = "", title: str = "") -> Path:
    """A PDF of one page, written by hand: pypdf itself writes no text."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 50 700 Td {shown} ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    body = "%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    body += f"xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(body.encode("latin-1")))
    writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    return path


class TestFormats:
    def test_plain_text_keeps_every_character_and_reads_its_dateline(self) -> None:
        path = SEEDS / "000_26f2e360eed071b4.txt"
        article = read_one(path)
        assert article.text == path.read_text(encoding="utf-8").strip()
        assert article.text.startswith("BEIRUT —  A cease-fire")
        assert article.place == "Beirut"
        assert article.title.startswith("A cease-fire to evacuate rebel fighters and civilians")
        assert article.title.endswith("…") and len(article.title) <= 90
        assert article.language == "en"

    def test_the_second_seed_has_its_first_words_as_title(self) -> None:
        article = read_one(SEEDS / "003_49f68371654fcdfa.txt")
        assert article.title.startswith("Syrian troops responded by driving the jihadists")
        assert (article.place, article.source, article.published) == ("", "", "")

    def test_header_lines_of_a_text_file_are_facts_and_not_text(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.txt", f"Title: Bridge shut\nSource: Courier\nDate: 4 March 2024\n\n{STORY}")
        article = read_one(path)
        assert (article.title, article.source, article.published) == ("Bridge shut", "Courier", "2024-03-04")
        assert article.text == STORY

    def test_a_first_line_that_only_looks_like_a_header_stays_text(self, tmp_path: Path) -> None:
        text = f"Date: unknown, says the mayor\n\n{STORY}"
        assert read_one(write(tmp_path / "a.txt", text)).text == text

    def test_a_date_line_is_read_and_stays_in_the_text(self, tmp_path: Path) -> None:
        article = read_one(write(tmp_path / "a.txt", f"Bridge shut\nPublished: December 14, 2016\n\n{STORY}"))
        assert article.published == "2016-12-14"
        assert "Published: December 14, 2016" in article.text

    def test_hard_wrapped_text_is_joined_into_paragraphs(self, tmp_path: Path) -> None:
        lines = [
            "The city closed the old bridge on Monday after inspectors found",
            "cracks in two of its supports, said the mayor of Larnville, who",
            "had ordered the inspection in the spring of last year after a",
            "barge hit one of the piers during the flood. Repairs will take",
            "nine months and cost at least two million euros, which the town",
            "does not have.",
        ]
        wrapped = "\n".join(lines) + "\n\nA ferry will run from May."
        paragraphs = read_one(write(tmp_path / "a.txt", wrapped)).text.split("\n")
        assert paragraphs == [" ".join(lines), "", "A ferry will run from May."]

    def test_markdown_is_read_without_its_marks(self, tmp_path: Path) -> None:
        text = (
            "---\ntitle: 'Bridge shut'\nsource: Courier\ndate: 2024-03-04\nurl: https://c.example/b\n---\n\n"
            "# Another heading\n\nThe **old** bridge is [shut](https://x.example).\n\n"
            "## Why\n> *Cracks*, said 2 * 3 men.\n"
        )
        article = read_one(write(tmp_path / "a.md", text))
        assert (article.title, article.source, article.published) == ("Bridge shut", "Courier", "2024-03-04")
        assert article.url == "https://c.example/b"
        assert article.text == "Another heading\n\nThe old bridge is shut.\n\nWhy\nCracks, said 2 * 3 men."

    def test_the_first_heading_of_markdown_is_the_title(self, tmp_path: Path) -> None:
        article = read_one(write(tmp_path / "a.md", f"# Bridge *shut*\n\n{STORY}\n"))
        assert (article.title, article.text) == ("Bridge shut", STORY)

    def test_html_gives_the_article_without_the_page_around_it(self, tmp_path: Path) -> None:
        article = read_one(write(tmp_path / "a.html", PAGE))
        assert article.title == "Bridge closed after cracks"
        assert (article.source, article.url) == ("Larn Courier", "https://courier.example/bridge")
        assert article.published == "2024-03-04T09:30:00+01:00"
        assert "About 11,000 drivers use it every day" in article.text
        assert "Copyright" not in article.text and "Sport" not in article.text
        assert "\n" in article.text

    def test_html_in_its_own_declared_encoding_is_read_right(self, tmp_path: Path) -> None:
        page = PAGE.replace("<head>", '<head><meta charset="windows-1252">')
        assert "transport office – it said" in read_one(write(tmp_path / "a.htm", page.encode("cp1252"))).text

    def test_pdf_lines_are_joined_into_sentences(self, tmp_path: Path) -> None:
        lines = [
            "The city closed the old bridge on Monday after inspec-",
            "tors found cracks in two of its supports, said the mayor.",
            "It will stay shut.",
        ]
        article = read_one(make_pdf(tmp_path / "a.pdf", lines, title="Bridge shut"))
        assert article.title == "Bridge shut"
        assert "after inspectors found cracks in two of its supports, said the mayor." in article.text

    def test_a_title_that_the_pdf_program_wrote_is_not_the_articles(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", [STORY], title="Microsoft Word - bridge_final2.doc")
        assert read_one(path).title.startswith("The city closed the old bridge")

    def test_docx_is_read_with_its_title_and_tables(self, tmp_path: Path) -> None:
        document = docx.Document()
        document.add_heading("Bridge shut", level=0)
        document.add_paragraph(STORY)
        table = document.add_table(rows=1, cols=2)
        table.cell(0, 0).text, table.cell(0, 1).text = "Drivers", "11,000"
        document.save(str(tmp_path / "a.docx"))
        article = read_one(tmp_path / "a.docx")
        assert article.title == "Bridge shut"
        assert article.text == f"Bridge shut\n{STORY}\nDrivers | 11,000"

    def test_json_lines_give_one_article_each(self, tmp_path: Path) -> None:
        rows = [
            {"title": "A", "text": STORY, "source": "Courier", "published": "2024-03-04", "url": "https://c.example/a"},
            {"headline": "B", "body": STORY + " More.", "date": "5 March 2024"},
        ]
        result = read(write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n"))
        assert [(a.title, a.published) for a in result.articles] == [("A", "2024-03-04"), ("B", "2024-03-05")]
        assert result.articles[0].source == "Courier"

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_csv_rows_are_articles_however_long(self, tmp_path: Path, delimiter: str) -> None:
        long = "A long text, with a comma; " * 10_000
        one, two = "https://courier.example/1", "https://courier.example/2"
        content = io.StringIO()
        writer = csv.writer(content, delimiter=delimiter)
        writer.writerows([["Title", "Text", "URL"], ["A", STORY, one], ["B", f'"{long}"\nEnd.', two]])
        result = read(write(tmp_path / "a.csv", "\ufeff" + content.getvalue()))
        assert result.error == ""
        assert [(a.title, a.url) for a in result.articles] == [("A", one), ("B", two)]
        assert len(result.articles[1].text) > 250_000

    def test_bad_rows_are_named_and_the_good_ones_are_kept(self, tmp_path: Path) -> None:
        lines = ["not json", json.dumps({"text": STORY}), json.dumps({"title": "no text"}), "[1]"]
        result = read(write(tmp_path / "a.jsonl", "\n".join(lines)))
        assert [a.text for a in result.articles] == [STORY]
        assert "1 line read, 3 lines not: line 1 (not JSON), line 3 (no text), line 4 (not an object" in result.error

    def test_lines_with_the_same_fault_are_counted_together(self, tmp_path: Path) -> None:
        lines = [json.dumps({"text": STORY if number == 5 else ""}) for number in range(1, 21)]
        error = read(write(tmp_path / "a.jsonl", "\n".join(lines))).error
        assert "1 line read, 19 lines not: lines 1, 2, 3, 4, 6, 7, 8, 9 and 11 more (no text)." in error

    @pytest.mark.parametrize(("text", "kind"), [(123, "a number"), (True, "true or false"), (["a"], "a list")])
    def test_a_text_that_is_none_is_refused_and_its_line_named(self, tmp_path: Path, text: object, kind: str) -> None:
        path = write(tmp_path / "a.jsonl", json.dumps({"text": STORY}) + "\n" + json.dumps({"text": text}))
        result = read(path)
        assert len(result.articles) == 1
        said = f"{path}: 1 line read, 1 line not: line 2 (its text is {kind}, not text)."
        assert result.error == f"{said} Mend these and add the file again."

    def test_a_date_and_an_address_that_are_none_are_said_to_be_left_out(self, tmp_path: Path) -> None:
        rows = [
            {"text": STORY, "published": "yesterday", "url": "https://courier.example/1"},
            {"text": f"Again: {STORY}", "published": "2024-03-04", "url": "courier.example"},
            {"text": f"Once more: {STORY}", "published": "yesterday"},
        ]
        path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
        result = read(path)
        assert (result.error, [article.published for article in result.articles]) == ("", ["", "2024-03-04", ""])
        assert result.note == (
            f"{path}: left out as the date: lines 1, 3 (“yesterday”), which is no day; write days as 2024-03-09; "
            "left out as the address: line 2 (“courier.example”); write addresses as https://…."
        )

    def test_a_date_of_a_text_that_is_none_is_said_to_be_left_out(self, tmp_path: Path) -> None:
        result = read(write(tmp_path / "a.txt", f"Title: Bridge\nDate: 03/04/2024\n\n{STORY}"))
        assert "a.txt: left out as the date: “03/04/2024”, which is no day" in result.note


class TestBadFiles:
    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("empty.txt", b"", "is empty"),
            ("blank.txt", b" \n\t ", "is empty"),
            ("dots.txt", b"... !!!", "holds no words"),
            ("binary.txt", bytes(range(256)) * 20, "binary"),
            ("elf.md", b"\x7fELF\x02\x01\x01" + b"\0" * 400, "binary"),
            ("renamed.txt", b"%PDF-1.4 and so on", "rename it to .pdf"),
            ("page.html", b"<html><body><script>1</script></body></html>", "No article text"),
            ("broken.pdf", b"%PDF-1.4 nothing more", "damaged or not a PDF"),
            ("broken.docx", b"PK\x03\x04 nothing more", "damaged or not a DOCX"),
            ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "password or in the old .doc format"),
            ("a.csv", b"name,age\nx,1\n", 'no column "text" (its columns: name, age)'),
            ("rows.csv", b"title,text\n", "holds no articles"),
            ("photo.jpg", b"\xff\xd8\xff", "of a kind that OnRecord does not read"),
        ],
    )
    def test_a_bad_file_is_named_with_what_to_do(self, tmp_path: Path, name: str, content: bytes, says: str) -> None:
        result = read(write(tmp_path / name, content))
        assert result.articles == ()
        assert says in result.error and name in result.error
        assert result.error.count("\n") == 0

    @pytest.mark.parametrize("kind", ["pdf", "docx"])
    def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_walk(self, tmp_path: Path, kind: str) -> None:
        whole = tmp_path / f"whole.{kind}"
        if kind == "pdf":
            make_pdf(whole, [STORY])
        else:
            document = docx.Document()
            document.add_paragraph(STORY)
            document.save(str(whole))
        data, chance = whole.read_bytes(), random.Random(5)
        for number in range(40):
            damaged = bytearray(data[: chance.randrange(len(data) // 2, len(data) + 1)])
            for _ in range(chance.randrange(30)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            result = read(write(tmp_path / f"{number}.{kind}", bytes(damaged)))
            assert bool(result.articles) != bool(result.error)

    def test_a_password_protected_pdf_is_refused(self, tmp_path: Path) -> None:
        result = read(make_pdf(tmp_path / "secret.pdf", [STORY], password="swordfish"))
        assert "protected by a password" in result.error

    def test_a_pdf_without_text_says_that_it_is_pictures(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter()
        writer.add_blank_page(200, 200)
        writer.write(tmp_path / "scan.pdf")
        assert "text recognition" in read(tmp_path / "scan.pdf").error

    def test_a_docx_that_unpacks_to_gigabytes_is_refused(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", b"0" * 2_000_000)
            archive.infolist()[0].file_size = 2_000_000_000  # what the archive states of itself
        assert "unpacks to more than" in read(tmp_path / "bomb.docx").error

    def test_a_file_over_50_mb_is_refused_without_reading_it_all(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.txt"
        with path.open("wb") as file:
            file.truncate(3 * 1024**3)  # sparse: takes no disk
        assert "larger than 50 MB" in read(path).error

    def test_a_file_of_just_50_mb_of_text_is_not_too_large(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readers, "LARGEST_FILE", len(STORY))
        assert read(write(tmp_path / "a.txt", STORY)).error == ""
        assert "larger than" in read(write(tmp_path / "b.txt", STORY + "!")).error

    def test_a_missing_file_is_an_error_of_its_own(self, tmp_path: Path) -> None:
        assert "does not exist" in read(tmp_path / "gone.txt").error

    def test_a_file_that_vanishes_during_the_walk_does_not_stop_the_rest(self, tmp_path: Path) -> None:
        for name in ("a.txt", "b.txt", "c.txt"):
            write(tmp_path / name, f"{name}: {STORY}")
        results = []
        for result in read_paths([tmp_path]):
            results.append(result)
            (tmp_path / "b.txt").unlink(missing_ok=True)
        assert [bool(result.error) for result in results] == [False, True, False]
        assert "vanished" in results[1].error

    def test_a_file_that_vanishes_before_it_is_opened_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(tmp_path / "a.txt", STORY)

        def gone(*_: object, **__: object) -> None:
            raise FileNotFoundError(2, "No such file")

        monkeypatch.setattr(Path, "open", gone)
        assert "vanished while it was being read" in read(path).error

    def test_a_file_that_may_not_be_read_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(tmp_path / "a.txt", STORY)

        def refused(*_: object, **__: object) -> None:  # a test run by root may read everything
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refused)
        assert "change its permissions" in read(path).error

    def test_a_disk_error_is_told_in_its_own_words(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(tmp_path / "a.txt", STORY)

        def broken(*_: object, **__: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(Path, "open", broken)
        assert "Input/output error" in read(path).error

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.txt")
        assert stat.S_ISFIFO((tmp_path / "pipe.txt").stat().st_mode)
        assert "is not a file" in read(tmp_path / "pipe.txt").error


class TestFolders:
    def test_folders_are_read_recursively_sorted_and_without_hidden_files(self, tmp_path: Path) -> None:
        for name in ("b.txt", "a/z.md", "a/b/y.txt", ".hidden.txt", ".git/x.txt", "notes.xyz"):
            write(tmp_path / name, f"{name}. {STORY}")
        names = [
            Path(result.path).relative_to(tmp_path).as_posix() for result in read_paths([tmp_path]) if result.articles
        ]
        assert names == ["b.txt", "a/z.md", "a/b/y.txt"]

    def test_files_of_other_kinds_in_a_folder_are_named_and_are_no_failure(self, tmp_path: Path) -> None:
        for name in ("b.txt", "a/letter.pages", "mail.msg", "README", ".hidden.pages", ".git/x.pages"):
            write(tmp_path / name, f"{name}. {STORY}")
        results = [result for result in read_paths([tmp_path]) if result.passed_over]
        assert sorted(Path(result.path).name for result in results) == ["README", "letter.pages", "mail.msg"]
        assert all(not result.error and not result.articles for result in results)
        assert any("its name ends in .pages; what can be read is .txt" in result.passed_over for result in results)

    def test_one_bad_file_does_not_stop_the_rest(self, tmp_path: Path) -> None:
        write(tmp_path / "a.txt", b"")
        write(tmp_path / "b.txt", STORY)
        assert [len(result.articles) for result in read_paths([tmp_path])] == [0, 1]

    def test_a_folder_without_articles_says_what_it_could_hold(self, tmp_path: Path) -> None:
        write(tmp_path / "photo.jpg", b"x")
        photo, folder = read_paths([tmp_path])
        assert "its name ends in .jpg" in photo.passed_over
        assert "holds no file that can be read (.txt" in folder.error

    def test_a_link_to_a_folder_is_named_and_not_followed(self, tmp_path: Path) -> None:
        write(tmp_path / "elsewhere/b.txt", STORY)
        write(tmp_path / "news/a.txt", STORY)
        (tmp_path / "news/more").symlink_to(tmp_path / "elsewhere")
        link, file = read_paths([tmp_path / "news"])
        assert "news/more was passed over: it is a link to a folder" in link.passed_over
        assert len(file.articles) == 1

    def test_a_folder_that_may_not_be_looked_into_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path / "a.txt", STORY)
        (tmp_path / "shut").mkdir()
        scan = os.scandir

        def refused(path: str) -> object:  # a test run by root may look everywhere
            if str(path).endswith("shut"):
                raise PermissionError(13, "Permission denied", path)
            return scan(path)

        monkeypatch.setattr(os, "scandir", refused)
        file, shut = read_paths([tmp_path])
        assert len(file.articles) == 1
        assert "shut cannot be looked into (Permission denied)" in shut.error

    def test_results_call_a_file_as_they_are_asked_to(self, tmp_path: Path) -> None:
        path = write(tmp_path / "of  mine" / "a.jsonl", "[1]")
        (result,) = read_paths([path], named=lambda one: one.name)
        assert (result.path, result.origin) == ("a.jsonl", str(path))
        assert result.error.startswith("a.jsonl: 0 lines read")

    @pytest.mark.parametrize("given", [str, Path])
    def test_an_address_is_not_fetched_and_told_how_to_become_an_article(self, given: type[str] | type[Path]) -> None:
        (result,) = read_paths([given("https://courier.example/bridge?page=2")])
        assert result.error.startswith("https://courier.example/bridge?page=2 is a web address; `onrecord add https://")

    def test_a_file_given_twice_is_read_once(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.txt", STORY)
        assert len(list(read_paths([path, tmp_path, str(path)]))) == 1

    def test_a_hidden_file_that_is_named_is_read(self, tmp_path: Path) -> None:
        assert read_one(write(tmp_path / ".a.txt", STORY)).text == STORY

    def test_an_upper_case_ending_is_the_same_kind(self, tmp_path: Path) -> None:
        assert read_one(write(tmp_path / "A.TXT", STORY)).text == STORY


_FRENCH = "Le président a déclaré à l’Assemblée que la réforme était nécessaire, même si elle coûtait cher à l’État."
_POLISH = "Prezydent powiedział, że sytuacja gospodarcza jest zła, a rząd musi działać, aby poprawić życie w Łodzi."
_CZECH = "Prezident řekl, že hospodářská situace je špatná a vláda musí přijmout opatření pro obyvatele Prahy."
_RUSSIAN = "Президент заявил, что экономическая ситуация в стране улучшилась после встречи в Москве."
_JAPANESE = "大統領は、国の経済状況が首都での会議の後に改善したと述べた。市長は橋を閉鎖した。"


class TestEncodings:
    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            (STORY + " “It is old”, he said — £4.", "cp1252"),
            (STORY + " Café.", "latin-1"),
            (STORY + " “It is old.”", "utf-8-sig"),
            (STORY + " “It is old.”", "utf-16"),
            (STORY + " “It is old.”", "utf-16-le"),
            (STORY + " “It is old.”", "utf-16-be"),
            (STORY + " “It is old.”", "utf-32"),
            (_FRENCH, "cp1252"),
            (_POLISH, "cp1250"),
            (_POLISH, "iso8859-2"),
            (_CZECH, "cp1250"),
            (_CZECH, "iso8859-2"),
            (_RUSSIAN, "cp1251"),
            (_RUSSIAN, "utf-16"),
            (_JAPANESE, "shift_jis"),
            (_JAPANESE, "euc-jp"),
        ],
    )
    def test_the_encoding_is_detected(self, tmp_path: Path, text: str, encoding: str) -> None:
        assert read_one(write(tmp_path / "a.txt", text.encode(encoding))).text == text

    def test_a_few_broken_bytes_do_not_spoil_the_rest(self, tmp_path: Path) -> None:
        data = (_FRENCH * 3).encode() + b"\xff fin."
        assert read_one(write(tmp_path / "a.txt", data)).text == _FRENCH * 3 + "\ufffd fin."

    def test_newlines_of_every_system_become_one_kind(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.txt", b"One line here.\r\nAnother line.\rA third.\n")
        assert read_one(path).text == "One line here.\nAnother line.\nA third."


class TestArticleFromText:
    @given(st.text())
    def test_normalising_twice_changes_nothing(self, text: str) -> None:
        assert normalise(normalise(text)) == normalise(text)

    def test_normalising_composes_and_drops_what_shows_nothing(self) -> None:
        assert normalise("\ufeff e\u0301\x00a\u00adb\u200b\u202ec\ud800\r\nd\x85e\t \n") == "éabc\ufffd\nd\ne"

    def test_the_identity_is_the_url_and_else_the_text(self) -> None:
        assert article_from_text(STORY).id == article_from_text(f" {STORY}\r\n", title="T", source="S").id
        assert article_from_text(STORY).id != article_from_text(STORY + " More.").id
        same = {article_from_text(text, url="https://c.example/a").id for text in (STORY, STORY + " More.")}
        assert len(same) == 1
        assert article_from_text(STORY).id == "a" + article_from_text(STORY).id[1:] and len(same.pop()) == 13

    @pytest.mark.parametrize("text", ["", "  \n", "…!?"])
    def test_a_text_without_words_is_refused(self, text: str) -> None:
        with pytest.raises(ReadError, match="at least one sentence"):
            article_from_text(text)

    def test_what_is_given_wins_over_what_is_read(self) -> None:
        article = article_from_text(
            f"PARIS (AFP) — {STORY}", title=" My\ntitle ", source="Courier", published="5 May 2020", language="EN-gb"
        )
        assert (article.title, article.source, article.published) == ("My title", "Courier", "2020-05-05")
        assert (article.language, article.place) == ("en", "Paris")

    def test_the_language_is_detected_where_there_is_enough_text(self) -> None:
        assert article_from_text(_FRENCH).language == "fr"
        assert (
            article_from_text("قال الرئيس إن الوضع الاقتصادي في البلاد تحسن بعد الاجتماع في العاصمة.").language == "ar"
        )
        assert article_from_text(_JAPANESE * 2).language == "ja"
        assert article_from_text("Adiós amigo mío.").language == "en"

    @pytest.mark.parametrize(
        ("opening", "place", "source"),
        [
            ("BEIRUT —  A cease-fire", "Beirut", ""),
            ("NEW YORK, Jan. 5 (Reuters) - Stocks fell.", "New York", "Reuters"),
            ("LONDON, England (CNN) -- He said", "London, England", "CNN"),
            ("Washington (CNN) — He said", "Washington", "CNN"),
            ("(CNN) — He said", "", "CNN"),
            ("ST. PAUL, Minn. (AP) — The", "St. Paul, Minn.", "AP"),
            ("WASHINGTON, D.C. — The", "Washington, D.C.", ""),
            ("SÃO PAULO – Three men", "São Paulo", ""),
            ("PARIS/BERLIN — “No,” he said", "Paris/Berlin", ""),
        ],
    )
    def test_a_dateline_gives_place_and_source(self, opening: str, place: str, source: str) -> None:
        dateline = read_dateline(opening)
        assert (dateline.place, dateline.source) == (place, source)
        assert not opening[dateline.length :].startswith((" ", "-", "—", "–"))

    @pytest.mark.parametrize(
        "opening",
        [
            "NATO — the alliance — said",
            "BREAKING — The man",
            "COVID-19 — The",
            "U.S. President Obama — He",
            "Fire — what",
        ],
    )
    def test_what_only_looks_like_a_dateline_is_left_alone(self, opening: str) -> None:
        assert read_dateline(opening) == Dateline()

    @given(st.text(min_size=1, max_size=300).filter(lambda text: any(c.isalnum() for c in text)))
    def test_a_derived_title_is_one_line_of_at_most_90_characters(self, text: str) -> None:
        title = derive_title(normalise(text))
        assert len(title) <= 90 and "\n" not in title

    def test_a_short_first_line_is_the_title_as_it_stands(self) -> None:
        assert derive_title(f"Will it ever open again?\n\n{STORY}") == "Will it ever open again?"
        assert derive_title("PARIS — A bridge in the U.S. The ferry.") == "A bridge in the U.S."

    @pytest.mark.parametrize(
        ("stated", "expected"),
        [
            ("2016-12-14", "2016-12-14"),
            ("20161214", "2016-12-14"),
            ("Dec. 14, 2016", "2016-12-14"),
            ("Sept. 5, 2019", "2019-09-05"),
            ("14th December 2016", "2016-12-14"),
            ("Wednesday, December 14, 2016", "2016-12-14"),
            ("Wed, 14 Dec 2016 10:00:00 GMT", "2016-12-14T10:00:00+00:00"),
            ("2024-03-04T00:00:00", "2024-03-04"),
            ("2024-03-04T09:30:00.123Z", "2024-03-04T09:30:00+00:00"),
            ("2024-13-45", ""),
            ("03/04/2024", ""),
            ("last week", ""),
            ("", ""),
        ],
    )
    def test_only_an_unambiguous_date_is_believed(self, stated: str, expected: str) -> None:
        assert iso_date(stated) == expected
