"""What people see in a terminal: answers with numbered quotes, abstentions, tables, progress."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from onrecord.index.inert import one_line
from onrecord.qa.briefing.values import Brief
from onrecord.qa.render import ABSTENTION, left_open, nearest, what_to_try, why, with_who
from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence
from onrecord.ui.page.dates import day_text

if TYPE_CHECKING:
    from rich.progress import Progress

    from onrecord.qa.names.values import Mention
    from onrecord.qa.people.values import Statement

NOTICEABLE = 1.0  # seconds after which a person wants to see that something moves


def console(*, stderr: bool = False) -> Console:
    """Lines are wrapped for a terminal only; a pipe gets them whole."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=not stream.isatty())


def where_from(facts: "Citation | Evidence | Mention | Statement") -> str:
    """Title, source and day, as far as they are known."""
    return one_line(", ".join(part for part in (facts.title, facts.source, day_text(facts.published)) if part))


def sentence_text(sentence: AnswerSentence) -> Text:
    """The sentence with its numbers, marked where its citations support only a part of it."""
    text = _named(sentence.text, sentence.citations)
    for citation in sentence.citations:
        text.append(f" [{citation.number}]", "bold cyan")
    if sentence.verdict == "partly":
        text.append(" (partly supported)", "yellow")
    return text


def _named(text: str, citations: Sequence[Citation]) -> Text:
    """A quote, whom it means by "he" set apart."""
    before, who, rest = with_who(one_line(text), citations)
    return Text(before).append(f" {one_line(who)}" if who else "", "dim italic").append(rest)


def show_answer(out: Console, answer: Answer, *, already: Sequence[AnswerSentence] = ()) -> None:
    """The answer, then its quotes. ``already``: sentences that were shown while they were written."""
    if answer.status == "abstained":
        _show_abstention(out, answer)
        return
    if tuple(already) != answer.sentences:
        if already:
            out.print("\nAfter checking:", style="dim")
        for sentence in answer.sentences:
            out.print(sentence_text(sentence))
    for disagreement in answer.disagreements:
        out.print(Text(f"The articles differ on {one_line(disagreement.about)}:", "bold yellow"))
        for position in disagreement.positions:
            out.print(Text("• ").append_text(sentence_text(position)))
    if answer.missing:
        out.print(Text(one_line(left_open(answer)), "yellow"))
    out.print()
    for citation in answer.citations:
        _show_quote(out, citation)
    _show_foot(out, answer)


def show_brief(out: Console, brief: Brief) -> None:
    """Its parts, then the quotes."""
    if brief.reason:
        out.print(Text(f"{ABSTENTION} {why(brief)}", "bold yellow"))
    else:
        out.print(Text(one_line(brief.covered), "dim"))
    for heading, said in brief.parts:
        out.print(Text(f"\n{one_line(heading)}", "bold"))
        for sentence in said:
            out.print(Text("• ").append_text(sentence_text(sentence)))
    out.print()
    for citation in brief.citations:
        out.print(Text(f"[{citation.number}] ", "bold cyan").append(where_from(citation), "dim"))
    for warning in brief.warnings:
        out.print(Text(f"Note: {one_line(warning)}", "yellow"))


def _show_abstention(out: Console, answer: Answer) -> None:
    lines = Text(ABSTENTION, "bold yellow")
    for part in (why(answer), " ".join(what_to_try(answer))):
        lines.append(f"\n{part}", "default")
    # A box is for the eye; a pipe gets the words.
    out.print(Panel(lines, border_style="yellow", expand=False) if out.is_terminal else lines)
    near = nearest(answer)
    if near:
        out.print("\nNearest in the articles:", style="dim")
    for evidence in near:
        _show_quote(out, evidence, bullet="•")
    _show_foot(out, answer)


def _show_quote(out: Console, facts: Citation | Evidence, *, bullet: str = "") -> None:
    mark = bullet or f"[{facts.number}]"
    out.print(Text(f"{mark} ", "bold cyan").append("“").append_text(_named(facts.quote, [facts])).append("”"))
    for line in filter(None, (where_from(facts), one_line(facts.url))):
        if out.is_terminal:
            out.print(Padding(Text(line, "dim"), (0, 0, 0, len(mark) + 1), expand=False))
        else:  # padding would cut the line at the width that a pipe has not
            out.print(Text(" " * (len(mark) + 1) + line))


def _show_foot(out: Console, answer: Answer) -> None:
    for warning in answer.warnings:
        out.print(Text(f"Note: {one_line(warning)}", "yellow"))
    if answer.unconfirmed:
        count = len(answer.unconfirmed)
        left_out = "1 drafted sentence is" if count == 1 else f"{count} drafted sentences are"
        out.print(Text(f"{left_out} not shown: not confirmed by the sentences found.", "dim"))
    if out.is_terminal and "total" in answer.timings:
        out.print(Text(f"{one_line(answer.model)}, {answer.timings['total']:.1f} s", "dim"))


def show_table(
    out: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """A table for the eye; tab-separated lines for a pipe."""
    if not out.is_terminal:
        for row in rows:
            print("\t".join(one_line(cell) for cell in row), file=out.file)  # Rich would expand tabs
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        fixed = column in ("id", "name")  # what is typed in again must not be cut
        table.add_column(column, justify="right" if column in right else "left", no_wrap=fixed or number > 1)
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    out.print(table)


def counted(count: int, one: str, many: str = "") -> str:
    """
    >>> counted(1, "article"), counted(1200, "article"), counted(0, "copy", "copies")
    ('1 article', '1,200 articles', '0 copies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def waiting(task: str) -> AbstractContextManager[object]:
    """Something that moves on a terminal while the block runs."""
    err = console(stderr=True)
    return err.status(task) if err.is_terminal else nullcontext()


@contextmanager
def progress(task: str, *, size: bool = False, quiet: bool = False) -> Iterator[Callable[[float, int], None]]:
    """Gives ``report(done, total)``: a bar on a terminal, a line at every tenth elsewhere. ``size``: counts bytes."""
    err = console(stderr=True)
    if quiet:
        yield lambda done, total: None
    elif not err.is_terminal:
        yield _tenths(err, task)
    else:
        with _bar(err, size) as bar:
            number = bar.add_task(task, total=None)
            yield lambda done, total: bar.update(number, completed=done, total=total)


def _bar(err: Console, size: bool) -> "Progress":
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    amount = DownloadColumn() if size else MofNCompleteColumn()
    return Progress(TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn(), console=err)


def _tenths(err: Console, task: str) -> Callable[[float, int], None]:
    shown, started = 0, time.monotonic()

    def report(done: float, total: int) -> None:
        nonlocal shown
        tenth = int(10 * done // total) if total else 10
        if shown < tenth < 10 and time.monotonic() - started > NOTICEABLE:
            shown = tenth
            err.print(f"{task}: {10 * tenth} %")

    return report
