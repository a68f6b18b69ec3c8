"""The page's texts in every language: none is missing, none is left over, and none is shown unmarked."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from onrecord.index.models.catalogue import catalogue as models
from onrecord.index.reading.parsing import articles_in
from onrecord.index.types import Sentence
from onrecord.qa.briefing.values import DISPUTED, HAPPENED, IN_BRIEF, SAID, UNKNOWN
from onrecord.qa.differences.told import WHAT, WHEN, limits
from onrecord.qa.render import WHY, what_to_try
from onrecord.qa.steps.recency import AskedTime
from onrecord.qa.types import Answer, Citation, Disagreement
from onrecord.ui.desk.passed_over import passed_over_lines
from onrecord.ui.desk.saved import Change
from onrecord.ui.desk.writer import parameters
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.export import to_html, to_markdown
from onrecord.ui.page.language import LANGUAGES, _, building, catalogue, counted, preferred, speaking, spoken
from onrecord.ui.page.messages import PLACE, said, said_parts
from tests.ui.marked_texts import PAGE, SCRIPTS, Text, messages, page_texts

OTHERS = LANGUAGES[1:]
KINDS = ("true or false", "a number", "a list", "an object")
# What changed of a saved question: one of each, and two.
QUOTE = Citation(1, Sentence("a", 0, 0, 1, "."), "")
CHANGES = (
    Change("answered", (QUOTE,), (Disagreement("", ()),), ((QUOTE, QUOTE),), (QUOTE,)),
    Change("abstained", (QUOTE,) * 2, (Disagreement("", ()),) * 2, ((QUOTE, QUOTE),) * 2, (QUOTE,) * 2),
)
# Messages that are put together from parts: a text as the program says it, under the keys that its parts have.
COMPOSED = {
    "qwen writes the answers now.": ("{0} writes the answers now.",),
    "4 .rtf files: 1.rtf, 2.rtf, 3.RTF and 1 more": ("{0:n} {1} files: {2}", "{0} and {1:n} more"),
    "1 .rtf file: 1.rtf": ("{0:n} {1} file: {2}",),
    "1 file without an ending: README": ("{0:n} file without an ending: {1}",),
    "2 files without an ending: README, NEWS": ("{0:n} files without an ending: {1}",),
    "1 link to folders: a": ("{0:n} link to folders: {1}",),
    "2 links to folders: a, b": ("{0:n} links to folders: {1}",),
    "3 files of 2 other kinds": ("{0:n} files of {1:n} other kinds",),
    "a.csv: 2 rows read, 1 row not: row 3 (no text). Mend these and add the file again.": (
        "{0}: {1} read, {2} not: {3}. Mend these and add the file again.",
        *("{0:n} row", "{0:n} rows", "row {0} ({1})", "no text"),
    ),
    "a.csv: 1 row read, 3 rows not: rows 3, 5 (its text is a number, not text), row 7 (not CSV: x). Mend these and add "
    "the file again.": ("rows {0} ({1})", "its text is {0}, not text", "not CSV: {0}", *KINDS),
    "a.jsonl: 2 lines read, 1 line not: line 3 (not JSON). Mend these and add the file again.": (
        *("{0:n} line", "{0:n} lines", "line {0} ({1})", "not JSON"),
    ),
    "a.jsonl: 2 lines read, 2 lines not: lines 3, 4 (not an object with a text). Mend these and add the file again.": (
        *("lines {0} ({1})", "not an object with a text"),
    ),
    "a: left out as the date: “soon”, which is no day; write days as 2024-03-09.": (
        "{0}: left out as the date: {1}, which is no day; write days as 2024-03-09.",
    ),
    "a: left out as the address: “b”; write addresses as https://….": (
        "{0}: left out as the address: {1}; write addresses as https://….",
    ),
    "a: left out as the date: “x”, which is no day; write days as 2024-03-09; left out as the address: “b”; write "
    "addresses as https://….": (
        "{0}: left out as the date: {1}, which is no day; write days as 2024-03-09; left out as the address: {2}; "
        "write addresses as https://….",
    ),
    "a.pdf could not be read (ValueError: x); save its text as .txt and add that.": (
        "{0} could not be read ({1}); save its text as .txt and add that.",
    ),
}
COMPOSED |= {
    "2 folders of saved pages: a, b": ("{0:n} folders of saved pages: {1}",),
    "1 folder of saved pages: a": ("{0:n} folder of saved pages: {1}",),
    "/a is not there; put it back, or watch it no longer.": ("{0} is not there; put it back, or watch it no longer.",),
    "It lists 1,200 pages; the newest 1,000 of them count.": ("It lists {0} pages; the newest {1} of them count.",),
    "It lists 20 sitemaps; 10 of them were read, and the newest 1,000 of their pages count.": (
        *("It lists {0:n} sitemaps; {1:n} of them were read, and {2}.", "the newest {0:n} of their pages count"),
    ),
    "It lists 2 sitemaps; 2 of them were read, and all their pages count.": ("all their pages count",),
    "a.xml: 2 items read, 1 item not: item 3 (withdrawn by its agency). Mend these and add the file again.": (
        *("{0:n} item", "{0:n} items", "item {0} ({1})", "withdrawn by its agency"),
    ),
    "a.xml: 2 items read, 2 items not: items 3, 4 (no text). Mend these and add the file again.": ("items {0} ({1})",),
    "a.warc: 2 pages read, 1 page not: page 3 (cut off). Mend these and add the file again.": (
        *("{0:n} page", "{0:n} pages", "page {0} ({1})", "cut off"),
    ),
    "a.warc: 2 pages read, 2 pages not: pages 3, 4 (no text of an article). Mend these and add the file again.": (
        *("pages {0} ({1})", "no text of an article"),
    ),
    "a.xml is no news of an agency (NewsML-G2, NITF) but other XML; save its text as .txt.": (
        *("other XML", "a feed or sitemap; `onrecord follow` reads those by their address"),
    ),
    **{text: (re.sub(r"^\d", "{0:n}", text),) for one in CHANGES for text in one.lines},
}
COMPOSED |= {text: (re.sub(r"^\d+", "{0:n}", text),) for found in (11, 12) for text in limits(found, found - 10)}
REFUSALS = (
    "“{0}” is not an address of this server; open it as {1}.",
    "Another site asked for this; open the page itself.",
    "A name and a password are needed here.",
    "More than {0:n} MB at once; send less.",
    "Nothing is here; open the page itself.",
)
OUTCOMES = ("redirected to {0}", "not there", "fetched", "unchanged", "refused", "failed")
LABELS = (
    *("As configured", "not downloaded yet", "so quotes only", "None", "quotes only", "at once", "not calibrated"),
    *(IN_BRIEF, HAPPENED, SAID, DISPUTED, UNKNOWN, *(f"{one}: {{0}}" for one in (HAPPENED, SAID, DISPUTED))),
    *WHAT.values(),
    *filter(None, WHEN.values()),
    *("no model", "sentences quoted from the articles", "{0} billion parameters", "{0} million parameters"),
)
ABOUT = {
    part
    for one in models()
    if one.kind == "generator"
    for part in re.split(", |; ", one.about)
    if not part[0].isdigit()
}


def keys(text: Text) -> str:
    return text[0]


def forms_of(translation: str | list[str]) -> list[str]:
    return [translation] if isinstance(translation, str) else translation


def places(text: str) -> list[str]:
    """The names of the values in a text, with how numbers are written."""
    return sorted(f"{name}:{form}" for _text, name, form, _conversion in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_text_of_the_page_and_no_other(code: str) -> None:
    there, wanted = {*catalogue(code)["page"]}, {*map(keys, page_texts())} - {*catalogue(code)["said"]}
    assert sorted(wanted - there) == [], f"add to [page] of ui/page/languages/{code}.toml"
    assert sorted(there - wanted) == [], f"nothing says these: take them out of ui/page/languages/{code}.toml"


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_message_that_the_page_may_show_and_no_other(code: str) -> None:
    composed = {key for parts in COMPOSED.values() for key in parts} | {*REFUSALS, *OUTCOMES, *LABELS} | ABOUT
    there, wanted = {*catalogue(code)["said"]}, messages() | composed
    assert sorted(wanted - there) == [], f"add to [said] of ui/page/languages/{code}.toml"
    assert sorted(there - wanted) == [], f"nothing says these: take them out of ui/page/languages/{code}.toml"


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_values_of_its_text_and_no_markup(code: str) -> None:
    every = catalogue(code)["said"] | catalogue(code)["page"]
    for text in page_texts():
        assert [*map(places, forms_of(every[keys(text)]))] == [*map(places, text)], text
    for key, translation in catalogue(code)["said"].items():
        assert {one[1] for one in PLACE.finditer(key)} == {one[1] for one in PLACE.finditer(translation)}, key
    shown = [form for one in every.values() for form in forms_of(one)]
    assert not [one for one in shown if re.search("[<>&\"']", one)], "these would need escaping: write ’ “ ” instead"


def test_french_has_its_spaces_before_signs() -> None:
    every = str({**catalogue("fr")})
    assert not re.search(r"\w [:;?!»](?:\s|'|$)|« ", every)


@pytest.mark.parametrize("code", OTHERS)
def test_messages_that_are_put_together_are_said_whole(code: str) -> None:
    words = "files?|rows?|lines?|and|more|ending|left out|read|which|write|newest|their|of|again|added?|the|answers"
    english = re.compile(rf"\b(?:{words})\b")
    with speaking(code):
        for text in COMPOSED:
            assert said(text) != text
            bare = re.sub(r"“[^”]*”|: [ab], b$", "", said(text))
            assert not english.search(bare), bare
    lines = passed_over_lines([("1.rtf", "…"), ("README", "…")]) + passed_over_lines([("2.rtf", "…"), ("3.rtf", "…")])
    table = articles_in(b"title,text\nA,One word.\nB,\n", "a.csv", ".csv").error
    time = AskedTime("last week", date(2024, 5, 13), date(2024, 5, 19), date(2024, 5, 19), vague=False, old=True)
    with speaking(code):
        for text in (*lines, table, *time.notes, *WHY.values(), *what_to_try(Answer("", ""))):
            assert text and said(text) != text
        assert "billion" not in said_parts(f"As configured: qwen2.5-coder-1.5b, {parameters('qwen2.5-coder-1.5b')}")


@pytest.mark.parametrize(
    ("code", "day", "articles", "none"),
    [
        ("en", "1 March 2024", "1,227 articles", "0 articles"),
        ("es", "1 de marzo de 2024", "1.227 artículos", "0 artículos"),
        ("de", "1. März 2024", "1.227 Artikel", "0 Artikel"),
        ("fr", "1er mars 2024", "1\u202f227 articles", "0 article"),
    ],
)
def test_dates_numbers_and_plurals_are_those_of_the_language(code: str, day: str, articles: str, none: str) -> None:
    with speaking(code):
        assert day_text("2024-03-01") == day
        shown = [counted(count, "{count:,} article", "{count:,} articles") for count in (1227, 0)]
    assert shown == [articles, none]


def test_what_is_built_once_is_put_into_each_language_when_it_is_sent() -> None:
    with building():
        built = f"<h1>{_('Notes')}</h1>{said('Balanced')}"
        with pytest.raises(ValueError, match="built once for everybody"):
            _("“{name}” is ready.", name="News")
    assert "Notes" not in built
    assert spoken(built, "en") == "<h1>Notes</h1>Balanced"
    assert spoken(built, "de") == "<h1>Notizen</h1>Ausgewogen"
    assert spoken("\ue00099999\ue001", "de") == "\ue00099999\ue001"  # an article's own text


def test_a_language_that_there_is_not_is_english() -> None:
    assert preferred("it-IT,it;q=0.9") == preferred("*") == preferred("de;q=high") == "en"


def test_a_message_that_no_catalogue_has_stays_as_it_is() -> None:
    with speaking("de"):
        assert said("Rain is likely in Larnville.") == "Rain is likely in Larnville."


def test_an_export_is_in_the_language_of_the_page_and_says_so() -> None:
    with speaking("fr"):
        assert '<html lang="fr">' in to_html("Le pont", [])
    assert '<html lang="en">' in to_html("Le pont", [])
    assert to_markdown("Le pont", []) == "# Le pont\n"


MARKS = ("_", "later", "counted", "ValueError")
# No text: the name of the program, of a time, of a style, a script, a page of its own.
NO_TEXTS = ("<h1>On<span>Record", " UTC, ", "<!doctype html>", "() => document", "List Bullet")
_ATTRIBUTE = re.compile(r"""(?:aria-label|placeholder|title|alt)=["']\s*[A-Za-z]""")
_SENTENCE = re.compile(r"^\W*[A-Z][a-z’]+ [\w’]+|[a-z]{2,} [a-z]{2,} [a-z]{2,}")


