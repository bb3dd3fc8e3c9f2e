"""Pictures that a process of its own decodes: every format but JPEG and PNG.

Their decoders are large, have had faults that ran an attacker's code, and cannot be told how much memory to use. So
each picture gets a fresh process (`decoder.py`), which has no files, no secrets and no other picture, and ends with a
bound on its memory and time. A crash there is a damaged picture here.
"""

import importlib.util
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

import numpy as np

from mien.errors import InvalidImageFormatError
from mien.face.types import Pixels
from mien.image.limits import BYTES_PER_PIXEL

DECODER = Path(__file__).with_name("decoder.py")
# Bytes that the process holds for each pixel, at most; see `benchmarks/README.md`, "Pictures decoded in isolation".
BYTES_A_PIXEL = {"heic": 16, "avif": 16, "webp": 22, "tiff": 16, "gif": 10, "bmp": 10, "jxl": 32}
SPARE = 64 << 20  # bytes that it may hold besides
A_SECOND = 1_000_000  # pixels for which it may take a second, besides FIXED
FIXED = 15  # seconds
_PIECE = 1 << 20  # bytes received at a time
_WORK = 4  # JPEGs of the same size that take as long
_BYTES_TURNED = 6  # held for a pixel that is turned upright
_PACKAGES = {
    "heic": ("pillow_heif", "HEIC needs the package pillow-heif: pip install 'mien[heic]'."),
    "jxl": (
        "pillow_jxl",
        "JPEG XL needs the package pillow-jxl-plugin, which mien does not bring: it is under the GPL.",
    ),
}


@dataclass(frozen=True, slots=True)
class Isolated:
    """A picture whose header has been read here (see `decode.EncodedFile`).

    Attributes:
        data: the whole file.
        format: a key of BYTES_A_PIXEL.
        width: columns as its decoder answers them.
        height: rows, likewise.
        orientation: as EXIF names it, 1–8; 1 where the decoder answers upright pixels.
    """

    data: bytes
    format: str
    width: int
    height: int
    orientation: int = 1
    faster_when_smaller: ClassVar[bool] = False
    scales: ClassVar[tuple[int, ...]] = (7, 6, 5, 4, 3, 2, 1)

    @property
    def beside(self) -> int:
        """Bytes that its process holds, whatever the scale."""
        return self.width * self.height * BYTES_A_PIXEL[self.format]

    def held(self, eighths: int) -> int:
        """Returns the bytes held at most in this process (see `decode.EncodedFile`)."""
        pixels = self.width * self.height * eighths**2 // 64
        return pixels * (BYTES_PER_PIXEL if self.orientation == 1 else _BYTES_TURNED)

    def work(self) -> int:
        """Returns the pixels of a JPEG that take as long."""
        return _WORK * self.width * self.height

    def decode(self, eighths: int) -> Pixels:
        """Decodes at 1 to 8 eighths of the size in a process of its own (see `decode.EncodedFile`)."""
        pixels = np.empty((self.height * eighths // 8, self.width * eighths // 8, 3), np.uint8)
        seconds = FIXED + self.width * self.height // A_SECOND
        numbers = (self.width, self.height, eighths, self.beside + SPARE, seconds)
        process = subprocess.Popen(  # noqa: S603  this interpreter, and a file beside this one
            [sys.executable, "-S", "-B", "-P", str(DECODER), self.format, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        )
        late = threading.Timer(2 * seconds, process.kill)
        late.start()
        try:
            whole = _exchanged(process, self.data, pixels.data.cast("B")) and process.wait() == 0
        finally:
            late.cancel()
            process.kill()
            process.wait()
        if not whole:
            raise InvalidImageFormatError
        return pixels


def _exchanged(process: "subprocess.Popen[bytes]", data: bytes, place: memoryview) -> bool:
    """Sends the file and receives the pixels; returns whether all of them came, and nothing else."""
    if process.stdin is None or process.stdout is None:
        return False
    with process.stdin as sending, process.stdout as receiving:
        try:
            sending.write(data)
            sending.close()
        except BrokenPipeError:
            return False
        return _filled(receiving, place) and not receiving.read(1)


def _filled(stream: IO[bytes], place: memoryview) -> bool:
    while place:
        part = stream.read(min(len(place), _PIECE))
        if not part:
            return False
        place[: len(part)] = part
        place = place[len(part) :]
    return True


def missing(name: str) -> str | None:
    """Returns a sentence about the package that a format needs and that is not installed; None if it can be read."""
    if name not in _PACKAGES:
        return None
    package, sentence = _PACKAGES[name]
    return None if importlib.util.find_spec(package) else sentence
