"""A run of embeddings as a sketched gallery holds them: rows in arrays that are never moved.

Rows are filled from the front and never change once filled; only `alive` is cleared in place when a row is removed.
So whoever holds a segment may read it without a lock, whatever happens meanwhile.
"""

import mmap
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.gallery.base import Keys

ROWS = 1 << 17  # of a segment: 40 MB of 256-d embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Embeddings in compressed form.

    Attributes:
        keys: int64 (ROWS,).
        planes: uint64 (W, ROWS), sketches: word `w` of all rows, then word `w + 1`.
        codes: int8 (ROWS, D); or, left in the segment's file, (count, D) and not to be written.
        scales: float32 (ROWS,).
        alive: bool (ROWS,).
        count: rows that are filled.
        lowest, highest: no key is outside these.
        file: where it is kept, if it is, and the CRC-32 of that file.
    """

    keys: Keys
    planes: NDArray[np.uint64]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    alive: NDArray[np.bool_]
    count: int = 0
    lowest: int = 0
    highest: int = -1
    file: tuple[Path, int] | None = None

    @classmethod
    def empty(cls, words: int, dimension: int) -> "Segment":
        """A segment without rows."""
        return cls(
            np.zeros(ROWS, np.int64),
            np.zeros((words, ROWS), np.uint64),
            np.zeros((ROWS, dimension), np.int8),
            np.zeros(ROWS, np.float32),
            np.zeros(ROWS, np.bool_),
        )

    @property
    def room(self) -> int:
        """How many rows can still be filled; none once its codes are left in a file."""
        return ROWS - self.count if self.codes.flags.writeable else 0

    @property
    def living(self) -> int:
        """How many rows are filled and not removed."""
        return int(np.count_nonzero(self.alive[: self.count]))

    def filled(
        self, keys: Keys, sketches: NDArray[np.uint64], codes: NDArray[np.int8], scales: NDArray[np.float32]
    ) -> "Segment":
        """This segment with more rows, at most as many as there is room for."""
        end = self.count + len(keys)
        rows = slice(self.count, end)
        self.keys[rows], self.scales[rows], self.codes[rows] = keys, scales, codes
        self.planes[:, rows] = sketches.T
        self.alive[rows] = True
        lowest, highest = int(keys.min()), int(keys.max())
        if self.count:
            lowest, highest = min(lowest, self.lowest), max(highest, self.highest)
        return replace(self, count=end, lowest=lowest, highest=highest, file=None)

    def rows(self, keys: Keys) -> NDArray[np.int64]:
        """The living rows of those of the keys that are here."""
        near = keys[(keys >= self.lowest) & (keys <= self.highest)]
        if not len(near):
            return np.empty(0, np.int64)
        found = np.flatnonzero(np.isin(self.keys[: self.count], near))
        return found[self.alive[found]]

    def let_go(self) -> None:
        """Give back the memory that codes left in a file took; the system keeps them at hand as long as it can."""
        if isinstance(self.codes, np.memmap) and isinstance(self.codes.base, mmap.mmap):
            self.codes.base.madvise(mmap.MADV_DONTNEED)

    def memory(self) -> int:
        """Bytes in memory; codes that are left in a file are not."""
        codes = 0 if isinstance(self.codes, np.memmap) else self.codes.nbytes
        return self.keys.nbytes + self.planes.nbytes + codes + self.scales.nbytes + self.alive.nbytes


def joined(first: Segment, second: Segment) -> Segment:
    """The living rows of two segments, which must fit in one."""
    new = Segment.empty(len(first.planes), first.codes.shape[1])
    for old in (first, second):
        rows = np.flatnonzero(old.alive[: old.count])
        if len(rows):
            new = new.filled(old.keys[rows], old.planes[:, rows].T, old.codes[rows], old.scales[rows])
    return new
