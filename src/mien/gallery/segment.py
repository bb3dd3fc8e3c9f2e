"""Holds a part of a sketched gallery's embeddings: rows in arrays that are never moved.

Rows are filled from the front and never change once filled; only `alive` is cleared in place when a row is removed.
So a thread may read a segment without a lock, whatever changes meanwhile, and all arrays but `alive` may be mapped from
a file that other processes map too.
"""

import mmap
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.gallery.base import Keys

ROWS = 1 << 17  # of a segment


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Embeddings in quantised form.

    Arrays have `ROWS` rows; those mapped from the segment's file have `count` and are read-only.

    Attributes:
        keys: int64 (ROWS,).
        planes: uint64 (W, ROWS), sketches: word `w` of all rows, then word `w + 1`.
        codes: int8 (ROWS, D).
        scales: float32 (ROWS,).
        alive: bool (ROWS,), never mapped.
        count: rows that are filled.
        lowest, highest: bounds of its keys.
        file: its path, if it has one, and the CRC-32 of that file.
        paged: the mapping that its codes lie in, at the front, if they are released after each search.
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
    paged: mmap.mmap | None = None

    @classmethod
    def empty(cls, words: int, dimension: int) -> "Segment":
        """Returns a segment without rows."""
        return cls(
            np.zeros(ROWS, np.int64),
            np.zeros((words, ROWS), np.uint64),
            np.zeros((ROWS, dimension), np.int8),
            np.zeros(ROWS, np.float32),
            np.zeros(ROWS, np.bool_),
        )

    @property
    def room(self) -> int:
        """Returns the number of rows that can still be filled; none if its codes are mapped from a file."""
        return ROWS - self.count if self.codes.flags.writeable else 0

    @property
    def living(self) -> int:
        """Returns the number of rows that are filled and not removed."""
        return int(np.count_nonzero(self.alive[: self.count]))

    def filled(
        self, keys: Keys, sketches: NDArray[np.uint64], codes: NDArray[np.int8], scales: NDArray[np.float32]
    ) -> "Segment":
        """Returns this segment with more rows, at most `room`."""
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
        """Returns the living rows of those of the keys that it holds."""
        near = keys[(keys >= self.lowest) & (keys <= self.highest)]
        if not len(near):
            return np.empty(0, np.int64)
        found = np.flatnonzero(np.isin(self.keys[: self.count], near))
        return found[self.alive[found]]

    def release(self) -> None:
        """Releases the memory of paged codes, which stay in the system's page cache while there is room."""
        if self.paged:
            self.paged.madvise(mmap.MADV_DONTNEED, 0, self.codes.nbytes // mmap.PAGESIZE * mmap.PAGESIZE)

    def memory(self) -> int:
        """Returns its bytes in memory, without paged codes."""
        codes = 0 if self.paged else self.codes.nbytes
        return self.keys.nbytes + self.planes.nbytes + codes + self.scales.nbytes + self.alive.nbytes


def joined(first: Segment, second: Segment) -> Segment:
    """Returns a segment of the living rows of two, which must fit in one."""
    new = Segment.empty(len(first.planes), first.codes.shape[1])
    for old in (first, second):
        rows = np.flatnonzero(old.alive[: old.count])
        if len(rows):
            new = new.filled(old.keys[rows], old.planes[:, rows].T, old.codes[rows], old.scales[rows])
    return new
