"""The two loops of a sketched search, compiled: distances of sketches, and cosines of eight-bit codes.

NumPy has the same instructions, but writes every step of them to memory and holds the interpreter between steps: it
scans in 2.5 times the time of reading the sketches, these loops in the time of reading them (`benchmarks/README.md`,
"How a gallery is scanned"). Compiled on the first sketched gallery of a process, in about a second.
"""

from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

BLOCK = 1024  # rows whose distances are held in the first cache
STEP = 4  # words of a sketch taken at a time; sketches are a multiple of it
LANE = 64  # rows that are passed over together when none of them is near
PLACE = 40  # bits of a row's number
SCRATCH = 3  # candidates kept, for each wanted, before the bar is lowered


def _count_ones(_: Any, word: Any) -> Any:
    """How many bits of a word are set: one instruction, and with AVX-512 one for eight words."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(word), build


_ones: Any = intrinsic(_count_ones)


@numba.njit(nogil=True, boundscheck=False, error_model="numpy")
def scan(  # noqa: PLR0917
    planes: Any, alive: Any, rows: Any, base: int, probes: Any, wanted: int, found: Any, state: Any
) -> None:
    """Take the rows nearest to each probe into what was found before. All probes share one pass over memory.

    Distances are counted as they come, so that lowering the bar takes one walk over what was found and no sorting.

    Args:
        planes: uint64 (W, N), bits of N sketches: word `w` of all rows, then word `w + 1`.
        alive: bool (N,), rows that count.
        rows: (start, stop), the rows to look at.
        base: the number of row 0.
        probes: uint64 (Q, W), sketches looked for.
        wanted: how many of the nearest rows are certainly among what is found.
        found: int64 (Q, SCRATCH * wanted + BLOCK), numbers of rows, and above them, from bit `PLACE` on, their
            distances; filled here.
        state: int64 (Q, 2 + 64 * W + 1): how many were found, the bar that others
            must stay below, and how many were found at each distance.
    """
    distances = np.empty(BLOCK, np.uint16)
    for start in range(rows[0], rows[1], BLOCK):
        size = min(BLOCK, rows[1] - start)
        for q in range(len(probes)):
            _measure(planes, start, size, probes[q], distances)
            count, bar = state[q, 0], np.uint16(state[q, 1])
            for first in range(0, size, LANE):
                lane = distances[first : min(first + LANE, size)]
                least = lane[0]
                for i in range(len(lane)):
                    least = min(least, lane[i])
                if least >= bar:
                    continue
                for i in range(len(lane)):
                    if lane[i] < bar and alive[start + first + i]:
                        found[q, count] = (np.int64(lane[i]) << PLACE) + base + start + first + i
                        state[q, 2 + lane[i]] += 1
                        count += 1
            state[q, 0] = count
            if count >= SCRATCH * wanted:
                _lower(found[q], state[q], wanted)


@numba.njit(nogil=True, boundscheck=False, error_model="numpy")
def _measure(planes: Any, start: int, size: int, probe: Any, distances: Any) -> None:
    """Distances of some sketches from a probe's. Contiguous slices are what the compiler makes wide loops of."""
    for w in range(0, len(planes), STEP):
        first, second = planes[w, start : start + size], planes[w + 1, start : start + size]
        third, fourth = planes[w + 2, start : start + size], planes[w + 3, start : start + size]
        a, b, c, d = probe[w], probe[w + 1], probe[w + 2], probe[w + 3]
        for i in range(size):
            ones = _ones(first[i] ^ a) + _ones(second[i] ^ b) + _ones(third[i] ^ c) + _ones(fourth[i] ^ d)
            distances[i] = ones if w == 0 else distances[i] + ones


@numba.njit(nogil=True, boundscheck=False, error_model="numpy")
def _lower(found: Any, state: Any, wanted: int) -> None:
    """Keep the `wanted` nearest, drop the rest, and set the bar at the furthest of them."""
    nearer, bar = 0, 0
    while nearer + state[2 + bar] < wanted:
        nearer += state[2 + bar]
        bar += 1
    ties, kept = wanted - nearer, 0
    for i in range(state[0]):
        distance = found[i] >> PLACE
        if distance < bar or (distance == bar and ties > 0):
            ties -= distance == bar
            found[kept] = found[i]
            kept += 1
    state[0], state[1] = kept, bar
    state[2 + bar] = wanted - nearer
    state[3 + bar :] = 0


@numba.njit(nogil=True, boundscheck=False, error_model="numpy", fastmath=True)
def cosines(codes: Any, scales: Any, rows: Any, probe: Any, out: Any) -> None:
    """Cosines of some rows with a probe.

    Args:
        codes: int8 (N, D).
        scales: float32 (N,); a row's embedding is about its code times its scale.
        rows: int64 (R,), rows of `codes`.
        probe: float32 (D,).
        out: float32 (R,); filled here.
    """
    for i in range(len(rows)):
        code = codes[rows[i]]
        total = np.float32(0)
        for d in range(len(probe)):
            total += np.float32(code[d]) * probe[d]
        out[i] = total * scales[rows[i]]
