"""One collection as the page uses it: its library, its assistant, and what is kept beside them."""

import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from onrecord.index.errors import OnRecordError, UnknownArticle
from onrecord.index.types import Filter
from onrecord.qa.types import AnswerStarted, Event, EvidenceFound, Finished, SentenceDone, Turn, Writing
from onrecord.ui.desk.conversations import Conversations, now
from onrecord.ui.desk.model_queue import ModelQueue
from onrecord.ui.desk.protocols import AssistantLike, LibraryLike
from onrecord.ui.desk.records import Line, Quote, Record, evidence_of, finish, found_of, line_of

log = logging.getLogger("onrecord")
HISTORY = 3  # earlier questions that a follow-up may lean on
LET_STOP = 0.25  # seconds: how late a press on Stop may take effect while a sentence is being written


@dataclass(slots=True)
class Collection:
    """A named collection, open. ``library`` is an ``onrecord.index.Library`` or anything with its methods."""

    name: str
    library: LibraryLike
    assistant: AssistantLike
    conversations: Conversations
    folder: Path


def history_of(records: Sequence[Record]) -> tuple[Turn, ...]:
    """The last finished turns, for the assistant to understand a follow-up by."""
    turns: list[Turn] = []
    for record in [r for r in records if r.state == "done"][-HISTORY:]:
        turns += [Turn("user", record.searched or record.question), Turn("assistant", record.answer_text)]
    return tuple(turns)


def new_record(question: str, scope: Filter) -> Record:
    return Record(id=uuid.uuid4().hex[:12], question=question, scope=scope, asked=now())


def answer(
    collection: Collection,
    queue: ModelQueue,
    record: Record,
    history: Sequence[Turn],
    assistant: AssistantLike | None = None,
) -> Iterator[Record]:
    """``record`` as it grows. Closing this generator, as a closed tab does, stops the model.

    ``assistant``: the collection's own unless given. The evidence comes before the wait for a place in the queue: most
    searches need no model. A follow-up that no rule can make whole, and a question in a language of no article, ask it
    first; its engine then serves that short call in turn with the answer that is being written.
    """
    yield record
    ticket = queue.join(begin=False)
    try:
        while not ticket.begin(0.5):  # another model is being loaded
            record = replace(record, state="waiting")
            yield record
        record = replace(record, state="searching")
        stream = (assistant or collection.assistant).stream(record.question, history, record.scope or None)
        with closing(stream) as events:
            shown = time.monotonic()
            for event in events:
                # Handing something on is what lets a press on Stop through, but each costs the browser a message.
                if isinstance(event, Writing) and time.monotonic() - shown < LET_STOP:
                    continue
                record = _grown(collection, record, event)
                shown = time.monotonic()
                yield record
                if isinstance(event, EvidenceFound):
                    while not ticket.wait(0.5):
                        record = replace(record, state="waiting", place=ticket.place)
                        yield record
                    record = replace(record, state="reading", place=0)
                    yield record
    except OnRecordError as error:
        yield replace(record, state="failed", error=str(error))
    except Exception as error:
        log.exception("The answer to %r failed.", record.question)
        text = f"Something went wrong ({type(error).__name__}); the server's messages say more. Ask again."
        yield replace(record, state="failed", error=text)
    finally:
        ticket.leave()


def _grown(collection: Collection, record: Record, event: Event) -> Record:
    match event:
        case Writing():
            return record
        case EvidenceFound(standalone_question=searched, hits=hits, evidence=evidence):
            facts = {hit.passage.article_id: _facts(collection, hit.passage.article_id) for hit in hits}
            return replace(
                record,
                state="reading",
                searched=searched,
                evidence=evidence_of(evidence),
                hits=found_of(hits, facts),
            )
        case AnswerStarted(answerability=score):
            return replace(record, state="writing", answerability=score)
        case SentenceDone(sentence=sentence):
            line = line_of(sentence)
            if line.verdict == "unsupported":
                return replace(record, unconfirmed=(*record.unconfirmed, line))
            return replace(record, state="writing", lines=(*record.lines, line))
        case Finished(answer=answered):
            facts = {h.passage.article_id: _facts(collection, h.passage.article_id) for h in answered.hits}
            return replace(finish(record, answered), hits=found_of(answered.hits, facts) or record.hits)


def _facts(collection: Collection, article_id: str) -> tuple[str, str, str]:
    try:
        article = collection.library.article(article_id)
    except UnknownArticle:  # removed between the search and now
        return ("", "", "")
    return article.title, article.source, article.published


def quote_state(collection: Collection, quote: Quote) -> str:
    """ "" while the article still says the quote at its place, else "changed" or "gone"."""
    try:
        article = collection.library.article(quote.article_id)
    except UnknownArticle:
        return "gone"
    return "" if article.text[quote.start_char : quote.end_char] == quote.quote else "changed"


def checked(collection: Collection, record: Record) -> Record:
    """``record`` with every citation marked whose article changed or went."""
    marks: dict[tuple[str, int], str] = {}

    def mark(quote: Quote) -> Quote:
        if quote.place not in marks:
            marks[quote.place] = quote_state(collection, quote)
        return replace(quote, standing=marks[quote.place])

    def marked(line: Line) -> Line:
        return replace(line, quotes=tuple(mark(q) for q in line.quotes))

    return replace(
        record,
        lines=tuple(marked(line) for line in record.lines),
        disputes=tuple(replace(d, positions=tuple(marked(p) for p in d.positions)) for d in record.disputes),
        evidence=tuple(mark(q) for q in record.evidence),
    )
