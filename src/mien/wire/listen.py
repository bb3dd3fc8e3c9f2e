"""Binds the listening socket and runs the event loop on it until a signal comes and accepted requests are finished."""

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import cast

import uvicorn
from uvicorn.config import HTTPProtocolType

from mien.config import address
from mien.errors import SetupError
from mien.wire.answer import Application
from mien.wire.connection import Connections

BACKLOG = 2048  # connections that may wait to be accepted


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket bound to an address.

    Raises:
        SetupError: the address is taken, not permitted, or none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:  # UnicodeError: the name cannot be encoded for DNS
        listening.close()
        why = getattr(error, "strerror", None) or "it is no name of a host"
        raise SetupError(f"mien cannot listen on {address(host, port)}: {why}.") from None
    return listening


def run(  # noqa: PLR0917
    server: Application,
    listening: socket.socket,
    connections: Connections,
    grace: int,
    begun: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serves until SIGINT or SIGTERM arrives.

    Args:
        server: the ASGI application.
        listening: a bound socket.
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
    loop = _Loop(config, stopping)
    # A signal that arrives before uvicorn installs its handlers stops it as well. When uvicorn has finished, it raises
    # the signal again for the previous handler, which by then changes nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, loop.stop)
    listening.listen(BACKLOG)
    begun()  # the socket accepts already, although the loop starts afterwards
    loop.run(sockets=[listening])


class _Loop(uvicorn.Server):
    """uvicorn's server, which also reports the signal to stop."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    def stop(self, *_: object) -> None:
        """Stops the server, even before it has started."""
        self._stopping()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping()
        super().handle_exit(sig, frame)
