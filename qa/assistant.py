"""The assistant: a question -> an answer whose every sentence cites sentences of articles, or silence with a reason."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from onrecord.index import Filter, Library
from onrecord.qa.briefing.asked import Wish, wish_of
from onrecord.qa.briefing.brief import as_answer, brief_of
from onrecord.qa.briefing.values import Brief
from onrecord.qa.differences.finder import AT_ONCE, Differences
from onrecord.qa.differences.told import asked_by, limits, shown_as_answer
from onrecord.qa.engines.base import Engine
from onrecord.qa.judges.answers import AnswerJudge, answer_judge
from onrecord.qa.judges.verify import EngineVerifier, FeatureVerifier, Verifier
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps.assemble import assemble, gathered
from onrecord.qa.steps.check import check
from onrecord.qa.steps.choose import choose
from onrecord.qa.steps.cite import citations_of
from onrecord.qa.steps.compare import compare
from onrecord.qa.steps.search import search, settled
from onrecord.qa.steps.sources import Sources
from onrecord.qa.steps.split import split, take_apart
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model, Trace
from onrecord.qa.steps.translate import translate
from onrecord.qa.steps.understand import understand
from onrecord.qa.steps.values import Asked, Checked, Found, Outcome, Part, Searched, Written
from onrecord.qa.steps.write import ModelWriter, QuoteWriter
from onrecord.qa.types import (
    EXTRACTIVE,
    Answer,
    AnswerStarted,
    Citation,
    Disagreement,
    Event,
    EvidenceFound,
    Finished,
    Turn,
)

NO_DISAGREEMENT: tuple[Disagreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """The functions that a question goes through, in this order. What is left out or done otherwise is replaced here.

    >>> from functools import partial
    >>> words_alone = replace(Steps(), check=partial(check, look=False))
    """

    brief: Callable[[str, Filter | None, Tools], Wish | None] = wish_of
    understand: Callable[[str, Sequence[Turn], Tools], Asked] = understand
    split: Callable[[Asked, Filter | None, Tools], tuple[Part, ...]] = split
    take_apart: Callable[[tuple[Part, ...], Tools], tuple[Part, ...]] = take_apart
    search: Callable[[Part, Tools], Searched] = search
    choose: Callable[[Part, Searched, Tools], Found] = choose
    check: Callable[[Part, Found, Tools], Checked] = check
    compare: Callable[[Part, Found, Written, Sequence[Citation], Tools], tuple[Disagreement, ...]] = compare


class Assistant:
    """Answers questions from a library's articles.

    ``engine`` None: answers are the best sentences themselves, quoted. ``verifier`` None: word features, and the
    engine's own yes or no; ``answers`` None: the judge that comes with the package. Safe to call from several threads;
    the engine serves them in turn.
    """

    def __init__(
        self,
        library: Library,
        engine: Engine | None,
        settings: AnswerSettings | None = None,
        *,
        verifier: Verifier | None = None,
        answers: AnswerJudge | None = None,
        steps: Steps | None = None,
    ) -> None:
        self.library = library
        self.engine = engine
        self.settings = settings or AnswerSettings()
        self.verifier = verifier
        self.answers = answers or answer_judge()
        self.steps = steps or Steps()
        self.differences = Differences(library)
        self._sources = Sources(library)

    def ask(self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None) -> Answer:
        """The finished answer. Raises `InputError` for an empty or oversized question."""
        for event in self.stream(question, history, scope):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream ends with Finished")

    def stream(
        self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None
    ) -> Generator[Event, None, None]:
        """The events of one answer, the last being `Finished`. Closing the iterator stops the model."""
        steps, tools = self.steps, self._tools()
        if asked_by(question):
            yield Finished(self._signed(self._differing(question, scope, tools), tools))
            return
        wish = steps.brief(question, scope, tools)
        if wish is not None:
            brief = yield from brief_of(wish, tools, worded=True)
            tools.trace.warn(*filter(None, (brief.covered, *brief.warnings)))
            yield Finished(self._signed(as_answer(brief, question), tools))
            return
        asked = steps.understand(question, history, tools)
        parts = steps.split(asked, scope, tools)
        found = [self._find(part, tools) for part in parts]
        seen = gathered(found)
        tools.trace.reached("to_evidence")
        yield EvidenceFound(asked.text, seen.hits, seen.evidence, seen.best)
        several = steps.take_apart(parts, tools)
        if several != parts:
            parts, found = several, [self._find(part, tools) for part in several]
            seen = gathered(found)
            yield EvidenceFound(asked.text, seen.hits, seen.evidence, seen.best)
        writer = ModelWriter(tools.model, tools.verifier, tools.settings) if tools.model else QuoteWriter()
        outcomes: list[Outcome] = []
        cited: tuple[Citation, ...] = ()
        for part, evidence in zip(parts, found, strict=True):
            checked = steps.check(part, evidence, tools)
            written, differ = Written(), NO_DISAGREEMENT
            if not checked.reason:
                yield AnswerStarted(checked.answerability)
                written = yield from writer.write(part, evidence, checked, cited, tools.trace)
                cited = citations_of(written.sentences, cited)
                differ = steps.compare(part, evidence, written, cited, tools)
                cited = citations_of([position for one in differ for position in one.positions], cited)
            outcomes.append(Outcome(part, evidence, checked, written, differ))
        answer = assemble(asked, seen, outcomes)
        if asked.translate and not answer.reason:
            answer = translate(answer, tools)
        yield Finished(self._signed(answer, tools))

    def brief(self, about: str = "", scope: Filter | None = None, *, worded: bool = False) -> Brief:
        """What the articles of ``scope``, or all, or those of them ``about`` a subject, say in five sentences.

        These are the articles' own; ``worded``: in the model's words, where there is one and its words hold. With what
        happened when, who says what, where they differ (as far as they were compared when they arrived: `differences`),
        and what they say is not known, in their own sentences.
        """
        told = brief_of(Wish(" ".join(about.split()), scope=scope), self._tools(), worded=worded, whole=True)
        while True:
            try:
                next(told)
            except StopIteration as done:
                return cast(Brief, done.value)

    def _differing(self, question: str, scope: Filter | None, tools: Tools) -> Answer:
        """What was found when the articles arrived, and is found now of those that arrived since."""
        with tools.trace.timed("disagree"):
            left = self.differences.refresh(most=AT_ONCE)
            found = self.differences.shown(scope)
            tools.trace.warn(*limits(len(found), left))
            return shown_as_answer(question, found, empty=not self.library.passage_count)

    def _tools(self) -> Tools:
        """Of one question: it keeps the model and the settings that it began with."""
        trace = Trace()
        model = Model(self.engine, trace) if self.engine else None
        verifier = self.verifier or (EngineVerifier(model) if model else FeatureVerifier())
        return Tools(self._sources, self.settings, verifier, self.answers, model, trace)

    def _find(self, part: Part, tools: Tools) -> Found:
        """Searches and chooses; nothing for a part that its text alone refuses."""
        if part.refused:
            return Found()

        def look() -> Found:
            own = replace(tools, sources=tools.sources.read_once())
            return self.steps.choose(part, self.steps.search(part, own), own)

        found = settled(look)
        tools.trace.warn(*found.warnings)
        return found

    def _signed(self, answer: Answer, tools: Tools) -> Answer:
        """The answer with what was noted beside it."""
        return replace(
            answer,
            timings=tools.trace.finished(counted=tools.model is not None),
            warnings=tuple(tools.trace.warnings),
            model=tools.model.name if tools.model else EXTRACTIVE,
            index_revision=self.library.revision,
        )
