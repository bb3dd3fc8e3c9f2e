"""Connections in bounds: no more than the process has room for, and none that is held without asking anything."""

import resource
from asyncio import TimerHandle, Transport
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RESERVE = 128  # file descriptors for the store, the listening socket, model files and what libraries open


@dataclass(slots=True)
class Connections:
    """What is known of all connections.

    Attributes:
        most: how many are held; a further one is closed at once.
        idle: seconds that one may be without a request: from its beginning or its last answer to the next head's end.
        open: how many are held now.
        refused: how many were closed at once, so far.
    """

    most: int
    idle: float
    open: int = 0
    refused: int = 0

    def protocol(self, **given: Any) -> "Connection":
        """Make what speaks HTTP on a new connection; called by uvicorn with what its own needs."""
        return Connection(self, **given)


class Connection(HttpToolsProtocol):
    """HTTP on one connection. uvicorn's own timer is stopped by the first byte of a request, this one by its head."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections
        self._held = False
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection, or close it."""
        super().connection_made(transport)
        if self._all.open >= self._all.most:
            self._all.refused += 1
            transport.abort()
            return
        self._held = True
        self._all.open += 1
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        self._all.open -= self._held
        self._held = False
        self._stop_waiting()

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """End a request."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():  # else the next is under way already
            self._expect_request()

    def _expect_request(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self._all.idle, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def room_for(wanted: int) -> int:
    """How many connections the process may hold, at most `wanted`: as many as it may have files open, less a reserve.

    The soft limit is raised as far as it need be and may be; it is low for the sake of programs that use `select`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    files = wanted + RESERVE if hard == resource.RLIM_INFINITY else min(wanted + RESERVE, hard)
    if files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(1, min(wanted, max(files, soft) - RESERVE))
