"""OnRecord with one step left out, each a system of its own, to see what the step is worth and what it costs.

    onrecord eval run SUITE --system onrecord --system onrecord.eval.systems.ablations:NoVerifier --out runs/ablations

The steps that are settings are left out by settings: ``--set answer.compare_sources=false``.
"""

from collections.abc import Sequence
from dataclasses import replace

from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.own import OnRecordSystem
from onrecord.index.types import Hit, Sentence
from onrecord.qa.assistant import Assistant
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.pieces import estimate_tokens
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps import choose as choosing
from onrecord.qa.steps.answer_run import Draft
from onrecord.qa.steps.search import Finder, budget
from onrecord.qa.types import Evidence


class EverythingStands:
    """A verifier that finds nothing wrong."""

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        """Always 1."""
        return 1.0


class WithoutLook(Assistant):
    """Decides by words alone whether the question is answered; the model only writes."""

    def signals(self, question: str, evidence: Sequence[Evidence], nearness: float, shared: str) -> dict[str, float]:
        return self.finder.signals(question, evidence, nearness)


class FinderWithoutLeadIns(Finder):
    """Shows a sentence that opens with "He" without the one before it."""

    def before(self, sentence: Sentence) -> Sentence | None:
        """None for every sentence."""
        return None


class FinderWithoutChoice(Finder):
    """Shows the best passages whole, in the order of the search, up to the same number of tokens."""

    def evidence(
        self, draft: Draft, hits: Sequence[Hit], *, settings: AnswerSettings, engine: Engine | None
    ) -> tuple[tuple[Evidence, ...], float]:
        """The sentences of the best passages, and their nearness."""
        sentences = dict.fromkeys(sentence for hit in hits for sentence in hit.passage.sentences)
        ranked = [choosing.Candidate(s, 1.0 - n / 1000, leans=False) for n, s in enumerate(sentences)]
        kept = choosing.choose(
            ranked,
            before=lambda sentence: None,
            count_tokens=engine.count_tokens if engine else estimate_tokens,
            max_tokens=budget(draft, settings, engine),
            max_sentences=len(ranked) or 1,
        )
        return choosing.numbered(kept, self.library.article), self.nearest(draft, [c.sentence for c in kept])


class WithoutLeadIns(Assistant):
    """An assistant over evidence without lead-ins."""

    finder_class = FinderWithoutLeadIns


class WithoutChoice(Assistant):
    """An assistant over whole passages."""

    finder_class = FinderWithoutChoice


class _Ablated(OnRecordSystem):
    def __init__(self, options: SystemOptions) -> None:
        super().__init__(options)
        self.name = f"onrecord-{type(self).__name__.lower()}"

    def _build(self) -> Assistant:
        return self.without(super()._build())

    def without(self, whole: Assistant) -> Assistant:
        """The assistant without the step."""
        raise TypeError(f"{type(self).__name__} leaves nothing out")


class NoCheck(_Ablated):
    """Answers whatever is asked."""

    def without(self, whole: Assistant) -> Assistant:
        return Assistant(whole.library, whole.engine, replace(whole.settings, threshold=0.0))


class NoLook(_Ablated):
    """The check by words alone."""

    def without(self, whole: Assistant) -> Assistant:
        return WithoutLook(whole.library, whole.engine, whole.settings)


class NoVerifier(_Ablated):
    """Every drafted sentence that can be aligned is shown."""

    def without(self, whole: Assistant) -> Assistant:
        return Assistant(whole.library, whole.engine, whole.settings, verifier=EverythingStands())


class NoComparison(_Ablated):
    """Does not look for articles that differ."""

    def without(self, whole: Assistant) -> Assistant:
        return Assistant(whole.library, whole.engine, replace(whole.settings, compare_sources=False))


class NoLeadIns(_Ablated):
    """Evidence without the sentences that pronouns point back to."""

    def without(self, whole: Assistant) -> Assistant:
        return WithoutLeadIns(whole.library, whole.engine, whole.settings)


class NoChoice(_Ablated):
    """Evidence is the best passages whole."""

    def without(self, whole: Assistant) -> Assistant:
        return WithoutChoice(whole.library, whole.engine, whole.settings)
