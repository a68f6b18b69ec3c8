"""The results table of the documentation, between two markers, with the commit and the machine it was made with."""

import re
from pathlib import Path

from onrecord.eval.reports.report import about_run, explanations, results_table
from onrecord.eval.reports.scored import ScoredRun
from onrecord.index.errors import InputError
from onrecord.index.inert import code, markdown

BEGIN, END = "<!-- eval:begin -->", "<!-- eval:end -->"


def results_section(run: ScoredRun) -> str:
    """A table per suite, what its columns mean, and what it was made with."""
    parts = []
    for suite in run.suites:
        cells = run.of_suite(suite.name)
        commit = f", commit {code(run.info.commit)}" if run.info.commit else ""
        parts.append(f"**{markdown(suite.name)}**: {len(cells[0].rows)} of {len(suite.questions)} questions{commit}\n")
        parts.append(results_table(cells) + "\n")
        meanings = "; ".join(f"*{name}*: {text}" for name, text in explanations(cells).items() if text)
        parts.append(f"<sub>{meanings}.</sub>\n")
    return "\n".join([*parts, about_run(run)])


def refreshed(text: str, section: str) -> str:
    """The page's text with the section between the markers replaced; the rest stays to the letter.

    >>> refreshed("a <!-- eval:begin -->old<!-- eval:end --> b", "new")
    'a <!-- eval:begin -->\\nnew\\n<!-- eval:end --> b'

    Raises:
        InputError: the markers are not there, once each and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f"the page needs {BEGIN} and, after it, {END}, once each: the results go between them")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{section}\n{END}", text)


def refresh_table(path: Path, run: ScoredRun) -> None:
    """Puts the run's results into the page.

    Raises:
        InputError: there is no such file, or it has no markers.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give the page with --file") from error
    path.write_text(refreshed(text, results_section(run)), encoding="utf-8")
