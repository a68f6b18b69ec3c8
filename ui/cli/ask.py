"""The command that asks: the evidence first, then the answer as it is written, then the quotes that it stands on."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import complain, print_json
from onrecord.ui.cli.opening import ArticleOption, DataOption, FromOption, JsonOption, SourceOption, ToOption

if TYPE_CHECKING:
    from rich.console import Console

    from onrecord.index.types import Filter
    from onrecord.qa.assistant import Assistant
    from onrecord.qa.types import Answer, AnswerSentence, EvidenceFound, Turn

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
    from onrecord.ui.cli.terminal import console, show_answer

    if no_model and model:
        raise typer.BadParameter("--no-model and --model exclude each other.")
    turns = opening.history_from(history)
    scope = opening.scope_from(article, source, published_from, published_to)
    _check(question)
    settings = opening.settings_of(data, {"model.name": "none" if no_model else model, "answer.length": length})
    out = console()
    shown: Sequence[AnswerSentence] = ()
    with opening.opened_assistant(settings, model_required=bool(model), one_question=True) as assistant:
        opening.check_scope(assistant.library, scope)
        if not assistant.library.passage_count:
            complain(f"There are no articles in {settings.data} yet; `onrecord add PATH` adds some.")
        if as_json or not out.is_terminal:
            answer = assistant.ask(question, turns, scope or None)
        else:
            answer, shown = _streamed(out, assistant, question, turns, scope or None)
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


def _streamed(
    out: "Console", assistant: "Assistant", question: str, history: "Sequence[Turn]", scope: "Filter | None"
) -> "tuple[Answer, list[AnswerSentence]]":
    """Shows what is found and what is written, as it comes; returns the answer and the sentences that were shown."""
    from onrecord.qa.types import AnswerStarted, EvidenceFound, Finished, SentenceDone
    from onrecord.ui.cli.terminal import sentence_text

    shown: list[AnswerSentence] = []
    status = out.status("Searching the articles")
    status.start()
    try:
        with closing(assistant.stream(question, history, scope)) as events:
            for event in events:
                match event:
                    case EvidenceFound():
                        _show_found(out, question, event)
                        status.update("Reading")
                    case AnswerStarted():
                        status.update("Writing")
                    case SentenceDone(sentence=sentence) if sentence.verdict != "unsupported":
                        out.print(sentence_text(sentence))
                        shown.append(sentence)
                    case Finished(answer=answer):
                        return answer, shown
    finally:
        status.stop()
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
