"""Serves in one process, without a parent."""

import socket

from mien.config import Settings
from mien.operations.context import Context
from mien.system.worker import Worker
from mien.welcome import welcome
from mien.wire.listen import Port
from mien.workers import serving_process


def serve(settings: Settings, listening: socket.socket) -> None:
    """Serves on a bound socket until a signal stops it.

    Raises:
        SetupError: it cannot start.
    """

    def begun(context: Context) -> None:
        print(welcome(settings, context, listening.getsockname()[1]), flush=True)  # noqa: T201

    serving_process.run(settings, Worker(), lambda _: Port(listening), opened=_nothing, begun=begun, stopping=_nothing)


def _nothing() -> None:
    pass
