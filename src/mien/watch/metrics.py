"""Collects the metrics that `/metrics` serves in Prometheus' text format: requests, stages, inferences, limits, store.

Counters and histograms are updated as requests are answered; all other figures are read at each scrape. Workers count
in files of one folder (prometheus_client's multiprocess mode), of which the one that is scraped makes the sums.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from mien import __version__
from mien.operations.context import Context
from mien.serving.bounds import Bounds
from mien.store.base import Database
from mien.store.tables.liveness_sessions import LivenessSessions
from mien.store.tables.video_jobs import VideoJobs
from mien.system.worker import Worker
from mien.watch.process_metrics import ProcessMetrics
from mien.watch.record import Record
from mien.watch.session_metrics import SessionsByStatus
from mien.watch.video_metrics import VideoJobProgress, VideoJobTotals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
INPUTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The registry of all metrics. Safe to use from many threads.

    Args:
        worker: this process; if it is one of many, its metrics are added to those of the others.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the series
        worker = worker or Worker()
        registry = self._registry = CollectorRegistry()
        self._sums = registry
        if worker.metrics:  # one that is started again counts on in the files of its number
            values.ValueClass = values.MultiProcessValue(lambda: worker.number)  # type: ignore[no-untyped-call]
            self._sums = CollectorRegistry()
            MultiProcessCollector(self._sums, str(worker.metrics))  # type: ignore[no-untyped-call]
        self._facts = CollectorRegistry()  # what every worker would tell alike
        self._reads: list[Callable[[], None]] = []
        self._refreshing = threading.Lock()
        self._named = CollectorRegistry()  # series that name collections or accounts: only for the holder of the token
        self._requests = Counter("mien_requests", "Requests answered.", ["operation", "code"], registry=registry)
        self._seconds = Histogram(
            "mien_request_seconds", "From a request's head to its answer.", ["operation"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "mien_stage_seconds", "Each stage of a request.", ["stage"], buckets=SECONDS, registry=registry
        )
        self._faces = Counter("mien_faces_found", "Faces found in the images of requests.", registry=registry)
        self._inputs = Histogram(
            "mien_inference_inputs", "Inputs of one run of a network.", ["network"], buckets=INPUTS, registry=registry
        )
        self._runs = Histogram(
            "mien_inference_seconds", "One run of a network.", ["network"], buckets=SECONDS, registry=registry
        )
        self._facts.register(ProcessMetrics(worker.processes))

    def answered(self, record: Record) -> None:
        """Counts a request and observes its stages."""
        operation = record.operation or "unknown"
        self._requests.labels(operation, record.code).inc()
        self._seconds.labels(operation).observe(record.seconds)
        self._faces.inc(record.faces)
        for stage in record.stages:
            self._stages.labels(stage.name).observe(stage.seconds)

    def inferred(self, network: str) -> Callable[[int, float], None]:
        """Returns a callback for the runs of a network, which takes the number of inputs and the seconds."""
        return partial(_inferred, self._inputs.labels(network), self._runs.labels(network))

    def follow(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Adds a gauge that is read at each scrape."""
        gauge = Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")
        self._reads.append(lambda: gauge.set(read()))

    def follow_each(self, name: str, text: str, label: str, read: Mapping[str, Callable[[], float]]) -> None:
        """Adds a gauge for each value of a label, read at each scrape."""
        gauge = Gauge(name, text, [label], registry=self._registry, multiprocess_mode="livesum")
        for value, function in read.items():
            self._reads.append(partial(_set, gauge.labels(value), function))

    def follow_count(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Adds a counter that is kept elsewhere, counts from now on, and is read at each scrape."""
        counter, before = Counter(name, text, registry=self._registry), read()

        def add() -> None:
            nonlocal before
            now = read()
            counter.inc(now - before)
            before = now

        self._reads.append(add)

    def follow_collections(self, database: Database, most: int) -> None:
        """Adds the faces of all collections and, for the holder of the token, of the `most` fullest ones."""
        self._facts.register(CollectionTotals(database))
        self._named.register(FullestCollections(database, most))

    def follow_sessions(self, sessions: LivenessSessions) -> None:
        """Adds the numbers of Face Liveness sessions."""
        self._facts.register(SessionsByStatus(sessions))

    def follow_video_jobs(self, jobs: VideoJobs) -> None:
        """Adds the video jobs of all accounts and, for the holder of the token, the progress of each."""
        self._facts.register(VideoJobTotals(jobs))
        self._named.register(VideoJobProgress(jobs))

    def describe(self, facts: dict[str, str]) -> None:
        """Adds version, pack and engine as `mien_info`."""
        self._facts.register(Facts(facts))

    def refresh(self) -> None:
        """Reads the figures that are kept elsewhere, before a scrape."""
        with self._refreshing:
            for read in self._reads:
                read()

    def text(self, *, named: bool) -> bytes:
        """Returns the page; `named` tells whether collections and accounts may be named."""
        self.refresh()
        page = generate_latest(self._sums) + generate_latest(self._facts)
        return page + (generate_latest(self._named) if named else b"")


class Facts:
    """Version, pack and engine."""

    def __init__(self, facts: dict[str, str]) -> None:
        self._facts = facts

    def collect(self) -> Iterable[Metric]:
        """Returns them as labels; called by prometheus_client."""
        yield InfoMetricFamily("mien", "Version, pack and engine.", self._facts)


class CollectionTotals:
    """The number of collections and of their faces, read from the store at each scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Counts them; called by prometheus_client."""
        statement = "SELECT COUNT(*), COALESCE(SUM(faces), 0) FROM collections"
        collections, faces = self._database.read(lambda cursor: cursor.row(statement)) or (0, 0)
        yield GaugeMetricFamily("mien_collections", "Collections.", value=int(collections))
        yield GaugeMetricFamily("mien_faces", "Faces of all collections.", value=int(faces))

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, so that registering does not read the store."""
        return []


class FullestCollections:
    """The number of faces in each of the fullest collections, read from the store at each scrape.

    Args:
        database: the store's.
        most: how many collections are named.
    """

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most

    def collect(self) -> Iterable[Metric]:
        """Reads them; called by prometheus_client."""
        statement = "SELECT account, name, faces FROM collections ORDER BY faces DESC, id LIMIT ?"
        each = GaugeMetricFamily("mien_collection_faces", "Faces of a collection.", labels=["account", "collection"])
        for account, name, count in self._database.read(lambda cursor: cursor.rows(statement, self._most)):
            each.add_metric([str(account), str(name)], int(count))
        yield each

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, so that registering does not read the store."""
        return []


def register(metrics: Metrics, context: Context, bounds: Bounds, most: int) -> None:
    """Adds the metrics of the pack, of what is in flight, of the caches and of the store.

    Args:
        metrics: the registry.
        context: pack, galleries and store.
        bounds: the limits on what is in flight.
        most: how many collections are named.
    """
    pack, runtime = context.pack.manifest, context.pack.runtime
    metrics.describe({
        "version": __version__, "pack": pack.name, "model_version": pack.model_version, "contract": pack.contract,
        "engine": runtime.engine, "engine_version": runtime.version, "precision": runtime.precision,
    })  # fmt: skip
    queues = {"bodies": bounds.bodies, "threads": bounds.threads, "reading": bounds.reading, "pixels": bounds.pixels}
    waiting = {name: partial(getattr, budget, "waiting") for name, budget in queues.items()}
    metrics.follow_each("mien_queue_depth", "Requests that wait, by what they wait for.", "queue", waiting)
    metrics.follow("mien_body_bytes_in_flight", "Bytes of request bodies in memory.", lambda: bounds.bodies.in_flight)
    metrics.follow("mien_pixels_in_flight", "Pixels of decoded images in memory.", lambda: bounds.pixels.in_flight)
    lanes = bounds.threads, bounds.reading
    metrics.follow(
        "mien_operations_in_flight", "Operations that are running.", lambda: sum(lane.in_flight for lane in lanes)
    )
    metrics.follow(
        "mien_liveness_streams", "Videos of liveness sessions that arrive.", lambda: bounds.streams.in_flight
    )
    metrics.follow("mien_gallery_bytes", "Memory of the galleries.", context.galleries.memory)
    galleries, cache = context.galleries, context.image_cache
    metrics.follow_count(
        "mien_histories_forked", "Galleries rebuilt: the store was put back.", lambda: galleries.forked
    )
    metrics.follow("mien_image_cache_bytes", "Memory of the image cache.", lambda: cache.held)
    metrics.follow_count("mien_image_cache_hits", "Images found in the image cache.", lambda: cache.hits)
    metrics.follow_count("mien_image_cache_misses", "Images that were not in the image cache.", lambda: cache.misses)
    damage = context.store.damage
    metrics.follow_count("mien_damaged_vectors", "Stored vectors whose checksum does not match.", lambda: damage.count)
    metrics.follow_collections(context.store.database, most)
    metrics.follow_sessions(context.store.liveness)
    metrics.follow_video_jobs(context.store.video_jobs)


def _inferred(inputs: Histogram, runs: Histogram, count: int, seconds: float) -> None:
    inputs.observe(count)
    runs.observe(seconds)


def _set(gauge: Gauge, read: Callable[[], float]) -> None:
    gauge.set(read())
