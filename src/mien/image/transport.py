"""botocore's HTTP session for `image/source.py`, with a deadline for each fetch and a bound on each answer.

botocore's own timeout is for a single read: an object that sends one byte every three seconds would hold its thread
forever, and the body of an error is read to its end. Here one deadline covers the whole fetch: connecting, TLS,
headers, body and retries. When it passes, the sockets of the fetch are shut down, which wakes the thread that waits.

Only `image/source.py` imports this, for the first object, because importing botocore takes half a second.
"""

import os
import socket
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
    AWSResponse,
)
from botocore.httpsession import URLLib3Session

MOST_LISTED = 4 << 20  # bytes of an answer other than an object; a list of 1,000 names has 1 or 2 MB
MOST_ERROR = 64 << 10  # bytes of an error
_this = threading.local()


class Deadline:
    """A context in which the fetches of this thread end after so many seconds.

    Attributes:
        passed: whether the deadline ended them; bytes read until then may be incomplete.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> None:
        """Adds a socket that the fetch uses.

        Raises:
            TimeoutError: the deadline has passed.
        """
        with self._lock:
            if self.passed:
                raise TimeoutError("the fetch took too long")
            self._sockets.append(socket.socket(fileno=os.dup(connected.fileno())))  # TLS detaches the original

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            for each in self._sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # already closed

    def __enter__(self) -> "Deadline":
        _this.deadline = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _this.deadline = None
        self._timer.cancel()
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()


def _watch(connected: socket.socket | None) -> None:
    deadline: Deadline | None = getattr(_this, "deadline", None)
    if deadline and connected:
        deadline.watch(connected)


class _Watched:
    """A connection that hands its socket, new or reused, to the deadline of the fetch that uses it."""

    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            _watch(connected)
        except TimeoutError:
            connected.close()
            raise
        return connected

    def request(self, *given: Any, **named: Any) -> Any:
        _watch(self.sock)
        return super().request(*given, **named)  # type: ignore[misc]


class _Connection(_Watched, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(_Watched, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


class _Content:
    """Content already read, in place of the connection it came from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class Transport(URLLib3Session):  # type: ignore[misc]
    """botocore's session with deadlines and bounds; takes the arguments of `URLLib3Session`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._manager.pool_classes_by_scheme = self._pool_classes_by_scheme

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        """Sends a request as the handler of botocore's event `before-send`: streams objects, bounds other answers."""
        streamed, request.stream_output = request.stream_output, True
        answer = self.send(request)
        if streamed and answer.status_code < 300:
            return answer
        most = MOST_LISTED if answer.status_code < 300 else MOST_ERROR
        content = answer.raw.read(most + 1)
        if len(content) > most:
            answer.raw.close()
            content = b""
        answer.raw.release_conn()
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Content(content))
