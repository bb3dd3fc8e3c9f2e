"""Reads float32 arrays from a file of joblib, without running the pickle in it.

joblib writes a pickle, compressed with LZ4, in which each array is announced by its shape and follows as raw bytes.
Loading a pickle runs its author's program. Here its instructions are only parsed (`pickletools`): the words in it must
be those of a list of arrays, its numbers are shapes, and nothing is imported or called.
"""

import io
import math
import pickletools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError

MOST_BYTES = 64 << 20  # of arrays; MTCNN's largest network has 1.6 MB
_WORDS = frozenset(
    {"joblib.numpy_pickle", "NumpyArrayWrapper", "subclass", "numpy", "ndarray", "shape", "order", "C", "dtype", "f4",
     "<", "allow_mmap", "numpy_array_alignment_bytes"}
)  # fmt: skip
_INTEGERS = ("BININT", "BININT1", "BININT2")
_TUPLES = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")


def read(file: Path) -> Iterator[NDArray[np.float32]]:
    """Yields the arrays of a file, in their order.

    Raises:
        SetupError: the package that decompresses them is not installed.
        ValueError: the file is not of this format.
    """
    stream = io.BytesIO(_decompressed(file.read_bytes()))
    while (shape := _announced(stream)) is not None:
        stream.seek(int.from_bytes(stream.read(1)), io.SEEK_CUR)  # a count of padding bytes, and the padding
        length = 4 * math.prod(shape)
        data = stream.read(length)
        if len(data) != length:
            raise ValueError("an array is longer than the file")
        yield np.frombuffer(data, "<f4").reshape(shape)


def _announced(stream: io.BytesIO) -> tuple[int, ...] | None:
    """Returns the shape of the next array, or None at the end, and leaves the stream at the array's bytes.

    Raises:
        ValueError: the file holds anything but float32 arrays.
    """
    numbers: list[int] = []
    shape: tuple[int, ...] | None = None
    last = ""
    for instruction, argument, _ in pickletools.genops(stream):
        if isinstance(argument, str) and argument not in _WORDS:
            raise ValueError("the file holds more than arrays")
        if instruction.name in _INTEGERS:
            numbers.append(int(str(argument)))
        elif instruction.name in _TUPLES and shape is None and numbers:
            shape = tuple(numbers)
        elif instruction.name == "BUILD" and last == "SETITEMS":  # the last step in the description of an array
            if shape is None or min(shape) < 1:
                raise ValueError("an array has no shape")
            return shape
        elif instruction.name == "STOP":
            return None
        last = instruction.name
    raise ValueError("the file ends too soon")


def _decompressed(packed: bytes) -> bytes:
    """Returns the file's content, bounded by MOST_BYTES."""
    try:
        import lz4.frame  # noqa: PLC0415  an extra
    except ImportError:
        raise SetupError("This pack's weights are compressed with lz4: `pip install 'mien[dlib]'`.") from None
    reading = lz4.frame.LZ4FrameDecompressor()
    try:
        content = reading.decompress(packed, max_length=MOST_BYTES)
    except (RuntimeError, MemoryError):
        raise ValueError("the file is not compressed with LZ4, or damaged") from None
    if not reading.eof:
        raise ValueError(f"the file holds more than {MOST_BYTES >> 20} MiB, or ends too soon")
    return bytes(content)
