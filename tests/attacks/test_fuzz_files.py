"""Ten thousand files over every reader: random bytes, changed from valid ones, and made of what is dangerous."""

import csv
import io
import json
import os
import random
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docx
import pytest

from onrecord.index.reading.feeds import FEED
from onrecord.index.reading.formats import SUFFIXES
from onrecord.index.reading.process import ReadLimits, readers
from tests.index.reading.test_archives_and_agencies import CRAWL, MHTML, NITF, RTF, warc
from tests.index.reading.test_books_and_mail import BOOK, ODT, mail, zipped
from tests.web import rss

FILES = 10_000 if os.environ.get("ONRECORD_ATTACK") == "all" else 1_000
LIMITS = ReadLimits(seconds=20, memory_mib=600)
STORY = "The city closed the old bridge on Monday after inspectors found cracks. Repairs will take nine months.\n"
SIGNS = (
    b"[",
    b"](",
    b"![",
    b"<!--",
    b"-->",
    b"# ",
    b"```",
    b"*",
    b"_",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\r",
    b"\n\n",
    b"%%EOF",
    b"<",
    b">",
    b"<p>",
    b"<table>",
    b"</html>",
    b"&#xD800;",
    b"&",
    b'"',
    b"'",
    b",",
    b"{",
    b"}",
    b"\\ud800",
    b"99999999999",
    b"-1",
    b"obj",
    b"stream",
    b"endstream",
    b"/Kids [3 0 R]",
    b"/Length 99999999",
    b"<w:p/>",
    b"<w:tbl>",
    b'w:val="x"',
    b"charset=undefined",
    b"Date: ",
    b"Mon, 01 Jan 99999999999 00:00:00 GMT",
    b"---\n",
    b". ",
    b".)",
    b" ",
)


KINDS = (*SUFFIXES, FEED)


@dataclass
class Seen:
    """The outcomes by kind, the worst file's seconds of processor, and the largest memory of any reading process."""

    outcomes: Counter[str]
    seconds: float = 0.0
    worst: str = ""
    rss_mib: int = 0


def valid_files() -> dict[str, bytes]:
    """One good file of each kind."""
    rows = io.StringIO()
    csv.writer(rows).writerows([["title", "text", "url"], *[[f"T{n}", STORY * 3, f"http://x/{n}"] for n in range(4)]])
    lines = "\n".join(json.dumps({"title": f"T{n}", "text": STORY * 3, "date": "2024-03-04"}) for n in range(4))
    page = f"<html lang='en'><head><meta charset='utf-8'><title>T</title></head><body><article>{f'<p>{STORY}</p>' * 6}"
    markdown = f"---\ntitle: T\ndate: 2024-03-04\n---\n\n# T\n\n**{STORY.strip()}**\n\n> [a](http://x) `b` ![c](d)\n"
    plain = f"Title: T\nDate: Wed, 14 Dec 2016 10:00:00 GMT\n\n{STORY * 5}"
    kinds = {".txt": plain, ".md": markdown, ".html": page, ".jsonl": lines, ".csv": rows.getvalue()}
    texts = {**kinds, ".tsv": rows.getvalue().replace(",", "\t")}
    others = {
        **{
            ".pdf": valid_pdf(),
            ".docx": valid_docx(),
            ".odt": zipped(ODT),
            ".epub": zipped(BOOK),
            FEED: rss("http://x/a", "http://x/b"),
        },
        ".xml": NITF.encode(),
        ".rtf": RTF.encode(),
        ".mhtml": MHTML.format(at="http://x/a", kind="text/html", body=page).encode(),
        ".warc": warc(*CRAWL),
        ".warc.gz": warc(*CRAWL, packed=True),
        **{".eml": mail(STORY, html=page), ".mbox": (b"From a Mon Mar  4 09:30:00 2024\n" + mail(STORY) + b"\n\n") * 3},
    }
    return {**{suffix: text.encode() for suffix, text in texts.items()}, **others}


def valid_pdf() -> bytes:
    stream = f"BT /F1 12 Tf 14 TL 50 700 Td {' '.join([f'({STORY.strip()}) Tj T*'] * 5)} ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body = "%PDF-1.4\n" + "".join(f"{n} 0 obj\n{one}\nendobj\n" for n, one in enumerate(objects, start=1))
    return f"{body}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n0\n%%EOF".encode()


