"""Exports OpenTelemetry traces: once a request is answered, a span for it and one for each of its stages.

OpenTelemetry's own variables name the collector. Without them nothing is imported and nothing is traced.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mien import __version__
from mien.errors import SetupError
from mien.watch.record import Record

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracing:
    """Turns records into spans, and continues the trace of an incoming `traceparent`."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import trace  # noqa: PLC0415  an optional dependency
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._provider = provider
        self._tracer = provider.get_tracer("mien", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._api = trace

    def answered(self, record: Record) -> None:
        """Exports the spans of a request, as children of the caller's trace if it has one."""
        epoch = time.time_ns() - time.perf_counter_ns()  # of `time.perf_counter`, which the stages are timed with

        def at(seconds: float) -> int:
            return epoch + int(seconds * 1e9)

        parent = self._propagator.extract({"traceparent": record.parent}) if record.parent else None
        attributes: dict[str, str | int] = {"request_id": record.request_id, "code": record.code, "faces": record.faces}
        span = self._tracer.start_span(
            record.operation or "unknown", parent, self._api.SpanKind.SERVER, attributes, start_time=at(record.began)
        )
        within = self._api.set_span_in_context(span)
        for stage in record.stages:
            self._tracer.start_span(stage.name, within, start_time=at(stage.began)).end(at(stage.began + stage.seconds))
        if record.status >= 500:
            span.set_status(self._api.StatusCode.ERROR)
        span.end(at(record.began + record.seconds))

    def close(self) -> None:
        """Exports the spans that are still queued."""
        self._provider.shutdown()


def start(environ: Mapping[str, str]) -> Tracing | None:
    """Starts tracing to the collector that the environment names; returns None if it names none.

    Raises:
        SetupError: a collector is named, and OpenTelemetry is not installed.
    """
    if not any(environ.get(name) for name in ENDPOINTS):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise SetupError(
            f"{' or '.join(ENDPOINTS)} is set, and OpenTelemetry is not installed: pip install 'mien[tracing]'."
        ) from None
    name = environ.get("OTEL_SERVICE_NAME", "mien")
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
