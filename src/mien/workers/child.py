"""Runs a worker in a process that its parent has just forked. Everything heavy is loaded from here on."""

import asyncio
import ctypes
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from mien.config import Settings
from mien.errors import SetupError
from mien.system.worker import Common, Worker
from mien.workers import shares
from mien.workers.board import LEAVING, READY, Board
from mien.workers.channel import GoneError, WorkerEnd
from mien.workers.member import flush

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def run(  # noqa: PLR0917
    settings: Settings, number: int, board: Board, channel: WorkerEnd, common: Common, counting: Path, port: int
) -> int:
    """Serves until the parent stops it or ends; returns the exit code.

    Args:
        settings: of the server.
        number: of this worker.
        board: shared with the parent and the other workers.
        channel: to the parent.
        common: what all workers have in common.
        counting: the folder in which workers count.
        port: that the parent listens on.
    """
    die_with(board.parent)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counting)  # read by prometheus_client when it is imported
    try:
        _serve(settings, number, board, channel, common, counting, port)
    except SetupError as error:
        channel.tell("failed", str(error))
        return 1
    except (GoneError, KeyboardInterrupt):
        return 1
    except Exception as error:
        logging.getLogger("mien").exception("a worker failed", extra={"facts": {"worker": number}})
        channel.tell("failed", f"Worker {number} failed with a {type(error).__name__}, which is a bug; see the log.")
        return 1
    finally:
        flush()
    return 0


def die_with(parent: int) -> None:
    """Lets the system kill this process when its parent dies; only Linux can.

    Elsewhere a worker ends once it finds its channel closed (`arrivals.py`).
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


def _serve(  # noqa: PLR0917
    settings: Settings, number: int, board: Board, channel: WorkerEnd, common: Common, counting: Path, port: int
) -> None:
    from mien.app import App  # noqa: PLC0415  after the fork
    from mien.operations.context import Context  # noqa: PLC0415
    from mien.welcome import welcome  # noqa: PLC0415
    from mien.workers import arrivals, serving_process  # noqa: PLC0415

    mine, every = shares.share(settings, number, board.count), frozenset(os.sched_getaffinity(0))
    own = shares.own_cores(settings, number, board.count, every)
    if own:
        os.sched_setaffinity(0, own)  # before threads start, which inherit it
    worker = Worker(
        number, board.count, lambda: board.upkeep == number, partial(arrivals.ask, board, number, channel),
        partial(board.refused, number), board.processes, counting, common, every if own else own,
    )  # fmt: skip

    def source(built: App) -> arrivals.Arrivals:
        built.connections.lost = partial(board.count_closed, number)

        async def refreshed() -> str:
            await asyncio.to_thread(built.metrics.refresh)
            return ""

        answers: dict[str, Callable[[], Awaitable[str]]] = {"ready": built.ready.reason, "metrics": refreshed}
        return arrivals.Arrivals(board, number, channel, answers)

    def begun(context: Context) -> None:
        board.enter(number, READY)
        channel.tell("ready", welcome(settings, context, port, shares.describe(settings)) if number == 1 else "")

    serving_process.run(
        mine,
        worker,
        source,
        opened=partial(channel.tell, "opened"),
        begun=begun,
        stopping=partial(board.enter, number, LEAVING),
    )
