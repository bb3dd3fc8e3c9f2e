"""Vectors as they lie in the tables, little-endian: embeddings as float16, users' vectors as float32.

Of an embedding only the direction says something, and float16 keeps that to a few parts in 100,000 (a cosine moves by
less than 1e-7), in half the space; what it does to the length is put right when it is read. A user's vector is shorter
than 1 for a reason, there are few of them, and with its length rounded a user of one face would no longer answer 100
to that very face. `benchmarks/README.md` has the figures.

Beside each vector lies a CRC-32 of it and of the keys that it lies under, so that a changed bit is noticed and a vector
that lies in another's place. It is no protection from whoever can write to the tables, who could replace keys and
faces as well; for what disks, memory and file systems do it is as good as a keyed hash, in a third of the time.
"""

from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mien.store.base import Row

Vectors = NDArray[np.float32]
_OWN = 3  # columns of a row whose checksum covers its own key
SHORTEST, LONGEST = 0.999, 1.001  # of an embedding as it is kept: rounding moves each number by 2**-11 of it at most


def pack(embedding: Vectors) -> bytes:
    """An embedding, float32 (D,) of length 1, as it is kept."""
    return np.ascontiguousarray(embedding, "<f2").tobytes()


def unpack(stored: Sequence[bytes]) -> Vectors:
    """Embeddings as they were kept, as float32 (N, D), each of length 1; (0, 0) for none."""
    vectors = raw(stored)
    vectors *= (1 / np.sqrt(np.vecdot(vectors, vectors)))[:, None]
    return vectors


def raw(stored: Sequence[bytes]) -> Vectors:
    """The same with the lengths they have in the table; they must have one number of dimensions."""
    values = np.frombuffer(b"".join(stored), "<f2").astype(np.float32)
    return values.reshape(len(stored), -1) if stored else values.reshape(0, 0)


def pack_user(vector: Vectors) -> bytes:
    """A user's vector, float32 (D,), as it is kept."""
    return np.ascontiguousarray(vector, "<f4").tobytes()


def unpack_users(stored: Sequence[bytes]) -> Vectors:
    """Users' vectors as they were kept, as float32 (N, D); (0, 0) for none."""
    values = np.frombuffer(b"".join(stored), "<f4").astype(np.float32, copy=False)
    return values.reshape(len(stored), -1) if stored else values.reshape(0, 0)


def checksum(vector: bytes, *keys: int) -> int:
    """Returns the CRC-32 of a vector as it is kept and of the keys that it lies under."""
    found = 0
    for key in keys:
        found = crc32(key.to_bytes(8, "little", signed=True), found)
    return crc32(vector, found)


def fits(vector: bytes, kept: int | None, *keys: int) -> bool:
    """Says whether a vector is what was kept under these keys; one that has no checksum yet is believed."""
    try:
        return checksum(vector, *keys) == kept or (kept is None and len(vector) > 0)
    except (TypeError, AttributeError, OverflowError):  # damage can turn a column into one of another type
        return False


def sift(rows: Sequence[Row]) -> tuple[Sequence[Row], list[int]]:
    """Splits rows into those that can be relied on and the keys of those that are damaged.

    Args:
        rows: key, vector, checksum, and the keys that the checksum covers where it is not that one.
    """
    try:
        if len(rows) and len(rows[0]) == _OWN:  # most rows there are; a call for each would take three times as long
            wrong = [0 for row in rows if crc32(row[1], crc32(row[0].to_bytes(8, "little"))) != row[2]]
        else:
            wrong = [0 for row in rows if checksum(row[1], *row[_OWN:]) != row[2]]
    except (TypeError, AttributeError, OverflowError):
        return _sifted(rows)
    return _sifted(rows) if wrong else (rows, [])


def _sifted(rows: Sequence[Row]) -> tuple[Sequence[Row], list[int]]:
    good = [row for row in rows if fits(*row[1:_OWN], *(row[_OWN:] or row[:1]))]
    sizes = Counter(len(row[1]) for row in good)
    if len(sizes) > 1:  # only those without a checksum can differ, and numpy would refuse all of them for one
        size = sizes.most_common(1)[0][0]
        good = [row for row in good if len(row[1]) == size]
    fine = {row[0] for row in good}
    return good, [row[0] for row in rows if row[0] not in fine]


def narrow(stored: bytes) -> bytes:
    """An embedding that was kept as float32, as it is kept now; for migrations."""
    return pack(np.frombuffer(stored, "<f4"))
