"""Keeps each access key to its rate, over all workers: token buckets in shared memory.

A bucket that is full again says nothing, so its place serves another key: the memory is fixed, and holds all keys that
called within the last second. If more called, the bucket that has waited longest is given away, and refills.
"""

import hashlib
import struct
import time
from collections.abc import Callable

from mien.system.shared_memory import SharedMemory

_BUCKET = struct.Struct("=Qddd")  # digest of the key, its rate, tokens left, and when that was
_PLACES = 16  # where a key's bucket may lie, from the place that its digest names


class Rates:
    """Token buckets, each of which allows a burst of one second's requests.

    Args:
        memory: shared by all workers, zeroed.
        clock: returns seconds, the same for all workers.
    """

    def __init__(self, memory: SharedMemory, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory = memory
        self._clock = clock
        self._count = len(memory.view) // _BUCKET.size

    def take(self, access_key: str, rate: float) -> bool:
        """Takes a token, and returns False if the key has used up its rate."""
        digest = int.from_bytes(hashlib.blake2b(access_key.encode(), digest_size=8).digest())
        with self._memory.exclusive():
            now = self._clock()
            place, level = self._find(digest, rate, now)
            _BUCKET.pack_into(self._memory.view, place, digest, rate, level - (level >= 1), now)
        return level >= 1

    def _find(self, digest: int, rate: float, now: float) -> tuple[int, float]:
        """Returns the place of a key's bucket, and the tokens in it by now."""
        free, longest = 0, -1.0
        for step in range(_PLACES):
            place = (digest + step) % self._count * _BUCKET.size
            of, of_rate, level, filled = _BUCKET.unpack_from(self._memory.view, place)
            if of == digest:
                return place, min(max(1.0, rate), level + (now - filled) * rate)
            is_full = level + (now - filled) * of_rate >= max(1.0, of_rate)
            waited = float("inf") if not of or is_full else now - filled
            if waited > longest:
                free, longest = place, waited
        return free, max(1.0, rate)
