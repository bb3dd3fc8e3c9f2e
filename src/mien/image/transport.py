"""How an S3 endpoint is spoken to: botocore's HTTP session, with an end to every fetch and to every answer's length.

botocore's own patience is for one read, so that an object of a byte in three seconds would hold its thread for good,
and it reads an error's body to its end. Here a fetch has one deadline over all of it: connecting, TLS, headers, body
and second attempts. When it is over, its sockets are shut down, which wakes the thread that waits at one.

Only `image/source.py` imports this, when the first object is asked for: botocore takes half a second.
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

MOST_TOLD = 4 << 20  # bytes of an answer that is no object; a list of 1,000 names has one or two
MOST_ERROR = 64 << 10  # bytes of an error
_this = threading.local()


class Deadline:
    """A context in which a thread's fetches are over after so many seconds.

    Attributes:
        passed: whether they were not over by themselves; what was read until then may be cut short.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> None:
        """Take a socket that the fetch uses.

        Raises:
            TimeoutError: it is too late for that.
        """
        with self._lock:
            if self.passed:
                raise TimeoutError("the fetch took too long")
            self._sockets.append(socket.socket(fileno=os.dup(connected.fileno())))  # TLS takes the original apart

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            for each in self._sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it is closed already

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
    """A connection whose socket belongs to the fetch that uses it now, be it new or kept from one before."""

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


class _Read:
    """What was read of an answer, in the place of what it was read from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class Transport(URLLib3Session):  # type: ignore[misc]
    """See the module; the arguments are those of botocore's session."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._manager.pool_classes_by_scheme = self._pool_classes_by_scheme

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        """Send a request: the handler of botocore's event `before-send`. Objects are streamed, all else is bounded."""
        streamed, request.stream_output = request.stream_output, True
        answer = self.send(request)
        if streamed and answer.status_code < 300:
            return answer
        most = MOST_TOLD if answer.status_code < 300 else MOST_ERROR
        content = answer.raw.read(most + 1)
        if len(content) > most:
            answer.raw.close()
            content = b""
        answer.raw.release_conn()
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Read(content))
