"""Measures search in a gallery of one size: its results against exact search, its speed against memory bandwidth.

Embeddings are synthetic (`population`). Some people have two photographs: one is the probe, the other is in the
gallery. Embeddings lie in a database on disk, as on a server, from which a search re-ranks in full precision.
"""

import gc
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import msgspec
import numpy as np
import psutil
from numpy.typing import NDArray

from mien.errors import SetupError
from mien.gallery import GrowingGallery, Scanners, segment_file, snapshot
from mien.gallery.segment_file import Placement
from mien.measure.speed import search_timing
from mien.measure.speed.population import Embeddings, Population
from mien.store.base import Cursor
from mien.store.open import Store, open_store
from mien.store.tables import vectors
from mien.system import leftovers

PROBES = 500
BLOCK = 50_000  # embeddings generated at a time
ADDED = 10  # faces added at a time during searches
MB = 1e6


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """The figures of one size.

    Attributes:
        faces: the number of faces in the gallery.
        after: the population they are drawn from.
        p50_ms, p99_ms: the latency of a single search for the nearest face.
        floor_ms: the median time of reading the bytes that such a search must read.
        found: the share of probes whose nearest face is that of exact search (recall@1).
        mates: the share of probes whose nearest face is their person's.
        mates_exact: the same by exact search.
        resident_mb: the memory of the gallery.
        searches_per_second: the rate of `search_timing.TOGETHER` concurrent threads.
        adding_p50_ms: the median latency while `search_timing.ADDS` faces a second are added.
        adds_per_second: the rate at which faces were added meanwhile.
        snapshot_s, resume_s: the time to write a snapshot, and to read it with a cold cache; 0 for exact search.
        codes: whether the codes for re-ranking lay in memory or in files.
    """

    faces: int
    after: str
    p50_ms: float
    p99_ms: float
    floor_ms: float
    found: float
    mates: float
    mates_exact: float
    resident_mb: float
    searches_per_second: float
    adding_p50_ms: float
    adds_per_second: float
    snapshot_s: float
    resume_s: float
    codes: str


@dataclass(slots=True)
class GroundTruth:
    """The result of exact search for each probe, updated while the embeddings are generated.

    Attributes:
        probes: float32 (P, D).
        keys: int64 (P,), the key of the nearest face so far.
        cosines: float32 (P,), its cosine.
    """

    probes: Embeddings
    keys: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def see(self, keys: NDArray[np.int64], embeddings: Embeddings) -> None:
        """Compares every probe with more embeddings."""
        cosines = embeddings @ self.probes.T
        best = cosines.argmax(axis=0)
        highest = cosines[best, np.arange(len(best))]
        better = highest > self.cosines
        self.keys[better], self.cosines[better] = keys[best[better]], highest[better]


def measure(population: Population, faces: int, seconds: float, threads: int, mapped: bool) -> GalleryRow:
    """Fills a gallery and measures it.

    Raises:
        SetupError: there are fewer faces than probes.
    """
    probes = population.probes
    if faces < len(probes):
        raise SetupError(f"A gallery must have at least {len(probes)} faces to be measured.")
    with leftovers.folder(Path(tempfile.gettempdir()), "mien-measured-") as folder:
        store = open_store("", str(folder))
        gallery = GrowingGallery(probes.shape[1], store.faces.embeddings, Scanners(threads))
        _warm(store, population, threads)
        before = _resident()
        truth = GroundTruth(probes, np.zeros(len(probes), np.int64), np.full(len(probes), -2, np.float32))
        for keys, embeddings in people(population, faces):
            store.database.write(lambda cursor, k=keys, e=embeddings: keep(cursor, k, e))  # type: ignore[misc]
            gallery.add(keys, embeddings)
            truth.see(keys, embeddings)
        snapshots = folder / "snapshots"
        name, snapshot_s = _save(gallery, snapshots, mapped)
        gc.collect()
        resident = _resident() - before
        nearest = search_timing.nearest(gallery, probes)
        took, floor = search_timing.alone(gallery, probes, seconds, threads)
        per_second = search_timing.together(gallery, probes, seconds)
        more = (each for start in count(faces + 1, ADDED) for each in [_newcomers(store, population, start)])
        adding, adds = search_timing.while_adding(gallery, probes, seconds, more)
        resume_s = _load(snapshots, name, mapped, threads)
        store.database.close()
    mates = np.arange(1, len(probes) + 1)
    return GalleryRow(
        faces=faces,
        after=population.of,
        p50_ms=float(np.median(took)),
        p99_ms=float(np.quantile(took, 0.99)),
        floor_ms=float(np.median(floor)),
        found=float(np.mean(nearest == truth.keys)),
        mates=float(np.mean(nearest == mates)),
        mates_exact=float(np.mean(truth.keys == mates)),
        resident_mb=resident / MB,
        searches_per_second=per_second,
        adding_p50_ms=float(np.median(adding)),
        adds_per_second=adds,
        snapshot_s=snapshot_s,
        resume_s=resume_s,
        codes="mapped" if mapped else "memory",
    )


