"""OnRecord with one step left out, each a system of its own, to see what the step is worth and what it costs.

    onrecord eval run SUITE --system onrecord --system onrecord.eval.systems.ablations:NoVerifier --out runs/ablations

The steps that are settings are left out by settings: ``--set answer.compare_sources=false``.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.own import OnRecordSystem
from onrecord.qa.assistant import Assistant, Steps
from onrecord.qa.engines.tokens import estimate_tokens
from onrecord.qa.judges.pair_encoder import Logits
from onrecord.qa.steps.check import UNREAD, check
from onrecord.qa.steps.choose import Candidate, best_that_fit, budget, choose, shown
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.values import Found, Part, Searched


class EverythingStands:
    """A verifier that finds nothing wrong."""

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        """Always 1."""
        return 1.0


class Undecided:
    """A judge of answers that finds every sentence as likely as the next."""

    def logits(self, question: str, sentences: Sequence[tuple[str, str]]) -> Logits:
        """As where none was read."""
        return np.full(len(sentences), UNREAD, dtype=np.float32)


def whole_passages(part: Part, searched: Searched, tools: Tools) -> Found:
    """The best passages whole, in the order of the search, up to the same number of tokens."""
    sentences = dict.fromkeys(sentence for hit in searched.hits for sentence in hit.passage.sentences)
    ranked = [Candidate(s, 1.0 - n / 1000, leans=False) for n, s in enumerate(sentences)]
    tokens, warnings = budget(part.text, tools)
    kept = best_that_fit(
        ranked,
        before=lambda sentence: None,
        count_tokens=tools.model.count_tokens if tools.model else estimate_tokens,
        max_tokens=tokens,
        max_sentences=len(ranked) or 1,
    )
    return shown(searched, kept, tools.sources, warnings=warnings)


class _Ablated(OnRecordSystem):
    def __init__(self, options: SystemOptions) -> None:
        super().__init__(options)
        self.name = f"onrecord-{type(self).__name__.lower()}"

    def _build(self) -> Assistant:
        return self.without(super()._build())

    def without(self, whole: Assistant) -> Assistant:
        """The assistant without the step."""
        raise TypeError(f"{type(self).__name__} leaves nothing out")


def _with(whole: Assistant, steps: Steps) -> Assistant:
    return Assistant(whole.library, whole.engine, whole.settings, verifier=whole.verifier, steps=steps)


class NoCheck(_Ablated):
    """Answers whatever is asked."""

    def without(self, whole: Assistant) -> Assistant:
        return _with(whole, Steps(check=partial(check, threshold=0.0)))


class NoLook(_Ablated):
    """The check by words alone."""

    def without(self, whole: Assistant) -> Assistant:
        return _with(whole, Steps(check=partial(check, look=False)))


class NoAnswerJudge(_Ablated):
    """Evidence by nearness, words and rank alone."""

    def without(self, whole: Assistant) -> Assistant:
        return Assistant(whole.library, whole.engine, whole.settings, verifier=whole.verifier, answers=Undecided())


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
        return _with(whole, Steps(choose=partial(choose, lead_ins=False)))


class NoChoice(_Ablated):
    """Evidence is the best passages whole."""

    def without(self, whole: Assistant) -> Assistant:
        return _with(whole, Steps(choose=whole_passages))
