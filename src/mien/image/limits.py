"""The limits that every picture must keep before a pixel of it is decoded, whatever its format."""

from mien.errors import ImageTooLargeError, InvalidParameterError

LEAST_SIDE = 80  # pixels; reference 2.4
MOST_SIDE = 10_000  # pixels; reference 2.4

# Bytes that a picture may hold while it is decoded and searched for faces. If it would hold more, a smaller scale is
# used, down to half size: a face in so large a picture seldom has fewer pixels than its crop then.
MOST_HELD = 100_000_000
BYTES_PER_PIXEL = 4  # of RGB, with the pixel's share of the halved copies that `face/halves.py` makes


def check_sides(width: int, height: int) -> None:
    """Raises unless both sides are within the limits, so that no decompression bomb is decoded.

    Raises:
        InvalidParameterError: a side is below LEAST_SIDE.
        ImageTooLargeError: a side is above MOST_SIDE.
    """
    if max(width, height) > MOST_SIDE:
        raise ImageTooLargeError(
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {MOST_SIDE} pixels"
        )
    if min(width, height) < LEAST_SIDE:
        raise InvalidParameterError
