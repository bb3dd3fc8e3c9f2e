"""A film as frames: opened, its header read within bounds, and decoded at a given distance in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import FilmError, SetupError
from mien.face.types import Pixels

if TYPE_CHECKING:
    import av

SAMPLED_MS = 500  # AWS looks at a stored video twice a second
Formats = Literal["aws", "web", "all"]
_CONTAINERS = {
    "aws": ("mov", ("h264",)),
    "web": ("mov,matroska,webm", ("h264", "vp8", "vp9")),
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the header of a film says; sides are those of the upright picture.

    Attributes:
        codec: as FFmpeg names it, as "h264".
        duration_ms: 0 where the header does not say it, as in a recording of a browser or a camera.
        format: the container as FFmpeg names it, as "QuickTime / MOV".
        frame_rate: frames a second on average.
        width: columns.
        height: rows.
        color_range: "FULL" or "LIMITED".
    """

    codec: str
    duration_ms: int
    format: str
    frame_rate: float
    width: int
    height: int
    color_range: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a film: its time from the film's start, and uint8 BGR (H, W, 3), upright."""

    at_ms: int
    pixels: Pixels


class Film:
    """An opened film; use it as a context. Made by `open_film`."""

    def __init__(self, container: "av.container.InputContainer", formats: Formats) -> None:
        self._container = container
        self._stream = container.streams.video[0]
        self.metadata = self._read(formats)

    def frames(self, every_ms: int = SAMPLED_MS, start_ms: int = 0) -> Iterator[Frame]:
        """Yields the first frame at or after each multiple of `every_ms`; every frame where that is 0.

        Args:
            every_ms: distance of the samples.
            start_ms: time from which frames are yielded.

        Raises:
            FilmError: the film is damaged or cut off.
        """
        import av  # noqa: PLC0415  an optional dependency

        due = start_ms
        try:
            for frame in self._container.decode(self._stream):
                at = int(1000 * (frame.time or 0.0))
                if at < due:
                    continue
                due = max(due, at - at % every_ms + every_ms) if every_ms else due
                yield Frame(at, _upright(frame.to_ndarray(format="bgr24"), frame.rotation))
        except av.FFmpegError as error:
            raise FilmError(f"The film is damaged: {error.strerror}.") from None

    def close(self) -> None:
        """Closes the file."""
        self._container.close()

    def __enter__(self) -> "Film":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, formats: Formats) -> Metadata:
        context, container = self._stream.codec_context, self._container
        if formats in _CONTAINERS and context.name not in _CONTAINERS[formats][1]:
            raise FilmError(f"Films with {context.name} are not taken.")
        duration = container.duration or 0
        return Metadata(
            codec=context.name,
            duration_ms=duration // 1000,
            format=container.format.long_name,
            frame_rate=float(self._stream.average_rate or 0),
            width=context.width,
            height=context.height,
            color_range="FULL" if context.color_range == 2 else "LIMITED",
        )


def open_film(source: Path | str | BinaryIO, formats: Formats = "aws") -> Film:
    """Opens a film and reads its header.

    Args:
        source: the path of a file, a file opened for reading bytes, or, as a str, any address that FFmpeg opens.
        formats: what is taken: "aws" is MP4 and MOV with H.264, "web" also WebM and Matroska with VP8 and VP9, "all"
            whatever FFmpeg reads.

    Raises:
        SetupError: PyAV is not installed.
        FilmError: there is no film, or it is damaged, cut off, too large, or in a format that is not taken.
    """
    try:
        import av  # noqa: PLC0415
    except ImportError:
        raise SetupError("Films need the package av: pip install 'mien[video]'.") from None
    try:
        container = av.open(str(source) if isinstance(source, Path) else source, mode="r")
    except av.FFmpegError as error:
        raise FilmError(f"The film cannot be opened: {error.strerror}.") from None
    if not container.streams.video:
        container.close()
        raise FilmError("The film has no pictures.")
    return Film(container, formats)


def _upright(pixels: NDArray[Any], degrees: int) -> Pixels:
    turned: Pixels = np.ascontiguousarray(np.rot90(pixels, round(degrees / 90)))
    return turned
