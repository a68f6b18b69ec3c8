"""OnRecord itself as a system under test: the same Assistant that every door uses, over a cached index."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import ResultRow, RetrievedRow
from onrecord.eval.systems.base import SystemOptions, content_key
from onrecord.eval.systems.replies import KeptReplies
from onrecord.eval.systems.rows import retrieved_from_hits, row_from_answer, row_from_hits
from onrecord.index.errors import StoreError
from onrecord.index.reading.files import NORMALISER_VERSION
from onrecord.index.settings import SearchOptions
from onrecord.index.text.sentences import SPLITTER_VERSION
from onrecord.index.types import Embedder, Filter
from onrecord.qa.types import AnswerStarted, EvidenceFound, Finished, SentenceDone, Turn

if TYPE_CHECKING:
    from onrecord.index import Library
    from onrecord.qa.assistant import Assistant
    from onrecord.qa.engines.base import Engine
    from onrecord.qa.settings import Settings


class OnRecordSystem:
    """``onrecord`` and, without a model, ``onrecord-no-model``."""

    def __init__(
        self,
        options: SystemOptions,
        *,
        model: bool = True,
        engine: "Engine | None" = None,
        embedder: Embedder | None = None,
    ) -> None:
        self.name = "onrecord" if model else "onrecord-no-model"
        self.on_progress: Callable[[float, int], None] | None = None
        self._options = options
        self._with_model = model
        self._engine = engine
        self._embedder = embedder
        self._library: Library | None = None
        self._assistant: Assistant | None = None

    def prepare(self, suite: Suite) -> None:
        """Opens (the first time, builds) the index of the suite's articles and loads the model."""
        self._library = open_library(self._options, suite, embedder=self._embedder, on_progress=self.on_progress)
        if not self._options.retrieval_only:
            self._assistant = self._build()

    @property
    def info(self) -> dict[str, str]:
        """What this system ran with, for the report."""
        library, engine = self._library, self._assistant.engine if self._assistant else None
        return {
            "model": engine.name if engine else "",
            "embedder": library.embedder.fingerprint if library else "",
        }

    def answer(self, question: Question) -> ResultRow:
        """Asks the Assistant and times its events."""
        assistant, library = self._assistant, self._library
        assert assistant is not None and library is not None
        row = timed_answer(assistant, question, system=self.name)
        if self._options.replies:
            row = replace(row, timings={})  # a reply that was kept took no time
        query = row.standalone_question or question.question
        found = library.search(query, top_k=self._options.top_k, where=scope_of(question))
        return replace(row, retrieved=_extended(row.retrieved, retrieved_from_hits(found), self._options.top_k))

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """Searches for the question, made standalone by rule where it is a follow-up."""
        assert self._library is not None
        return search_row(self._library, question, top_k=top_k, system=self.name)

    def close(self) -> None:
        """Closes engine and library."""
        engine = self._assistant.engine if self._assistant else None
        if engine is not None:
            engine.close()
        if self._library is not None:
            self._library.close()

    def _build(self) -> "Assistant":
        from onrecord.index.models.catalogue import model_path
        from onrecord.qa.build import build_assistant, build_engine

        settings = load_options(self._options)
        engine = (self._engine or build_engine(settings)) if self._with_model else None
        if self._with_model and engine is None:
            model_path(settings.model.name)  # says how to pull it: a run without it would measure something else
        if engine is not None and self._options.replies:
            engine = KeptReplies(engine, Path(self._options.replies))
        return build_assistant(settings, library=self._library, engine=engine)


def timed_answer(assistant: "Assistant", question: Question, *, system: str = "onrecord") -> ResultRow:
    """One question through ``Assistant.stream``; the row's timings are what a person at the page would see.

    ``time_to_first_token`` is when writing starts; without a model, when the first sentence is there.
    """
    seconds: dict[str, float] = {}
    answer = None
    started = time.perf_counter()
    for event in assistant.stream(question.question, history=turns_of(question), scope=scope_of(question)):
        now = time.perf_counter() - started
        match event:
            case EvidenceFound():
                seconds.setdefault("time_to_evidence", now)
            case AnswerStarted() | SentenceDone():
                seconds.setdefault("time_to_first_token", now)
            case Finished():
                seconds["time_to_answer"] = now
                answer = event.answer
    if answer is None:
        raise StoreError("the assistant's stream ended without an answer; report this with the question")
    row = row_from_answer(question, answer, system=system)
    return replace(row, timings={**row.timings, **seconds})


def open_library(
    options: SystemOptions,
    suite: Suite,
    *,
    embedder: Embedder | None = None,
    search: SearchOptions | None = None,
    on_progress: Callable[[float, int], None] | None = None,
) -> "Library":
    """The library of a suite's articles, in a folder named by their content and by how they are cut and embedded.

    Adding what is there already costs nothing.
    """
    from onrecord.index import Library

    index = load_options(options).index
    cut = index.fingerprint(embedder=index.embedder, splitter=SPLITTER_VERSION, normaliser=NORMALISER_VERSION)
    key = hashlib.sha256(cut.encode()).hexdigest()[:8]
    folder = options.index_folder / f"{content_key(suite)}-{key}"
    library = Library(folder, embedder=embedder, settings=index, search=search)
    try:
        library.add(suite.articles, on_progress=on_progress)
        for article in suite.articles:
            if library.article(article.id).text != article.text:
                raise StoreError(
                    f"article {article.id!r} is not stored as the suite has it, so no place in it could be compared; "
                    "load the suite with load_stored_suite"
                )
    except BaseException:
        library.close()
        raise
    return library


def search_row(library: "Library", question: Question, *, top_k: int, system: str) -> ResultRow:
    """A search alone, timed with the embedding of its query."""
    query = standalone_text(question)
    started = time.perf_counter()
    hits = library.search(query, top_k=top_k, where=scope_of(question))
    row = row_from_hits(question, hits, system=system, seconds=time.perf_counter() - started)
    return replace(row, standalone_question=query)


def scope_of(question: Question) -> Filter | None:
    """The filter that a scoped question is asked with."""
    return Filter(articles=question.scope) if question.scope else None


def standalone_text(question: Question) -> str:
    """The question behind the one that it follows up: what a search without a model asks."""
    from onrecord.qa.steps.understand import standalone

    return standalone(question.question, turns_of(question)).text


def turns_of(question: Question) -> tuple[Turn, ...]:
    """The conversation before the question."""
    return tuple(Turn("user" if t.role == "user" else "assistant", t.content) for t in question.history)


def _extended(first: tuple[RetrievedRow, ...], more: tuple[RetrievedRow, ...], top_k: int) -> tuple[RetrievedRow, ...]:
    """What the answer was made from, then what the search found beyond it: ranks up to ``top_k`` can be scored."""
    seen = {(r.article_id, r.start_char, r.end_char) for r in first}
    rest = [r for r in more if (r.article_id, r.start_char, r.end_char) not in seen]
    return (*first, *rest)[: max(top_k, len(first))]


def load_options(options: SystemOptions, *, data: str = "") -> "Settings":
    """OnRecord's settings for a run: its file and flags, nothing of the environment, so that runs can be repeated."""
    from onrecord.qa.settings import load_settings

    # an empty file, and not none: without one, whatever settings file lies in the working folder would be read
    file = Path(options.settings_file or os.devnull)
    flags = {"index.embedder": options.embedder, "model.name": options.model, **options.flags}
    if data:
        flags["data"] = data
    return load_settings(file, env={}, flags=flags)
