"""What the program did not write itself is live in nothing that it puts out, and all of it can still be read."""

import io
import json
import os
import re
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from hypothesis import HealthCheck, example, given, settings
from rich.console import Console

from onrecord.eval.metrics.scoring import score_rows, summarise
from onrecord.eval.reports import html as html_report
from onrecord.eval.reports.compare import Comparison, Flip
from onrecord.eval.reports.compare_text import comparison_text
from onrecord.eval.reports.junit import junit_of_run
from onrecord.eval.reports.report import markdown
from onrecord.eval.reports.scored import ScoredCell, ScoredRun
from onrecord.eval.reports.table import results_section
from onrecord.eval.runs.folder import RunInfo
from onrecord.eval.runs.progress import LineProgress
from onrecord.eval.suites.loading import HistoryTurn, Question, Suite
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, SentenceRow
from onrecord.index import Article, Embedder
from onrecord.index.inert import one_line, web_address
from onrecord.qa.types import Answer
from onrecord.ui.cli import terminal
from onrecord.ui.cli.group import complain, print_json
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.notebook import Note, Notebook
from onrecord.ui.desk.records import Record, Stale, finish
from onrecord.ui.http.openai_text import annotations, with_references
from onrecord.ui.page.export import FORMATS, for_clipboard, render
from onrecord.ui.page.notes_tab import listed
from onrecord.ui.page.sources import panel, reader
from onrecord.ui.page.turns import turn
from onrecord.ui.page.word import to_word
from tests.attacks.payloads import GOOD, PAYLOADS, PIXEL, Written, everywhere, written
from tests.attacks.viewers import check_html, check_markdown, check_terminal, github, squeezed
from tests.ui.behind_doors import Behind
from tests.ui.fakes import FakeAssistant, FakeLibrary

pytestmark = pytest.mark.attack