def valid_docx() -> bytes:
    document, whole = docx.Document(), io.BytesIO()
    document.add_heading("T", level=0)
    document.add_paragraph(STORY)
    document.add_table(rows=2, cols=2).cell(0, 0).text = "a"
    document.save(whole)
    return whole.getvalue()


def changed(data: bytes, chance: random.Random) -> bytes:
    """``data`` with bytes changed, signs put in, runs doubled, the end cut off."""
    content = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                content[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                content[place:place] = chance.choice(SIGNS) * chance.choice([1, 2, 50])
            case 2:
                del content[place : place + chance.choice([1, 10, 200])]
            case 3:
                content[place:place] = content[place : place + 300] * chance.choice([1, 5])
            case _:
                number = re.search(rb"\d+", content[place:])
                if number:
                    content[place + number.start() : place + number.end()] = chance.choice([b"0", b"-1", b"9" * 11])
    return bytes(content)


def changed_inside(data: bytes, chance: random.Random) -> bytes:
    """An archive with one of its parts changed, and the archive whole: the parser gets to see it."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = chance.choice([name for name in old.namelist() if name.endswith((".xml", ".rels", ".opf", ".xhtml"))])
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, changed(part, chance) if name == chosen else part)
    return result.getvalue()


def crafted(chance: random.Random) -> bytes:
    """A few dangerous signs, each many times."""
    runs = [chance.choice(SIGNS) * chance.choice([1, 30, 1_000, 5_000]) for _ in range(chance.randint(1, 6))]
    return STORY.encode() * chance.randint(0, 1) + b"".join(runs)


def hostile_files(count: int) -> Iterator[tuple[str, bytes]]:
    """``(suffix, bytes)``, the same in each run: 2 in 10 random, 6 changed, 2 crafted, over all kinds in turn."""
    chance = random.Random(20161214)
    valid = valid_files()
    alike = {".text": ".txt", ".markdown": ".md", ".htm": ".html", ".ndjson": ".jsonl", ".mht": ".mhtml"}
    for number in range(count):
        suffix = KINDS[number % len(KINDS)]
        good = valid[alike.get(suffix, suffix)]
        match (number // len(KINDS)) % 10:
            case 0 | 1:
                yield suffix, chance.randbytes(chance.choice([1, 20, 500, 5_000]))
            case 2 | 3:
                yield suffix, crafted(chance)
            case 4 | 5 | 6 if suffix in (".docx", ".odt", ".epub"):
                yield suffix, changed_inside(good, chance)
            case _:
                yield suffix, changed(good, chance)


def used_by_reader() -> tuple[float, int]:
    """The seconds of processor and the highest memory, in MiB, of the reading process that waits."""
    for process in readers._idle:
        folder = Path("/proc", str(process._popen.pid if process._popen else 0))
        times = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
        peak = re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text(encoding="utf-8"))
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK"), int(peak.group(1)) // 1024 if peak else 0
    return 0.0, 0


def outcome(articles: int, error: str) -> str:
    for kind, words in {
        "too long": "seconds to read;",
        "too much": "MB of memory",
        "crash": "made the program",
    }.items():
        if words in error:
            return kind
    if " could not be read (" in error:
        return "unforeseen"
    return "articles" if articles else "refused"


@pytest.mark.attack
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform != "linux", reason="the reading process is measured by /proc")
def test_no_file_does_more_than_fail(capsys: pytest.CaptureFixture[str]) -> None:
    readers.close()
    seen, unforeseen, before = Seen(Counter()), [], 0.0
    for number, (suffix, data) in enumerate(hostile_files(FILES)):
        name = f"{number}{suffix}"
        content = readers.read(data, name, suffix, LIMITS)
        assert bool(content.articles) or bool(content.error)
        assert "\n" not in content.error and len(content.error) < 1000
        kind = outcome(len(content.articles), content.error)
        seen.outcomes[kind] += 1
        if kind not in ("articles", "refused"):
            unforeseen.append(content.error)
        now, peak = used_by_reader()
        if 0 < before < now and now - before > seen.seconds:
            seen.seconds, seen.worst = now - before, name
        before, seen.rss_mib = now, max(seen.rss_mib, peak)
    with capsys.disabled():
        print(f"\n{FILES} files: {dict(seen.outcomes)}; worst {seen.seconds:.2f} s ({seen.worst}), {seen.rss_mib} MiB")
    assert unforeseen == []
    assert seen.seconds <= LIMITS.seconds and seen.rss_mib <= LIMITS.memory_mib
