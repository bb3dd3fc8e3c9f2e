"""Traces: a span for each request and stage, within the caller's trace, exported to the collector."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mien.serving.request import Stage
from mien.watch.record import Record
from mien.watch.tracing import Tracing
from tests import live, photos

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def spans(record: Record) -> list[ReadableSpan]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    Tracing(provider).answered(record)
    return list(exporter.get_finished_spans())


def record(**changed: object) -> Record:
    stages = (Stage("decode", 10.0, 0.25), Stage("detect", 10.25, 0.5))
    members = {
        "request_id": "id", "operation": "IndexFaces", "code": "OK", "status": 200, "key": None, "faces": 2,
        "began": 9.5, "seconds": 1.5, "stages": stages,
    }  # fmt: skip
    return Record(**(members | changed))  # type: ignore[arg-type]


def test_a_request_has_a_span_and_its_stages_have_theirs_inside() -> None:
    decode, detect, request = spans(record())
    assert [each.name for each in (request, decode, detect)] == ["IndexFaces", "decode", "detect"]
    assert request.parent is None
    for stage in (decode, detect):
        assert stage.parent is not None
        assert stage.parent.span_id == request.context.span_id
        assert request.start_time and request.end_time and stage.start_time and stage.end_time
        assert request.start_time <= stage.start_time < stage.end_time <= request.end_time
    assert request.attributes == {"request_id": "id", "code": "OK", "faces": 2}
    assert request.end_time and request.start_time and request.end_time - request.start_time == pytest.approx(1.5e9)
    assert decode.end_time and decode.start_time and decode.end_time - decode.start_time == pytest.approx(0.25e9)


def test_a_failure_is_marked_and_a_refusal_is_not() -> None:
    assert not spans(record(code="InternalServerError", status=500))[-1].status.is_ok
    assert spans(record(code="ValidationException", status=400))[-1].status.is_ok


@pytest.mark.parametrize("header", [f"00-{TRACE}-{SPAN}-01", "", "nonsense"])
def test_the_callers_trace_is_gone_on_with(header: str) -> None:
    parent = spans(record(parent=header))[-1].parent
    assert (parent and (f"{parent.trace_id:032x}", f"{parent.span_id:016x}")) == (
        (TRACE, SPAN) if TRACE in header else None
    )


class Collector(BaseHTTPRequestHandler):
    """Receives an exporter's requests."""

    received: "list[bytes]"

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_a_server_sends_them_to_the_collector_that_its_environment_names(packs: str, tmp_path: Path) -> None:
    received: list[bytes] = []
    collector = HTTPServer(("127.0.0.1", 0), type("Here", (Collector,), {"received": received}))
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    server = live.serve(packs, tmp_path / "data", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    server.client().detect_faces(Image={"Bytes": photos.astronaut().data})
    assert server.stop() == 0
    collector.shutdown()
    sent = [ExportTraceServiceRequest.FromString(each) for each in received]
    names = [s.name for each in sent for r in each.resource_spans for scope in r.scope_spans for s in scope.spans]
    assert sorted(names) == sorted(["DetectFaces", "body", "wait", "decode", "detect", "align"])


def test_nothing_is_imported_where_nothing_is_traced(tmp_path: Path) -> None:
    program = "import sys; from mien import app; from mien.watch import tracing; assert tracing.start({}) is None; \
        sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False, env=live.environment()).returncode == 0


def test_who_names_a_collector_without_the_package_is_told(tmp_path: Path) -> None:
    program = "import sys; sys.modules['opentelemetry'] = None; from mien.watch import tracing; \
        tracing.start({'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://localhost'})"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert "pip install 'mien[tracing]'" in done.stderr
