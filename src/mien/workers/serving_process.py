"""Runs a server in this process, alone or as one of the workers: builds it, tells that it serves, and serves."""

import logging
from collections.abc import Callable
from contextlib import ExitStack

from mien import app
from mien.app import App
from mien.config import Settings
from mien.errors import SetupError
from mien.jobs import runner
from mien.operations import other_packs
from mien.operations.context import Context
from mien.packs import own, terms
from mien.store import open as stores
from mien.store.tables.keys import Keys
from mien.system import heap
from mien.system.worker import Worker
from mien.watch import log
from mien.wire import listen
from mien.wire.console import Console
from mien.wire.listen import Source
from mien.wire.origin import OriginCheck


def run(  # noqa: PLR0917
    settings: Settings,
    worker: Worker,
    source: Callable[[App], Source],
    opened: Callable[[], None],
    begun: Callable[[Context], None],
    stopping: Callable[[], None],
) -> None:
    """Serves until a signal stops it.

    Args:
        settings: of the server; of a worker, its share of them.
        worker: this process.
        source: returns where the connections to a server come from.
        opened: called once the store is open.
        begun: called once the server serves.
        stopping: called once when a signal arrives.

    Raises:
        SetupError: it cannot start.
    """
    log.start(settings.log_level, worker.number if worker.count > 1 else 0)
    heap.narrow(settings.cores)
    terms.refuse_unlicensed(settings, own.named(settings.pack, settings.packs))
    with ExitStack() as until:
        built = _prepared(settings, worker, opened, until)
        application = Console(built.server, built.context) if settings.console else built.server
        built.context.release()
        heap.give_back()

        def stop() -> None:
            built.ready.stop()
            stopping()

        listen.run(
            OriginCheck(application, built.authenticator.is_locked, settings.host),
            source(built),
            built.connections,
            settings.stop_timeout,
            begun=lambda: begun(built.context),
            stopping=stop,
        )


def _prepared(settings: Settings, worker: Worker, opened: Callable[[], None], until: ExitStack) -> App:
    """Builds the server and starts what runs beside requests, until `until` ends.

    Raises:
        SetupError: it cannot serve.
    """
    built = app.build(settings, until, worker, opened)
    context = built.context
    terms.refuse_uncalibrated(context.pack)
    _refuse_without_keys(settings, context.store.keys)
    stores.prepare(context.store.database)
    if worker.number == 1:
        for remark in other_packs.remarks(context.store, context.pack.manifest, settings.packs):
            logging.getLogger("mien").warning(remark)
    context.analyst.prepare(load=settings.preload_attributes)
    for work in (*built.background, *runner.background(settings, context)):
        until.enter_context(work)
    return built


def _refuse_without_keys(settings: Settings, keys: Keys) -> None:
    """Refuses to answer other machines before there is an access key."""
    if not keys.any() and not settings.is_on_loopback:
        raise SetupError(
            f"mien does not listen on {settings.host} for everyone: make an access key first, with "
            f"`mien keys create --name admin --data {settings.data}`, or bind to 127.0.0.1."
        )
