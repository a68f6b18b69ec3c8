"""What happens on the page when somebody asks, stops, asks again, opens a source or judges an answer."""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.index.errors import InputError, OnRecordError, UnknownArticle
from onrecord.index.reading.files import stated_address
from onrecord.index.types import Filter, SyncReport
from onrecord.qa.steps.understand import readable
from onrecord.qa.types import Citation
from onrecord.ui.desk.collection import Collection, answer, checked, history_of
from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.desk.conversations import new_record
from onrecord.ui.desk.records import Record
from onrecord.ui.desk.running import Running
from onrecord.ui.desk.tuning import Style
from onrecord.ui.page.collection_tab import choices
from onrecord.ui.page.home import home
from onrecord.ui.page.language import _
from onrecord.ui.page.messages import said, said_parts
from onrecord.ui.page.scope import scope_of
from onrecord.ui.page.sources import empty, gone, reader
from onrecord.ui.page.thread import buttons, notice, offer, panel, thread

Update = tuple[Any, ...]
NOTHING: Update = (gr.skip(),) * 7  # of what `Chat.ask` streams


def owner_of(request: gr.Request | None) -> str:
    """The signed-in name, empty on a server without passwords."""
    return (request.username if request else None) or ""


class Chat:
    """The handlers."""

    def __init__(self, collections: Collections) -> None:
        self.collections = collections

    def arrive(self, request: gr.Request) -> Update:
        """A fresh tab, or one that was reloaded: the address says which conversation was open."""
        asked = request.query_params
        session = Session(collection=asked.get("in", ""), conversation=asked.get("c", ""), arrived=True)
        try:
            return self.show(session, request)
        except OnRecordError:  # a deleted conversation or collection: begin afresh rather than fail
            return self.show(Session(arrived=True), request)

    def show(self, session: Session, request: gr.Request | None) -> Update:
        """thread, sources, session, ask button, stop button: a conversation as it is now, or the first view."""
        collection = self.collections.open(session.collection)
        if not session.conversation:
            return (
                thread(session, (), empty=home(collection, self.collections.suggestions(collection, wait=False))),
                {"html": empty()},
                session,
                *buttons(False),
            )
        records = [checked(collection, r) for r in self._turns(session, owner_of(request))]
        if not records:
            return self.show(replace(session, conversation=""), request)
        newest = records[-1]
        shown = thread(session, records, join=newest.live)
        return shown, panel(newest), replace(session, editing=""), *buttons(newest.live)

    def _turns(self, session: Session, owner: str) -> tuple[Record, ...]:
        """Those of the open conversation, the one that is under way as far as it is."""
        running = self.collections.answers.of(session.conversation)  # asked first: it may end meanwhile
        kept = self.collections.open(session.collection).conversations.turns(owner, session.conversation)
        return tuple(running.record if running and r.id == running.record.id else r for r in kept)

    def first_view(self, session: Session, *, wait: bool = False) -> Any:
        """What the collection holds now, and the questions that are known, where no conversation is open.

        Gradio selects the first tab while the page loads: a conversation that is on its way must not be drawn over.
        """
        if session.conversation or not session.arrived:
            return gr.skip()
        collection = self.collections.open(session.collection)
        return thread(session, (), empty=home(collection, self.collections.suggestions(collection, wait=wait)))

    def settle(self, session: Session) -> Any:
        """The first view once more, when its questions have been found."""
        return self.first_view(session, wait=True)

    def tune(self, length: str, strictness: str, session: Session) -> Session:
        return replace(session, style=Style(length, strictness))

    def models(self) -> Any:
        """The models that can be chosen now, and the one that was."""
        writer = self.collections.writer
        if writer is None:
            return gr.skip()
        labelled = [(said_parts(one.label), one.name) for one in writer.choices()]
        return gr.update(choices=labelled, value=writer.chosen, interactive=True)

    def write_with(self, name: str) -> Iterator[Update]:
        """model choice, notice: another model for everybody, once the questions that came before are answered."""
        writer = self.collections.writer
        if writer is None or name == writer.chosen:
            return
        yield gr.update(interactive=False), notice(_("The model is changed as soon as nobody waits for an answer…"))
        try:
            self.collections.write_with(name)
            outcome = said(writer.said)
        except OnRecordError as error:
            outcome = said(str(error))
        yield self.models(), notice(outcome)

    def ask(
        self,
        question: str,
        session: Session,
        articles: Sequence[str],
        sources: Sequence[str],
        first: str,
        last: str,
        request: gr.Request,
    ) -> Iterator[Update]:
        """Streams thread, sources, question box, session, ask button, stop button, notice."""
        if address := stated_address(question):
            yield (gr.skip(), gr.skip(), gr.skip(), session, *buttons(False), offer(address))
            return
        try:
            scope = scope_of(articles, sources, first, last)
            question = self._checked(question)
            yield from self._stream(question, session, scope, owner_of(request))
        except OnRecordError as error:
            yield (*NOTHING[1:], notice(said(str(error))))

    def bring(self, session: Session, event: gr.EventData) -> Iterator[Update]:
        """notice, question box, thread, the filter's two choices: the page at an address that was offered is read."""
        address = str(event._data.get("address", ""))
        yield (notice(_("Reading {name}…", name=address), stays=True), *[gr.skip()] * 4)
        try:
            collection = self.collections.open(session.collection)
            report = collection.library.web.add([address])
        except OnRecordError as error:
            yield (notice(said(str(error)), stays=True), *[gr.skip()] * 4)
            return
        if report.failed:
            yield (notice(said(report.failed[0][1]), stays=True), *[gr.skip()] * 4)
        else:
            yield (notice(_brought(collection, report)), "", self.first_view(session), *choices(collection))

    def _checked(self, question: str) -> str:
        question, limit = question.strip(), self.collections.limits.question_chars
        if not question:
            raise InputError(_("Type a question first."))
        if len(question) > limit:
            raise InputError(
                _("The question has {count:,} characters; ask it in at most {most:,}.", count=len(question), most=limit)
            )
        readable(question)
        return question

    def again(
        self,
        session: Session,
        articles: Sequence[str],
        sources: Sequence[str],
        first: str,
        last: str,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[Update]:
        """A suggested question, the last one once more, or one without its filter."""
        data, owner = event._data, owner_of(request)
        try:
            if data.get("act") == "suggest":
                scope = scope_of(articles, sources, first, last)
                yield from self._stream(self._checked(str(data.get("text", ""))), session, scope, owner)
                return
            record = self.record(session, owner, str(data.get("turn", "")))
            scope = Filter() if data.get("act") == "unfiltered" else record.scope
            yield from self._stream(record.question, replace(session, editing=record.id), scope, owner)
        except OnRecordError as error:
            yield (*NOTHING[1:], notice(said(str(error))))

    def record(self, session: Session, owner: str, turn_id: str) -> Record:
        for record in self._turns(session, owner):
            if record.id == turn_id:
                return record
        raise InputError(_("This answer is no longer here; reload the page."))

    def _stream(self, question: str, session: Session, scope: Filter, owner: str) -> Iterator[Update]:
        collection, answers = self.collections.open(session.collection), self.collections.answers
        kept = collection.conversations
        answers.refuse_one_too_many(session.conversation)
        if not session.conversation:
            session = replace(session, conversation=kept.begin(owner, question))
        earlier, key = list(self._turns(session, owner)), session.conversation
        replaced = earlier.pop() if session.editing and earlier and earlier[-1].id == session.editing else None
        assistant = self.collections.assistant(collection, session.style)

        def write(running: Running) -> Generator[Record, None, None]:
            stopped, history = running.stop_asked, history_of(earlier)
            return answer(collection, self.collections.queue, running.record, history, assistant, stopped)

        running = answers.begin(key, new_record(question, scope), lambda record: kept.keep(owner, key, record), write)
        if replaced:
            kept.drop_turn(owner, key, replaced.id)
        yield (gr.skip(), gr.skip(), "", replace(session, editing=""), *buttons(True), {})
        yield from self._follow(running, session, earlier)

    def _follow(self, running: Running, session: Session, earlier: Sequence[Record]) -> Iterator[Update]:
        """What was typed meanwhile stays in the box, and what the tab has open stays open."""
        for record in running.follow():
            if record is None:
                yield NOTHING
                continue
            # The turn before is drawn once more, because only the newest can be asked again.
            shown = thread(session, [*earlier, record], kept=max(0, len(earlier) - 1))
            yield (shown, panel(record), gr.skip(), gr.skip(), *buttons(record.live), gr.skip())

    def join(self, session: Session, request: gr.Request) -> Iterator[Update]:
        """As `ask`: follows the answer that is under way in the conversation that was opened, whoever asked for it."""
        running = self.collections.answers.of(session.conversation)
        if running:
            earlier = [one for one in self._turns(session, owner_of(request)) if one.id != running.record.id]
            yield from self._follow(running, session, earlier)

    def stop(self, session: Session, request: gr.Request) -> None:
        """Stops the answer that is under way; those who follow it see its end."""
        if session.conversation:
            self._turns(session, owner_of(request))  # raises where it is somebody else's
            self.collections.answers.stop(session.conversation)

    def fresh(self, session: Session, request: gr.Request) -> Update:
        """As `show`: a new conversation; the one before stays in the list, and what is under way there goes on."""
        return self.show(replace(session, conversation="", editing=""), request)

    def edit(self, session: Session, event: gr.EventData, request: gr.Request) -> Update:
        """question box, session: the last question, to be changed; or what was searched for, to be corrected."""
        data = event._data
        record = self.record(session, owner_of(request), str(data.get("turn", "")))
        text = record.answer.standalone_question if data.get("act") == "correct" else record.question
        return text, replace(session, editing=record.id)

    def judge(self, session: Session, event: gr.EventData, request: gr.Request) -> Update:
        """thread, notice: keeps what somebody says about an answer."""
        data, owner = event._data, owner_of(request)
        collection = self.collections.open(session.collection)
        try:
            records = list(self._turns(session, owner))
            at = next((n for n, r in enumerate(records) if r.id == data.get("turn")), -1)
            if at < 0 or data.get("act") not in ("right", "wrong_answer", "wrong_citation"):
                raise InputError(_("This answer is no longer here; reload the page."))
            records[at] = replace(records[at], feedback=str(data["act"]))
            before = [(t.role, t.content) for t in history_of(records[:at])]
            note = str(data.get("note", ""))[:2000]
            collection.feedback.keep(owner, session.conversation, records[at], data["act"], note, before)
            collection.conversations.keep(owner, session.conversation, records[at])
        except OnRecordError as error:
            return gr.skip(), notice(said(str(error)))
        thanks = notice(_("Kept with the others in the feedback suite. Thank you."))
        return thread(session, records, kept=at), thanks

    def open_source(self, session: Session, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """The article, at the sentence that was clicked."""
        data = event._data
        collection = self.collections.open(session.collection)
        key, number = str(data.get("article", "")), int(data.get("n") or 0)
        quote = self.quoted(session, owner_of(request), data)
        try:
            article = collection.library.article(key)
        except UnknownArticle:
            text = gone(quote.quote if quote else "", quote.title if quote else "")
            return {"html": text, "at": time.time()}
        sentences = collection.library.sentences(key)
        start, end = _place(data, sentences)
        if quote:
            start, end = quote.sentence.start_char, quote.sentence.end_char
        copies = [_title(collection, other) for other in collection.library.copies(key) if other != key]
        shown = reader(
            article,
            sentences,
            start=start,
            end=end,
            cited_as=number,
            quote=quote.quote if quote else "",
            copies=copies,
            changes=collection.library.changes(key),
            turn=str(data.get("turn", "")),
        )
        return {"html": shown, "at": time.time()}

    def quoted(self, session: Session, owner: str, data: dict[str, Any]) -> Citation | None:
        """The quote behind a chip or card, as the answer keeps it."""
        if not data.get("turn") or data.get("start") is None:
            return None
        try:
            record = self.record(session, owner, str(data["turn"]))
        except OnRecordError:
            return None
        place = (str(data.get("article", "")), int(data["start"]))
        answer = record.answer
        every = [*record.citations, *answer.evidence, *(q for one in answer.unconfirmed for q in one.citations)]
        return next((q for q in every if q.place == place), None)


def _brought(collection: Collection, report: SyncReport) -> str:
    """What became of a page that was read."""
    (key, *more) = (*report.added, *report.changed, *report.unchanged)
    if more:
        return _("{count:,} articles were read. Ask about them.", count=len(more) + 1)
    if report.added or report.changed:
        return _("“{title}” is among your articles. Ask about it.", title=_title(collection, key))
    return _("“{title}” is among your articles already. Ask about it.", title=_title(collection, key))


def _place(data: dict[str, Any], sentences: Sequence[Any]) -> tuple[int, int]:
    """The characters to mark: the sentence of this index, else none."""
    index = data.get("index")
    for s in sentences:
        if index is not None and s.index == int(index):
            return s.start_char, s.end_char
    return -1, -1


def _title(collection: Collection, key: str) -> str:
    try:
        return collection.library.article(key).title
    except UnknownArticle:
        return key
