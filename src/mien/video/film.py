"""A film as frames: opened, its header read within bounds, and decoded by a process of its own (`decoding.py`)."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from types import TracebackType
from typing import BinaryIO, Literal

from mien.errors import FilmError
from mien.face.types import Pixels
from mien.image.orientation import upright
from mien.video import messages
from mien.video.decoder_process import REASONS, DecoderProcess

SAMPLED_MS = 500  # AWS looks at a stored video twice a second
MOST_PIXELS = 4096 * 4096  # of a frame; a film of 4K has 9 million
BYTES_A_PIXEL = 80  # that decoding holds for a pixel: FFmpeg keeps up to 17 frames of up to 4 bytes a pixel
SPARE = 256 << 20  # bytes that it may hold besides
Formats = Literal["aws", "web", "all"]


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


@dataclass(frozen=True, slots=True)
class Bounds:
    """What films are taken.

    Attributes:
        formats: "aws" is MP4 and MOV with H.264; "web" is also WebM and Matroska, with VP8 and VP9; "all" is what
            FFmpeg reads.
        gigabytes: size of a file, at most.
        hours: length of a film, at most; a film that has an address is not bounded.
    """

    formats: Formats = "aws"
    gigabytes: float = 10.0
    hours: float = 6.0


class Film:
    """An opened film; use it as a context. Made by `open_film`.

    Attributes:
        metadata: what its header says.
    """

    def __init__(self, process: DecoderProcess) -> None:
        self._process = process
        try:
            self.metadata = Metadata(**json.loads(process.answer(messages.METADATA)))
        except BaseException:
            process.close()
            raise

    def frames(self, every_ms: int = SAMPLED_MS, start_ms: int = 0) -> Iterator[Frame]:
        """Yields the first frame of each stretch of `every_ms`, counted from the film's start. To be called once.

        Args:
            every_ms: the stretch of time of which one frame is decoded; 0 for every frame.
            start_ms: frames of stretches that begin before this time are left out.

        Raises:
            FilmError: the film is damaged or cut off.
        """
        for answer in self._process.frames(every_ms, start_ms):
            yield _frame(answer)

    def close(self) -> None:
        """Ends the process that decodes; the file is its owner's to close."""
        self._process.close()

    def __enter__(self) -> "Film":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_film(source: PathLike[str] | str | BinaryIO, bounds: Bounds | Formats = "aws") -> Film:
    """Opens a film and decodes its first frame.

    Args:
        source: the path of a file; a file opened for reading bytes, which is read as `frames` goes on; or, as a str, an
            address that FFmpeg opens, such as rtsp://….
        bounds: what films are taken, or only in which formats.

    Raises:
        SetupError: PyAV is not installed.
        FilmError: there is no film, or it is damaged, cut off, too large, or in a format that is not taken.
        OSError: the file cannot be read.
    """
    bounds = bounds if isinstance(bounds, Bounds) else Bounds(bounds)
    memory = {"spare": SPARE, "bytes_a_pixel": BYTES_A_PIXEL}
    return Film(DecoderProcess(source, dataclasses.asdict(bounds) | {"pixels": MOST_PIXELS} | memory))


def _frame(answer: Pixels) -> Frame:
    """Returns a frame as the process sends it: a head, and rows that may be longer than their pixels."""
    at_ms, rows, columns, stride, orientation = messages.FRAME.unpack(answer[: messages.FRAME.size].tobytes())
    pixels = answer[messages.FRAME.size :]
    if min(rows, columns) < 1 or columns * 3 > stride or rows * stride != len(pixels):
        raise FilmError(REASONS["damaged"])
    lying = pixels.reshape(rows, stride)[:, : columns * 3].reshape(rows, columns, 3)
    return Frame(at_ms, upright(lying, orientation))
