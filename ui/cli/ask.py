"""The command that asks: the evidence first, then the answer as it is written, then the quotes that it stands on."""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import complain, print_json
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption

if TYPE_CHECKING:
    from rich.console import Console

    from onrecord.qa.types import Answer, AnswerSentence, Event, EvidenceFound

NOT_SAID = 3  # exit code: the articles do not say


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know from the articles.")],
    history: Annotated[
        str,
        typer.Option(
            metavar="JSON|@FILE|-", help='Earlier turns: a JSON list of {"role": "user"|"assistant", "content": text}.'
        ),
    ] = "",
    no_model: Annotated[bool, typer.Option("--no-model", help="Answer with quotes alone.")] = False,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="The model that writes: see `onrecord models`.")
    ] = None,
    length: Annotated[
        Literal["phrase", "sentence", "detailed"] | None, typer.Option(help="How long the answer should be.")
    ] = None,
    article: ArticleOption = None,
    source: SourceOption = None,
    published_from: FromOption = "",
    published_to: ToOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the articles; exit code 3 when they do not say."""
    from onrecord.qa.settings import NO_MODEL
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import console, show_answer

    if no_model and model:
        raise typer.BadParameter("--no-model and --model exclude each other.")
    turns = opening.history_from(history)
    scope = opening.scope_from(article, source, published_from, published_to)
    _check(question)
    settings = opening.settings_of(data, {"model.name": "none" if no_model else model, "answer.length": length})
    out = console()
    with closing(open_collection(settings)) as collection:
        wanted = NO_MODEL if no_model else model or ""
        if not collection.count():
            complain(f"There are no articles in {settings.place} yet; `onrecord add PATH` adds some.")
            if not as_json:
                raise typer.Exit(NOT_SAID)
            wanted = NO_MODEL  # none is loaded to say that
        with closing(collection.ask(question, turns, scope, model=wanted, length=length or "")) as events:
            answer, shown = _followed(out, events, question, silent=as_json or not out.is_terminal)
    if as_json:
        print_json(answer.to_dict())
    else:
        show_answer(out, answer, already=shown)
    if answer.status == "abstained":
        raise typer.Exit(NOT_SAID)


def _check(question: str) -> None:
    """What the assistant would refuse is refused before a model is loaded for it."""
    from onrecord.qa.steps.understand import readable

    readable(question)


def _followed(
    out: "Console", events: "Iterator[Event]", question: str, *, silent: bool
) -> "tuple[Answer, list[AnswerSentence]]":
    """The answer and the sentences that were shown; unless ``silent``, what is found and written is, as it comes."""
    from onrecord.qa.types import AnswerStarted, EvidenceFound, Finished, SentenceDone
    from onrecord.ui.cli.terminal import sentence_text

    shown: list[AnswerSentence] = []
    searched = False
    with nullcontext() if silent else out.status("Searching the articles") as status:
        for event in events:
            match event:
                case Finished(answer=answer):
                    return answer, shown
                case _ if status is None:
                    continue
                case EvidenceFound() if not searched:
                    _show_found(out, question, event)
                    status.update("Reading")
                    searched = True
                case AnswerStarted():
                    status.update("Writing")
                case SentenceDone(sentence=sentence) if sentence.verdict != "unsupported":
                    out.print(sentence_text(sentence))
                    shown.append(sentence)
    raise AssertionError("a stream ends with Finished")


def _show_found(out: "Console", question: str, found: "EvidenceFound") -> None:
    from rich.text import Text

    from onrecord.index.inert import one_line
    from onrecord.ui.cli.terminal import counted, where_from

    if found.standalone_question != question.strip():
        out.print(Text(f"Understood as: {one_line(found.standalone_question)}", "dim"))
    by_article = {evidence.sentence.article_id: evidence for evidence in found.evidence}
    if by_article:
        sentences = counted(len(found.evidence), "sentence")
        out.print(Text(f"Found {sentences} in {counted(len(by_article), 'article')}:", "dim"))
    for evidence in by_article.values():
        out.print(Text(f"  {where_from(evidence)}", "dim"))
    out.print()
