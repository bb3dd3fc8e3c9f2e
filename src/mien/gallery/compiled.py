"""Compiles the two loops of a sketched search: distances of sketches, and cosines of eight-bit codes.

NumPy has the same instructions, but writes each step to memory and holds the interpreter lock between steps. These
loops scan about as fast as memory is read (see `benchmarks/README.md`, "How a gallery is scanned"). They are compiled
on the first sketched gallery of a process, once for arrays in memory and for those mapped from files.
"""

from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from mien.gallery.candidates import BLOCK, MASK, PLACE, SCRATCH

STEP = 4  # words of a sketch taken at a time; sketches are a multiple of it
LANE = 8  # rows that are skipped together if none of them is near: a byte of a word each


def _count_ones(_: Any, word: Any) -> Any:
    """Counts the bits set in a word: one instruction, or with AVX-512 one for eight words."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(word), build


_ones: Any = intrinsic(_count_ones)


def _array(of: Any, axes: int, readonly: bool = True) -> Any:
    """Returns the type of a contiguous array; one that is not written to may also be a read-only one."""
    return types.Array(of, axes, "C", readonly=readonly)


_pair: Any = types.UniTuple
_SCAN = types.void(
    _array(types.uint64, 2), _array(types.boolean, 1), _pair(types.int64, 2), types.int64,
    _array(types.uint64, 2), _array(types.uint64, 3), types.int64,
    _array(types.int64, 2, False), _array(types.int32, 2, False), _array(types.int64, 2, False),
)  # fmt: skip
_COSINES = types.void(
    _array(types.int8, 2), _array(types.float32, 1), _array(types.int64, 1), _array(types.float32, 1),
    _array(types.float32, 1, False),
)  # fmt: skip


@numba.njit(nogil=True, boundscheck=False, error_model="numpy")
def _measure(planes: Any, start: int, size: int, probe: Any, distances: Any) -> None:
    """Computes distances of some sketches from a probe's, in contiguous slices, which the compiler vectorises."""
    for w in range(0, len(planes), STEP):
        first, second = planes[w, start : start + size], planes[w + 1, start : start + size]
        third, fourth = planes[w + 2, start : start + size], planes[w + 3, start : start + size]
        a, b, c, d = probe[w], probe[w + 1], probe[w + 2], probe[w + 3]
        for i in range(size):
            ones = _ones(first[i] ^ a) + _ones(second[i] ^ b) + _ones(third[i] ^ c) + _ones(fourth[i] ^ d)
            distances[i] = ones if w == 0 else distances[i] + ones


@numba.njit(nogil=True, boundscheck=False, error_model="numpy")
def _weigh(  # noqa: PLR0917
    planes: Any, rows: Any, base: int, probe: Any, weights: Any, weighed: Any
) -> None:  # fmt: skip
    """Computes the weighted distances of some sketches: sums of the weights of the bits that differ."""
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    for w in range(len(planes)):
        plane, bits = planes[w], probe[w]
        a, b, c, d, e = weights[w, 0], weights[w, 1], weights[w, 2], weights[w, 3], weights[w, 4]
        for i in range(len(rows)):
            differs = plane[(rows[i] & MASK) - base] ^ bits
            total = _ones(differs & a) + (_ones(differs & b) << one) + (_ones(differs & c) << two)
            total += (_ones(differs & d) << three) + (_ones(differs & e) << four)
            weighed[i] = np.int32(total) if w == 0 else weighed[i] + np.int32(total)


@numba.njit(nogil=True, boundscheck=False, error_model="numpy", inline="always")
def _lowest(word: Any) -> Any:
    """Returns the place of the lowest bit set in a word."""
    one = np.uint64(1)
    return np.int64(_ones((word & (~word + one)) - one))


@numba.njit(nogil=True, boundscheck=False, error_model="numpy")
def _lower(found: Any, weighed: Any, state: Any, wanted: int) -> None:
    """Keeps the `wanted` nearest candidates, and sets the threshold to the furthest of them."""
    nearer, bar = 0, 0
    while nearer + state[2 + bar] < wanted:
        nearer += state[2 + bar]
        bar += 1
    ties, kept = wanted - nearer, 0
    for i in range(state[0]):
        distance = found[i] >> PLACE
        if distance < bar or (distance == bar and ties > 0):
            ties -= distance == bar
            found[kept], weighed[kept] = found[i], weighed[i]
            kept += 1
    state[0], state[1] = kept, bar
    state[2 + bar] = wanted - nearer
    state[3 + bar :] = 0


@numba.njit(_SCAN, nogil=True, boundscheck=False, error_model="numpy")
def scan(  # noqa: PLR0917
    planes: Any, alive: Any, rows: Any, base: int, probes: Any, weights: Any, wanted: int,
    found: Any, weighed: Any, state: Any,
) -> None:  # fmt: skip
    """Adds the rows nearest to each probe to the candidates, in one pass over memory for all probes.

    Candidates are counted by distance, so that lowering the threshold takes one pass over them and no sorting. Their
    weighted distances are computed while a block's sketches are in the cache: to fetch them again takes as long as
    fetching codes.

    Args:
        planes: uint64 (W, N), bits of N sketches: word `w` of all rows, then word `w + 1`.
        alive: bool (N,), rows that count.
        rows: (start, stop), the rows to scan.
        base: the number of row 0.
        probes: uint64 (Q, W), sketches to search for.
        weights: uint64 (Q, W, 5), of their bits (see `Sketcher.weights`).
        wanted: how many of the nearest rows are certainly among the candidates.
        found: int64 (Q, SCRATCH * wanted + BLOCK), numbers of rows, and above them, from bit `PLACE` on, their
            distances; filled here.
        weighed: int32, as `found`, the candidates' weighted distances; filled here.
        state: int64 (Q, 2 + 64 * W + 1): how many candidates there are, the threshold that further ones must be
            below, and how many candidates there are at each distance.
    """
    distances, near = np.empty(BLOCK, np.uint16), np.zeros(BLOCK, np.uint8)
    lanes = near.view(np.uint64)
    for start in range(rows[0], rows[1], BLOCK):
        size = min(BLOCK, rows[1] - start)
        for q in range(len(probes)):
            _measure(planes, start, size, probes[q], distances)
            earlier, bar = state[q, 0], np.uint16(state[q, 1])
            count = earlier
            for i in range(size):
                near[i] = distances[i] < bar
            near[size : size + -size % LANE] = 0
            for lane in range((size + LANE - 1) // LANE):
                flags = lanes[lane]
                while flags:
                    row = LANE * lane + _lowest(flags) // 8
                    flags &= flags - np.uint64(1)
                    if alive[start + row]:
                        found[q, count] = (np.int64(distances[row]) << PLACE) + base + start + row
                        state[q, 2 + distances[row]] += 1
                        count += 1
            _weigh(planes, found[q, earlier:count], base, probes[q], weights[q], weighed[q, earlier:count])
            state[q, 0] = count
            if count >= SCRATCH * wanted:
                _lower(found[q], weighed[q], state[q], wanted)


@numba.njit(_COSINES, nogil=True, boundscheck=False, error_model="numpy", fastmath=True)
def cosines(codes: Any, scales: Any, rows: Any, probe: Any, out: Any) -> None:
    """Computes the cosines of some rows with a probe.

    Args:
        codes: int8 (N, D).
        scales: float32 (N,); a row's embedding is approximately its code times its scale.
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