ALL = os.environ.get("ONRECORD_ATTACK") == "all"
EXAMPLES = 2000 if ALL else 200
BUTTON = ("type", "class", "title", "id", "tabindex", "dir", "role", "lang")
PAGE = {
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "div", "span", "section", "details", "summary", "ol", "ul"), BUTTON),
    **dict.fromkeys(("li", "sup", "small", "strong", "em", "b", "i", "bdi", "mark", "blockquote", "main"), BUTTON),
    **dict.fromkeys(("table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "header", "hr", "br"), BUTTON),
}
EXPORT = {**PAGE, "head": (), "meta": ("charset",), "title": (), "style": (), "a": ("href",), "html": ("lang",)}


def attacked(examples: int = EXAMPLES) -> Callable[[Any], Any]:
    """Every payload in every field at once, then fields at random."""

    def wrap(test: Any) -> Any:
        for one in everywhere:
            test = example(one)(test)
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
        # The tenth that CI runs is the same each time; the whole campaign draws anew.
        run = settings(
            max_examples=examples, deadline=None, suppress_health_check=checks, database=None, derandomize=not ALL
        )
        return run(given(written)(test))

    return wrap


def record_of(texts: Written) -> Record:
    return finish(Record("t1", Answer(texts.question, "")), texts.answer)


@attacked()
def test_a_markdown_export_has_no_link_but_those_to_the_articles(texts: Written) -> None:
    shown = [texts.question, texts.sentence, texts.doubtful, texts.about, texts.position, texts.missing, texts.quote]
    shown += [texts.title, texts.source, texts.name]
    check_markdown(
        render("Markdown", texts.name, [record_of(texts)]),
        blocks=("h1", "h2", "ul", "li"),
        links=[web_address(texts.url), GOOD[0]],
        shown=shown,
    )


@attacked()
def test_a_chat_completion_has_no_link_but_those_to_the_articles(texts: Written) -> None:
    content = with_references(texts.answer)
    shown = [texts.sentence, texts.about, texts.position, texts.missing, texts.quote, texts.title, texts.source]
    check_markdown(content, blocks=("ul", "li"), links=[web_address(texts.url), GOOD[0]], shown=shown)
    found = annotations(texts.answer, content, lambda article: f"onrecord://{article}")
    assert len(found) == 3
    for one in found:
        assert one["url_citation"]["url"] in (web_address(texts.url) or "onrecord://a1", GOOD[0])


@attacked()
def test_an_html_export_has_no_element_and_no_attribute_but_its_own(texts: Written) -> None:
    shown = [texts.question, texts.sentence, texts.about, texts.position, texts.missing, texts.quote, texts.title]
    links = check_html(render("HTML", texts.name, [record_of(texts)]), EXPORT, shown=shown)
    assert len(links) == 1 + bool(web_address(texts.url))


@attacked(EXAMPLES // 5)
def test_a_word_export_opens_and_leads_nowhere(texts: Written) -> None:
    document = docx.Document(io.BytesIO(to_word(texts.name, [record_of(texts)])))
    parts = document.part.package.iter_parts()
    assert not [one for part in parts for one in part.rels.values() if one.is_external]
    notes = document.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES).blob.decode()
    for xml in (document.element.body.xml, notes):
        fields = re.findall(r'w:instr="([^"]*)"', xml)
        assert all(re.fullmatch(r" NOTEREF quote[12] \\h ", field) for field in fields)
        assert not re.search(r"<w:(?:hyperlink|instrText|object|altChunk)\b", xml)
    said = squeezed("".join(paragraph.text for paragraph in document.paragraphs))
    assert squeezed(re.sub("[\ufffe\uffff]", "", one_line(texts.sentence))) in said


@attacked()
def test_a_json_export_has_no_address_but_the_webs(texts: Written) -> None:
    document = json.loads(render("JSON", texts.name, [record_of(texts)]))
    assert {one["url"] for one in document["references"]} == {web_address(texts.url), GOOD[0]}
    assert document["title"] == texts.name


@attacked()
def test_what_the_page_shows_of_an_answer_is_its_own(texts: Written) -> None:
    record = record_of(texts)
    data: tuple[str, ...] = (
        "data-cite",
        "data-start",
        "data-turn",
        "data-article",
        "data-n",
        "data-act",
        "data-text",
        "data-index",
        "data-k",
    )
    data += ("data-quote", "data-title", "data-meta", "scope")
    aria = (
        "aria-label",
        "aria-labelledby",
        "aria-busy",
        "aria-pressed",
        "aria-live",
        "aria-hidden",
        "aria-describedby",
    )
    own: dict[str, tuple[str, ...]] = {tag: (*names, *data, *aria) for tag, names in PAGE.items()}
    own |= dict.fromkeys(("button", "cite", "s", "caption"), own["div"]) | {"a": ("href", "target", "rel")}
    check_html(f"<div>{turn(record, last=True)}</div>", own, shown=[texts.question, texts.sentence, texts.missing])
    check_html(f"<div>{panel(record)}</div>", own, shown=[texts.title])
    article = Article("a1", texts.title, texts.quote, texts.source, texts.published, texts.url, "en", texts.place)
    opened = reader(article, (), start=0, end=1, copies=[texts.name], turn=texts.name)
    check_html(f"<div>{opened}</div>", own, shown=[texts.title, texts.quote])


def note_of(texts: Written, conversations: Conversations) -> Note:
    """A note whose quote and own line are somebody's."""
    notebook = Notebook(conversations)
    notebook.pin(texts.name, texts.answer.citations)
    note = notebook.notes(texts.name)[0]
    notebook.write(texts.name, note.id, texts.warning)
    return notebook.note(texts.name, note.id)


@attacked(EXAMPLES // 5)
def test_the_notebook_shows_and_exports_quotes_and_lines_in_which_nothing_is_live(texts: Written) -> None:
    library = FakeLibrary(Path("nowhere"))
    with TemporaryDirectory() as folder, closing(Conversations(Path(folder) / FILE)) as conversations:
        note = note_of(texts, conversations)
        collection = Collection(texts.name, library, FakeAssistant(library), conversations, Path(folder))
        html = listed(collection, texts.name)["html"]
    own: dict[str, tuple[str, ...]] = {
        tag: (*names, "data-reopen", "data-unpin", "data-quote", "aria-label") for tag, names in PAGE.items()
    }
    own |= {"button": own["div"], "label": ()}
    own["input"] = ("data-line", "value", "dir", "maxlength", "autocomplete")
    exports, _, notes = html.partition("</p>")
    where = r'<a href="export/notes\.(\w+)\?in=[\w%.+~-]*" download>'
    assert re.findall(where, exports) == list(FORMATS.values()) and exports.count("<a") == len(FORMATS)
    assert not check_html(f"<div>{notes}</div>", own, shown=[texts.quote])
    for record in (note.record, replace(note.record, stale=(Stale("a1", 0, "gone"),))):
        check_html(render("HTML", "Notes", [record]), EXPORT, shown=[texts.quote, note.line])
        check_markdown(
            render("Markdown", "Notes", [record]),
            blocks=("h1", "h2", "li"),
            links=[web_address(texts.url)],
            shown=[texts.quote, note.line],
        )
        assert json.loads(render("JSON", "Notes", [record]))["turns"][0]["notes"] == ([note.line] if note.line else [])
        document = docx.Document(io.BytesIO(to_word("Notes", [record])))
        assert not re.search(r"<w:(?:hyperlink|instrText|object|altChunk)\b", document.element.body.xml)


@attacked()
def test_what_is_copied_is_plain_text_in_which_nothing_hides(texts: Written) -> None:
    copied = for_clipboard(record_of(texts))
    check_terminal(copied)
    assert not re.search(r"\][(\[:]|(?<!\\)<[A-Za-z/!?]", copied), copied


@attacked()
def test_a_terminal_shows_an_answer_and_obeys_nothing_in_it(texts: Written) -> None:
    out = Console(file=io.StringIO(), force_terminal=True, width=5000, highlight=False, markup=False, emoji=False)
    terminal.show_answer(out, texts.answer)
    terminal.show_table(out, ("id", "title"), [(texts.name, texts.title)])
    assert isinstance(out.file, io.StringIO)
    check_terminal(out.file.getvalue(), shown=[texts.sentence, texts.quote, texts.title, texts.source, texts.warning])


@attacked()
def test_a_pipe_gets_one_line_for_each_row_complaint_and_note(texts: Written) -> None:
    out = Console(file=io.StringIO(), highlight=False, markup=False, emoji=False, soft_wrap=True)
    terminal.show_table(out, ("id", "title"), [(texts.name, texts.title)])
    assert isinstance(out.file, io.StringIO)
    check_terminal(out.file.getvalue(), shown=[texts.title], lines=1)
    with redirect_stderr(io.StringIO()) as err:
        complain(texts.sentence)
    check_terminal(err.getvalue(), shown=[texts.sentence], lines=1)
    noted = io.StringIO()
    LineProgress(noted).note(texts.sentence)
    check_terminal(noted.getvalue())


@attacked()
def test_json_on_a_terminal_is_obeyed_by_nothing_and_reads_back_the_same(texts: Written) -> None:
    out = io.StringIO()
    print_json(texts.answer.to_dict(), to=out)
    check_terminal(out.getvalue())
    assert json.loads(out.getvalue()) == json.loads(json.dumps(texts.answer.to_dict()))


def run_of(texts: Written) -> ScoredRun:
    """A run whose every name, question, answer and error is somebody's."""
    question = Question("q1", texts.question, texts.place, False, history=(HistoryTurn("user", texts.missing),))
    other = replace(question, id=f"q2{texts.name}", kind="fact")
    article = Article("a1", texts.title, texts.quote or "x")
    suite = Suite(texts.name, Path("x"), (article,), (question, other), about=texts.about)
    cited = CitationRow(1, "a1", 0, 1, texts.quote)
    row = ResultRow(
        "q1",
        texts.source,
        texts.question,
        "answered",
        text=texts.sentence,
        standalone_question=texts.about,
        sentences=(SentenceRow(texts.sentence, texts.title, (cited,)),),
        evidence=(EvidenceRow("a1", 0, 1, texts.quote, 1, 0.9),),
        timings={"time_to_answer": 1.0},
    )
    rows = (row, ResultRow(other.id, texts.source, texts.question, "failed", error=texts.warning))
    scored = score_rows(suite, rows)
    cell = ScoredCell(suite, texts.source, rows, scored, summarise(scored, seed=0), {})
    facts = {"model": texts.title, "embedder": texts.place, "processor": texts.missing}
    info = RunInfo((), (texts.source,), facts, texts.about, {"processor": texts.missing}, texts.published)
    return ScoredRun(Path("x"), info, (cell,))


REPORT = {
    **{
        tag: (*names, "style", "scope", "open", "data-kind", "data-outcomes", "data-text")
        for tag, names in PAGE.items()
    },
    "div": ("class", "data-questions"),
    **dict.fromkeys(("figure", "figcaption"), ("class",)),
    **{"script": (), "style": (), "title": (), "label": (), "select": ("data-by",), "option": ("value",)},
    **{"input": ("type", "data-by"), "meta": ("charset", "name", "content", "http-equiv"), "html": ("lang",)},
}


@attacked(EXAMPLES // 4)
def test_reports_in_markdown_have_their_own_table_and_nothing_else(texts: Written) -> None:
    run = run_of(texts)
    for text in (markdown(run), results_section(run)):
        rendered = github(text)
        own = dict.fromkeys(("p", "h3", "code", "strong", "em", "sub", "table", "thead", "tbody", "tr"), ())
        assert not check_html(rendered, {**own, "th": ("align",), "td": ("align",)})
        assert rendered.count("<table>") == 1
        check_terminal(text)


@attacked(EXAMPLES // 4)
def test_a_report_in_html_runs_and_loads_nothing_of_a_run(texts: Written) -> None:
    with patch.object(html_report, "_plots", lambda _: ""):  # they are slow, and have a test of their own
        page = html_report.page(run_of(texts))
    assert not check_html(page, REPORT, shown=[texts.question, texts.sentence, texts.about, texts.warning])
    assert page.count("<script>") == 1


@pytest.mark.parametrize("text", PAYLOADS)
def test_plots_show_names_to_the_letter(text: str) -> None:
    svg = html_report._plots({text: run_of(Written(*[text] * 15)).cells[0].summary})
    assert not re.search(r"<(?:script|img|a|b|foreignObject|testcase)\b|\son\w+=(?=[^<]*>)|xlink:href=\"(?!#)", svg)
    ElementTree.fromstring(svg[svg.index("<div") :])


@attacked(EXAMPLES // 4)
def test_junit_is_xml_with_its_own_elements(texts: Written) -> None:
    tree = ElementTree.fromstring(junit_of_run(run_of(texts)))
    assert {e.tag for e in tree.iter()} <= {"testsuites", "testsuite", "testcase", "error", "failure"}
    assert len(list(tree.iter("testcase"))) == 2


@attacked()
def test_a_comparison_has_one_line_for_each_thing_it_says(texts: Written) -> None:
    flip = Flip(texts.name, texts.place, "answered_right", "answered_wrong")
    text = comparison_text(texts.title, Comparison(1, (), (), (flip,)))
    check_terminal(text, shown=[texts.name, texts.place, texts.title], lines=4)


def hostile() -> tuple[Article, ...]:
    return tuple(
        Article(f"a{n}", text, f"The evilword number{n} says {text}", text, text, text, "en", text)
        for n, text in enumerate(PAYLOADS)
    )


def test_tools_give_models_text_in_which_nothing_is_live(
    tmp_path: Path, embedder: Embedder, closed_at_end: Any
) -> None:
    pytest.importorskip("mcp")
    from onrecord.ui.http.mcp import create_mcp
    from onrecord.ui.http.router import here
    from tests.ui.test_mcp import call, text_of

    behind = closed_at_end(Behind(tmp_path / "data", embedder, hostile()))
    server = create_mcp(here(behind.app.state.service))
    for n in range(len(PAYLOADS)):
        for result in (
            call(server, "read_article", article_id=f"a{n}"),
            call(server, "search_articles", query=f"evilword number{n}"),
            call(server, "ask_articles", question=f"evilword number{n}"),
        ):
            check_markdown(text_of(result), blocks=(), links=(), shown=["evilword"])


def test_an_address_that_is_none_reaches_no_output_of_the_server(
    tmp_path: Path, embedder: Embedder, closed_at_end: Any
) -> None:
    behind = closed_at_end(Behind(tmp_path / "data", embedder, ()))
    bad = [f"https://e.example/x\n\n![x]({PIXEL})", "javascript:alert(1)", "data:text/html,x"]
    for n, url in enumerate([*bad, GOOD[0]]):
        text = f"The evilword number{n} is said here. It is Monday."
        added = behind.client.post("/api/v1/articles", json={"articles": [{"text": text, "url": url}]})
        assert added.status_code in (200, 201), added.text
        asked = {"model": "onrecord", "messages": [{"role": "user", "content": f"evilword number{n}"}]}
        message = behind.client.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]
        found = behind.client.post("/api/v1/ask", json={"question": f"evilword number{n}"}).text
        listed = behind.client.get("/api/v1/articles").text
        if url in bad:
            everything = squeezed(message["content"] + found + listed)
            assert not re.search(r"evil\.example|javascript:|data:|e\.example", everything), everything
        wanted = [url] if url == GOOD[0] else []
        links = [one["url_citation"]["url"] for one in message["annotations"]]
        assert [link for link in links if not link.startswith("onrecord://")] == wanted
        check_markdown(message["content"], blocks=(), links=wanted, shown=["evilword"])