def write(rows: list[GalleryRow], file: str) -> None:
    """Writes the rows to a file as JSON.

    Raises:
        SetupError: the file cannot be written.
    """
    try:
        Path(file).write_bytes(msgspec.json.format(msgspec.json.encode([asdict(row) for row in rows])))
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from None


def people(population: Population, faces: int) -> Iterator[tuple[NDArray[np.int64], Embeddings]]:
    """Yields keys and embeddings in blocks: the probes' mates first, then strangers."""
    random = np.random.default_rng(2)
    for start in range(0, faces, BLOCK):
        embeddings = population.draw(min(BLOCK, faces - start), random)
        if start == 0:
            embeddings[: len(population.mates)] = population.mates
        yield np.arange(start + 1, start + 1 + len(embeddings), dtype=np.int64), embeddings


def keep(cursor: Cursor, keys: NDArray[np.int64], embeddings: Embeddings) -> None:
    """Writes embeddings, float32 (N, D), to the database, as a store does."""
    kept = zip(keys.tolist(), map(vectors.pack, embeddings), strict=True)
    rows = ((key, vector, vectors.checksum(vector, key)) for key, vector in kept)
    cursor.run_many("INSERT INTO embeddings (face, vector, checksum) VALUES (?, ?, ?)", rows)


def _newcomers(store: Store, population: Population, first: int) -> tuple[NDArray[np.int64], Embeddings]:
    """Draws more strangers and adds them to the store."""
    keys = np.arange(first, first + ADDED)
    embeddings = population.draw(ADDED, np.random.default_rng(first))
    store.database.write(lambda cursor: keep(cursor, keys, embeddings))
    return keys, embeddings


def _warm(store: Store, population: Population, threads: int) -> None:
    """Compiles and loads everything except the gallery, so that its memory is measured alone."""
    gallery = GrowingGallery(len(population.mean), store.faces.embeddings, Scanners(threads), crossover=0)
    gallery.add(np.arange(1000), population.draw(1000, np.random.default_rng(3)))
    gallery.search(population.probes[0], 1, -1)


def _save(gallery: GrowingGallery, folder: Path, mapped: bool) -> tuple[str, float]:
    """Writes a snapshot and maps its codes if required; returns its name, "" for none, and the seconds."""
    moment = gallery.moment(1)
    if moment is None:
        return "", 0
    started = time.perf_counter()
    name, segments = snapshot.save(folder, moment)
    took = time.perf_counter() - started
    if mapped:
        gallery.keep([(old, segment_file.paged(new)) for old, new in zip(moment.segments, segments, strict=True)][:-1])
    return name, took


def _load(folder: Path, name: str, mapped: bool, threads: int) -> float:
    """Returns the seconds of reading a snapshot with a cold cache."""
    if not name:
        return 0
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    started = time.perf_counter()
    snapshot.load(folder, name, Placement(paged=mapped), threads)
    return time.perf_counter() - started


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)
