"""Small films made for the tests: pictures in, a file out."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    rate: int = 10,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    **options: Any,
) -> Path:
    """Writes uint8 BGR pictures of one size as a film."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options={"preset": "ultrafast", "crf": "8"} | options)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = pixel_format
                stream.time_base = Fraction(1, rate)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    return path


def counting(frames: int, height: int = 96, width: int = 160) -> Iterable[NDArray[np.uint8]]:
    """Grey pictures, each 6 levels brighter than the one before, so that a frame tells which one it is."""
    for index in range(frames):
        yield np.full((height, width, 3), 20 + 6 * index, np.uint8)


def number(picture: NDArray[np.uint8]) -> int:
    """Which of the counting pictures a frame shows."""
    return round((float(picture.mean()) - 18) / 6)
