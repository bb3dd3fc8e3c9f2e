"""Runs the event loop on a listening socket, or on connections accepted elsewhere, until a signal stops it.

It stops once accepted requests are finished.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Protocol, cast

import uvicorn
from uvicorn.config import HTTPProtocolType

from mien.wire.answer import Application
from mien.wire.connection import Connections
from mien.wire.port import BACKLOG

Attach = Callable[[socket.socket], None]  # serves an accepted connection


class Source(Protocol):
    """Where connections come from: a listening socket, or the parent of many workers."""

    listening: list[socket.socket]  # bound sockets, which this process accepts on itself

    def begin(self, attach: Attach) -> None:
        """Begins to pass accepted connections on; called on the event loop, once it runs."""


class Port:
    """A bound socket, on which this process accepts its connections itself."""

    def __init__(self, listening: socket.socket) -> None:
        self.listening = [listening]

    def begin(self, attach: Attach) -> None:
        """Does nothing, since the event loop accepts."""


def run(  # noqa: PLR0917
    server: Application,
    source: Source,
    connections: Connections,
    grace: int,
    begun: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serves until SIGINT or SIGTERM arrives.

    Args:
        server: the ASGI application.
        source: where connections come from.
        connections: limits the connections.
        grace: seconds that accepted requests have to finish.
        begun: called once connections are accepted and signals are handled.
        stopping: called when the signal arrives.
    """
    config = uvicorn.Config(
        server, log_config=None, access_log=False, server_header=False, lifespan="off", loop="auto", ws="none",
        http=cast(HTTPProtocolType, connections.protocol), timeout_graceful_shutdown=grace, backlog=BACKLOG,
        proxy_headers=False,  # otherwise a caller on this machine could claim any address
    )  # fmt: skip
    loop = _Loop(config, source, connections, stopping)
    # A signal that arrives before uvicorn installs its handlers stops it as well. When uvicorn has finished, it raises
    # the signal again for the previous handler, which by then changes nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, loop.stop)
    for listening in source.listening:
        listening.listen(BACKLOG)
    begun()  # the socket accepts already, although the loop starts afterwards
    loop.run(sockets=source.listening)


class _Loop(uvicorn.Server):
    """uvicorn's server, which also takes connections accepted elsewhere, and reports the signal to stop."""

    def __init__(
        self, config: uvicorn.Config, source: Source, connections: Connections, stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._source, self._connections, self._stopping = source, connections, stopping
        self._attaching: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to serve."""
        await super().startup(sockets)
        self._source.begin(self._attach)

    def _attach(self, accepted: socket.socket) -> None:
        task = asyncio.get_running_loop().create_task(self._attached(accepted))
        self._attaching.add(task)
        task.add_done_callback(self._attaching.discard)

    async def _attached(self, accepted: socket.socket) -> None:
        def protocol() -> asyncio.BaseProtocol:
            return self._connections.protocol(config=self.config, server_state=self.server_state)

        try:
            await asyncio.get_running_loop().connect_accepted_socket(protocol, accepted)
        except OSError:  # it was closed meanwhile
            accepted.close()
            self._connections.lost()

    def stop(self, *_: object) -> None:
        """Stops the server, even before it has started."""
        self._stopping()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping()
        super().handle_exit(sig, frame)
