"""Search of large galleries: every sketch is scanned, the nearest are re-ranked by their codes, and those that will be
answered are compared in full precision.

No graph and no cells: every face is looked at in every search, so none is lost for lying in an unlucky place. What is
approximate is only which thousands of millions are looked at again, and `benchmarks/README.md` has how many of the
answers of exact search that finds.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.gallery import kernels
from mien.gallery.base import ROUNDING, Embeddings, Hits, Keys, Originals
from mien.gallery.segment import ROWS, Segment, joined
from mien.gallery.sketch import Sketcher, encode
from mien.system.batching import Batching

TOGETHER = 16  # probes that share a pass over the sketches
DEPTH = 6000  # rows re-ranked, at least
DEPTH_SHARE = 1250  # one row in so many is re-ranked in a larger gallery
MORE = 8  # rows compared in full precision beyond those wanted: codes may order near ones wrongly
SLACK = 0.005  # ten times the error of a cosine by codes
ALONE = 1 << 17  # rows that are not worth waking another thread for
WORTH = 4000  # rows to re-rank that are
SAMPLE = 2048  # rows looked at to know about how near the nearest are
HOPE = 1.5  # times the wanted rows that the sample is asked for


@dataclass(frozen=True, slots=True)
class _Probe:
    """What is looked for, and how many rows are to be re-ranked for it."""

    sketch: NDArray[np.uint64]
    wanted: int


@dataclass(frozen=True, slots=True)
class _Near:
    """Rows whose sketches are nearest, counted over all segments, and the segments they are in."""

    rows: NDArray[np.int64]
    segments: tuple[Segment, ...]


class SketchedGallery:
    """A gallery of any size in 300 bytes an embedding of 256 numbers, 44 of them always in memory.

    Args:
        sketcher: makes its sketches.
        originals: gives embeddings in full precision.
        scanners: threads that scan.
        threads: how many threads a scan is divided among, the calling one among them.
        segments: what it begins with.
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
        """How many embeddings it holds."""
        return self._living

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Take in embeddings (see `Gallery.add`)."""
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
        """Forget embeddings (see `Gallery.remove`); neighbours whose living rows fit in one become one, or none."""
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
        """Find what is nearest (see `Gallery.search`)."""
        if not self._living:
            return Hits(np.empty(0, np.int64), np.empty(0, np.float32))
        wanted = max(DEPTH, self._living // DEPTH_SHARE, 2 * limit)
        near = self._scan(_Probe(self.sketcher.sketch(probe[None])[0], wanted))
        keys, cosines = self._ranked(near, probe)
        likely = cosines >= least - SLACK
        keys, embeddings = self._originals(Hits.best(keys[likely], cosines[likely], limit + MORE).keys)
        exact = embeddings.reshape(len(keys), len(probe)) @ probe
        found = exact >= least - ROUNDING
        return Hits.best(keys[found], exact[found], limit)

    def memory(self) -> int:
        """How many bytes it holds in memory (see `Gallery.memory`)."""
        return sum(segment.memory() for segment in self._segments)

    def segments(self) -> tuple[Segment, ...]:
        """What it holds at this moment; `alive` goes on changing."""
        return self._segments

    def replace(self, old: Segment, new: Segment) -> None:
        """Put a segment with the same rows, kept elsewhere, in the place of another, if that is still here."""
        with self._changing:
            self._segments = tuple(new if segment is old else segment for segment in self._segments)

    def _ranked(self, near: _Near, probe: NDArray[np.float32]) -> tuple[Keys, NDArray[np.float32]]:
        """Keys of what is near and their cosines by codes."""
        parts = np.array_split(near.rows, max(1, min(self._threads, len(near.rows) // WORTH)))
        others = [self._scanners.submit(_ranked, near.segments, part, probe) for part in parts[1:]]
        ranked = [_ranked(near.segments, parts[0], probe), *(other.result() for other in others)]
        return np.concatenate([keys for keys, _ in ranked]), np.concatenate([cosines for _, cosines in ranked])

    def _scanned(self, probes: Sequence[_Probe]) -> list[_Near]:
        """Scan all sketches once for all probes."""
        segments = self._segments
        if not segments:  # the last of them went meanwhile
            return [_Near(np.empty(0, np.int64), segments) for _ in probes]
        sketches = np.stack([probe.sketch for probe in probes])
        wanted = max(probe.wanted for probe in probes)
        parts = _shares(segments, self._threads)
        others = [self._scanners.submit(_nearest, segments, part, sketches, wanted) for part in parts[1:]]
        found = [_nearest(segments, parts[0], sketches, wanted), *(other.result() for other in others)]
        return [
            _Near(_closest([rows[number] for rows in found], probe.wanted), segments)
            for number, probe in enumerate(probes)
        ]


Part = list[tuple[int, int, int]]  # segment, its first row, the row after its last


def _shares(segments: tuple[Segment, ...], threads: int) -> list[Part]:
    """All rows, divided evenly among as many threads as are worth it."""
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
    """For each sketch the rows nearest to it in a part of the segments, `wanted` of them or some more, as `scan` does.

    A look at some rows says about how near the wanted ones are, so that few others are taken; where it was too
    hopeful, everything is scanned again without.
    """
    rows = sum(stop - start for _, start, stop in part)
    wanted = min(wanted, rows)
    bits = 64 * sketches.shape[1]
    found = np.empty((len(sketches), min(kernels.SCRATCH * wanted, rows) + kernels.BLOCK), np.int64)
    for bars in (_likely(segments, part, sketches, HOPE * wanted / rows), np.full(len(sketches), bits + 1)):
        state = np.zeros((len(sketches), 2 + bits + 1), np.int64)
        state[:, 1] = bars
        for number, start, stop in part:
            segment = segments[number]
            kernels.scan(segment.planes, segment.alive, (start, stop), number * ROWS, sketches, wanted, found, state)
        if (state[:, 0] >= wanted).all():
            break
    return [each[:count] for each, count in zip(found, state[:, 0], strict=True)]


def _likely(segments: tuple[Segment, ...], part: Part, sketches: NDArray[np.uint64], share: float) -> NDArray[np.int64]:
    """For each sketch the distance below which about this share of the rows lies, as a sample has it."""
    each = max(4, SAMPLE // len(part))
    taken = [segments[number].planes[:, start : stop : -(-(stop - start) // each)] for number, start, stop in part]
    sample = np.concatenate(taken, axis=1)
    distances = np.bitwise_count(sample ^ sketches[:, :, None]).sum(axis=1, dtype=np.int64)
    place = min(int(share * sample.shape[1]) + 1, sample.shape[1] - 1)
    return np.partition(distances, place, axis=1)[:, place] + 1


def _closest(parts: list[NDArray[np.int64]], wanted: int) -> NDArray[np.int64]:
    """The `wanted` nearest rows of all parts, in order of their places."""
    found = np.concatenate(parts)
    if len(found) > wanted:
        found = np.partition(found, wanted - 1)[:wanted]
    return np.sort(found & ((1 << kernels.PLACE) - 1))


def _ranked(
    segments: tuple[Segment, ...], rows: NDArray[np.int64], probe: NDArray[np.float32]
) -> tuple[Keys, NDArray[np.float32]]:
    """Keys of rows, int64 (R,) and rising, and their cosines by codes."""
    keys = np.empty(len(rows), np.int64)
    cosines = np.empty(len(rows), np.float32)
    edges = np.searchsorted(rows, ROWS * np.arange(len(segments) + 1))
    for segment, start, stop in zip(segments, edges[:-1], edges[1:], strict=True):
        if start < stop:
            some = rows[start:stop] % ROWS
            keys[start:stop] = segment.keys[some]
            kernels.cosines(np.asarray(segment.codes), segment.scales, some, probe, cosines[start:stop])
            segment.let_go()
    return keys, cosines
