"""Scans sketches and codes with NumPy alone, where Numba is not installed.

Each step of a block goes through memory, in several threads if the gallery has them. The candidates are those of
`compiled`: every row nearer than the threshold, which is lowered in the same way.
"""

import numpy as np
from numpy.typing import NDArray

from mien.gallery.candidates import PLACE, SCRATCH

ROWS = 1 << 14  # measured together: their words stay in the second-level cache
CODES = 1 << 10  # rows whose codes are widened together


def scan(  # noqa: PLR0917
    planes: NDArray[np.uint64], alive: NDArray[np.bool_], rows: tuple[int, int], base: int,
    probes: NDArray[np.uint64], weights: NDArray[np.uint64], wanted: int,
    found: NDArray[np.int64], weighed: NDArray[np.int32], state: NDArray[np.int64],
) -> None:  # fmt: skip
    """Adds the rows nearest to each probe to the candidates (see `compiled.scan`, which has the same arguments)."""
    for start in range(rows[0], rows[1], ROWS):
        stop = min(start + ROWS, rows[1])
        block, living = planes[:, start:stop], alive[start:stop]
        for q, probe in enumerate(probes):
            distances = _distances(block, probe)
            near = np.flatnonzero((distances < state[q, 1]) & living)
            while len(near):
                some, near = np.split(near, [found.shape[1] - state[q, 0]])  # as many as there is room for
                _keep(block, some, distances[some], base + start, probe, weights[q], (found[q], weighed[q], state[q]))
                if state[q, 0] >= SCRATCH * wanted:
                    _lower(found[q], weighed[q], state[q], wanted)
                    near = near[distances[near] < state[q, 1]]


def _distances(block: NDArray[np.uint64], probe: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Returns in how many bits each sketch of a block, uint64 (W, N), differs from a probe's: uint16 (N,)."""
    distances = np.zeros(block.shape[1], np.uint16)
    for plane, word in zip(block, probe, strict=True):
        distances += np.bitwise_count(plane ^ word)
    return distances


def _keep(  # noqa: PLR0917
    block: NDArray[np.uint64], rows: NDArray[np.intp], distances: NDArray[np.uint16], base: int,
    probe: NDArray[np.uint64], weights: NDArray[np.uint64],
    kept: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]],
) -> None:  # fmt: skip
    """Appends rows of a block to the candidates of a probe, with their weighted distances."""
    found, weighed, state = kept
    start, stop = int(state[0]), int(state[0]) + len(rows)
    found[start:stop] = (distances.astype(np.int64) << PLACE) + base + rows
    differs = block[:, rows] ^ probe[:, None]
    total = np.zeros(len(rows), np.int32)
    for level, bits in enumerate(weights.T):
        total += np.bitwise_count(differs & bits[:, None]).sum(axis=0, dtype=np.int32) << level
    weighed[start:stop] = total
    state[2:] += np.bincount(distances, minlength=len(state) - 2)
    state[0] = stop


def _lower(found: NDArray[np.int64], weighed: NDArray[np.int32], state: NDArray[np.int64], wanted: int) -> None:
    """Keeps the `wanted` nearest candidates, and sets the threshold to the furthest of them."""
    count = int(state[0])
    distances = found[:count] >> PLACE
    upto = np.cumsum(state[2:])
    bar = int(np.searchsorted(upto, wanted))
    nearer = int(upto[bar - 1]) if bar else 0
    ties = np.flatnonzero(distances == bar)[: wanted - nearer]
    kept = np.sort(np.concatenate([np.flatnonzero(distances < bar), ties]))
    found[: len(kept)], weighed[: len(kept)] = found[kept], weighed[kept]
    state[0], state[1] = len(kept), bar
    state[2 + bar] = wanted - nearer
    state[3 + bar :] = 0


def cosines(
    codes: NDArray[np.int8], scales: NDArray[np.float32], rows: NDArray[np.int64], probe: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Computes the cosines of some rows with a probe (see `compiled.cosines`)."""
    for start in range(0, len(rows), CODES):
        some = rows[start : start + CODES]
        out[start : start + len(some)] = codes[some].astype(np.float32) @ probe * scales[some]
