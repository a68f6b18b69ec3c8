"""What the steps of one question work with."""

from dataclasses import dataclass, field

from onrecord.qa.judges.answers import AnswerJudge
from onrecord.qa.judges.verify import Verifier
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps.sources import Sources
from onrecord.qa.steps.trace import Model, Trace


@dataclass(frozen=True, slots=True)
class Tools:
    """``model`` None: answers are quotes. ``trace`` is this question's own."""

    sources: Sources
    settings: AnswerSettings
    verifier: Verifier
    answers: AnswerJudge
    model: Model | None = None
    trace: Trace = field(default_factory=Trace)
