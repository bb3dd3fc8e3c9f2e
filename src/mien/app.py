"""Puts a server together from its settings: store, pack, operations, HTTP."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2

from mien.access.authenticator import Authenticator
from mien.access.key import KeyOperations
from mien.access.preauthentication import Preauthenticator
from mien.access.rates import Rates
from mien.config import Settings
from mien.engine.choice import engine
from mien.engine.cores import Cores
from mien.engine.session import Session
from mien.engine.watched import WatchedSession
from mien.gallery.segment_file import Placement
from mien.image.decode import allowed
from mien.image.limits import AWS, Accepted
from mien.image.source import FETCH_TIMEOUT, S3, S3Settings
from mien.operations import table
from mien.operations.context import Context, Operations
from mien.operations.video.video_limits import VideoLimits
from mien.packs import calibration_file, install, load, manifest, own
from mien.packs.analyst import Analyst
from mien.packs.deferred import Wrap
from mien.packs.living_networks import LivingNetworks
from mien.packs.load import Pack
from mien.people.grouping import Grouping
from mien.serving.bounds import Bounds
from mien.serving.budget import Budget
from mien.serving.current_gallery import GallerySettings
from mien.serving.galleries import Galleries
from mien.serving.giants import Giants
from mien.serving.grouping_process import DistantGrouping, GroupingProcess
from mien.serving.groupings import Groupings
from mien.serving.image_cache import ImageCache, expiry
from mien.serving.request import Writers
from mien.serving.snapshot_writer import snapshot_writer
from mien.store import open as stores
from mien.store.engines.apart import Apart
from mien.store.open import Store
from mien.store.upkeep.checksums import completer
from mien.store.upkeep.sweep import sweeper
from mien.store.vault import Vault
from mien.system import heap, leftovers
from mien.system.background import Background
from mien.system.worker import Worker
from mien.watch import concerns, log
from mien.watch import tracing as traces
from mien.watch.metrics import Metrics, register
from mien.watch.readiness import Readiness
from mien.wire.admission import Admission
from mien.wire.connection import Connections
from mien.wire.pages import MetricsPage, ReadinessPage, alive
from mien.wire.port import connection_limit
from mien.wire.server import Server
from mien.wire.stream import Streams

OPERATIONS: Operations = table.OPERATIONS
Opened = Callable[[], None]
# Operations for each inference that can run at the same time. More slow each other down, since they share an
# interpreter: see `benchmarks/README.md`, "Under load".
PER_CORE = 2


@dataclass(frozen=True, slots=True)
class App:
    """The parts of a server, put together and not yet running."""

    context: Context
    authenticator: Authenticator
    server: Server
    connections: Connections
    ready: Readiness
    metrics: Metrics
    background: tuple[Background, ...]


def open_pack(settings: Settings, name: str | None = None) -> Pack:
    """Finds or downloads a pack, compiles it, and runs its start-up check.

    Raises:
        SetupError: it is not available, does not load, or fails its check.
    """
    pack = open_pack_unchecked(settings, name)
    pack.check()
    if pack.manifest.name not in manifest.catalogue():
        own.try_out(pack)  # it may come from elsewhere, and never have run on this machine
    return pack


def open_pack_unchecked(settings: Settings, name: str | None = None) -> Pack:
    """Opens a pack without its start-up check, such as to measure the check's values.

    Raises:
        SetupError: it is not available or does not load.
    """
    cv2.setNumThreads(1)  # requests share the cores; a resize on all of them would delay others
    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # faults of images are answered to clients, not logged
    entry = own.named(name or settings.pack, settings.packs)
    files = install.install(entry, settings.packs)
    ours = settings.calibration if entry.name == settings.pack else ""  # it was measured with this pack
    measured = calibration_file.read(Path(ours), entry) if ours else None
    return load.load(entry, files, Cores(settings.cores), engine(settings), measured)


def build(settings: Settings, until: ExitStack, worker: Worker | None = None, opened: Opened = lambda: None) -> App:
    """Puts the parts of a server together.

    Args:
        settings: the settings; of many workers, this one's share of them.
        until: closes the parts at its end, the last first.
        worker: this process, if it is one of many.
        opened: called once the store is open, and so migrated.

    Raises:
        SetupError: something is missing or broken; the message says what to do.
    """
    worker = worker or Worker()
    # one for each thread of both kinds and for the preauthenticator, so that none waits for another's
    connections_to_store = 2 * PER_CORE * settings.cores + 1
    apart = Apart(worker.common.writing.exclusive, worker.common.opening.exclusive)
    store = stores.open_store(settings.store, settings.data, connections_to_store, apart, vault(settings))
    until.callback(store.database.close)
    opened()
    # before the pack, which takes longer, so that a wrong master key fails early
    store.portraits.check()
    authenticator = Authenticator(store.keys, store.portraits.vault, rates=Rates(worker.common.buckets))
    until.callback(authenticator.close)
    loaded, metrics, tracing = open_pack(settings), Metrics(worker), traces.start(os.environ)
    if tracing:
        until.callback(tracing.close)

    def watched(name: str, session: Session) -> Session:
        return WatchedSession(session, metrics.inferred(name))

    context = assemble(
        settings, loaded.through(watched), store, until,
        snapshots=True, shared=worker.count > 1, cores=worker.everywhere, watched=watched,
        image_cache=settings.image_cache << 20, accepted=allowed(settings.formats), require_live=settings.require_live,
    )  # fmt: skip
    bounds = bounded(settings, worker)
    ready = Readiness(loaded.check, store.keys.any, bounds.is_stuck, store.database.probe)
    readyz = ReadinessPage(ready, worker.ask, concerns.of_server(settings.data, context)).page
    metering = MetricsPage(metrics, settings.metrics_token, settings.is_on_loopback, worker.ask).page
    pages = {"/healthz": alive, "/readyz": readyz, "/metrics": metering}
    register(metrics, context, bounds, settings.metrics_collections)
    trimmer = heap.trimmer(context.release)
    watchers = [log.answered, metrics.answered, lambda _: trimmer.wake(), *([tracing.answered] if tracing else [])]
    connections = Connections(connection_limit(settings.connections), settings.idle_timeout, watchers)
    _count(connections, metrics, worker)
    admission = Admission(bounds, Preauthenticator(store.keys))
    services = KeyOperations(store.portraits.vault).services()
    streams = Streams(context, authenticator, admission, bounds.streams, watchers)
    server = Server(context, services, authenticator, streams, admission=admission, pages=pages, watchers=watchers)
    return App(context, authenticator, server, connections, ready, metrics, _background(worker, context, trimmer))


def _count(connections: Connections, metrics: Metrics, worker: Worker) -> None:
    """Adds the numbers of connections to the metrics."""
    metrics.follow("mien_connections", "Open connections.", lambda: connections.open)
    metrics.follow_count(
        "mien_connections_refused", "Connections refused at the limit.", lambda: connections.refused + worker.refused()
    )


def _background(worker: Worker, context: Context, trimmer: Background) -> tuple[Background, ...]:
    """Returns the work beside requests; of many workers, one has the upkeep of the store."""
    database, due = context.store.database, worker.has_upkeep
    upkeep = sweeper(database, due), completer(database, due), snapshot_writer(context.galleries)
    return (*upkeep, trimmer, expiry(context.image_cache), context.groupings.work)


def assemble(
    settings: Settings,
    pack: Pack,
    store: Store,
    until: ExitStack,
    *,
    snapshots: bool = False,
    shared: bool = False,
    cores: frozenset[int] = frozenset(),
    image_cache: int = 0,
    accepted: Accepted = AWS,
    require_live: float = 0.0,
    watched: Wrap = lambda _, session: session,
) -> Context:
    """Assembles the context that every operation gets, for a server and for the library.

    Args:
        settings: the settings.
        pack: the pack that detects and embeds.
        store: the store of the collections.
        until: ends the context's threads at its end.
        snapshots: whether galleries are kept on disk; only a server does that.
        shared: whether processes beside this one map the same snapshots.
        cores: that scans of galleries may use; empty for those of the process.
        image_cache: bytes of the image cache; 0 for none.
        accepted: the images that operations take.
        require_live: the bar for living faces; only a server has one.
        watched: wraps the networks of the sets, such as to count their calls.
    """
    living = LivingNetworks(settings, pack.pipeline.cores, watched)
    if require_live:
        living.open()  # a server that could not hold to it must not start
    parallel = ThreadPoolExecutor(settings.cores, thread_name_prefix="parallel")
    until.callback(parallel.shutdown)
    galleries = Galleries(store, gallery_settings(settings, pack.manifest.dimension, snapshots, shared, cores))
    return Context(
        pack, store, galleries, groupings_of(store, pack, beside=snapshots), S3(s3_settings(settings)), parallel,
        Analyst(settings, pack.pipeline.cores, watched), living, settings.minimum_similarity, ImageCache(image_cache),
        accepted,
        portraits=settings.portraits, liveness_sessions=settings.liveness_sessions, video=video_limits(settings),
        require_live=require_live,
    )  # fmt: skip


def groupings_of(store: Store, pack: Pack, beside: bool) -> Groupings:
    """Returns the groups of unknown faces; `beside` tells whether a process beside this one makes them."""
    dimension, calibration = pack.manifest.dimension, pack.calibration
    if not beside:
        return Groupings(store, lambda _: Grouping(dimension, calibration))
    process = GroupingProcess()
    return Groupings(store, lambda number: DistantGrouping(process, number, dimension, calibration), process)


def bounded(settings: Settings, worker: Worker) -> Bounds:
    """Returns the limits that all requests share."""
    threads, bodies, pixels = PER_CORE * settings.cores, settings.bodies_in_flight << 20, settings.pixels_in_flight
    half = max(1, threads // 2)
    return Bounds(
        # half for a key and three quarters for an address; not lent, since a slow sender would not give it back
        bodies=Budget(bodies, (bodies // 2, 3 * bodies // 4), lending=math.inf),
        pixels=Budget(pixels * 10**6, (pixels * 10**6 // 2,)),
        giants=Giants(worker.common, worker.number, worker.count * pixels * 10**6),
        threads=Budget(threads, (half,)),
        reading=Budget(threads, (half,)),
        streams=Budget(settings.liveness_streams, (max(1, settings.liveness_streams // 2),), lending=math.inf),
        writers=Writers(half),
        queue_timeout=settings.queue_timeout,
        request_timeout=settings.request_timeout,
        body_rate=settings.body_rate * 2**10,
    )


def gallery_settings(
    settings: Settings, dimension: int, snapshots: bool, shared: bool, cores: frozenset[int]
) -> GallerySettings:
    """Returns the settings of galleries for embeddings of so many dimensions.

    A store that many machines use names no snapshots, since their files would differ. A server of one process on it
    keeps none, and workers name theirs in files of their own, which they need to share memory.
    """
    threads, memory = settings.scan_threads or len(os.sched_getaffinity(0)), settings.gallery_memory << 20
    local = stores.is_shared(settings.store)
    if not snapshots or (local and not shared):
        return GallerySettings(dimension, threads, memory, cores=cores)
    folder = stores.directory(settings.store, settings.data) / "snapshots"
    placement = Placement(paged=settings.gallery_codes == "mapped", shared=shared)
    return GallerySettings(dimension, threads, memory, folder, placement, local, cores=cores)


def vault(settings: Settings) -> Vault:
    """Opens the vault, which encrypts access keys and the keys of portraits under the master key."""
    default = stores.directory(settings.store, settings.data) / stores.MASTER_KEY
    place = Path(settings.master_key) if settings.master_key else default
    leftovers.remove_stale(place)
    return Vault(place)


def s3_settings(settings: Settings) -> S3Settings:
    """Returns where, and for how long, an S3Object may be read."""
    buckets = _patterns(settings.s3_buckets)
    timeout = min(FETCH_TIMEOUT, 0.9 * settings.request_timeout)  # so that the error names S3
    return S3Settings(
        settings.s3_endpoint, settings.s3_region, settings.s3_access_key, settings.s3_secret_key, buckets, timeout
    )


def video_limits(settings: Settings) -> VideoLimits:
    """Returns what the settings allow of stored video."""
    return VideoLimits(settings.video_jobs, round(settings.video_gigabytes * 1e9), _patterns(settings.sns_topics))


def _patterns(setting: str) -> tuple[str, ...]:
    return tuple(pattern.strip() for pattern in setting.split(",") if pattern.strip())
