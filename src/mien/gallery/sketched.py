"""Searches large galleries: scans all sketches, re-ranks the nearest by their codes, and compares the results exactly.

There is no graph and there are no cells: every search scans every face, so none is missed because of its place in an
index. Only the choice of the rows to re-rank is approximate; its recall is in `benchmarks/README.md`, "How a gallery is
scanned".
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.gallery import kernels
from mien.gallery.base import ROUNDING, Embeddings, Hits, Keys, Originals, nearest
from mien.gallery.segment import ROWS, Segment, joined
from mien.gallery.sketch import Sketcher, encode
from mien.system.batching import Batching

TOGETHER = 16  # probes that share a scan
DEPTH = 6000  # rows re-ranked, at least
DEPTH_SHARE = 1250  # one row in so many is re-ranked in a larger gallery
MORE = 8  # rows compared in full precision beyond those wanted, since codes may swap near ones
SLACK = 0.005  # about ten times the error of a cosine by codes
ALONE = 1 << 17  # rows up to which another thread is not worth waking
WORTH = 4000  # rows to re-rank from which one is
SAMPLE = 2048  # rows sampled to estimate how near the nearest are
HOPE = 1.5  # times the wanted rows that the estimate aims at


@dataclass(frozen=True, slots=True)
class _Probe:
    """A sketch to search for, and how many rows to re-rank for it."""

    sketch: NDArray[np.uint64]
    wanted: int


@dataclass(frozen=True, slots=True)
class _Near:
    """Rows whose sketches are nearest, numbered over all segments, and the segments."""

    rows: NDArray[np.int64]
    segments: tuple[Segment, ...]


class SketchedGallery:
    """A gallery of any size that holds quantised embeddings.

    Args:
        sketcher: makes its sketches.
        originals: returns embeddings in full precision.
        scanners: threads that scan.
        threads: among which a scan is divided, including the calling one.
        segments: its first ones.
    """

    def __init__(
        self,
        sketcher: Sketcher,
        originals: Originals,
        scanners: ThreadPoolExecutor,
        threads: int,
        segments: Sequence[Segment] = (),
    ) -> None:
        self.sketcher = sketcher
        self._originals = originals
        self._scanners = scanners
        self._threads = threads
        self._changing = threading.Lock()
        self._segments = tuple(segments)
        self._living = sum(segment.living for segment in segments)
        self._scan = Batching(self._scanned, TOGETHER)

    def __len__(self) -> int:
        """Returns how many embeddings it holds."""
        return self._living

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Adds embeddings (see `Gallery.add`)."""
        with self._changing:
            held = [segment.keys[segment.rows(keys)] for segment in self._segments]
            fresh = ~np.isin(keys, np.concatenate(held)) if held else np.ones(len(keys), np.bool_)
            rows = np.sort(np.unique(keys, return_index=True)[1])
            rows = rows[fresh[rows]]
            for start in range(0, len(rows), ROWS):
                self._append(keys[rows[start : start + ROWS]], embeddings[rows[start : start + ROWS]])

    def _append(self, keys: Keys, embeddings: Embeddings) -> None:
        sketches, (codes, scales) = self.sketcher.sketch(embeddings), encode(embeddings)
        segments, done = list(self._segments), 0
        while done < len(keys):
            if not segments or not segments[-1].room:
                segments.append(Segment.empty(self.sketcher.words, codes.shape[1]))
            some = slice(done, done + segments[-1].room)
            segments[-1] = segments[-1].filled(keys[some], sketches[some], codes[some], scales[some])
            done = min(some.stop, len(keys))
        self._segments = tuple(segments)
        self._living += len(keys)

    def remove(self, keys: Keys) -> None:
        """Removes embeddings (see `Gallery.remove`), and joins neighbouring segments whose living rows fit in one."""
        with self._changing:
            for segment in self._segments:
                rows = segment.rows(keys)
                segment.alive[rows] = False
                self._living -= len(rows)
            kept: list[Segment] = []
            for segment in self._segments:
                if kept and segment.living < segment.count and kept[-1].living + segment.living <= ROWS:
                    kept[-1] = joined(kept[-1], segment)
                else:
                    kept.append(segment)
            self._segments = tuple(segment for segment in kept if segment.count)

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Returns the nearest embeddings (see `Gallery.search`)."""
        if not self._living:
            return Hits(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
        wanted = max(DEPTH, self._living // DEPTH_SHARE, 2 * limit)
        near = self._scan(_Probe(self.sketcher.sketch(probe[None])[0], wanted))
        keys, cosines = self._ranked(near, probe)
        likely = np.flatnonzero(cosines >= least - SLACK)
        keys, embeddings = self._originals(keys[likely[nearest(keys[likely], cosines[likely], limit + MORE)]])
        embeddings = embeddings.reshape(len(keys), len(probe))
        exact = embeddings @ probe
        found = np.flatnonzero(exact >= least - ROUNDING)
        found = found[nearest(keys[found], exact[found], limit)]
        return Hits.of(keys[found], exact[found], embeddings[found])

    def memory(self) -> int:
        """Returns its size in memory (see `Gallery.memory`)."""
        return sum(segment.memory() for segment in self._segments)

    def segments(self) -> tuple[Segment, ...]:
        """Returns its current segments, whose `alive` may still change."""
        return self._segments

    def replace(self, old: Segment, new: Segment) -> None:
        """Replaces a segment by one with the same rows in other arrays, unless it was removed."""
        with self._changing:
            self._segments = tuple(new if segment is old else segment for segment in self._segments)

    def _ranked(self, near: _Near, probe: NDArray[np.float32]) -> tuple[Keys, NDArray[np.float32]]:
        """Returns the keys of near rows and their cosines by codes."""
        parts = np.array_split(near.rows, max(1, min(self._threads, len(near.rows) // WORTH)))
        others = [self._scanners.submit(_ranked, near.segments, part, probe) for part in parts[1:]]
        ranked = [_ranked(near.segments, parts[0], probe), *(other.result() for other in others)]
        return np.concatenate([keys for keys, _ in ranked]), np.concatenate([cosines for _, cosines in ranked])

    def _scanned(self, probes: Sequence[_Probe]) -> list[_Near]:
        """Scans all sketches once for all probes."""
        segments = self._segments
        if not segments:  # the last of them was removed meanwhile
            return [_Near(np.empty(0, np.int64), segments) for _ in probes]
        sketches = np.stack([probe.sketch for probe in probes])
        wanted = max(probe.wanted for probe in probes)
        parts = _divided(segments, self._threads)
        others = [self._scanners.submit(_nearest, segments, part, sketches, wanted) for part in parts[1:]]
        found = [_nearest(segments, parts[0], sketches, wanted), *(other.result() for other in others)]
        return [
            _Near(_closest([rows[number] for rows in found], probe.wanted), segments)
            for number, probe in enumerate(probes)
        ]


Part = list[tuple[int, int, int]]  # segment, its first row, the row after its last


def _divided(segments: tuple[Segment, ...], threads: int) -> list[Part]:
    """Divides all rows evenly among as many threads as are worth waking."""
    total = sum(segment.count for segment in segments)
    share = max(ALONE, -(-total // threads))
    parts: list[Part] = [[]]
    room = share
    for number, segment in enumerate(segments):
        start = 0
        while start < segment.count:
            if not room:
                parts.append([])
                room = share
            stop = min(segment.count, start + room)
            parts[-1].append((number, start, stop))
            room -= stop - start
            start = stop
    return parts


def _nearest(
    segments: tuple[Segment, ...], part: Part, sketches: NDArray[np.uint64], wanted: int
) -> list[NDArray[np.int64]]:
    """Returns for each sketch the nearest rows in a part of the segments, `wanted` or some more.

    A sample estimates how near the wanted rows are, so that few others become candidates; if it was too strict, all
    rows are scanned again without it.
    """
    rows = sum(stop - start for _, start, stop in part)
    wanted = min(wanted, rows)
    bits = 64 * sketches.shape[1]
    found = np.empty((len(sketches), min(kernels.SCRATCH * wanted, rows) + kernels.BLOCK), np.int64)
    for bars in (_estimated(segments, part, sketches, HOPE * wanted / rows), np.full(len(sketches), bits + 1)):
        state = np.zeros((len(sketches), 2 + bits + 1), np.int64)
        state[:, 1] = bars
        for number, start, stop in part:
            segment = segments[number]
            kernels.scan(segment.planes, segment.alive, (start, stop), number * ROWS, sketches, wanted, found, state)
        if (state[:, 0] >= wanted).all():
            break
    return [each[:count] for each, count in zip(found, state[:, 0], strict=True)]


def _estimated(
    segments: tuple[Segment, ...], part: Part, sketches: NDArray[np.uint64], share: float
) -> NDArray[np.int64]:
    """Estimates for each sketch the distance below which this share of the rows lies, from a sample."""
    each = max(4, SAMPLE // len(part))
    taken = [segments[number].planes[:, start : stop : -(-(stop - start) // each)] for number, start, stop in part]
    sample = np.concatenate(taken, axis=1)
    distances = np.bitwise_count(sample ^ sketches[:, :, None]).sum(axis=1, dtype=np.int64)
    place = min(int(share * sample.shape[1]) + 1, sample.shape[1] - 1)
    return np.partition(distances, place, axis=1)[:, place] + 1


def _closest(parts: list[NDArray[np.int64]], wanted: int) -> NDArray[np.int64]:
    """Returns the `wanted` nearest rows of all parts, in order of their numbers."""
    found = np.concatenate(parts)
    if len(found) > wanted:
        found = np.partition(found, wanted - 1)[:wanted]
    return np.sort(found & ((1 << kernels.PLACE) - 1))


def _ranked(
    segments: tuple[Segment, ...], rows: NDArray[np.int64], probe: NDArray[np.float32]
) -> tuple[Keys, NDArray[np.float32]]:
    """Returns the keys of rows, int64 (R,) and ascending, and their cosines by codes."""
    keys = np.empty(len(rows), np.int64)
    cosines = np.empty(len(rows), np.float32)
    edges = np.searchsorted(rows, ROWS * np.arange(len(segments) + 1))
    for segment, start, stop in zip(segments, edges[:-1], edges[1:], strict=True):
        if start < stop:
            some = rows[start:stop] % ROWS
            keys[start:stop] = segment.keys[some]
            kernels.cosines(segment.codes, segment.scales, some, probe, cosines[start:stop])
            segment.release()
    return keys, cosines
