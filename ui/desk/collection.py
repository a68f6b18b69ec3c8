"""One collection as the page uses it: its library, its assistant, and what is kept beside them."""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from onrecord.index import tracing
from onrecord.index.errors import OnRecordError, UnknownArticle
from onrecord.qa.engines.stopping import StopAsked, never
from onrecord.qa.names.index import Names
from onrecord.qa.people.index import People
from onrecord.qa.types import (
    AnswerStarted,
    Citation,
    EvidenceFound,
    Finished,
    SentenceDone,
    Turn,
    Writing,
)
from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.feedback import Feedback
from onrecord.ui.desk.forgetting import ArticleLookup
from onrecord.ui.desk.model_queue import ModelQueue, Ticket
from onrecord.ui.desk.notebook import Notebook
from onrecord.ui.desk.protocols import AssistantLike, LibraryLike
from onrecord.ui.desk.records import Record, Stale, finish, found_of
from onrecord.ui.desk.saved import SavedQuestions

log = logging.getLogger("onrecord")
HISTORY = 3  # earlier questions that a follow-up may lean on
LOOK_UP = 0.5  # seconds between two looks at what comes before a question

Shown = EvidenceFound | AnswerStarted | SentenceDone | Finished


@dataclass(slots=True)
class Collection:
    """A named collection, open. ``library`` is an ``onrecord.index.Library`` or anything with its methods."""

    name: str
    library: LibraryLike
    assistant: AssistantLike
    conversations: Conversations
    folder: Path
    _people: People | None = None
    _names: Names | None = None

    @property
    def notebook(self) -> Notebook:
        return Notebook(self.conversations)

    @property
    def feedback(self) -> Feedback:
        """What people say of its answers."""
        return Feedback(self.conversations, lambda: ArticleLookup(self.library.article))

    @property
    def people(self) -> People:
        """Who says what in it."""
        if self._people is None:
            self._people = People(self.library)
        return self._people

    @property
    def names(self) -> Names:
        """The people, places, organisations and quantities in it."""
        if self._names is None:
            self._names = Names(self.library)
        return self._names

    @property
    def saved(self) -> SavedQuestions:
        """The questions that are asked of it again when articles arrive."""
        return SavedQuestions(self.conversations, lambda: ArticleLookup(self.library.article))


def history_of(records: Sequence[Record]) -> tuple[Turn, ...]:
    """The last finished turns, for the assistant to understand a follow-up by."""
    turns: list[Turn] = []
    for record in [r for r in records if r.state == "done"][-HISTORY:]:
        searched = record.answer.standalone_question or record.question
        turns += [Turn("user", searched), Turn("assistant", record.answer_text)]
    return tuple(turns)


def answer(
    collection: Collection,
    queue: ModelQueue,
    record: Record,
    history: Sequence[Turn],
    assistant: AssistantLike | None = None,
    stopped: StopAsked = never,
) -> Generator[Record, None, None]:
    """``record`` as it grows, until ``stopped()``. Closing this generator stops the model at its next piece.

    ``assistant``: the collection's own unless given. The evidence comes before the wait for a place in the queue: most
    searches need no model. A follow-up that no rule can make whole, and a question in a language of no article, ask it
    first; its engine then serves that short call in turn with the answer that is being written.
    """
    yield record
    ticket = queue.join(begin=False, stopped=stopped)
    try:
        while not ticket.begin(LOOK_UP):  # another model is being loaded
            if stopped():
                return
            yield replace(record, state="waiting")
        stream = (assistant or collection.assistant).stream(record.question, history, record.scope or None)
        with closing(stream) as events:
            for event in events:
                if stopped():
                    return
                if isinstance(event, Writing):  # nothing to show: a place to stop
                    continue
                record = _grown(collection, record, event)
                yield record
                if isinstance(event, EvidenceFound):
                    with tracing.step("wait"):
                        while not ticket.wait(LOOK_UP):
                            if stopped():
                                return
                            yield _behind(record, ticket)
                    yield record
    except OnRecordError as error:
        yield replace(record, state="failed", error=str(error))
    except Exception as error:
        log.exception("The answer to %r failed.", record.question)
        text = f"Something went wrong ({type(error).__name__}); the server's messages say more. Ask again."
        yield replace(record, state="failed", error=text)
    finally:
        ticket.leave()


def _behind(record: Record, ticket: Ticket) -> Record:
    place = ticket.place
    return replace(record, state="waiting" if place else "ending", place=place)


def _grown(collection: Collection, record: Record, event: Shown) -> Record:
    match event:
        case EvidenceFound(standalone_question=searched, hits=hits, evidence=evidence, best=best):
            facts = {hit.passage.article_id: _facts(collection, hit.passage.article_id) for hit in hits}
            answer = replace(record.answer, standalone_question=searched, evidence=evidence)
            return replace(record, state="reading", answer=answer, found=found_of(hits, facts), best=best)
        case AnswerStarted(answerability=score):
            return replace(record, state="writing", answer=replace(record.answer, answerability=score))
        case SentenceDone(sentence=sentence) if sentence.verdict == "unsupported":
            unconfirmed = (*record.answer.unconfirmed, sentence)
            return replace(record, answer=replace(record.answer, unconfirmed=unconfirmed))
        case SentenceDone(sentence=sentence):
            sentences = (*record.answer.sentences, sentence)
            return replace(record, state="writing", answer=replace(record.answer, sentences=sentences))
        case Finished(answer=answered):
            facts = {h.passage.article_id: _facts(collection, h.passage.article_id) for h in answered.hits}
            return replace(finish(record, answered), found=found_of(answered.hits, facts) or record.found)


def _facts(collection: Collection, article_id: str) -> tuple[str, str, str]:
    try:
        article = collection.library.article(article_id)
    except UnknownArticle:  # removed between the search and now
        return ("", "", "")
    return article.title, article.source, article.published


def checked(collection: Collection, record: Record) -> Record:
    """``record`` with a mark on every cited place whose article changed or went."""
    shown = {one.place: one for one in (*record.answer.evidence, *record.answer.citations)}
    marks = ((place, _staleness(collection, one)) for place, one in shown.items())
    return replace(record, stale=tuple(Stale(*place, how) for place, how in marks if how))


def _staleness(collection: Collection, cited: Citation) -> str:
    try:
        article = collection.library.article(cited.article_id)
    except UnknownArticle:
        return "gone"
    said = article.text[cited.sentence.start_char : cited.sentence.end_char]
    return "" if said == cited.quote else "changed"
