"""Searches large galleries: scans all sketches, re-ranks the nearest, and compares the results exactly.

The nearest sketches are ranked by a distance in which bits have weights, and the best of these by their codes.

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
DEPTH = 6000  # nearest sketches that are ranked by weighted distance, at least
DEPTH_SHARE = 625  # one row in so many is in a larger gallery
CODES = 1000  # rows re-ranked by their codes, at least
CODES_SHARE = 5000  # one row in so many is in a larger gallery
CODES_EACH = 20  # rows re-ranked by their codes for each one wanted
MORE = 8  # rows compared in full precision beyond those wanted, since codes may swap near ones
SLACK = 0.005  # about ten times the error of a cosine by codes
ALONE = 1 << 17  # rows up to which another thread is not worth waking
WORTH = 4000  # rows to re-rank from which one is
SAMPLE = 2048  # rows sampled to estimate how near the nearest are, at least
SAMPLE_STEP = 512  # in a larger gallery one row in so many is
HOPE = 1.5  # times the wanted rows that the estimate aims at
FURTHER = 6  # bits added to an estimate that was too strict


Part = list[tuple[int, int, int]]  # segment, its first row, the row after its last


@dataclass(frozen=True, slots=True)
class _Probe:
    """What a scan looks for.

    Attributes:
        sketch: uint64 (W,).
        weights: uint64 (W, LEVELS), of its bits.
        wanted: how many of the nearest sketches are ranked by weighted distance.
        coded: how many of these are re-ranked by their codes.
    """

    sketch: NDArray[np.uint64]
    weights: NDArray[np.uint64]
    wanted: int
    coded: int


@dataclass(frozen=True, slots=True)
class _Near:
    """Rows to re-rank by their codes, numbered over all segments and ascending, and the segments."""

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
        sketch, weights = self.sketcher.sketch(probe[None])[0], self.sketcher.weights(probe)
        coded = max(CODES, self._living // CODES_SHARE, CODES_EACH * limit)
        near = self._scan(_Probe(sketch, weights, wanted, coded))
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
        parts = _divided(segments, self._threads)
        sketches, bits = np.stack([probe.sketch for probe in probes]), 64 * self.sketcher.words
        wanted = np.array([min(probe.wanted, self._living) for probe in probes])
        estimated = _estimated(segments, sketches, HOPE * wanted.max())
        for bars in (estimated, estimated + FURTHER, np.full(len(probes), bits + 1)):
            others = [self._scanners.submit(_nearest, segments, part, probes, bars) for part in parts[1:]]
            found = [_nearest(segments, parts[0], probes, bars), *(other.result() for other in others)]
            if (sum(np.array([len(each.rows) for each in part]) for part in found) >= wanted).all():
                break
        return [_Near(_best([each[n] for each in found], probe), segments) for n, probe in enumerate(probes)]


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


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates of a part of the segments: at least all of the nearest that are wanted.

    Attributes:
        rows: int64 (N,), a row's number, and above it, from bit `kernels.PLACE` on, its distance.
        weighed: int32 (N,), weighted distances.
        counts: int64 (bits + 1,), how many there are at each distance.
    """

    rows: NDArray[np.int64]
    weighed: NDArray[np.int32]
    counts: NDArray[np.int64]


def _nearest(
    segments: tuple[Segment, ...], part: Part, probes: Sequence[_Probe], bars: NDArray[np.int64]
) -> list[_Found]:
    """Returns for each probe the nearest rows of a part of the segments whose distance is below its bar."""
    sketches, weights = np.stack([probe.sketch for probe in probes]), np.stack([probe.weights for probe in probes])
    rows, wanted = sum(stop - start for _, start, stop in part), max(probe.wanted for probe in probes)
    found = np.empty((len(probes), min(kernels.SCRATCH * wanted, rows) + kernels.BLOCK), np.int64)
    weighed = np.empty(found.shape, np.int32)
    state = np.zeros((len(probes), 2 + 64 * sketches.shape[1] + 1), np.int64)
    state[:, 1] = bars
    for number, start, stop in part:
        planes, alive, base = segments[number].planes, segments[number].alive, number * ROWS
        kernels.scan(planes, alive, (start, stop), base, sketches, weights, wanted, found, weighed, state)
    return [_Found(found[n, : row[0]], weighed[n, : row[0]], row[2:]) for n, row in enumerate(state)]


def _estimated(segments: tuple[Segment, ...], sketches: NDArray[np.uint64], wanted: float) -> NDArray[np.int64]:
    """Estimates for each sketch the distance below which so many rows lie, from a sample.

    So few others become candidates. If the estimate was too strict, all rows are scanned again.
    """
    rows = sum(segment.count for segment in segments)
    step = max(1, min(rows // SAMPLE, SAMPLE_STEP, ROWS // 4))
    sample = np.concatenate([segment.planes[:, : segment.count : step] for segment in segments], axis=1)
    distances = np.bitwise_count(sample ^ sketches[:, :, None]).sum(axis=1, dtype=np.int64)
    place = min(int(wanted / rows * sample.shape[1]) + 1, sample.shape[1] - 1)
    return np.partition(distances, place, axis=1)[:, place] + 1


def _best(parts: list[_Found], probe: _Probe) -> NDArray[np.int64]:
    """Returns those of the nearest rows of all parts whose weighted distances are smallest, in order of their numbers.

    Every row as near as the last one that is wanted counts, so that the parts make no difference.
    """
    found = np.concatenate([part.rows for part in parts])
    weighed = np.concatenate([part.weighed for part in parts])
    if len(found) > probe.wanted:
        counts = np.sum([part.counts for part in parts], axis=0)
        furthest = int(np.searchsorted(np.cumsum(counts), probe.wanted))
        near = found < (furthest + 1) << kernels.PLACE
        found, weighed = found[near], weighed[near]
    if len(found) > probe.coded:
        found = found[np.argpartition(weighed, probe.coded)[: probe.coded]]
    return np.sort(found & kernels.MASK)


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
