"""A lost connection leaves nothing that waits for a garbage collection, and a refused head leaves a record."""

import asyncio
import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from mien.watch.record import Record
from mien.wire.answer import Receive, Scope, Send
from mien.wire.connection import Connection, Connections

CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


class Transport:
    """Imitates the part of a transport that a connection uses, and keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closing = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closing = True

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, _: str) -> None:
        return None

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def application(_: Scope, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def spoken(connections: Connections, sent: bytes) -> tuple[bytes, "weakref.ref[Connection]"]:
    """Sends bytes over a connection that is then lost; returns its answer and a weak reference to it."""
    config: Any = SimpleNamespace(loaded_app=application)
    server: Any = SimpleNamespace(connections=set(), tasks=set(), default_headers=[], total_requests=0)
    transport: Any = Transport()
    connection = Connection(connections, config, server)
    connection.connection_made(transport)
    while sent and not transport.closing:
        buffer = connection.get_buffer(-1)
        part, sent = sent[: len(buffer)], sent[len(buffer) :]
        buffer[: len(part)] = part
        connection.buffer_updated(len(part))
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    connection.connection_lost(None)
    while server.tasks:
        await asyncio.sleep(0)
    return transport.written, weakref.ref(connection)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"GET /", b""),
        (b"no head\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 100_000, b"431"),
        (CHUNKED + b"1;" + b"a" * 100_000, b"431"),
        (CHUNKED + b"no size\r\n", b"400"),
        (CHUNKED + b"1;" + b"a" * 10_000, b""),
    ],
    ids=["whole", "part of a head", "no head", "large head", "large extension", "no chunks", "part of a body"],
)
def test_a_connection_is_freed_when_it_is_lost(sent: bytes, status: bytes) -> None:
    gc.collect()
    gc.disable()
    try:
        answer, connection = asyncio.run(spoken(Connections(10, 5.0), sent))
        assert answer[9:12] == status
        assert connection() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        (b"no head\r\n\r\n", ["MalformedHttpRequestException"]),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 100_000, ["RequestHeaderFieldsTooLargeException"]),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", []),  # the application records what it is given
    ],
)
def test_a_refused_head_is_recorded_once(sent: bytes, codes: list[str]) -> None:
    records: list[Record] = []
    answer, _ = asyncio.run(spoken(Connections(10, 5.0, [records.append]), sent))
    assert [record.code for record in records] == codes
    assert all(record.request_id.encode() in answer for record in records)
