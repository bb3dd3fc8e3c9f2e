"""Image bytes → upright RGB pixels: the step between an image's source and the search for faces.

The format is told by the first bytes (`contents.py`). The header is read next and checked against `limits.py`, so that
a decompression bomb is refused before a pixel is allocated. Each format has a file that reads its header, and a row in
READERS. JPEG and PNG are decoded in this process, all others each in one of its own (`isolated.py`). The scale is
chosen here: as small as the caller allows, and small enough that decoding holds at most MOST_HELD bytes. At the
smallest scale of its format a picture is decoded up to MOST_EVER bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mien.errors import ImageTooLargeError, InvalidImageFormatError, SetupError
from mien.face.types import Pixels
from mien.image import bmp, gif, heif, jpeg, jxl, png, tiff, webp
from mien.image.contents import Content, Kind, content
from mien.image.isolated import missing
from mien.image.limits import AWS, BYTES_PER_PIXEL, MOST_EVER, MOST_HELD, Accepted, with_formats
from mien.image.orientation import upright

LITTLE = 50_000_000  # bytes held; up to here, a format that is no faster at a smaller scale is decoded at full size
_FAST = (1, 2, 4)  # eighths of the size: scales for which libjpeg-turbo has vector instructions


class EncodedFile(Protocol):
    """A file of one format whose header has been read and whose sides are within the limits."""

    @property
    def width(self) -> int:
        """Columns as stored."""

    @property
    def height(self) -> int:
        """Rows as stored."""

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1–8; 1 is upright."""

    @property
    def beside(self) -> int:
        """Bytes that decoding holds in another process, whatever the scale; 0 if there is none."""

    @property
    def faster_when_smaller(self) -> bool:
        """Whether decoding at a smaller scale takes less time."""

    @property
    def scales(self) -> tuple[int, ...]:
        """Eighths of the size, falling, to try when full size holds more than MOST_HELD; the last always serves."""

    def held(self, eighths: int) -> int:
        """Returns the bytes that decoding at this scale holds at most, its answer and the halved copies included."""

    def work(self) -> int:
        """Returns how many pixels of an ordinary picture take as long to decode."""

    def decode(self, eighths: int) -> Pixels:
        """Decodes to uint8 RGB (H, W, 3), as stored; `eighths` is 1, 2, 4, 8 or one of `scales`.

        Raises:
            InvalidImageFormatError: the bytes behind the header are damaged or cut short.
        """


# The name of a format → the function that reads its header. A new format is a file and a row.
READERS: dict[str, Callable[[bytes], EncodedFile]] = {
    "jpeg": jpeg.read, "png": png.read, "heic": heif.read_heic, "avif": heif.read_avif, "webp": webp.read,
    "tiff": tiff.read, "gif": gif.read, "bmp": bmp.read, "jxl": jxl.read,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A picture whose header has been read and whose pixels have not.

    Attributes:
        file: the whole file, in its format.
        format: the name of the format.
        orientation: EXIF orientation, 1–8; 1 is upright.
    """

    file: EncodedFile
    format: str
    orientation: int

    @property
    def width(self) -> int:
        """Columns of the upright image."""
        return self.file.height if self.orientation >= 5 else self.file.width

    @property
    def height(self) -> int:
        """Rows of the upright image."""
        return self.file.width if self.orientation >= 5 else self.file.height

    def rgb(self, long_side: int) -> Pixels:
        """Decodes to uint8 RGB (H, W, 3), upright, the longer side at least `long_side` where MOST_HELD allows it.

        Raises:
            InvalidImageFormatError: the bytes behind the header are damaged or cut short.
        """
        return upright(self.file.decode(self._eighths(long_side)), self.orientation)

    @property
    def cost(self) -> int:
        """The number of pixels that it counts for among those in flight.

        A picture that takes more memory or time than an ordinary one of its size counts for a larger one: see
        `benchmarks/README.md`, "What a picture costs".
        """
        largest = self.held(max(self.width, self.height))
        return max(self.width * self.height, largest // BYTES_PER_PIXEL, self.file.work())

    def held(self, long_side: int) -> int:
        """Returns the bytes that `rgb` of this side holds at most, its answer and the halved copies included."""
        return self.file.held(self._eighths(long_side)) + self.file.beside

    def _eighths(self, long_side: int) -> int:
        """Returns the scale to decode at, in eighths of the size."""
        file = self.file
        if not file.faster_when_smaller and file.width * file.height * BYTES_PER_PIXEL <= LITTLE:
            return 8
        least = 8 * long_side / max(file.width, file.height)
        fast = next((eighths for eighths in _FAST if eighths >= least), 8)
        if fast < 8 or file.held(8) <= MOST_HELD:
            return fast
        *others, last = file.scales
        return next((eighths for eighths in others if file.held(eighths) <= MOST_HELD), last)


def read_header(data: bytes, accepted: Accepted = AWS) -> EncodedPicture:
    """Reads an image's format and size, and refuses an image outside the limits.

    Args:
        data: the whole file.
        accepted: the formats and sizes that are taken; AWS's by default.

    Raises:
        InvalidImageFormatError: the format is none of those, or the header is damaged.
        InvalidParameterError: a side is below 80 pixels.
        ImageTooLargeError: a side is above the limit, or decoding would hold more than MOST_EVER bytes.
    """
    told = content(data)
    if told.format not in accepted.formats or not told.is_photograph or missing(told.format):
        raise InvalidImageFormatError(None if accepted.as_aws else refusal(told))
    file = READERS[told.format](data)
    accepted.check_sides(file.width, file.height)
    if file.held(file.scales[-1]) + file.beside > MOST_EVER:
        millions = f"{file.width * file.height / 1e6:.0f} megapixels"
        raise ImageTooLargeError(f"The image has {millions}, more than can be decoded in {MOST_EVER // 10**9} GB.")
    return EncodedPicture(file, told.format, 1 if told.format == "png" and accepted.as_aws else file.orientation)


def allowed(names: str) -> Accepted:
    """Returns what AWS takes and the further formats that a setting names (see `with_formats`).

    Raises:
        SetupError: there is no such format, or the package that reads it is not installed.
    """
    accepted = with_formats(names)
    for each in () if "all" in names.lower() else sorted(accepted.formats):
        if sentence := missing(each):
            raise SetupError(f"formats = {names}: {sentence}")
    return accepted


def refusal(told: Content) -> str:
    """Returns a sentence about a file that is not decoded, by what it is."""
    if told.is_photograph:
        return missing(told.format) or f"Images in {told.format.upper()} are not taken here."
    if told.kind is Kind.EMPTY:
        return "The file is empty."
    if told.kind is Kind.UNKNOWN:
        return "The file is no image in a format that mien reads, or its beginning is damaged."
    return f"The file is no photograph; it is one of the {told.kind.value}."
