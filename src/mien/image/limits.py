"""The limits that every picture must keep before a pixel of it is decoded, whatever its format."""

from dataclasses import dataclass

from mien.config import FORMATS
from mien.errors import ImageTooLargeError, InvalidParameterError, SetupError

LEAST_SIDE = 80  # pixels; reference 2.4
MOST_SIDE = 10_000  # pixels; reference 2.4
MOST_FILE = 512 << 20  # bytes of a photograph read from a file; those of the API have the API's own limits

# Bytes that a picture may hold while it is decoded and searched for faces. If it would hold more, a smaller scale is
# used, down to half size: a face in so large a picture seldom has fewer pixels than its crop then.
MOST_HELD = 100_000_000
MOST_EVER = 2_000_000_000  # bytes that it may hold at its smallest scale, another process's included
BYTES_PER_PIXEL = 4  # of RGB, with the pixel's share of the halved copies that `face/halves.py` makes


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which pictures are taken.

    Attributes:
        formats: names of formats, of `config.FORMATS`.
        most_side: pixels of the longer side.
        as_aws: whether a refusal has AWS's words, and a PNG's EXIF is ignored as AWS does.
    """

    formats: frozenset[str]
    most_side: int = MOST_SIDE
    as_aws: bool = True

    def check_sides(self, width: int, height: int) -> None:
        """Raises unless both sides are within the limits, so that no decompression bomb is decoded.

        Raises:
            InvalidParameterError: a side is below LEAST_SIDE.
            ImageTooLargeError: a side is above `most_side`.
        """
        if max(width, height) > self.most_side:
            raise ImageTooLargeError(
                f"Input image dimensions {width} x {height} exceed maximum dimension size of {self.most_side} pixels"
            )
        if min(width, height) < LEAST_SIDE:
            raise InvalidParameterError


AWS = Accepted(frozenset(("jpeg", "png")))
EVERY = Accepted(frozenset(FORMATS), 65_535, as_aws=False)  # of photographs that are read from files


def with_formats(names: str) -> Accepted:
    """Returns what AWS takes and, within its sizes, further formats.

    Args:
        names: of `config.FORMATS`, separated by commas; or all.

    Raises:
        SetupError: there is no such format.
    """
    wanted = {each.strip().lower() for each in names.split(",") if each.strip()}
    if unknown := wanted - {*FORMATS, "all"}:
        raise SetupError(f"formats knows {', '.join(FORMATS)} and all, not {', '.join(sorted(unknown))}.")
    return Accepted(AWS.formats | (frozenset(FORMATS) if "all" in wanted else wanted))
