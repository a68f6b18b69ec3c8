"""What is noted beside one question: seconds per step, the model's work for this question alone, warnings."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from onrecord.index import tracing
from onrecord.qa.engines.base import Engine, Messages, Usage

CALL = "model"  # what a call of the model is to who traces it


@dataclass(slots=True)
class Trace:
    """One question's notes; never shared by two."""

    started: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)  # in the order in which they were given, each once
    calls: list[Usage] = field(default_factory=list)  # what each call of the model cost

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Adds the seconds spent inside to ``timings[step]``; who traces it sees a span of that name."""
        start = time.perf_counter()
        try:
            with tracing.step(step):
                yield
        finally:
            self.timings[step] = self.timings.get(step, 0.0) + time.perf_counter() - start

    def reached(self, event: str) -> None:
        """Notes when something happened for the first time, in seconds since the question."""
        self.timings.setdefault(event, time.perf_counter() - self.started)

    def warn(self, *warnings: str) -> None:
        """Says something to the person beside the answer, once."""
        self.warnings.update(dict.fromkeys(warnings))

    def finished(self, *, counted: bool) -> Mapping[str, float]:
        """Seconds per step and in all and, where there is a model, the tokens that it read and wrote."""
        self.timings["total"] = time.perf_counter() - self.started
        if not counted:
            return self.timings
        return self.timings | {
            "evaluated_tokens": sum(call.evaluated_tokens for call in self.calls),
            "reused_tokens": sum(call.reused_tokens for call in self.calls),
            "generated_tokens": sum(call.generated_tokens for call in self.calls),
            "model_calls": sum(call.calls for call in self.calls),
        }


class Model:
    """An engine as one question sees it: what it is asked here is counted in the question's trace."""

    def __init__(self, engine: Engine, trace: Trace) -> None:
        self._engine = engine
        self._trace = trace
        self.name = engine.name
        self.context_tokens = engine.context_tokens
        self.count_tokens: Callable[[str], int] = engine.count_tokens

    def generate(self, messages: Messages, *, max_tokens: int) -> Iterator[str]:
        """See `Engine.generate`."""
        with tracing.ended(tracing.current().child(CALL)) as call:
            count = partial(self._count, call)
            yield from tracing.made_within(call, self._engine.generate(messages, max_tokens=max_tokens, on_usage=count))

    def first_tokens(self, messages: Messages) -> Mapping[str, float] | None:
        """See `Engine.first_tokens`."""
        with tracing.step(CALL) as call:
            return self._engine.first_tokens(messages, on_usage=partial(self._count, call))

    def yes_probability(self, messages: Messages, *, adapter: str = "") -> float | None:
        """See `Engine.yes_probability`."""
        with tracing.step(CALL) as call:
            return self._engine.yes_probability(messages, adapter=adapter, on_usage=partial(self._count, call))

    def _count(self, call: tracing.Span, usage: Usage) -> None:
        self._trace.calls.append(usage)
        call.note(
            {
                "gen_ai.usage.input_tokens": usage.evaluated_tokens + usage.reused_tokens,
                "gen_ai.usage.output_tokens": usage.generated_tokens,
                "onrecord.reused_tokens": usage.reused_tokens,
            }
        )
