"""Holds a gallery that starts exact and becomes sketched at the size where exact search is slower."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.gallery.base import Embeddings, Hits, Keys, Originals
from mien.gallery.exact import ExactGallery
from mien.gallery.segment import Segment
from mien.gallery.snapshot import Moment

if TYPE_CHECKING:
    from mien.gallery.sketched import SketchedGallery

CROSSOVER = 10_000  # embeddings; see `benchmarks/README.md`, "How a gallery is scanned"


@dataclass(frozen=True, slots=True)
class Scanners:
    """The threads with which all galleries of a process scan.

    Attributes:
        threads: among which a scan is divided.
        cores: that they may use; empty for those of the thread that starts them.
    """

    threads: int
    cores: frozenset[int] = frozenset()
    pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        pool = ThreadPoolExecutor(max(1, self.threads - 1), "scan", self._spread)
        object.__setattr__(self, "pool", pool)

    def _spread(self) -> None:
        if self.cores:
            os.sched_setaffinity(0, self.cores)


class GrowingGallery:
    """A gallery that is exact up to `crossover` embeddings, and sketched beyond.

    Args:
        dimension: of the embeddings.
        originals: returns embeddings in full precision.
        scanners: the threads that scan.
        crossover: the most embeddings that are searched exactly.
    """

    def __init__(self, dimension: int, originals: Originals, scanners: Scanners, crossover: int = CROSSOVER) -> None:
        self._originals = originals
        self._scanners = scanners
        self._crossover = crossover
        self._changing = threading.Lock()
        self.now: ExactGallery | SketchedGallery = ExactGallery(dimension)

    def __len__(self) -> int:
        """Returns how many embeddings it holds."""
        return len(self.now)

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Adds embeddings (see `Gallery.add`)."""
        with self._changing:
            if isinstance(self.now, ExactGallery) and len(self.now) + len(keys) > self._crossover:
                self.now = self._sketched(self.now, embeddings)
            self.now.add(keys, embeddings)

    def remove(self, keys: Keys) -> None:
        """Removes embeddings (see `Gallery.remove`)."""
        with self._changing:
            self.now.remove(keys)

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Returns the nearest embeddings (see `Gallery.search`)."""
        return self.now.search(probe, limit, least)

    def memory(self) -> int:
        """Returns its size in memory (see `Gallery.memory`)."""
        return self.now.memory()

    def moment(self, revision: int, history: int = 0) -> Moment | None:
        """Returns the state to be saved as a snapshot; None for an exact gallery (see `Moment.of`)."""
        return None if isinstance(self.now, ExactGallery) else Moment.of(self.now, revision, history)

    def resume(self, moment: Moment) -> None:
        """Replaces its contents by those of a snapshot."""
        from mien.gallery.sketched import SketchedGallery  # noqa: PLC0415

        with self._changing:
            self.now = SketchedGallery(
                moment.sketcher, self._originals, self._scanners.pool, self._scanners.threads, moment.segments
            )

    def segments(self) -> tuple[Segment, ...]:
        """Returns its segments; none for an exact gallery."""
        return () if isinstance(self.now, ExactGallery) else self.now.segments()

    def keep(self, segments: Sequence[tuple[Segment, Segment]]) -> None:
        """Replaces segments by the same ones with their files."""
        for old, new in segments:
            if not isinstance(self.now, ExactGallery):
                self.now.replace(old, new)

    def _sketched(self, exact: ExactGallery, coming: Embeddings) -> "SketchedGallery":
        from mien.gallery.sketch import Sketcher  # noqa: PLC0415  # only a large gallery needs to compile the kernels
        from mien.gallery.sketched import SketchedGallery  # noqa: PLC0415

        keys, embeddings = exact.contents()
        sketcher = Sketcher.of(np.concatenate([embeddings, coming]))
        gallery = SketchedGallery(sketcher, self._originals, self._scanners.pool, self._scanners.threads)
        if len(keys):
            gallery.add(keys, embeddings)
        return gallery
