"""Counts for Prometheus; no question and no article is in them."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, Summary, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as MEDIA_TYPE

from onrecord.qa.types import Answer

__all__ = ["MEDIA_TYPE", "Metrics"]


class _Registry(CollectorRegistry):
    """Without the samples that say when each count began, which an application may want of its own metrics only."""

    def collect(self) -> Iterator[Metric]:
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class Metrics:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._registry = every = _Registry()
        route = ("method", "route")
        self._requests = Counter(
            "onrecord_requests", "Requests by route and status.", (*route, "status"), registry=every
        )
        self._took = Summary("onrecord_request_seconds", "Seconds that requests took, by route.", route, registry=every)
        self._answers = Counter(
            "onrecord_answers", "Answers by status and reason.", ("status", "reason"), registry=every
        )
        self._seconds = Summary(
            "onrecord_answer_seconds", "Seconds that answers took, waiting not counted.", registry=every
        )
        self._generated = Counter("onrecord_generated_tokens", "Tokens that the model wrote.", registry=every)
        self._evaluated = Counter("onrecord_evaluated_tokens", "Tokens that the model read.", registry=every)
        self._under_way = Gauge("onrecord_questions_under_way", "Questions being answered or waiting.", registry=every)
        self._passages = Gauge("onrecord_passages", "Passages in the collection.", registry=every)
        self._revision = Gauge("onrecord_index_revision", "Grows with every change of the collection.", registry=every)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one finished request."""
        self._requests.labels(method, route, str(status)).inc()
        self._took.labels(method, route).observe(seconds)

    def answered(self, answer: Answer) -> None:
        """Counts one finished answer."""
        self._answers.labels(answer.status, answer.reason).inc()
        self._seconds.observe(answer.timings.get("total", 0.0))
        self._generated.inc(answer.timings.get("generated_tokens", 0.0))
        self._evaluated.inc(answer.timings.get("evaluated_tokens", 0.0))

    def text(self, *, under_way: int, passages: int, revision: int) -> str:
        """Everything counted so far, and these values of the moment, in Prometheus's text format."""
        self._under_way.set(under_way)
        self._passages.set(passages)
        self._revision.set(revision)
        return generate_latest(self._registry).decode()