def unmarked(path: Path) -> Iterator[str]:
    """What looks like a text to be read and is not marked: between tags, in an attribute, or a sentence."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exempt: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            exempt.add(node.body[0].value)  # type: ignore[attr-defined]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # what a constant means
            exempt.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            exempt.update(node.args)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            exempt.update(node.values)
    for node in ast.walk(tree):
        if node in exempt or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in parts)
        shown = re.sub(r"<[^>]*(?:>|$)|^[^<]*>", "", text) if "<" in text or ">" in text else text
        markup = shown != text
        if _ATTRIBUTE.search(text) or (re.search("[A-Za-z]{2}", shown) if markup else _SENTENCE.search(shown)):
            yield f"{path.name}:{node.lineno}: {text[:80]}"


def test_the_modules_of_the_page_show_no_text_that_is_not_marked() -> None:
    found = [one for path in PAGE if path.name not in ("style.py", "language.py") for one in unmarked(path)]
    assert not [one for one in found if not any(text in one for text in NO_TEXTS)], "mark these with _(), or counted()"


def test_what_went_wrong_is_said_in_the_language_of_the_reader() -> None:
    bare = re.compile(r"(?<!\bsaid\()str\(error\)")
    found = [path.name for path in PAGE if bare.search(path.read_text(encoding="utf-8"))]
    assert not found, "give str(error) to said()"


def test_the_scripts_of_the_page_show_no_text_that_is_not_marked() -> None:
    code = {path.name: re.sub(r"//.*", "", path.read_text(encoding="utf-8")) for path in SCRIPTS}
    bare = re.compile(r"""(?<!_\()(?<![a-z]\(n, )(?<!', )'(?:[^'<>]*>)?\s*([A-Z][a-z]+(?: [^'<]*)?)(?:<[^']*)?'""")
    keys = {"Enter", "Escape", "Tab", "Files"}
    keys |= {"More tabs", "Click to upload or drop files", "File upload"}  # what Gradio says, to be said otherwise
    found = {f"{name}: {one}" for name, script in code.items() for one in bare.findall(script) if one not in keys}
    assert not found, "mark these with _('…')"
