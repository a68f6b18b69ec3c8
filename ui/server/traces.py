"""Traces by OpenTelemetry, to where the settings name a place for them; imported there, and nowhere else.

No tracer is made everybody's: what other libraries would trace in this process (Chroma's client, LlamaIndex) goes to
nobody, as before. How many traces are kept, and headers and certificates for a collector, are told by OpenTelemetry's
own variables (``OTEL_TRACES_SAMPLER``, ``OTEL_EXPORTER_OTLP_HEADERS``, …).
"""

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from onrecord.index.tracing import Kind, Span
from onrecord.ui.server.request_log import OwnFile
from onrecord.ui.settings import TO_FILE

log = logging.getLogger("onrecord")
PARENT = "traceparent"
PATH = "/v1/traces"  # of a collector
KEPT = 2048  # spans that wait to be sent; one more takes the place of the oldest
TOGETHER = 512  # spans sent at once
EVERY = 2.0  # seconds between two sendings
WITHIN = 3.0  # seconds that one sending may take, tries anew included; and all that is left at the end
_KINDS = {"internal": trace.SpanKind.INTERNAL, "server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT}
_propagator = TraceContextTextMapPropagator()


@contextmanager
def traced_to(place: str) -> Iterator[Span]:
    """The span that all of a server are below: each child of it begins a trace. ``place``: as ``server.traces`` has it.

    Nobody waits for the place: what it does not take is dropped, and that is said once.
    """
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would say so every few seconds
    exporter = _Said(_exporter(place), place)
    # Not at the process's exit: that would wait for half a minute.
    provider = TracerProvider(resource=_server(), shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, KEPT, schedule_delay_millis=EVERY * 1000, max_export_batch_size=TOGETHER)
    )
    try:
        yield _Span(provider.get_tracer("onrecord", version("onrecord")), trace.INVALID_SPAN)
    finally:
        ending = threading.Thread(target=provider.shutdown, name="last traces", daemon=True)
        ending.start()
        ending.join(WITHIN)


def _server() -> Resource:
    """What every span says of the server that it is from, unless OpenTelemetry's variables say otherwise."""
    named = {
        "service.name": "onrecord",
        "service.version": version("onrecord"),
        "service.instance.id": uuid.uuid4().hex,
    }
    return Resource(named).merge(OTELResourceDetector().detect())


def _exporter(place: str) -> SpanExporter:
    if place.startswith(TO_FILE):
        return _InFile(Path(place.removeprefix(TO_FILE)).expanduser())
    return OTLPSpanExporter(endpoint=place.rstrip("/").removesuffix(PATH) + PATH, timeout=WITHIN)


class _Span:
    """An `onrecord.index.tracing.Span` over one of OpenTelemetry's."""

    __slots__ = ("_lock", "_span", "_spent", "_tracer")

    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer, self._span, self._lock = tracer, span, threading.Lock()
        self._spent: dict[str, tuple[int, float]] = {}

    @property
    def headers(self) -> Mapping[str, str]:
        """Without ``tracestate``, in which anybody may have written anything."""
        made: dict[str, str] = {}
        _propagator.inject(made, trace.set_span_in_context(self._span))
        return {PARENT: made[PARENT]} if PARENT in made else {}

    def child(self, name: str, kind: Kind = "internal", *, parent: str = "") -> Span:
        above = _propagator.extract({PARENT: parent}) if parent else trace.set_span_in_context(self._span)
        return _Span(self._tracer, self._tracer.start_span(name, above, kind=_KINDS[kind]))

    def note(self, facts: Mapping[str, str | int | float]) -> None:
        self._span.set_attributes(facts)
        if "error.type" in facts:
            self._span.set_status(trace.StatusCode.ERROR)

    def spent(self, what: str, seconds: float) -> None:
        with self._lock:
            calls, before = self._spent.get(what, (0, 0.0))
            self._spent[what] = calls + 1, before + seconds

    def end(self, name: str = "") -> None:
        if name:
            self._span.update_name(name)
        for what, (calls, seconds) in self._spent.items():
            self._span.set_attributes({f"onrecord.{what}.calls": calls, f"onrecord.{what}.seconds": round(seconds, 6)})
        self._span.end()


class _Said(SpanExporter):
    """Says once that spans are lost, and once that they are taken again."""

    def __init__(self, exporter: SpanExporter, place: str) -> None:
        self._exporter, self._place, self._lost = exporter, place, False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        lost = result is not SpanExportResult.SUCCESS
        if lost and not self._lost:
            log.warning("Traces cannot be sent to %s; until that takes them, they are dropped.", self._place)
        elif self._lost and not lost:
            log.warning("Traces are sent to %s again.", self._place)
        self._lost = lost
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class _InFile(SpanExporter):
    """A line of JSON for each span; the file and its older ones are as those of the log of requests."""

    def __init__(self, file: Path) -> None:
        self._lines = logging.Logger("onrecord.traces", logging.INFO)
        self._lines.addHandler(OwnFile(file, logging.Formatter("%(message)s"), of="Traces"))

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            self._lines.info("%s", span.to_json(indent=None))
        return SpanExportResult.SUCCESS
