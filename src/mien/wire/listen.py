"""A listening socket, and the loop that answers on it until it is told to stop and has finished what it took."""

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import cast

import uvicorn
from uvicorn.config import HTTPProtocolType

from mien.config import address
from mien.errors import SetupError
from mien.wire.connection import Connections
from mien.wire.console import Application

BACKLOG = 2048  # connections that wait to be accepted


def bind(host: str, port: int) -> socket.socket:
    """Take an address.

    Raises:
        SetupError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:  # the second is of a name that no host can have
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
    """Answer until a signal comes.

    Args:
        server: what answers.
        listening: where.
        connections: what bounds them.
        grace: seconds that accepted requests have to finish.
        begun: called when connections are accepted and signals heeded.
        stopping: called when the signal comes.
    """
    config = uvicorn.Config(
        server, log_config=None, access_log=False, server_header=False, lifespan="off", loop="auto", ws="none",
        http=cast(HTTPProtocolType, connections.protocol), timeout_graceful_shutdown=grace, backlog=BACKLOG,
        proxy_headers=False,  # or a caller on this machine could name any address as its own
    )  # fmt: skip
    loop = _Loop(config, stopping)
    # One that comes before uvicorn listens for signals stops it as well. When uvicorn has finished what it accepted, it
    # raises the signal again for whoever handled it before, which by then changes nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, loop.stop)
    listening.listen(BACKLOG)
    begun()  # what it says is true, though the loop that answers starts after it
    loop.run(sockets=[listening])


class _Loop(uvicorn.Server):
    """uvicorn's, which also tells of the signal to stop."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    def stop(self, *_: object) -> None:
        """Stop as soon as there is something to stop."""
        self._stopping()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping()
        super().handle_exit(sig, frame)
