"""A gallery that begins exact and is sketched once it is large: the crossover is where exact search gets slower."""

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
    """Threads that all galleries of a process scan with.

    Attributes:
        threads: how many a scan is divided among.
    """

    threads: int
    pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        pool = ThreadPoolExecutor(max(1, self.threads - 1), thread_name_prefix="scan")
        object.__setattr__(self, "pool", pool)


class GrowingGallery:
    """Exact up to `crossover` embeddings, sketched beyond.

    Args:
        dimension: of the embeddings.
        originals: gives embeddings in full precision.
        scanners: what scans.
        crossover: how many embeddings are still searched exactly.
    """

    def __init__(self, dimension: int, originals: Originals, scanners: Scanners, crossover: int = CROSSOVER) -> None:
        self._originals = originals
        self._scanners = scanners
        self._crossover = crossover
        self._changing = threading.Lock()
        self.now: ExactGallery | SketchedGallery = ExactGallery(dimension)

    def __len__(self) -> int:
        """How many embeddings it holds."""
        return len(self.now)

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Take in embeddings (see `Gallery.add`)."""
        with self._changing:
            if isinstance(self.now, ExactGallery) and len(self.now) + len(keys) > self._crossover:
                self.now = self._sketched(self.now, embeddings)
            self.now.add(keys, embeddings)

    def remove(self, keys: Keys) -> None:
        """Forget embeddings (see `Gallery.remove`)."""
        with self._changing:
            self.now.remove(keys)

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Find what is nearest (see `Gallery.search`)."""
        return self.now.search(probe, limit, least)

    def memory(self) -> int:
        """How many bytes it holds in memory (see `Gallery.memory`)."""
        return self.now.memory()

    def moment(self, revision: int, history: int = 0) -> Moment | None:
        """What a snapshot would keep, if there are enough embeddings to be worth one (see `Moment.of`)."""
        return None if isinstance(self.now, ExactGallery) else Moment.of(self.now, revision, history)

    def resume(self, moment: Moment) -> None:
        """Hold what a snapshot kept."""
        from mien.gallery.sketched import SketchedGallery  # noqa: PLC0415

        with self._changing:
            self.now = SketchedGallery(
                moment.sketcher, self._originals, self._scanners.pool, self._scanners.threads, moment.segments
            )

    def keep(self, segments: Sequence[tuple[Segment, Segment]]) -> None:
        """Put segments that have been written to files in the places of the same ones that had not."""
        for old, new in segments:
            if not isinstance(self.now, ExactGallery):
                self.now.replace(old, new)

    def _sketched(self, exact: ExactGallery, coming: Embeddings) -> "SketchedGallery":
        from mien.gallery.sketch import Sketcher  # noqa: PLC0415  # compiling is for those who have many faces
        from mien.gallery.sketched import SketchedGallery  # noqa: PLC0415

        keys, embeddings = exact.contents()
        mean = np.concatenate([embeddings, coming]).mean(axis=0)
        gallery = SketchedGallery(Sketcher.around(mean), self._originals, self._scanners.pool, self._scanners.threads)
        if len(keys):
            gallery.add(keys, embeddings)
        return gallery
