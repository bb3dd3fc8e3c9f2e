"""Vectors as they lie in the tables, little-endian: embeddings as float16, users' vectors as float32.

Of an embedding only the direction says something, and float16 keeps that to a few parts in 100,000 (a cosine moves by
less than 1e-7), in half the space; what it does to the length is put right when it is read. A user's vector is shorter
than 1 for a reason, there are few of them, and with its length rounded a user of one face would no longer answer 100
to that very face. `benchmarks/README.md` has the figures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
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


def narrow(stored: bytes) -> bytes:
    """An embedding that was kept as float32, as it is kept now; for migrations."""
    return pack(np.frombuffer(stored, "<f4"))
