"""Small films made for the tests: pictures in, a file out."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
STEP = 8  # levels between two of the counting pictures


def write(
    path: Path,
    pictures: Iterable[Picture],
    *,
    rate: int = 10,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    times_ms: Sequence[int] | None = None,
    lying: tuple[int, bool] = (0, False),
    full_range: bool = False,
    container: dict[str, str] | None = None,
    form: str | None = None,
    **options: Any,
) -> Path:
    """Writes uint8 BGR pictures of one size as a film.

    Args:
        path: of the file, whose suffix says the container.
        pictures: the pictures.
        rate: pictures a second.
        codec: FFmpeg's name of the encoder.
        pixel_format: as FFmpeg names it.
        times_ms: when each picture is shown, in place of the rate.
        lying: how a player turns it: degrees anticlockwise, and whether mirrored after.
        full_range: whether its levels are those of a computer, not those of television.
        container: options of the container.
        form: the container, in place of the suffix.
        options: of the encoder.
    """
    import av

    base = Fraction(1, 1000) if times_ms else Fraction(1, rate)
    usual = {"preset": "ultrafast", "crf": "8"} if codec == "libx264" else {}
    with av.open(str(path), "w", format=form, options=container or {}) as file:
        stream: Any = None
        for index, picture in enumerate(pictures):
            if stream is None:
                stream = file.add_stream(codec, rate=rate, options=usual | options)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = pixel_format
                stream.codec_context.time_base = base
                if full_range:
                    stream.codec_context.color_range = 2
                if lying != (0, False):
                    stream.set_display_rotation(lying[0], hflip=lying[1])
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame = frame.reformat(format=pixel_format, dst_color_range=2 if full_range else 0)
            frame.pts = times_ms[index] if times_ms else index
            frame.time_base = base
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def counting(frames: int, height: int = 96, width: int = 160) -> Iterator[Picture]:
    """Pictures of which each tells its number: grey levels of two halves, STEP levels apart."""
    for index in range(frames):
        picture = np.full((height, width, 3), 16 + STEP * (index % 24), np.uint8)
        picture[:, width // 2 :] = 16 + STEP * (index // 24)
        yield picture


def number(picture: Picture) -> int:
    """Which of the counting pictures a frame shows."""
    width = picture.shape[1]
    low, high = (float(each.mean()) - 14 for each in (picture[:, : width // 2 - 2], picture[:, width // 2 + 2 :]))
    return round(low / STEP) + 24 * round(high / STEP)


def corners(height: int = 96, width: int = 160) -> Picture:
    """A picture whose four quarters differ, so that it tells how it lies: red, green, blue and white."""
    picture = np.zeros((height, width, 3), np.uint8)
    half = slice(0, height // 2), slice(0, width // 2)
    rest = slice(height // 2, None), slice(width // 2, None)
    picture[half[0], half[1]], picture[half[0], rest[1]] = (40, 40, 220), (40, 200, 40)
    picture[rest[0], half[1]], picture[rest[0], rest[1]] = (220, 60, 40), (230, 230, 230)
    return picture
