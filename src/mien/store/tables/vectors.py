"""Packs vectors for the tables, little-endian: embeddings as float16, users' vectors as float32.

Embeddings are rounded to float16 when they are made (`face.embed.Ensemble`), so nothing is lost in half the space of
float32. The length of an embedding says how crowded the face is (`face.crowd`). A user's vector is the mean of several
embeddings, and there are few of them.

Beside each vector is a CRC-32 of it and of its keys, which detects a changed bit and a vector under a wrong key. It
does not protect from an attacker who can write to the tables, who could also replace keys and faces; against faults
of disks, memory and file systems it is as good as a keyed hash, and faster.
"""

from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mien.store.base import Row

Vectors = NDArray[np.float32]
_OWN = 3  # columns of a row whose checksum covers its key alone
# of a stored embedding: no crowd makes one so short, and rounding moves each number by 2**-11 of it at most
SHORTEST, LONGEST = 0.1, 1.001


def pack(embedding: Vectors) -> bytes:
    """Packs an embedding, float32 (D,)."""
    return np.ascontiguousarray(embedding, "<f2").tobytes()


def unpack(stored: Sequence[bytes]) -> Vectors:
    """Unpacks embeddings to float32 (N, D); (0, 0) for none. All must have one dimension."""
    values = np.frombuffer(b"".join(stored), "<f2").astype(np.float32)
    return values.reshape(len(stored), -1) if stored else values.reshape(0, 0)


def pack_user(vector: Vectors) -> bytes:
    """Packs a user's vector, float32 (D,)."""
    return np.ascontiguousarray(vector, "<f4").tobytes()


def unpack_users(stored: Sequence[bytes]) -> Vectors:
    """Unpacks users' vectors to float32 (N, D); (0, 0) for none."""
    values = np.frombuffer(b"".join(stored), "<f4").astype(np.float32, copy=False)
    return values.reshape(len(stored), -1) if stored else values.reshape(0, 0)


def checksum(vector: bytes, *keys: int) -> int:
    """Returns the CRC-32 of a packed vector and its keys."""
    found = 0
    for key in keys:
        found = crc32(key.to_bytes(8, "little", signed=True), found)
    return crc32(vector, found)


def fits(vector: bytes, kept: int | None, *keys: int) -> bool:
    """Returns whether a packed vector has its checksum; one that has none yet is accepted."""
    try:
        return checksum(vector, *keys) == kept or (kept is None and len(vector) > 0)
    except (TypeError, AttributeError, OverflowError):  # damage can change the type of a value
        return False


def sift(rows: Sequence[Row]) -> tuple[Sequence[Row], list[int]]:
    """Splits rows into the intact ones and the keys of the damaged.

    Args:
        rows: key, vector, checksum, and the keys that the checksum covers if not that one.
    """
    try:
        if len(rows) and len(rows[0]) == _OWN:  # most rows; a call for each would be slower
            wrong = [0 for row in rows if crc32(row[1], crc32(row[0].to_bytes(8, "little"))) != row[2]]
        else:
            wrong = [0 for row in rows if checksum(row[1], *row[_OWN:]) != row[2]]
    except (TypeError, AttributeError, OverflowError):
        return _sifted(rows)
    return _sifted(rows) if wrong else (rows, [])


def _sifted(rows: Sequence[Row]) -> tuple[Sequence[Row], list[int]]:
    good = [row for row in rows if fits(*row[1:_OWN], *(row[_OWN:] or row[:1]))]
    sizes = Counter(len(row[1]) for row in good)
    if len(sizes) > 1:  # only those without a checksum can differ, and one would make numpy refuse all
        size = sizes.most_common(1)[0][0]
        good = [row for row in good if len(row[1]) == size]
    fine = {row[0] for row in good}
    return good, [row[0] for row in rows if row[0] not in fine]


def narrow(stored: bytes) -> bytes:
    """Packs an embedding that was stored as float32; for migrations."""
    return pack(np.frombuffer(stored, "<f4"))
