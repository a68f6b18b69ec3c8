"""The assistant: a question -> an answer whose every sentence stands on a sentence of an article, or silence."""

from collections.abc import Generator, Sequence
from dataclasses import replace

from onrecord.index import Filter, Library
from onrecord.index.text.language import language_of, translated
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.yes_no import yes_share
from onrecord.qa.judges.injection import stated
from onrecord.qa.judges.verify import FeatureVerifier, Verifier, verdict
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps import prompts
from onrecord.qa.steps.answer_run import Draft
from onrecord.qa.steps.check import (
    calibration,
    logit,
    not_for_the_articles,
    not_stated_share,
    probability,
)
from onrecord.qa.steps.compose import Composer
from onrecord.qa.steps.question_type import of_each
from onrecord.qa.steps.search import Finder
from onrecord.qa.steps.split import parts_of
from onrecord.qa.steps.understand import Standalone, standalone
from onrecord.qa.types import (
    Answer,
    AnswerSentence,
    AnswerStarted,
    Event,
    Evidence,
    EvidenceFound,
    Finished,
    Reason,
    Turn,
)

NOTHING_NEAR = 0.2  # cosine and word share below which nothing found is about the question at all
OUTSIDE_IS_NEARER = 0.12  # how much nearer an article outside the filter must be to blame the filter
MAX_QUESTION = 4000  # characters
MOST_ARTICLES = 3  # that a question about "each article" is put to, one after the other


class Assistant:
    """Answers questions from a library's articles.

    ``engine`` None: answers are the best sentences themselves, quoted. ``verifier`` None: word features. Safe to call
    from several threads; the engine serves them in turn.
    """

    finder_class = Finder

    def __init__(
        self,
        library: Library,
        engine: Engine | None,
        settings: AnswerSettings | None = None,
        *,
        verifier: Verifier | None = None,
    ) -> None:
        self.library = library
        self.engine = engine
        self.settings = settings or AnswerSettings()
        self.verifier = verifier or FeatureVerifier()
        self.finder = self.finder_class(library)

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
        draft = Draft.begin(question, limit=MAX_QUESTION, usage=self.engine.usage if self.engine else None)
        understood = self._understand(draft, history)
        parts = self._parts(draft, scope)
        for part in parts:
            where = replace(scope or Filter(), articles=(part.article_id,)) if part.article_id else scope
            self.finder.find(part, where, settings=self.settings, engine=self.engine)
        draft.gather(parts)
        yield EvidenceFound(understood.text, draft.hits, draft.evidence)
        reasons: list[Reason] = []
        for part in parts:
            reason = yield from self._answer(part, scope)
            reasons.append(reason)
        yield Finished(self._finish(draft, draft.join(parts, reasons)))

    def _parts(self, draft: Draft, scope: Filter | None) -> list[Draft]:
        """What is asked: the parts of the question, or the one that is put to each article; the draft itself if one."""
        each = of_each(draft.standalone)
        articles = self.finder.articles(each, scope, top_k=self.settings.top_k) if each else []
        if len(articles) > 1:
            if len(articles) > MOST_ARTICLES:
                draft.warnings.append(f"Asked of the {MOST_ARTICLES} nearest of {len(articles)} articles.")
            return [draft.part(each, article_id=article_id) for article_id in articles[:MOST_ARTICLES]]
        asked = parts_of(draft.standalone) if self.engine else (draft.standalone,)
        return [draft.part(text) for text in asked] if len(asked) > 1 else [draft]

    def _answer(self, draft: Draft, scope: Filter | None) -> Generator[Event, None, Reason]:
        """Decides and writes; why there is no answer, or empty."""
        shared = prompts.head(draft.standalone, draft.evidence)
        reason = self._refusal(draft, shared, scope)
        if reason:
            return reason
        yield AnswerStarted(draft.answerability)
        yield from Composer(self.engine, self.verifier, self.settings).compose(draft, shared)
        return "" if draft.sentences or draft.disagreements else "not_supported"

    def _understand(self, draft: Draft, history: Sequence[Turn]) -> Standalone:
        with draft.timed("understand"):
            asked = draft.question
            draft.language = language_of(asked)
            spoken = self.finder.languages
            draft.translate = draft.language not in spoken and self.engine is not None
            if draft.translate:
                asked = translated(asked, "en" if "en" in spoken else min(spoken), self._complete)
            understood = standalone(asked, history, self._complete if self.engine else None)
        draft.standalone = understood.text
        return understood

    def _complete(self, task: str) -> str:
        assert self.engine is not None
        return "".join(self.engine.generate(prompts.plain_messages(task), max_tokens=80))

    def _refusal(self, draft: Draft, shared: str, scope: Filter | None) -> Reason:
        """Why there can be no answer; empty when there can."""
        if not draft.evidence:
            return "outside_filter" if scope and self.library.passage_count else "nothing_found"
        with draft.timed("check"):
            draft.signals = self.signals(draft.standalone, draft.evidence, draft.nearness, shared)
        fitted = calibration(with_model="not_stated" in draft.signals)
        draft.answerability = probability(draft.signals, fitted)
        set_by_user = self.settings.threshold
        draft.threshold = fitted.thresholds[self.settings.strictness] if set_by_user is None else set_by_user
        if not_for_the_articles(draft.standalone):
            return "not_a_question_for_the_articles"
        if draft.answerability >= draft.threshold:
            return ""
        if scope and self.finder.nearest_anywhere(draft) > draft.nearness + OUTSIDE_IS_NEARER:
            return "outside_filter"
        if draft.nearness < NOTHING_NEAR or draft.signals["coverage"] < NOTHING_NEAR:
            return "nothing_found"
        return "not_answered"

    def signals(self, question: str, evidence: Sequence[Evidence], nearness: float, shared: str) -> dict[str, float]:
        """What the answerability decision is made from; the model's share only where it tells its logits."""
        signals = self.finder.signals(question, evidence, nearness)
        if self.engine is None:
            return signals
        first = self.engine.first_tokens(prompts.messages(shared, prompts.SHORT_OR_NOT))
        if first is None:
            return signals
        stated = self.engine.first_tokens(prompts.messages(shared, prompts.STATED))
        return signals | {"not_stated": logit(not_stated_share(first)), "stated": logit(yes_share(stated))}

    def _in_language(self, sentence: AnswerSentence, language: str) -> str:
        """The sentence in the user's language, if put back it still stands on its quotes; else as it was."""
        written = translated(sentence.text, language, self._complete)
        back = translated(written, "en", self._complete)
        score = self.verifier.verify(
            back,
            [citation.quote for citation in sentence.citations],
            context=[stated(c.title) for c in sentence.citations],
        )
        return sentence.text if verdict(score) == "unsupported" else written

    def _finish(self, draft: Draft, reason: Reason) -> Answer:
        if draft.translate and not reason:
            with draft.timed("translate"):
                draft.translated(lambda sentence: self._in_language(sentence, draft.language))
        name = self.engine.name if self.engine else "extractive"
        usage = self.engine.usage if self.engine else None
        return draft.finish(reason, model=name, index_revision=self.library.revision, usage=usage)
