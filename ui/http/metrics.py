"""Counts for Prometheus, in its text format; no question and no article is in them."""

import threading
from collections import defaultdict
from collections.abc import Mapping

from onrecord.qa.types import Answer

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "onrecord_requests_total": ("counter", "Requests by route and status."),
    "onrecord_request_seconds_sum": ("counter", "Seconds that requests took, by route."),
    "onrecord_answers_total": ("counter", "Answers by status and reason."),
    "onrecord_answer_seconds_sum": ("counter", "Seconds that answers took, waiting not counted."),
    "onrecord_generated_tokens_total": ("counter", "Tokens that the model wrote."),
    "onrecord_evaluated_tokens_total": ("counter", "Tokens that the model read."),
    "onrecord_questions_under_way": ("gauge", "Questions being answered or waiting."),
    "onrecord_passages": ("gauge", "Passages in the collection."),
    "onrecord_index_revision": ("gauge", "Grows with every change of the collection."),
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))

    def add(self, name: str, value: float = 1.0, **labels: str) -> None:
        with self._lock:
            self._values[name][tuple(sorted(labels.items()))] += value

    def answered(self, answer: Answer) -> None:
        """Counts one finished answer."""
        timings = answer.timings
        self.add("onrecord_answers_total", status=answer.status, reason=answer.reason)
        self.add("onrecord_answer_seconds_sum", timings.get("total", 0.0))
        self.add("onrecord_generated_tokens_total", timings.get("generated_tokens", 0.0))
        self.add("onrecord_evaluated_tokens_total", timings.get("evaluated_tokens", 0.0))

    def text(self, gauges: Mapping[str, float]) -> str:
        """Everything counted so far, and these values of the moment.

        >>> metrics = Metrics()
        >>> metrics.add("onrecord_answers_total", status="answered", reason="")
        >>> print(metrics.text({}))
        # HELP onrecord_answers_total Answers by status and reason.
        # TYPE onrecord_answers_total counter
        onrecord_answers_total{reason="",status="answered"} 1
        <BLANKLINE>
        """
        with self._lock:
            values = {name: dict(series) for name, series in self._values.items()}
        values |= {name: {(): value} for name, value in gauges.items()}
        lines: list[str] = []
        for name, series in sorted(values.items()):
            kind, what = _HELP[name]
            lines += [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{_labelled(labels)} {value:.10g}" for labels, value in sorted(series.items())]
        return "\n".join(lines) + "\n"


def _labelled(labels: Labels) -> str:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in labels]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
